/**
 * The bucket that is still filling. The gateway's series ends with it; ticks fill it here, second by
 * second, so that a line grows at its end instead of being fetched and drawn anew.
 */
import type { Chain, Series, Tick, Values } from '../api';
import { SECOND, moment } from '../words/time';

export interface GroupTail {
  requests: number;
  fallback: number;
  unavailable: number;
  degraded: number;
  served: number[][];
}

export interface Tail {
  /** Counts, not rates. */
  groups: Record<string, GroupTail>;
  providers: Record<string, { attempts: number; kinds: Record<string, number> }>;
}

const last = (v: Values | undefined): number => v?.at(-1) ?? 0;

/** The counts behind the last bucket of a series. */
export function tailOf(s: Series): Tail {
  const groups: Tail['groups'] = {};
  for (const [name, g] of Object.entries(s.model_groups)) {
    const n = last(g.requests);
    groups[name] = {
      requests: n, fallback: last(g.fallback_rate) * n, unavailable: last(g.unavailable_rate) * n, degraded: last(g.degraded_rate) * n,
      served: g.served.map((leg) => leg.map((d) => last(d) * n)),
    };
  }
  const providers: Tail['providers'] = {};
  for (const [name, p] of Object.entries(s.providers)) {
    const n = last(p.attempts);
    providers[name] = { attempts: n, kinds: Object.fromEntries(Object.entries(p.kinds).map(([k, v]) => [k, last(v) * n])) };
  }
  return { groups, providers };
}

const empty = (t: Tail): Tail => ({
  groups: Object.fromEntries(Object.entries(t.groups).map(([name, g]) => [name, { requests: 0, fallback: 0, unavailable: 0, degraded: 0, served: g.served.map((leg) => leg.map(() => 0)) }])),
  providers: Object.fromEntries(Object.keys(t.providers).map((name) => [name, { attempts: 0, kinds: {} }])),
});

/** The tail with one tick more. Groups and deployments that the series does not know are left out. */
export function addTick(t: Tail, tick: Tick, chains: readonly Chain[]): Tail {
  const groups = { ...t.groups };
  for (const [name, n] of Object.entries(tick.model_groups)) {
    const g = groups[name];
    if (!g) continue;
    groups[name] = {
      requests: g.requests + n.requests, fallback: g.fallback + n.partial, unavailable: g.unavailable + n.unavailable, degraded: g.degraded + n.degraded,
      served: g.served.map((leg, i) => leg.map((d, j) => d + (n.served[i]?.[j] ?? 0))),
    };
  }
  const providers = { ...t.providers };
  const providerOf = new Map(chains.flatMap((c) => c.legs.flatMap((l) => l.deployments.map((d) => [d.deployment, d.provider] as const))));
  for (const [id, n] of Object.entries(tick.deployments)) {
    const name = providerOf.get(id);
    const p = name === undefined ? undefined : providers[name];
    if (name === undefined || !p) continue;
    const kinds = { ...p.kinds };
    for (const [k, count] of Object.entries(n.faults)) kinds[k] = (kinds[k] ?? 0) + count;
    providers[name] = { attempts: p.attempts + n.attempts, kinds };
  }
  return { groups, providers };
}

export const ratio = (n: number, of: number): number | null => (of > 0 ? n / of : null);

const shift = (v: Values, closing: number | null, opening: number | null): Values => [...v.slice(1, -1), closing, opening];
/** What ticks do not tell stays as it was fetched; the new bucket is unknown until the next fetch. */
const slide = (v: Values): Values => [...v.slice(1), null];
const slideAll = <K extends string>(o: Record<K, Values>): Record<K, Values> =>
  Object.fromEntries(Object.entries<Values>(o).map(([k, v]) => [k, slide(v)])) as Record<K, Values>;

/** When the bucket that is filling is full. */
export const endOf = (s: Series): number => moment(s.t.at(-1) ?? '') + s.step_s * SECOND;

/** Closes the bucket that was filling and opens the next one; the oldest goes. */
export function roll(s: Series, t: Tail): { series: Series; tail: Tail } {
  const model_groups: Series['model_groups'] = {};
  for (const [name, g] of Object.entries(s.model_groups)) {
    const n = t.groups[name];
    const close = (v: Values, count: number | undefined): Values => shift(v, n && count !== undefined ? ratio(count, n.requests) : null, null);
    model_groups[name] = {
      requests: shift(g.requests, n?.requests ?? null, 0), fallback_rate: close(g.fallback_rate, n?.fallback),
      unavailable_rate: close(g.unavailable_rate, n?.unavailable), degraded_rate: close(g.degraded_rate, n?.degraded),
      served: g.served.map((leg, i) => leg.map((d, j) => close(d, n?.served[i]?.[j]))),
    };
  }
  const providers: Series['providers'] = {};
  for (const [name, p] of Object.entries(s.providers)) {
    const n = t.providers[name];
    const kinds = [...new Set([...Object.keys(p.kinds), ...Object.keys(n?.kinds ?? {})])];
    const unknown: Values = s.t.map(() => 0);
    providers[name] = {
      attempts: shift(p.attempts, n?.attempts ?? null, 0),
      kinds: Object.fromEntries(kinds.map((k) => [k, shift(p.kinds[k] ?? unknown, n ? ratio(n.kinds[k] ?? 0, n.attempts) : null, null)])),
    };
  }
  const cost: Series['cost_usd'] = { answers: slide(s.cost_usd.answers) };
  for (const k of ['retries', 'hedges', 'discarded_streams', 'fallback_premium'] as const) {
    const v = s.cost_usd[k];
    if (v) cost[k] = slide(v);
  }
  const series: Series = {
    ...s, t: [...s.t.slice(1), new Date(endOf(s)).toISOString()], model_groups, providers, cost_usd: cost,
    soft: slideAll(s.soft), ttft_ms: slideAll(s.ttft_ms), duration_ms: slideAll(s.duration_ms),
  };
  return { series, tail: empty(t) };
}
