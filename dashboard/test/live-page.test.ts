/** The page while it lives: ticks, changes, a lost gateway, the key, and a first paint that asks for nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Overview, Verdict } from '../src/api';
import { settled, shut, visit, type Seen, type Visit } from './browser';
import { tickOf } from './events';
import { met, read, until } from './page';

after(shut);

function living(name: string, fixture: string, what: (s: Seen, page: Page, o: Overview) => Promise<void>, visiting: Visit & { unsettled?: true } = {}): void {
  test(name, async () => {
    const s = await visit(fixture, visiting);
    try {
      if (!visiting.unsettled) await settled(s);
      await what(s, s.page, s.gateway.fixture.overview);
      assert.deepEqual(s.errors, []);
    } finally {
      await s.close();
    }
  });
}

const later = (o: Overview, seconds: number): string => new Date(Date.parse(o.now) + seconds * 1000).toISOString();

/** Counts drawings (batches of changes) of a part, and puts a mark on nodes that have to stay. */
const watch = (page: Page): Promise<void> => page.evaluate(() => {
  const w = window as unknown as { drawn: number };
  w.drawn = 0;
  new MutationObserver(() => w.drawn++).observe(document.getElementById('main') as Node, { subtree: true, childList: true, characterData: true, attributes: true });
  for (const e of document.querySelectorAll('#plots svg, #chains article, .qbar, #verdict-title')) (e as unknown as { kept: boolean }).kept = true;
});
const drawn = (page: Page): Promise<number> => page.evaluate(() => (window as unknown as { drawn: number }).drawn);
const replaced = (page: Page): Promise<number> => page.evaluate(() => [...document.querySelectorAll('#plots svg, #chains article, .qbar, #verdict-title')].filter((e) => !(e as unknown as { kept?: boolean }).kept).length);

living('a thousand events are drawn a few times, and redraw nothing that they do not change', 'thirty', async ({ gateway }, page, o) => {
  const count = (): Promise<string> => read(page, '.qbar');
  const asked = Number(/Asked.* ([\d,]+)$/.exec(await count())?.[1]?.replace(/,/g, ''));
  assert.ok(asked > 0);
  const scope = o.verdict.answers?.scope ?? '';
  await watch(page);
  const r = gateway.fixture.requests[0];
  let total = 0;
  for (let i = 0; i < 500; i++) {
    const tick = tickOf(o, later(o, 1), 20);
    total += tick.model_groups[scope]?.requests ?? 0;
    gateway.send('tick', tick);
    gateway.send('request', { request: { ...r, request_id: `many-${i}`, ts: later(o, 1) }, skipped: 0 });
  }
  const beats = await until(page, new RegExp(`${(asked + total).toLocaleString('en-US')}$`), '.qbar');
  const n = await drawn(page);
  // One drawing for the events of a beat, and one for the clock's second.
  assert.ok(n > 0 && n <= 2 * beats + 1, `${n} drawings in ${beats} beats`);
  assert.equal(await replaced(page), 0);
  assert.equal(await page.locator('[data-request]').first().getAttribute('data-request'), 'many-499');
  assert.ok((await page.locator('[data-request]').count()) < 100, 'the list stays a list');
});

living('a change of the verdict is read anew, and told by the tab', 'healthy', async ({ gateway }, page, o) => {
  const verdict: Verdict = {
    state: 'losing', severity: 'critical', model_group: 'main-model', served_instead: 'openai/gpt-4.1', rate: 0.31, since: later(o, -120), trend: 'rising', others: 0,
    cause: { code: 'provider_incident', provider: 'anthropic', kind: 'ServerError' }, answers: { scope: 'main-model', since: later(o, -120), requests: 200, full: 138, partial: 62, degraded: 0, unavailable: 0 },
  };
  o.verdict = verdict;
  gateway.send('verdict', verdict);
  await until(page, /^main-model has been answered by its fallback, gpt-4\.1, 31\.0 % of the time since 14:50, because anthropic is failing\.$/, '#verdict-title');
  assert.match((await page.title()).replace(/\u00a0/g, ' '), /^31\.0 % fallback · sanso$/);
  await met(page, 'the overview is asked for', () => gateway.asked.filter((a) => a.path.startsWith('overview')).length > 1);
});

living('a breaker that opens is a switch that opens', 'healthy', async ({ gateway }, page, o) => {
  const d = o.chains[0]?.legs[0]?.deployments[0];
  assert.ok(d);
  d.breaker = { ...d.breaker, state: 'open', since: later(o, 0), next_probe: later(o, 900), openings_1h: [{ at: later(o, 0), kind: 'ServerError' }] };
  gateway.send('breaker', { deployment: d.deployment, from: 'closed', to: 'open', at: later(o, 0), kind: 'ServerError', next_probe: later(o, 900), window: null });
  await until(page, /Open since 14:52:0\d, \d+ s, next probe in 15 min/, '.dep');
  assert.match(await read(page, '.dep'), /1 in 1 h/);
  await met(page, 'its lane is asked for', () => gateway.asked.filter((a) => a.path.startsWith('series')).length > 1);
});

living('a page that nobody sees asks for nothing, whatever moves', 'healthy', async ({ gateway }, page) => {
  const hide = (hidden: boolean): Promise<void> => page.evaluate((is) => void Object.defineProperty(document, 'hidden', { value: is, configurable: true }), hidden);
  const asked = (): number => gateway.asked.filter((a) => a.path.startsWith('overview')).length;
  const [before, r] = [asked(), gateway.fixture.requests[0]];
  const move = async (mark: string): Promise<void> => {
    gateway.send('gate', {});
    gateway.send('request', { request: { ...r, request_id: mark }, skipped: 0 });
    await met(page, 'the events are heard', async () => (await page.locator(`[data-request="${mark}"]`).count()) > 0);
    await page.clock.runFor(500);
  };
  await hide(true);
  await move('unseen');
  await hide(false);
  await move('seen');
  await met(page, 'the overview is asked for', () => asked() > before);
  assert.equal(asked(), before + 1, 'once, for the one that was seen');
});

living('ends of lines grow with the ticks', 'silent-loss', async ({ gateway }, page, o) => {
  const path = page.locator('#row-fallback path.line.lead').first();
  const before = await path.getAttribute('d');
  // Before the last bucket is full.
  const tick = tickOf(o, later(o, -1), 0);
  tick.model_groups['main-model'] = { requests: 5000, full: 0, partial: 5000, degraded: 0, unavailable: 0, served: [[0], [5000], [0]] };
  gateway.send('tick', tick);
  await met(page, 'the line grows', async () => (await path.getAttribute('d')) !== before);
  const after = (await path.getAttribute('d')) ?? '';
  const past = (d: string): string => d.split('L').slice(0, -3).join('L');
  assert.ok(past(after).length > 500 && past(after) === past(before ?? ''), 'what is past stays as it was');
  assert.doesNotMatch(after, /NaN|undefined/);
});

living('a lost gateway is said, tried again by hand, and asked anew', 'healthy', async ({ gateway }, page) => {
  gateway.cut();
  await until(page, /^Before the connection was lost: no quality is being lost$/, '.eyebrow');
  assert.match(await read(page, 'body'), /Connection to the gateway lost at 14:5\d:\d\d/);
  assert.match(await read(page, '#verdict-title'), /^As of 14:5\d:\d\d: Every model group/);
  const before = gateway.asked.length;
  gateway.mend();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.locator('#live').waitFor();
  await met(page, 'everything is asked for anew', () => ['overview', 'series', 'incidents', 'requests'].every((what) => gateway.asked.slice(before).some((a) => a.path.startsWith(what))));
  assert.equal(await page.locator('.lostbar').count(), 0);
});

living('signs of life that say nothing keep the page from giving up', 'healthy', async ({ gateway }, page) => {
  for (let i = 0; i < 4; i++) {
    await page.clock.runFor(10_000);
    const asked = gateway.asked.length;
    gateway.breathe();
    // A greeting makes the page ask: then it has heard the breath before it, too.
    gateway.send('hello', { now: gateway.fixture.overview.now, version: '1', started_at: gateway.fixture.overview.started_at });
    await met(page, 'heard', () => gateway.asked.length > asked);
  }
  assert.equal(await page.locator('.lostbar').count(), 0);
});

living('the key is asked for once, and kept nowhere that a script can read', 'key', async ({ gateway, errors }, page) => {
  await page.locator('#key').waitFor();
  await page.locator('#key').fill('wrong');
  await page.keyboard.press('Enter');
  await page.locator('.bad', { hasText: 'This is not the master key.' }).waitFor();
  await page.locator('#key').fill('sk-test-only');
  await page.keyboard.press('Enter');
  await page.locator('#chains').waitFor();
  assert.equal(await page.locator('#key').count(), 0);
  const post = gateway.asked.filter((a) => a.method === 'POST');
  assert.deepEqual(post.map((a) => [a.path, a.body]), [['login', '{"key":"wrong"}'], ['login', '{"key":"sk-test-only"}']]);
  const kept = await page.evaluate(() => JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML]));
  assert.ok(!kept.includes('sk-test-only') && !kept.includes('sanso_session'), 'kept nowhere');
  assert.ok(gateway.asked.every((a) => !a.path.includes('sk-test-only')));
  assert.deepEqual(errors, []);
}, { unsettled: true });

living('a session that ends asks for the key again', 'key', async ({ gateway }, page) => {
  await page.locator('#key').fill('sk-test-only');
  await page.keyboard.press('Enter');
  await page.locator('#live').waitFor();
  await page.context().clearCookies();
  gateway.cut();
  gateway.mend();
  await met(page, 'the key is asked for', async () => (await page.locator('#key').count()) > 0);
  assert.doesNotMatch(await read(page, 'body'), /main-model/);
}, { unsettled: true });

living('with the verdict in it the page says it before anything is answered', 'loading', async ({ gateway }, page) => {
  await page.locator('#verdict-title').waitFor();
  assert.match(await read(page, '#verdict-title'), /^Every model group is answered by its own model, 99\.3 % of the time/);
  assert.match(await read(page, '.qbar'), /First leg 99\.3 %/);
  assert.equal(await page.title(), 'healthy · sanso');
  assert.equal(await page.locator('#chains').count(), 0);
  gateway.release();
  await page.locator('#chains').waitFor();
}, { unsettled: true, inline: true });

living('who wants no motion sees none', 'healthy', async (_, page) => {
  const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length);
  assert.equal(moving, 0);
}, { reducedMotion: 'reduce' });

living('scrolled past, the verdict stays in the bar in short', 'silent-loss', async (_, page) => {
  await page.locator('#requests').scrollIntoViewIfNeeded();
  await page.locator('.bar.past .vmini').waitFor();
  assert.match(await read(page, '.vmini'), /^Quality is being lost 12\.4 % fallback, since 09:41$/);
});

living('chains that share a group are told apart, wherever they are named', 'silent-loss', async (_, page) => {
  assert.deepEqual(await page.locator('[data-group]').evaluateAll((all) => all.map((e) => [e.getAttribute('data-group'), e.getAttribute('aria-expanded')])).then((all) => all.slice(0, 3)), [['task/codegen', 'true'], ['main-model', 'false'], ['primary-claude', 'false']]);
  assert.equal(await page.locator('#served-of').inputValue(), 'task/codegen');
  assert.match(await read(page, '#row-served'), /asked for task\/codegen/);
  assert.ok((await page.locator('article[aria-label="task/codegen"] .hc path.lead').count()) === 1, 'its own line');
}, {
  change({ overview: o, series: s }) {
    const [lossy, ...rest] = o.chains;
    const calm = rest[0];
    assert.ok(lossy && calm && s.model_groups['main-model'] && s.model_groups[calm.model_group]);
    o.chains = [{ ...calm, model_group: 'main-model', task: null }, { ...lossy, task: 'task/codegen' }, ...rest];
    s.model_groups = { ...s.model_groups, 'task/codegen': s.model_groups['main-model'], 'main-model': s.model_groups[calm.model_group] ?? assert.fail() };
    o.verdict = { ...o.verdict, task: 'task/codegen' };
    o.alerts = o.alerts.map((a) => ({ ...a, task: 'task/codegen' }));
  },
});

living('a gateway that was never asked counts nothing, whatever it fills in', 'empty', async (_, page) => {
  assert.equal(await read(page, '#verdict-title'), 'Nothing has been asked yet.');
  assert.equal(await page.locator('.qbar').count(), 0);
}, {
  change({ overview: o }) {
    o.verdict = { ...o.verdict, answers: { scope: '', since: new Date(0).toISOString(), requests: 0, full: 0, partial: 0, degraded: 0, unavailable: 0 } };
  },
});

living('no place in the list of a ranked chain is drawn as the fallback', 'healthy', async (_, page) => {
  assert.ok(await page.locator('.chain').count() > 0);
  assert.equal(await page.locator('.chain [fill="url(#p2)"], .chain [stroke="url(#p2)"], .chain .leg2').count(), 0);
  assert.match(await read(page, '#row-served'), /all model groups, by first choice and fallback/);
  assert.doesNotMatch(await read(page, '#row-served'), /\bleg\b/);
}, {
  change({ overview: o }) {
    o.chains.forEach((c) => { c.strategy = 'cost'; });
  },
});

living('no probe is promised that a shut key gate would not let through', 'healthy', async (_, page) => {
  const said = await read(page, '.dep');
  assert.match(said, /Half-open since .*, no probe before the key gate lets one through/);
  assert.doesNotMatch(said, /next probe/);
  // The gate's time is over: the next request is its probe, and the breaker's.
  await page.clock.runFor(9_000);
  await until(page, /Half-open since .*, next probe with the next request/, '.dep');
}, {
  change({ overview: o }) {
    const d = o.chains[0]?.legs[0]?.deployments[0];
    assert.ok(d);
    Object.assign(d, { in_flight: 0, breaker: { ...d.breaker, state: 'half-open', since: later(o, -60), next_probe: null }, gates: [{ gate: 'credential', since: later(o, -70), not_before: later(o, 8) }] });
  },
});

living('a quota that is open again is said to have shut', 'healthy', async (_, page) => {
  assert.match(await read(page, '.dep'), /Throttled on tokens per minute 3 times in 1 h, not now/);
}, {
  change({ overview: o }) {
    const d = o.chains[0]?.legs[0]?.deployments[0];
    assert.ok(d);
    d.gates = [{ gate: 'quota', shut: false, dimension: 'tokens per minute', since: null, not_before: null, closings_1h: 3 }];
  },
});
