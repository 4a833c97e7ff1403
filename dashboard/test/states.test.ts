/** Every state by its fixture: what is read, in both themes and at two widths, and what axe finds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { settled, shoot, shut, visit, type Seen } from './browser';
import { ROOT } from './fixture';
import { read } from './page';

after(shut);

const AXE = readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');

interface Finding {
  id: string;
  impact: string | null;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** What axe holds against the page: rules of WCAG 2.2 A and AA and good practice. */
async function findings(page: Page): Promise<string[]> {
  const { violations, passes } = await page.evaluate(async (source) => {
    // Not added as a script: the page's own policy forbids those that do not come as a file.
    const w = window as unknown as { axe?: { run(o: object): Promise<{ violations: Finding[]; passes: unknown[] }> } };
    if (!w.axe) (0, eval)(source);
    const result = await w.axe?.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return { violations: result?.violations ?? [], passes: result?.passes.length ?? 0 };
  }, AXE);
  assert.ok(passes > 15, `axe looked at the page: ${passes} rules held`);
  return violations.map((v) => `${v.id} (${v.impact ?? ''}): ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary ?? ''}`).join(' | ')}`);
}

const sideways = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

interface State {
  fixture: string;
  query?: string;
  ready?: (s: Seen) => Promise<void>;
  /** Milliseconds that have to pass. */
  wait?: number;
  label: string | RegExp;
  sentence: string | RegExp;
  /** Else on the page: a part, and what it says. */
  also?: [selector: string, says: RegExp][];
  never?: RegExp;
  title: RegExp;
}

const waitFor = (selector: string) => async (s: Seen): Promise<void> => s.page.locator(selector).waitFor();

const STATES: Record<string, State> = {
  healthy: {
    fixture: 'healthy', label: 'No quality is being lost', title: /^healthy · sanso$/,
    sentence: 'Every model group is answered by its own model, 99.3 % of the time in the last hour.',
    also: [['.do', /each under its 5 % line since 22 Nov 22:31/], ['.alertbox', /None open\..*Last: gemini overloaded, 22 Nov, resolved after 27 min/], ['#row-breakers', /all 9 closed throughout/]],
  },
  'silent-loss': {
    fixture: 'silent-loss', label: /^Quality is being lost for 5 h 11 min, steady$/, title: /^12.4 % fallback · sanso$/,
    sentence: 'main-model has been answered by its fallback, gpt-4.1, 12.4 % of the time since 09:41, because anthropic rate-limits it.',
    also: [
      ['.do', /^Raise the anthropic plan or add a deployment: the limit is too small/], ['.before', /^Just before: 09:38 config reload/], ['.qbar', /87\.6 % 28,731.*12\.4 % 4,067.*Asked, main-model since 09:41 32,798/],
      ['.alertbox', /Fallback rate main-model 12\.4 %, limit 10 %.*4,067 of 32,798 · 18\.3 % at its worst.*RateLimited is 91 %/], ['.chain', /Throttled on tokens per minute, 9 s left, 57 times in 1 h/], ['.chain', /as good as the first leg in 91 % of 120 replays/],
      ['#row-inc', /1 open/], ['#incidents', /main-model rate-limited by anthropic/], ['#range-6h', /6 h/],
    ],
  },
  outage: {
    fixture: 'outage', label: /^Quality is being lost/, title: /^99.7 % fallback/,
    sentence: 'main-model has been answered by its fallback, gpt-4.1, 99.7 % of the time since 14:38, because anthropic is failing.',
    also: [['.do', /^Nothing to change: this is an incident at anthropic, .* The breaker is open; next probe in 6 s\.$/], ['.chain', /Open since 14:51:58, 10 s, next probe in 6 s/], ['.chain', /6 in 1 h, limit 3/], ['.chain', /breaker open 86 %/], ['#requests', /first leg skipped/]],
  },
  'half-open': {
    fixture: 'half-open', label: /^Recovering/, title: /^38\.0 % back/,
    sentence: 'main-model is coming back to claude-sonnet-4-6: 38.0 % of the traffic again since 14:51, the rest is still answered by its fallback gpt-4.1.',
    also: [['.do', /^anthropic failed from 14:38 on\. Calls at once grow with each success \(17 now\); nothing to do\.$/], ['.qbar', /main-model, last 5 min/], ['.chain', /Recovering since 14:51:20.*17 at once/]],
  },
  'all-down': {
    fixture: 'all-down', label: /^Down/, title: /^down since 14:49/, sentence: 'Nobody answers any of the 4 model groups since 14:49, because no provider can be reached.',
    also: [['.do', /^Look at our own network first: DNS, proxy, egress rules\. Every deployment is shut: callers are told at once\.$/], ['.qbar', /Nobody 99\.8 % 1,744/], ['.chain', /Host gate shut/], ['#requests', /nobody, 503/], ['#row-fallback', /nobody answered/]],
  },
  empty: {
    fixture: 'empty', label: 'Waiting for the first request', title: /^ready/, sentence: 'Nothing has been asked yet.',
    also: [['.do', /^4 model groups are ready, 9 deployments behind them, every breaker closed\.$/], ['.first', /curl http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions .*"model": "main-model"/], ['.first', /sanso demo/], ['.chain', /– first leg/]],
    never: /NaN|undefined|null/,
  },
  loading: {
    fixture: 'loading', label: 'Asking the gateway', title: /^sanso$/, sentence: 'Reading the last hour.', ready: async (s) => { await s.page.clock.runFor(299); assert.equal(await s.page.locator('.loadingv').count(), 0, 'most answers come sooner'); await s.page.clock.runFor(1); await s.page.locator('.loadingv').waitFor(); }, also: [['.loadingv', /Chains.*Over time.*Fallback rate/]],
  },
  stale: {
    fixture: 'stale', label: /^Before the connection was lost: quality is being lost/, title: /^connection lost/,
    sentence: /^As of 14:5\d:\d\d: main-model has been answered by its fallback/,
    ready: async (s) => {
      await settled(s);
      s.gateway.cut();
      await s.page.clock.runFor(16_000);
      await s.page.locator('.lostbar').waitFor();
    },
    also: [['.lostbar', /^Connection to the gateway lost at 14:5\d:\d\d, \d+ s ago\. Everything below is from before that\. The gateway itself may be fine\. Trying again (in \d+ s|now) Try now$/], ['.live', /^Not live/]],
  },
  'one-provider': {
    fixture: 'one-provider', label: 'No quality lost, nothing behind it', title: /^no fallback/, sentence: 'gpt-4.1 answers everything, and nothing stands behind it.',
    also: [['.do', /^An outage of openai would be an outage of yours\./], ['.ghost', /nobody leg 2.*When the first leg fails.*- gpt: \["another-group"\]/], ['#incidents', /None since the start/]],
  },
  thirty: {
    fixture: 'thirty', label: /^Rerouted, mostly to the same model/, title: /^7.0 % rerouted/,
    sentence: 'claude-pool has been answered elsewhere 7.0 % of the time since 12:06, because bedrock is overloaded; 83.0 % of that by the same model.',
    also: [['.do', /^Little quality is lost, 1\.2 % went to another model\. Nothing to change/], ['#chains', /8 model groups, 30 deployments; troubled ones first\..*escalated, limit 20 %.*fallback denied/], ['#row-fallback', /\+ 1 more, all under 5 %/], ['#row-breakers', /1 moved, 29 stayed closed/]],
  },
  key: {
    fixture: 'key', label: 'Locked', title: /^sanso$/, sentence: 'This gateway asks for its master key.', ready: waitFor('#key'), also: [['#key-note', /asked for once and not kept/]], never: /main-model|gw-tokyo/,
  },
  'history-lost': {
    fixture: 'history-lost', label: 'No quality is being lost', title: /^healthy/, sentence: /^Every model group is answered by its own model/, also: [['footer', /1,204 rows not written \(database or disk is full\)/]],
  },
  'no-match': {
    fixture: 'silent-loss', query: '?q=nothing-like-this', label: /^Quality is being lost/, title: /fallback/, sentence: /^main-model has been/,
    ready: async (s) => { await s.page.locator('.none').waitFor(); }, also: [['#requests', /0 of the last 60.*No request matches\. Clear the filter/]],
  },
  'first-release': {
    fixture: 'first-release', label: 'No quality is being lost', title: /^healthy/, sentence: /^Every model group/, never: /Incidents|hedges|discarded streams|for reliability|as good as the first leg/,
    also: [['#row-cost', /\$\d+(,\d+)*\.\d\d in the last hour; chart in \$ per hour/]],
  },
  'partly-down': {
    fixture: 'partly-down', label: /^Some requests get no answer for 32 min, rising$/, title: /^0.8 % unanswered/,
    sentence: '0.8 % of main-model has had no answer since 14:20, because the anthropic account has no credit left.', also: [['.do', /^Top up or raise the spend cap \(resets 18:00\)\. 2 other groups are affected\.$/]],
  },
  degraded: {
    fixture: 'degraded', label: /^Stored answers are being served/, title: /^4.3 % from store/,
    sentence: 'main-model has been answered from store 4.3 % of the time since 14:20, because bursts run into anthropic’s rate limit.', also: [['.do', /^Spread the load or queue it: on average the plan is large enough\.$/], ['.qbar', /Stored answer 4\.3 % 177/]],
  },
  slipping: {
    fixture: 'slipping', label: /^Quality is starting to slip for 32 min, falling$/, title: /^3 of 7 fallback/,
    sentence: 'main-model has been answered by its fallback, gpt-4.1, 3 of 7 times since 14:20, because anthropic’s first token takes too long.', also: [['.do', /^Put another region in front, or raise the first-token limit: latency regression at anthropic\. One other group is affected\.$/], ['.qbar', /First leg 4 A fallback 3/]],
  },
  soft: {
    fixture: 'soft', label: /^Answers fail their check/, title: /^3.4 % soft failures/,
    sentence: 'claude-sonnet-4-6 answers main-model, but 3.4 % of its answers have been not the JSON asked for since 14:20 (counted since 14:31, the start).',
    also: [['.do', /^Change the order of the legs: the model is too weak for this task\.$/], ['.alertbox', /52 of 1,530 \(counted since 14:31, the start\) · 6\.1 % at its worst 41 of 52/]], never: /UTC, the start/,
  },
  weak: {
    fixture: 'weak', label: /^The first model is too weak/, title: /^26.0 % escalated/, sentence: 'task/codegen has escalated 26.0 % of its requests to gpt-4.1 since 14:20.',
  },
  'key-gone': {
    fixture: 'key-gone', label: /^A key or model is gone/, title: /^anthropic refuses ANTHROPIC_API_KEY/,
    sentence: 'anthropic refuses the key ANTHROPIC_API_KEY since 14:49; main-model is answered by gpt-4.1.', also: [['.do', /^Replace the key and restart: it was revoked or lacks a permission\. Only the name of its variable is shown\.$/], ['.alertbox', /Key refused main-model 114 times/]],
  },
  quiet: {
    fixture: 'quiet', label: 'Nobody is asking', title: /^quiet/, sentence: 'The last request came 12 min ago; until then every group was answered by its own model.',
  },
};

const same = (is: string, want: string | RegExp, what: string): void => {
  if (typeof want === 'string') assert.equal(is, want, what);
  else assert.match(is, want, what);
};

for (const [name, state] of Object.entries(STATES)) {
  test(name, async () => {
    const s = await visit(state.fixture, state.query ? { query: state.query } : {});
    const { page } = s;
    try {
      await (state.ready ?? settled)(s);
      // What waits for a pause in typing, and effects, come within this.
      await page.clock.runFor(state.wait ?? 0);
      same(await read(page, '#verdict-title'), state.sentence, 'the sentence');
      same(await read(page, '.eyebrow'), state.label, 'the label');
      assert.match((await page.title()).replace(/\u00a0/g, ' '), state.title);
      for (const [selector, says] of state.also ?? []) assert.match(await read(page, selector), says, selector);
      if (state.never) assert.doesNotMatch(await read(page, 'body'), state.never);
      await page.clock.resume();
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme });
        await page.locator(`html[data-theme=${theme}]`).waitFor();
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
          // Two frames: one for the observer of the width, one for what it draws.
          await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null)))));
          assert.ok((await sideways(page)) <= 0, `no sideways scroll at ${width}`);
          assert.deepEqual(await findings(page), [], `axe, ${theme}, ${width}`);
          await shoot(page, `${name}-${theme}-${width}`);
        }
      }
      assert.deepEqual(s.errors, []);
      // Without its session the page finds out by asking.
      if (name !== 'key') assert.deepEqual(s.refused, [], 'the page asks for nothing that is not there');
    } finally {
      await s.close();
    }
  });
}
