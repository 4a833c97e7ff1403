/** Events: read, gathered, merged and applied; what the page asks for; its address. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Chain, GroupSeries, Overview, Tick, Verdict } from '../src/api';
import { legLayers } from '../src/charts/legs';
import { applyBreaker, applyTick, mergeTicks } from '../src/live/apply';
import { arrived } from '../src/live/arrive';
import { rangeFor, readInlined } from '../src/live/load';
import { BEAT, queue } from '../src/live/queue';
import { Parser, retryWait } from '../src/live/sse';
import { addTick, endOf, roll, tailOf } from '../src/live/tail';
import { readChoice, writeChoice } from '../src/state/url';
import { HOUR, MINUTE } from '../src/words/time';
import { tickOf } from './events';
import { readFixture } from './fixture';

const healthy = readFixture('healthy');
const lossy = readFixture('silent-loss');
const NOW = Date.parse(healthy.overview.now);
const AT = healthy.overview.now;

const STREAM = ': hello\n\nid: 7\nevent: tick\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: none\n\ndata: last\r\n\r\n';
const READ = [{ id: '7', event: 'tick', data: '{"a":\n1}' }, { id: '7', event: 'message', data: 'last' }];

test('a stream is read alike, however the network cut it', () => {
  assert.deepEqual(new Parser().push(STREAM), READ);
  for (let cut = 1; cut < STREAM.length; cut++) {
    const p = new Parser();
    assert.deepEqual([...p.push(STREAM.slice(0, cut)), ...p.push(STREAM.slice(cut))], READ, `cut after ${cut}`);
  }
  const p = new Parser();
  assert.deepEqual([...STREAM].flatMap((c) => p.push(c)), READ, 'byte by byte');
});

test('waits double up to 30 s, and are not all the same', () => {
  assert.deepEqual([0, 1, 4, 5, 50].map((n) => retryWait(n, 0)), [1000, 2000, 16_000, 30_000, 30_000]);
  assert.equal(retryWait(0, 1), 800);
});

test('a thousand events are one drawing, and drawings are a beat apart', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    assert.ok(BEAT >= 250, 'four times a second at most');
    let now = 0;
    const pass = (ms: number): void => { now += ms; mock.timers.tick(ms); };
    const taken: number[] = [];
    const q = queue<number>((items) => taken.push(items.length), () => now);
    q.push(0);
    pass(0);
    assert.deepEqual(taken, [1], 'the first is not held back');
    for (let i = 0; i < 1000; i++) q.push(i);
    pass(BEAT - 1);
    assert.deepEqual(taken, [1]);
    pass(1);
    assert.deepEqual(taken, [1, 1000]);
    q.push(1);
    q.clear();
    pass(BEAT);
    assert.deepEqual(taken, [1, 1000], 'what was forgotten is not taken');
  } finally {
    mock.timers.reset();
  }
});

test('ticks add up to what they would be one by one', () => {
  const ticks = [tickOf(lossy.overview, AT, 100), tickOf(lossy.overview, AT, 7), tickOf(lossy.overview, AT, 1)];
  const merged = mergeTicks(ticks) as Tick;
  const one = ticks.reduce(applyTick, lossy.overview);
  assert.deepEqual(applyTick(lossy.overview, merged), one);
  assert.equal(mergeTicks([]), null);
  assert.deepEqual(ticks[0], tickOf(lossy.overview, AT, 100), 'what was merged stays as it was');
});

test('a tick counts in the bar of the group that the sentence is about', () => {
  const tick = tickOf(lossy.overview, AT, 100);
  const before = lossy.overview.verdict.answers;
  const after = applyTick(lossy.overview, tick).verdict.answers;
  const group = tick.model_groups['main-model'];
  assert.equal(after?.requests, (before?.requests ?? 0) + 100);
  assert.equal(after?.partial, (before?.partial ?? 0) + (group?.partial ?? 0));
  const sliding: Overview = { ...lossy.overview, verdict: { ...lossy.overview.verdict, state: 'recovering' } };
  assert.equal(applyTick(sliding, tick).verdict.answers, sliding.verdict.answers, 'the last five minutes slide, and are fetched');
});

test('what a tick does not touch stays the same object, and is not drawn again', () => {
  const id = healthy.overview.chains[0]?.legs[0]?.deployments[0]?.deployment ?? '';
  const after = applyTick(healthy.overview, { at: AT, model_groups: {}, deployments: { [id]: { attempts: 3, faults: { Timeout: 1 }, in_flight: 9 } } });
  const d = after.chains[0]?.legs[0]?.deployments[0];
  assert.equal(d?.in_flight, 9);
  assert.equal(d?.faults['Timeout'], (healthy.overview.chains[0]?.legs[0]?.deployments[0]?.faults['Timeout'] ?? 0) + 1);
  assert.equal(after.verdict, healthy.overview.verdict);
  assert.equal(after.chains.at(-1), healthy.overview.chains.at(-1));
  const still = applyTick(healthy.overview, { at: AT, model_groups: {}, deployments: {} });
  assert.ok(still.chains.every((c, i) => c === healthy.overview.chains[i]));
});

test('an opening counts, a reopening does not, and an old one is forgotten', () => {
  const id = healthy.overview.chains[0]?.legs[0]?.deployments[0]?.deployment ?? '';
  const openings = (o: Overview): number => o.chains[0]?.legs[0]?.deployments[0]?.breaker.openings_1h.length ?? -1;
  const open = applyBreaker(healthy.overview, { deployment: id, from: 'closed', to: 'open', at: AT, kind: 'ServerError', next_probe: AT });
  assert.equal(openings(open), openings(healthy.overview) + 1);
  assert.equal(open.chains[0]?.legs[0]?.deployments[0]?.breaker.state, 'open');
  const again = applyBreaker(open, { deployment: id, from: 'half-open', to: 'open', at: AT, kind: 'ServerError' });
  assert.equal(openings(again), openings(open));
  const later = applyBreaker(open, { deployment: id, from: 'open', to: 'half-open', at: new Date(NOW + HOUR + MINUTE).toISOString() });
  assert.equal(openings(later), 0);
});

test('ticks fill the last bucket, and a full one is closed as they counted it', () => {
  const s = healthy.series;
  const before = tailOf(s);
  const tick = tickOf(healthy.overview, AT, 1000);
  tick.model_groups['main-model'] = { requests: 1000, full: 900, partial: 90, degraded: 6, unavailable: 4, served: [[900], [90], [0]] };
  const t = addTick(before, tick, healthy.overview.chains);
  const [was, is] = [before.groups['main-model'], t.groups['main-model']];
  for (const [key, n] of Object.entries({ requests: 1000, fallback: 90, degraded: 6, unavailable: 4 } as const)) {
    assert.equal(Math.round((is?.[key as 'requests'] ?? 0) - (was?.[key as 'requests'] ?? 0)), n, key);
  }
  const next = roll(s, t);
  const group = next.series.model_groups['main-model'];
  assert.equal(next.series.t.length, s.t.length);
  assert.equal(Date.parse(next.series.t.at(-1) ?? ''), Math.floor(endOf(s)));
  assert.equal(group?.fallback_rate.at(-2), (is?.fallback ?? 0) / (is?.requests ?? 1));
  assert.equal(group?.fallback_rate.at(-1), null, 'nothing is known of the new one yet');
  assert.equal(next.tail.groups['main-model']?.requests, 0);
  for (const v of [group?.requests, group?.unavailable_rate, next.series.ttft_ms.p50, next.series.cost_usd.answers]) assert.equal(v?.length, s.t.length);
});

test('groups that the series does not know are left out', () => {
  const t = tailOf(healthy.series);
  const tick: Tick = { at: AT, model_groups: { 'of a reload': { requests: 1, full: 1, partial: 0, degraded: 0, unavailable: 0, served: [[1]] } }, deployments: { unknown: { attempts: 1, faults: {}, in_flight: 0 } } };
  assert.deepEqual(addTick(t, tick, healthy.overview.chains), t);
});

test('chains that share a group are called by their task; pending alerts are none', () => {
  const [a, b] = healthy.overview.chains;
  assert.ok(a && b);
  const alert = { ...(lossy.overview.alerts[0] ?? assert.fail()), state: 'pending' as const };
  const o = arrived({ ...healthy.overview, chains: [{ ...a, task: null }, { ...a, task: 'task/codegen' }, { ...b, task: 'task/other' }], alerts: [alert, ...lossy.overview.alerts] });
  assert.deepEqual(o.chains.map((c) => c.name), [a.model_group, 'task/codegen', b.model_group]);
  assert.deepEqual(o.alerts, lossy.overview.alerts);
});

test('the range opens so that the onset is in view', () => {
  const v = (minutes: number, more: Partial<Verdict> = {}): Verdict => ({ state: 'losing', severity: 'critical', since: new Date(NOW - minutes * MINUTE).toISOString(), ...more });
  assert.equal(rangeFor(v(10), NOW), '15m');
  assert.equal(rangeFor(v(14), NOW), '1h', 'with room before it');
  assert.equal(rangeFor(v(311), NOW), '6h');
  assert.equal(rangeFor(v(330), NOW), '24h');
  assert.equal(rangeFor(v(60 * 24 * 60), NOW), '30d');
  assert.equal(rangeFor(v(311, { severity: 'ok', state: 'healthy' }), NOW), '1h');
  assert.equal(rangeFor(v(311, { since: null }), NOW), '1h');
});

test('the verdict in the page is read, and anything else passed over', () => {
  assert.equal(readInlined(JSON.stringify({ now: AT, verdict: { state: 'empty' } }))?.verdict.state, 'empty');
  for (const text of ['null', '', '{', '3', '[]', '{"now": 1}', null, undefined]) assert.equal(readInlined(text), null);
});

test('what was chosen is in the address, and comes back from it', () => {
  const search = '?range=6h&q=kind%3ATimeout&show=failed&of=main-model&open=a&shut=b&open=c';
  const read = readChoice(search);
  assert.deepEqual({ ...read, folds: [...read.folds] }, { range: '6h', filter: 'kind:Timeout', chip: 'failed', servedOf: 'main-model', folds: [['a', true], ['c', true], ['b', false]] });
  assert.deepEqual(readChoice(writeChoice('', read)), read);
  assert.equal(writeChoice('?other=1&range=1h', { range: null, filter: '', chip: 'all', servedOf: null, folds: new Map() }), '?other=1');
  const nonsense = readChoice('?range=2y&show=me');
  assert.deepEqual([nonsense.range, nonsense.chip], [null, 'all']);
});

test('what a ranked chain listed first is not its first choice', () => {
  const s = structuredClone(healthy.series);
  const n = s.t.length;
  const all = (v: number): number[] => Array.from({ length: n }, () => v);
  const group = (served: number[], fallback: number): GroupSeries =>
    ({ requests: all(100), fallback_rate: all(fallback), unavailable_rate: all(0), degraded_rate: all(0), served: served.map((v) => [all(v)]) });
  const [a, b] = healthy.overview.chains;
  assert.ok(a && b);
  const legs = [a.legs[0], a.legs[0]].flatMap((l) => l ?? []);
  const ordered: Chain = { ...a, model_group: 'ordered', task: null, strategy: 'order', legs };
  const ranked: Chain = { ...b, model_group: 'task/t', task: null, strategy: 'quality', legs };
  // The ranked one's second model is its first choice: a tenth came by fallback from the one listed first.
  s.model_groups = { ordered: group([0.8, 0.2], 0.2), 'task/t': group([0.1, 0.9], 0.1) };
  const told = (chains: Chain[]): [string, number, number][] => {
    const tail = addTick(tailOf(s), { at: AT, model_groups: {}, deployments: {} }, chains);
    return legLayers(s, chains).map((l) => [l.name, Number(l.values[0]?.toFixed(3)), Number(l.live(tail)?.toFixed(3))]);
  };
  assert.deepEqual(told([ordered, ranked]), [['first choice', 0.85, 0.85], ['leg 2', 0.1, 0.1], ['fallback of a ranked task', 0.05, 0.05]]);
  assert.deepEqual(told([ranked]), [['first choice', 0.9, 0.9], ['fallback of a ranked task', 0.1, 0.1]]);
  assert.deepEqual(told([ordered]), [['first leg', 0.8, 0.8], ['leg 2', 0.2, 0.2]]);
});
