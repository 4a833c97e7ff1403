/** What a chain adds up to: shares of its legs, what moves on, how worried to be. */
import type { Alert, Chain, Deployment, Gate, Leg, Maybe } from '../api';
import { NB } from './numbers';
import { moment } from './time';

export const chainName = (c: Chain): string => c.name ?? c.model_group;

/** The chain that a verdict or an alert is about. */
export const chainOf = (chains: readonly Chain[], of: { model_group?: Maybe<string>; task?: Maybe<string> }): Chain | undefined =>
  chains.find((c) => c.model_group === of.model_group && (c.task ?? null) === (of.task ?? null)) ?? chains.find((c) => c.model_group === of.model_group);

export const legShare = (l: Leg): number => l.deployments.reduce((a, d) => a + (d.share ?? 0), 0);

/** What came to each leg, and after the last what came to nobody: begins with everything. */
export function flowing(c: Chain): number[] {
  const out = [1];
  for (const l of c.legs) out.push(Math.max(0, (out.at(-1) ?? 0) - legShare(l)));
  return out;
}

/** Nothing was asked of it, so no share is known. The attempts of its deployments may be another chain's. */
export const idle = (c: Chain): boolean => c.legs.every((l) => l.deployments.every((d) => d.share == null || (d.share === 0 && d.attempts === 0 && d.requests === 0)));

/** It was asked, and no leg answered. */
export const isDown = (c: Chain): boolean => !idle(c) && c.legs.every((l) => legShare(l) === 0);

/** A task's strategy puts its legs in order anew for each request: the one listed first is not everyone's first. */
export const isRanked = (c: Chain): boolean => c.strategy === 'quality' || c.strategy === 'cost' || c.strategy === 'latency';

/** Not answered by the leg that was first for the request: fallen back since the onset or in the last hour, or answered by no leg. */
export function onward(c: Chain): number | null {
  const fellBack = c.fallback_rate.since_onset ?? c.fallback_rate['1h'] ?? c.fallback_rate['5m'];
  if (idle(c) || fellBack == null) return null;
  return Math.min(1, fellBack + (flowing(c).at(-1) ?? 0));
}

/** What moved requests on from a leg, most frequent first. */
export function reasons(l: Leg): [string, number][] {
  const all = new Map<string, number>();
  for (const d of l.deployments) for (const [why, n] of Object.entries(d.reasons_on)) all.set(why, (all.get(why) ?? 0) + n);
  return [...all].sort((a, b) => b[1] - a[1]);
}

/** A caller who left is nobody's fault. */
export const faults = (d: Deployment): [string, number][] => Object.entries(d.faults).filter(([kind, n]) => n > 0 && kind !== 'Cancelled').sort((a, b) => b[1] - a[1]);
export const errors = (d: Deployment): number => faults(d).reduce((a, [, n]) => a + n, 0);
export const errorRate = (d: Deployment): number => (d.attempts > 0 ? errors(d) / d.attempts : 0);

/** Nothing to say about it but one line. */
export const well = (d: Deployment): boolean =>
  d.breaker.state === 'closed' && !d.breaker.forced && errorRate(d) < 0.01 && !d.gates.length && !d.breaker.openings_1h.length;

const WORRY = { open: 3, 'half-open': 2, recovering: 2, closed: 0 } as const;

/** Troubled groups first. From 4 on a group is unfolded by itself. */
export function worry(c: Chain, alerts: readonly Alert[], chains: readonly Chain[]): number {
  if (isDown(c)) return 9;
  const breakers = c.legs.flatMap((l, i) => l.deployments.map((d) => WORRY[d.breaker.state] * (i ? 0.5 : 1)));
  return Math.max(0, ...breakers) + (alerts.some((a) => chainOf(chains, a) === c) ? 4 : 0);
}

export type Level = 'idle' | 'ok' | 'warn' | 'critical';

/** The lines that a fallback rate is held against. */
export const WARN = 0.05;
export const CRITICAL = 0.1;

/** How a group stands, in a word under its rate. */
export function standing(c: Chain): { level: Level; word: string; rate: number | null } {
  if (isDown(c)) return { level: 'critical', word: 'unanswered', rate: 1 };
  const on = onward(c);
  if (on == null) return { level: 'idle', word: 'ready', rate: null };
  if (c.cascade) return { level: 'idle', word: `escalated, limit 20${NB}%`, rate: c.escalation_rate ?? on };
  if (on > CRITICAL) return { level: 'critical', word: `over 10${NB}%`, rate: on };
  if (on > WARN) return { level: 'warn', word: `over 5${NB}%`, rate: on };
  if (c.fallback === 'deny') return { level: 'ok', word: 'fallback denied', rate: on };
  return { level: 'ok', word: c.legs.length === 1 ? 'no fallback' : `within 5${NB}%`, rate: on };
}

/** Unfolded at first: the troubled ones, two at most; everything is down: one; all well: the first. */
export function unfoldedAtFirst(chains: readonly Chain[], alerts: readonly Alert[]): string[] {
  const troubled = sorted(chains, alerts).filter((c) => worry(c, alerts, chains) >= 4);
  const some = troubled.length ? troubled : chains.slice(0, 1);
  const most = chains.length > 0 && chains.every(isDown) ? 1 : 2;
  return some.slice(0, most).map(chainName);
}

export const sorted = (chains: readonly Chain[], alerts: readonly Alert[]): Chain[] =>
  [...chains].sort((a, b) => worry(b, alerts, chains) - worry(a, alerts, chains));

const GATE_WORDS: Record<string, string> = { credential: 'key' };

/** The gate that lets nothing through at that time, not even a breaker's probe; one without a time waits for a call that is out. */
export function holdsBack(gates: readonly Gate[], at: number): string | null {
  const shut = gates.find((g) => g.shut !== false && (g.not_before == null || moment(g.not_before) > at));
  return shut ? (GATE_WORDS[shut.gate] ?? shut.gate) : null;
}
