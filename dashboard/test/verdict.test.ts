/** The sentence, the label and the advice of every row of the verdict. The words of causes stand in `causes.json`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CauseCode, Frame, Verdict, VerdictState } from '../src/api';
import { causeWords } from '../src/words/cause';
import { plain, type Rich } from '../src/words/rich';
import type { Zone } from '../src/words/time';
import { scopeWords } from '../src/words/scope';
import { verdictWords } from '../src/words/verdict';
import { readFixture } from './fixture';

const NOW = Date.parse('2026-11-24T05:52:08.000Z');
const ZONE: Zone = { now: NOW, offsetMin: 540 };
const UTC: Zone = { now: NOW, offsetMin: 0 };
const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const { chains } = readFixture('healthy').overview;

const spaced = (text: string): string => text.replace(/\u00a0/g, ' ');
const say = (rich: Rich, zone = ZONE): string => spaced(plain(rich, zone));

const frame = (verdict: Verdict, more: Partial<Frame> = {}): Frame =>
  ({ now: new Date(NOW).toISOString(), started_at: ago(3000), version: '1', instance: 'i', utc_offset_min: 540, range: '1h', verdict, ...more });
const answers = (requests: number, partial: number, degraded = 0, unavailable = 0, scope = 'main-model') =>
  ({ scope, since: ago(60), requests, full: requests - partial - degraded - unavailable, partial, degraded, unavailable });

const base: Verdict = {
  state: 'losing', severity: 'critical', model_group: 'main-model', served_instead: 'openai/gpt-4.1', rate: 0.124, since: ago(60), others: 0,
  cause: { code: 'rate_steady', provider: 'anthropic', kind: 'RateLimited' }, answers: answers(1000, 124),
};

interface Row {
  verdict: Partial<Verdict>;
  label: string;
  sentence: string;
  advice: string;
  title: string;
}

const ROWS: Record<VerdictState, Row> = {
  stale: { verdict: {}, label: 'No connection', sentence: 'The gateway says nothing.', advice: '', title: 'connection lost' },
  empty: {
    verdict: { severity: 'idle', model_group: null, answers: null }, label: 'Waiting for the first request', sentence: 'Nothing has been asked yet.',
    advice: '4 model groups are ready, 9 deployments behind them, every breaker closed.', title: 'ready',
  },
  down: {
    verdict: { model_group: null, of_groups: 4, cause: { code: 'network' } }, label: 'Down', sentence: 'Nobody answers any of the 4 model groups since 13:52, because no provider can be reached.',
    advice: 'Look at our own network first: DNS, proxy, egress rules. Callers get an error.', title: 'down since 13:52',
  },
  partly_down: {
    verdict: { rate: 0.008, answers: answers(4000, 0, 0, 32), cause: { code: 'quota', provider: 'anthropic', resets_at: '2026-11-24T09:00:00.000Z' }, others: 2 }, label: 'Some requests get no answer',
    sentence: '0.8 % of main-model has had no answer since 13:52, because the anthropic account has no credit left.', advice: 'Top up or raise the spend cap (resets 18:00). 2 other groups are affected.', title: '0.8 % unanswered',
  },
  degraded: {
    verdict: { rate: 0.043, answers: answers(4000, 0, 172), cause: { code: 'rate_burst', provider: 'anthropic' } }, label: 'Stored answers are being served',
    sentence: 'main-model has been answered from store 4.3 % of the time since 13:52, because bursts run into anthropic\u2019s rate limit.', advice: 'Spread the load or queue it: on average the plan is large enough.', title: '4.3 % from store',
  },
  recovering: {
    verdict: { model: 'anthropic/claude-sonnet-4-6', recovering_since: ago(3), answers: answers(490, 304) }, label: 'Recovering',
    sentence: 'main-model is coming back to claude-sonnet-4-6: 38.0 % of the traffic again since 14:49, the rest is still answered by its fallback gpt-4.1.',
    advice: 'anthropic failed from 13:52 on. The alert is resolved once this has lasted; nothing to do.', title: '38.0 % back',
  },
  rerouted: {
    verdict: { rate: 0.07, answers: answers(1000, 70), same_model_share: 0.83, other_model_rate: 0.012, cause: { code: 'provider_incident', provider: 'bedrock', kind: 'Overloaded', other_providers: 'fine' } }, label: 'Rerouted, mostly to the same model',
    sentence: 'main-model has been answered elsewhere 7.0 % of the time since 13:52, because bedrock is overloaded; 83.0 % of that by the same model.',
    advice: 'Little quality is lost, 1.2 % went to another model. Nothing to change: this is an incident at bedrock, the other providers are fine.', title: '7.0 % rerouted',
  },
  open: {
    verdict: { rate: 0.997, answers: answers(1000, 997), next_probe: new Date(NOW + 6000).toISOString(), cause: { code: 'provider_incident', provider: 'anthropic', kind: 'ServerError', other_providers: 'fine' } }, label: 'Quality is being lost',
    sentence: 'main-model has been answered by its fallback, gpt-4.1, 99.7 % of the time since 13:52, because anthropic is failing.',
    advice: 'Nothing to change: this is an incident at anthropic, the other providers are fine. The breaker is open; next probe in 6 s.', title: '99.7 % fallback',
  },
  losing: {
    verdict: { others: 1 }, label: 'Quality is being lost', sentence: 'main-model has been answered by its fallback, gpt-4.1, 12.4 % of the time since 13:52, because anthropic rate-limits it.',
    advice: 'Raise the anthropic plan or add a deployment: the limit is too small for this load, and the fallback is papering over it. One other group is affected.', title: '12.4 % fallback',
  },
  slipping: {
    verdict: { severity: 'warn', answers: answers(7, 3), cause: { code: 'latency', provider: 'anthropic' } }, label: 'Quality is starting to slip',
    sentence: 'main-model has been answered by its fallback, gpt-4.1, 3 of 7 times since 13:52, because anthropic\u2019s first token takes too long.',
    advice: 'Put another region in front, or raise the first-token limit: latency regression at anthropic.', title: '3 of 7 fallback',
  },
  soft: {
    verdict: { rate: 0.034, model: 'anthropic/claude-sonnet-4-6', cause: { code: 'soft', model: 'claude-sonnet-4-6', kind: 'Soft(schema)' } }, label: 'Answers fail their check',
    sentence: 'claude-sonnet-4-6 answers main-model, but 3.4 % of its answers have been not the JSON asked for since 13:52.', advice: 'Change the order of the legs: the model is too weak for this task.', title: '3.4 % soft failures',
  },
  weak: {
    verdict: { task: 'task/codegen', rate: 0.26, cause: null }, label: 'The first model is too weak', sentence: 'task/codegen has escalated 26.0 % of its requests to gpt-4.1 since 13:52.', advice: '', title: '26.0 % escalated',
  },
  key: {
    verdict: { cause: { code: 'authentication', provider: 'anthropic', key_name: 'ANTHROPIC_API_KEY' } }, label: 'A key or model is gone',
    sentence: 'anthropic refuses the key ANTHROPIC_API_KEY since 13:52; main-model is answered by gpt-4.1.',
    advice: 'Replace the key and restart: it was revoked or lacks a permission. Only the name of its variable is shown.', title: 'anthropic refuses ANTHROPIC_API_KEY',
  },
  quiet: {
    verdict: { severity: 'idle', since: ago(12), answers: answers(310, 0, 0, 0, 'all') }, label: 'Nobody is asking', sentence: 'The last request came 12 min ago; until then every group was answered by its own model.', advice: '', title: 'quiet',
  },
  exposed: {
    verdict: { severity: 'warn', model_group: 'flash', since: null, cause: null }, label: 'No quality lost, nothing behind it', sentence: 'gemini-2.5-flash answers flash, and nothing stands behind it.',
    advice: 'An outage of gemini would be an outage of yours. Add a second deployment or a fallback in the config, and restart.', title: 'no fallback',
  },
  healthy: {
    verdict: { severity: 'ok', model_group: null, since: ago(31 * 60), cause: null, answers: answers(10_000, 70, 0, 0, 'all') }, label: 'No quality is being lost',
    sentence: 'Every model group is answered by its own model, 99.3 % of the time in the last hour.', advice: 'The rest was carried by fallbacks, each under its 5 % line since 23 Nov 07:52 (31 h 0 min).', title: 'healthy',
  },
};

for (const [state, row] of Object.entries(ROWS)) {
  test(`verdict: ${state}`, () => {
    const words = verdictWords({ frame: frame({ ...base, ...row.verdict, state: state as VerdictState }), chains }, ZONE);
    assert.equal(words.label, row.label);
    assert.equal(say(words.sentence), row.sentence);
    assert.equal(say(words.advice), row.advice);
    assert.equal(spaced(words.title), row.title);
  });
}

test('the first paint, which knows no chains, says the same', () => {
  const known = { ...base, served_instead: 'a1b2c3', served_instead_model: 'openai/gpt-4.1', of_groups: 4 };
  assert.equal(say(verdictWords({ frame: frame(known), chains: [] }, ZONE).sentence), ROWS.losing.sentence);
  const down = verdictWords({ frame: frame({ ...known, ...ROWS.down.verdict, state: 'down' }), chains: [] }, ZONE);
  assert.equal(say(down.sentence), ROWS.down.sentence);
});

test('who is down at once is said where every deployment is known to be shut', () => {
  const advice = (health: number | null): string => {
    const v: Verdict = { ...base, ...ROWS.down.verdict, state: 'down' };
    return say(verdictWords({ frame: frame(v), chains: chains.map((c, i) => ({ ...c, chain_health: i === 0 ? health : 0 })) }, ZONE).advice);
  };
  assert.match(advice(0), / Every deployment is shut: callers are told at once\.$/);
  assert.match(advice(0.5), / Callers get an error\.$/, 'they may wait for a call that fails');
  assert.match(advice(null), / Callers get an error\.$/);
});

test('of a group that is back nothing is answered elsewhere', () => {
  const v: Verdict = { ...base, ...ROWS.recovering.verdict, state: 'recovering', answers: answers(490, 0) };
  const words = verdictWords({ frame: frame(v), chains: [] }, ZONE);
  assert.equal(say(words.sentence), 'main-model is coming back to claude-sonnet-4-6: 100 % of the traffic again since 14:49.');
  assert.match(say(words.advice), /Calls at once grow with each success; nothing to do\.$/);
});

test('the sentence counts what the bar shows, which goes on with the ticks', () => {
  const of = (state: VerdictState, a: Verdict['answers']): string => say(verdictWords({ frame: frame({ ...base, state, rate: 0.441, answers: a ?? null }), chains }, ZONE).sentence);
  for (const state of ['slipping', 'losing', 'open', 'rerouted'] as const) assert.match(of(state, answers(1000, 510)), / 51\.0 % of the time/);
  assert.match(of('degraded', answers(1000, 0, 510)), / 51\.0 % of the time/);
  assert.match(of('partly_down', answers(1000, 0, 0, 510)), /^51\.0 % of /);
  assert.match(of('losing', answers(1000, 0)), / 44\.1 % of the time/);
});

test('a probe whose time has come waits for the next request', () => {
  const v: Verdict = { ...base, ...ROWS.open.verdict, state: 'open', next_probe: ago(1) };
  assert.match(say(verdictWords({ frame: frame(v), chains }, ZONE).advice), /next probe with the next request\.$/);
});

test('the leg that a strategy put first is the one that comes back', () => {
  const legs = [{ breaker: { window: 40 }, model: 'gpt-4.1', provider: 'openai' }, { breaker: { window: 9 }, model: 'gemini-2.5-flash', provider: 'gemini' }]
    .map(({ breaker, ...of }, i) => {
      const leg = structuredClone(chains[0]?.legs[i] ?? assert.fail());
      leg.deployments = leg.deployments.slice(0, 1).map((d) => ({ ...d, ...of, breaker: { ...d.breaker, ...breaker, state: 'recovering', since: ago(3) } }));
      return leg;
    });
  const v: Verdict = { ...base, state: 'recovering', model: 'gemini/gemini-2.5-flash', answers: answers(490, 304) };
  const words = verdictWords({ frame: frame(v), chains: [{ ...(chains[0] ?? assert.fail()), strategy: 'cost', legs }] }, ZONE);
  assert.match(say(words.sentence), /^main-model is coming back to gemini-2\.5-flash: /);
  assert.match(say(words.advice), / \(9 now\); nothing to do\./);
});

test('a rate that is not whole is never 0 or 100 per cent, and few requests have none', () => {
  const said = (rate: number, a: Verdict['answers']): string => say(verdictWords({ frame: frame({ ...base, rate, answers: a ?? null }), chains }, ZONE).sentence);
  assert.match(said(0.00004, answers(100_000, 4)), /, <0\.1 % of the time/);
  assert.match(said(0.99996, answers(100_000, 99_996)), /, >99\.9 % of the time/);
  assert.match(said(1, answers(300, 300)), /, 100 % of the time/);
  assert.match(said(0.5, answers(19, 9)), /, 9 of 19 times/);
  assert.match(said(0.5, answers(20, 10)), /, 50\.0 % of the time/);
});

test('times are written in the zone that the reader chose', () => {
  assert.match(say(verdictWords({ frame: frame(base), chains }, UTC).sentence, UTC), / since 04:52, /);
});

test('a state with several groups counts the bar since the onset', () => {
  assert.equal(spaced(scopeWords(frame(base), ZONE)), 'main-model since 13:52');
  assert.equal(spaced(scopeWords(frame({ ...base, state: 'recovering', answers: { ...answers(490, 304), since: ago(5) } }), ZONE)), 'main-model, last 5 min');
  assert.equal(spaced(scopeWords(frame({ ...base, answers: { ...answers(10, 0, 0, 0, 'all'), since: ago(360) } }, { range: '6h' }), ZONE)), 'all groups in the last 6 hours');
});

test('after a restart the bar of a long range begins with it', () => {
  assert.equal(spaced(scopeWords(frame({ ...base, answers: answers(10, 0, 0, 0, 'all') }, { range: '30d' }), ZONE)), 'all groups since 13:52');
});

test('of what was not as asked only that is said which is known', () => {
  const advice = (a: Verdict['answers'], calmSince: number | null = null): string =>
    say(verdictWords({ frame: frame({ state: 'healthy', severity: 'ok', answers: a ?? null }, { range: '30d' }), chains, calmSince }, ZONE).advice);
  assert.equal(advice(answers(5200, 0, 0, 1000, 'all')), 'Nothing had to be carried by a fallback.', 'nobody answered those');
  assert.equal(advice(answers(5200, 70, 0, 0, 'all')), 'The rest was carried by fallbacks.', 'since when they are under their line is not known');
  assert.equal(advice(answers(5200, 70, 0, 0, 'all'), NOW - 120 * 60_000), 'The rest was carried by fallbacks, each under its 5 % line since 12:52 (2 h 0 min).');
  assert.equal(advice(answers(5200, 70, 3, 1000, 'all')), '70 requests were carried by fallbacks. 3 answers came from store.');
  assert.equal(advice(answers(5200, 1, 0, 1, 'all')), '1 request was carried by fallbacks.');
});

test('a range in which nothing was asked has no rate', () => {
  const v: Verdict = { ...base, ...ROWS.healthy.verdict, state: 'healthy', answers: answers(0, 0, 0, 0, 'all') };
  assert.equal(say(verdictWords({ frame: frame(v), chains }, ZONE).sentence), 'Every model group is answered by its own model.');
});

test('a refused key is named, and said not to be shown', () => {
  assert.match(say(causeWords({ code: 'authentication', key_name: 'K' }).act), / Only the name of its variable is shown\.$/);
});

test('a cause that this page does not know is left out', () => {
  assert.deepEqual(causeWords({ code: 'of a later release' as CauseCode }), { why: [], act: [] });
  assert.deepEqual(causeWords(null), { why: [], act: [] });
});
