/** Figures, times, names and the filter of requests, as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert, Attempt, Chain, Deployment, RequestRow } from '../src/api';
import { chainOf, errorRate, flowing, holdsBack, idle, isDown, isRanked, onward, standing, unfoldedAtFirst, well } from '../src/words/chain';
import { kindOf, modelOf, nameOf, short, shortKind, softReason } from '../src/words/names';
import { count, dollars, limit, list, millis, plural, rate, rateOf, share } from '../src/words/numbers';
import { attemptsHeader, inChip, matches, noteOf, queryOf, skipWords, union } from '../src/words/requests';
import { clock, DAY, HOUR, MINUTE, SECOND, span, utc, zoneName } from '../src/words/time';
import { barParts } from '../src/charts/bar';
import { gapsOf } from '../src/charts/gaps';
import { placed } from '../src/charts/marks';
import { stepTo } from '../src/charts/step';
import { Refused, refusalWords } from '../src/net';
import { about, filterOf, valueWords, worstWords } from '../src/words/alerts';
import { readFixture } from './fixture';

const s = (text: string): string => text.replace(/\u00a0/g, ' ');
const healthy = readFixture('healthy');
const { chains } = healthy.overview;

test('rates have one decimal, and are 0 or 100 per cent only when exact', () => {
  const cases: [number | null | undefined, string][] = [
    [0, '0 %'], [1, '100 %'], [0.0004, '<0.1 %'], [0.9996, '>99.9 %'], [0.999, '99.9 %'], [0.001, '0.1 %'], [0.12404, '12.4 %'], [null, '–'], [undefined, '–'],
  ];
  for (const [x, text] of cases) assert.equal(s(rate(x)), text);
  assert.deepEqual([0, 0.004, 0.5, 0.997, 1].map((x) => s(share(x))), ['0 %', '0.4 %', '50 %', '99.7 %', '100 %']);
});

test('a chain that nobody asked is not down because of what others asked of its deployments', () => {
  const shared = (share: number | null): Chain => ({
    ...chains[0]!,
    legs: chains[0]!.legs.map((leg) => ({ ...leg, deployments: leg.deployments.map((d) => ({ ...d, share, requests: 0, attempts: 40 })) })),
  });
  assert.deepEqual([idle(shared(null)), isDown(shared(null))], [true, false]);
  assert.deepEqual([idle(shared(0)), isDown(shared(0))], [false, true], 'asked, and nobody answered');
});

test('numbers and their units', () => {
  assert.equal(s(rateOf(3, 7)), '3 of 7');
  assert.equal(s(rateOf(2, 19)), '2 of 19');
  assert.equal(s(rateOf(2, 20)), '10.0 %');
  assert.deepEqual([0.05, 0.001, 0.1].map((x) => s(limit(x))), ['5 %', '0.1 %', '10 %']);
  assert.deepEqual([0, 999, 1000, 9999, 12_340].map((x) => s(millis(x))), ['0 ms', '999 ms', '1.00 s', '10.00 s', '12.3 s']);
  assert.deepEqual([0, 0.0042, 0.01, 1234.5, -2].map(dollars), ['$0.00', '$0.0042', '$0.01', '$1,234.50', '\u2212$2.00']);
  assert.deepEqual([count(32798), count(null)], ['32,798', '–']);
  assert.deepEqual([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])], ['', 'a', 'a and b', 'a, b and c']);
  assert.deepEqual([plural(1, 'group'), plural(2, 'group'), plural(2, 'is', 'are')], ['1 group', '2 groups', '2 are']);
});

test('lengths of time in the two largest units', () => {
  const cases: [number, string][] = [
    [-5, '0 s'], [89 * SECOND, '89 s'], [90 * SECOND, '2 min'], [89 * MINUTE, '89 min'], [5 * HOUR + 11 * MINUTE, '5 h 11 min'], [49 * HOUR, '2 d 1 h'], [30 * DAY, '30 d 0 h'],
  ];
  for (const [ms, text] of cases) assert.equal(s(span(ms)), text);
});

test('moments: today the time, else the day with it, in either zone', () => {
  const now = Date.parse('2026-11-24T20:00:00Z');
  const t = Date.parse('2026-11-24T14:30:05Z');
  assert.equal(s(clock(t, { now, offsetMin: 0 })), '14:30');
  assert.equal(s(clock(t, { now, offsetMin: 540 }, true)), '24 Nov 23:30:05', 'in Tokyo it is the 25th by now');
  assert.equal(utc(t), '2026-11-24 14:30:05 UTC');
  assert.deepEqual([0, 540, 330, -210].map(zoneName), ['UTC', 'UTC+9', 'UTC+5:30', 'UTC\u22123:30']);
});

test('names are short, and hashes give way to models', () => {
  assert.equal(short('openai/gpt-4.1'), 'gpt-4.1');
  assert.equal(short('together/meta-llama/llama-3'), 'meta-llama/llama-3');
  assert.equal(short('gpt-4.1'), 'gpt-4.1');
  const hashed: Chain[] = structuredClone(chains);
  const d = hashed[0]?.legs[0]?.deployments[0] as Deployment;
  Object.assign(d, { deployment: 'a1b2c3', model: 'gpt-4.1', region: 'eu' });
  assert.equal(modelOf(hashed, 'a1b2c3'), 'gpt-4.1');
  assert.equal(nameOf(hashed, 'a1b2c3'), 'gpt-4.1 eu');
  assert.equal(nameOf(hashed, 'openai/gone'), 'gone');
  assert.equal(kindOf('Timeout(first token)'), 'Timeout');
  assert.deepEqual(['RateLimited', 'Timeout(first token)', 'Novel'].map(shortKind), ['429', 'timeout', 'Novel']);
  assert.deepEqual(['Soft(schema)', 'schema', 'Soft(not the JSON asked for)', 'Soft', null].map(softReason), ['not the JSON asked for', 'not the JSON asked for', 'not the JSON asked for', 'failing their check', 'failing their check']);
});

const group = (name: string): Chain => chains.find((c) => c.model_group === name) as Chain;
const changed = (c: Chain, change: (d: Deployment, leg: number) => Partial<Deployment>): Chain =>
  ({ ...c, legs: c.legs.map((l, i) => ({ ...l, deployments: l.deployments.map((d) => ({ ...d, ...change(d, i) })) })) });

test('what a leg cannot answer goes on to the next', () => {
  const c = changed(group('main-model'), (_, leg) => ({ share: [0.7, 0.2][leg] ?? 0.05 }));
  const inflow = flowing(c).map((x) => Number(x.toFixed(3)));
  assert.deepEqual(inflow.slice(0, 3), [1, 0.3, 0.1]);
});

test('a gate that is shut holds a probe back, one past its time does not', () => {
  const at = (s: number): string => new Date(s * SECOND).toISOString();
  const key = { gate: 'credential', not_before: at(10) };
  assert.deepEqual([holdsBack([key], 9 * SECOND), holdsBack([key], 10 * SECOND), holdsBack([], 0)], ['key', null, null]);
  assert.equal(holdsBack([{ gate: 'model', not_before: null }], 0), 'model', 'a probe of its own is out');
  assert.equal(holdsBack([{ gate: 'quota', shut: false, not_before: at(10) }, { gate: 'host', not_before: at(5) }], 0), 'host', 'what was shut of late is open');
});

test('a group that its strategy put elsewhere first has not fallen back', () => {
  const fellBack = (rate: number | null) => ({ '5m': rate, '1h': rate, since_onset: null });
  const ranked = (shares: number[], rate: number | null): Chain =>
    ({ ...changed(group('main-model'), (_, leg) => ({ share: shares[leg] ?? 0, requests: 100, attempts: 100 })), strategy: 'cost', fallback_rate: fellBack(rate) });
  const elsewhere = ranked([0, 1], 0);
  assert.equal(isRanked(elsewhere), true);
  assert.deepEqual([standing(elsewhere).level, standing(elsewhere).rate], ['ok', 0]);
  assert.equal(onward(ranked([0.4, 0.5], 0.2))?.toFixed(2), '0.30', 'fallen back, and a tenth by nobody');
  assert.equal(onward({ ...ranked([0.4, 0.6], 0.2), fallback_rate: { '5m': 0.9, '1h': 0.2, since_onset: 0.6 } }), 0.6, 'since the onset where there is one');
  assert.equal(standing(ranked([0.4, 0.6], null)).rate, null, 'nothing asked of late');
  assert.equal(standing(ranked([0, 0], null)).word, 'unanswered');
});

test('a group stands as its lines say', () => {
  const at = (on: number, more: Partial<Chain> = {}): string => {
    const c = { ...changed(group('main-model'), (_, leg) => ({ share: leg === 0 ? 1 - on : leg === 1 ? on : 0, requests: 100, attempts: 100 })), fallback_rate: { '5m': on, '1h': on }, ...more };
    const { level, word } = standing(c);
    return s(`${level}: ${word}`);
  };
  assert.equal(at(0.101), 'critical: over 10 %');
  assert.equal(at(0.051), 'warn: over 5 %');
  assert.equal(at(0.049), 'ok: within 5 %');
  assert.equal(at(0.3, { cascade: true }), 'idle: escalated, limit 20 %', 'an escalation is no fallback');
  const nobody = changed(group('main-model'), () => ({ share: 0, requests: 10, attempts: 10 }));
  assert.equal(standing(nobody).word, 'unanswered');
  const unasked = changed(group('main-model'), () => ({ share: null, requests: 0, attempts: 0 }));
  assert.equal(standing(unasked).word, 'ready');
});

test('a caller who left is no error of the deployment', () => {
  const d = { ...(group('main-model').legs[0]?.deployments[0] as Deployment), attempts: 100, faults: { Cancelled: 50, ServerError: 2 } };
  assert.equal(errorRate(d), 0.02);
  assert.equal(well({ ...d, faults: { Cancelled: 50 }, gates: [] }), true);
  assert.equal(well({ ...d, faults: {}, gates: [{ gate: 'quota', shut: false, closings_1h: 3 }] }), false, 'that it was throttled of late is worth saying');
});

test('chains that share a group are told apart by their task', () => {
  const shared = [{ ...group('main-model'), task: null }, { ...group('main-model'), task: 'task/codegen' }];
  assert.equal(chainOf(shared, { model_group: 'main-model', task: 'task/codegen' }), shared[1]);
  assert.equal(chainOf(shared, { model_group: 'main-model' }), shared[0]);
  assert.equal(chainOf(shared, { model_group: 'main-model', task: 'task/unknown' }), shared[0]);
  assert.equal(chainOf(shared, { model_group: null }), undefined);
});

test('troubled groups are unfolded, two at most; all well, the first; all down, one', () => {
  const alert = (model_group: string): Alert => ({ id: model_group, signal: 'fallback_rate', severity: 'warn', state: 'firing', since: '', model_group, value: 0, threshold: 0 });
  assert.deepEqual(unfoldedAtFirst(chains, []), [chains[0]?.model_group]);
  const names = chains.map((c) => c.model_group);
  assert.deepEqual(unfoldedAtFirst(chains, names.slice(1).map(alert)), names.slice(1, 3));
  assert.equal(unfoldedAtFirst(readFixture('all-down').overview.chains, []).length, 1);
});

test('the bar of answers adds up, and what is small can still be seen', () => {
  const width = (a: [number, number, number, number]): number[] =>
    barParts({ requests: a[0] + a[1] + a[2] + a[3], full: a[0], partial: a[1], degraded: a[2], unavailable: a[3] }).map((p) => p.width);
  const parts = width([99_999, 1, 0, 0]);
  assert.equal(parts[1], 2, 'one of 100,000 is drawn');
  assert.deepEqual(width([10, 0, 0, 0]), [1000, 0, 0, 0]);
  assert.deepEqual(width([50, 25, 0, 25]), [500, 250, 0, 250]);
  assert.deepEqual(width([0, 0, 0, 0]), [0, 0, 0, 0]);
});

test('an alert names its value, and finds its requests', () => {
  const a: Alert = { id: '1', signal: 'fallback_rate', severity: 'critical', state: 'firing', since: '', model_group: 'main-model', value: 0.124, threshold: 0.1, count: 4067, of: 32798 };
  assert.equal(s(valueWords(a)), '12.4 %, limit 10 %');
  assert.equal(s(valueWords({ ...a, count: 3, of: 7 })), '3 of 7, limit 10 %');
  const worst = { ...a, cause: { code: 'mixed' as const, worst: 0.183 } };
  assert.deepEqual([s(valueWords(worst)), s(worstWords(worst) ?? '')], ['12.4 %, limit 10 %', '18.3 % at its worst']);
  assert.deepEqual([s(valueWords({ ...worst, value: 0.02 })), worstWords({ ...worst, value: 0.02 })], ['2.0 %, 18.3 % at its worst, limit 10 %', null], 'what is no longer over its line says why it fires');
  assert.deepEqual([worstWords(a), worstWords({ ...worst, value: 0.183 })], [null, null], 'nothing is said twice');
  assert.equal(s(valueWords({ ...a, signal: 'breaker_openings', value: 6, threshold: 3 })), '6 in 1 h, limit 3');
  assert.equal(s(valueWords({ ...a, signal: 'authentication', count: 114 })), '114 times');
  assert.equal(about(a, chains), 'main-model');
  assert.equal(about({ ...a, signal: 'provider_error_rate', provider: 'anthropic' }, chains), 'anthropic', 'though it names the chain that suffers most');
  assert.equal(about({ ...a, signal: 'breaker_openings', deployment: 'openai/gpt-4.1' }, chains), 'gpt-4.1');
  assert.equal(filterOf(a), 'fallback main-model');
  assert.equal(filterOf({ ...a, signal: 'breaker_openings', deployment: 'anthropic/x', cause: { code: 'latency', kind: 'Timeout(first token)' } }), 'anthropic/x kind:Timeout');
});

const attempt = (deployment: string, outcome: string, more: Partial<Attempt> = {}): Attempt =>
  ({ deployment, leg: 0, outcome, wait_before_ms: 0, start_ms: 0, duration_ms: 240, ttft_ms: null, ...more });
const row: RequestRow = {
  request_id: 'req_1', ts: '2026-11-24T05:52:08.000Z', model_group: 'main-model', deployment: 'openai/gpt-4.1', is_fallback: true, degradation_level: 'partial', duration_ms: 900,
  failure_kinds: ['RateLimited'], skipped: [], attempts: [attempt('anthropic/claude', 'RateLimited', { status: 429 }), attempt('openai/gpt-4.1', 'success', { leg: 1, status: 200 })],
};

test('the filter finds every word, wherever; kind: means a kind alone', () => {
  for (const yes of ['', 'req_1', 'FALLBACK main', 'claude gpt', 'kind:RateLimited', 'kind:rate_limited partial']) assert.equal(matches(row, yes), true, yes);
  for (const no of ['gemini', 'main gemini', 'kind:gpt', 'kind:Timeout', 'soft']) assert.equal(matches(row, no), false, no);
  assert.equal(matches({ ...row, failure_kinds: ['Soft(schema)'] }, 'kind:soft'), true);
});

test('the gateway is asked for a fallback as a level', () => {
  assert.deepEqual(queryOf('fallback main-model'), { q: 'main-model', degradation_level: 'partial' });
  assert.deepEqual(queryOf('main-model kind:Timeout'), { q: 'main-model kind:Timeout' });
  assert.deepEqual(queryOf(' '), {});
});

test('chips narrow the list', () => {
  const plain: RequestRow = { ...row, is_fallback: false, degradation_level: 'full', failure_kinds: [], attempts: [attempt('a', 'success')] };
  const shown = (r: RequestRow): string[] => (['all', 'fallback', 'failed', 'retried', 'soft'] as const).filter((c) => inChip(r, c));
  assert.deepEqual(shown(row), ['all', 'fallback', 'retried']);
  assert.deepEqual(shown(plain), ['all']);
  assert.deepEqual(shown({ ...plain, degradation_level: 'unavailable' }), ['all', 'failed']);
  assert.deepEqual(shown({ ...plain, failure_kinds: ['Soft'] }), ['all', 'soft']);
  assert.deepEqual(shown({ ...plain, soft_fault: 'truncated' }), ['all', 'soft']);
});

test('who was passed over is told in a word', () => {
  const skip = (gate: string) => ({ deployment: 'a', gate });
  assert.equal(skipWords(row), '');
  assert.equal(skipWords({ ...row, attempts: [attempt('b', 'success', { leg: 1 })], skipped: [skip('breaker open')] }), 'first leg skipped');
  assert.equal(skipWords({ ...row, skipped: [skip('window full'), skip('unable')] }), '2 skipped');
  assert.equal(skipWords({ ...row, attempts: [], skipped: [skip('breaker open'), skip('host gate shut')] }), 'all gates shut');
  assert.equal(skipWords({ ...row, attempts: [], skipped: [skip('unable')] }), 'no leg could take it');
});

test('lists join newest first, each request once', () => {
  const older = { ...row, request_id: 'req_0', ts: '2026-11-24T05:50:00.000Z' };
  assert.deepEqual(union([older], [row, older]).map((r) => r.request_id), ['req_1', 'req_0']);
});

test('the trail says what the caller was told', () => {
  assert.equal(attemptsHeader(row), 'anthropic/claude=429@240ms; openai/gpt-4.1=200@240ms');
  assert.equal(attemptsHeader({ ...row, attempts: [] }), 'none');
  assert.equal(attemptsHeader({ ...row, attempts: [attempt('a1b2c3', 'success', { provider: 'openai', model: 'gpt-4.1' })] }), 'openai/gpt-4.1=200@240ms');
  assert.equal(noteOf(attempt('a', 'Timeout', { phase: 'first_token', forced_probe: true })), 'forced probe; limit: first token');
  assert.equal(noteOf(attempt('a', 'Soft', { soft: 'schema' })), 'not the JSON asked for');
});

test('marks on the time axis say what they are where there is room', () => {
  const at = (...x: number[]): boolean[] => placed(x.map((n) => ({ x: n, what: 'config reload, max_tokens raised' }))).map((m) => m.room);
  assert.deepEqual(at(10), [false], 'no room at the left edge');
  assert.deepEqual(at(200, 230, 400), [true, false, true], 'nor over the mark before it');
  assert.equal(placed([{ x: 200, what: 'config reload, max_tokens raised' }])[0]?.what, 'config reload');
});

test('the time cursor moves by keys and stops at the ends', () => {
  assert.equal(stepTo('ArrowLeft', false, null, 100), 98);
  assert.equal(stepTo('ArrowLeft', true, 5, 100), 0);
  assert.equal(stepTo('ArrowRight', true, 95, 100), 99);
  assert.equal(stepTo('Home', false, 50, 100), 0);
  assert.equal(stepTo('End', false, 50, 100), 99);
  assert.equal(stepTo('Escape', false, 50, 100), null);
  assert.equal(stepTo('a', false, 50, 100), undefined);
});

test('a key that is not taken is not called wrong for other reasons', () => {
  assert.equal(refusalWords(new Refused(401, 'this is not the master key')), 'This is not the master key.');
  assert.equal(refusalWords(new Refused(403, 'This request comes from another site, and is not carried out.')), 'The gateway did not take it: This request comes from another site, and is not carried out.');
  assert.equal(refusalWords(new Refused(503, 'HTTP 503')), 'The gateway did not take it: HTTP 503.');
  assert.equal(refusalWords(new TypeError('fetch failed')), 'The gateway cannot be reached.');
});

test('no data is only where nothing is known of any group, whenever the gateway started', () => {
  const [name, g] = Object.entries(healthy.series.model_groups)[0] ?? [];
  assert.ok(name && g);
  const unknown = (...spans: [number, number][]) => {
    const requests = g.requests.map((q, i) => (spans.some(([from, to]) => i >= from && i < to) ? null : q));
    return gapsOf({ ...healthy.series, model_groups: { [name]: { ...g, requests } } });
  };
  assert.deepEqual(unknown(), [], 'a history reaches back before the start');
  assert.deepEqual(unknown([0, 50]), [[0, 50]]);
  assert.deepEqual(unknown([0, 3], [60, 61]), [[0, 3], [60, 61]], 'it was gone for a while');
  const nothingAsked = { ...g, requests: g.requests.map(() => 0) };
  assert.deepEqual(gapsOf({ ...healthy.series, model_groups: { [name]: nothingAsked } }), []);
  const unasked = { ...g, requests: g.requests.map(() => null) };
  assert.deepEqual(gapsOf({ ...healthy.series, model_groups: { [name]: g, unasked } }), [], 'known of one group is known');
});
