/**
 * The answers of all groups together, by leg. A ranked chain's legs stand in another order for each
 * request, so its answers go by what they were: its first choice, or a fallback.
 */
import type { Chain, Series, Values } from '../api';
import type { Tail } from '../live/tail';
import { chainName, isRanked } from '../words/chain';
import { over, tailRate } from './derive';

/** What a group answered: shares of a bucket that is closed, counts of the one that fills. */
interface Answered {
  legs: (number | null)[];
  fallback: number | null;
}

export interface LegLayer {
  name: string;
  /** Which leg; `null`: the fallbacks of ranked chains, whichever leg they came from. */
  leg: number | null;
  values: Values;
  live: (t: Tail | null) => number | null;
}

const total = (parts: readonly (number | null | undefined)[]): number | null => parts.reduce<number | null>((a, v) => (a == null || v == null ? null : a + v), 0);

const inBucket = (s: Series, group: string, i: number): Answered | null => {
  const g = s.model_groups[group];
  return g ? { legs: g.served.map((leg) => total(leg.map((d) => d[i]))), fallback: g.fallback_rate[i] ?? null } : null;
};

/** By its first choice: all that it answered but the fallbacks, of which rounding may leave a trace below none. */
function firstChoice(a: Answered): number | null {
  const all = total(a.legs);
  return all == null || a.fallback == null ? null : Math.max(0, all - a.fallback);
}

export function legLayers(s: Series, chains: readonly Chain[]): LegLayer[] {
  const groups = chains.map(chainName);
  const ranked = new Set(chains.filter(isRanked).map(chainName));
  const layer = (name: string, leg: number | null, part: (a: Answered, isRanked: boolean) => number | null): LegLayer => ({
    name, leg,
    values: over(s, groups, (g, i) => {
      const a = inBucket(s, g, i);
      return a && part(a, ranked.has(g));
    }),
    live: (t) => tailRate(t, groups, (g, name) => part({ legs: g.served.map(total), fallback: g.fallback }, ranked.has(name)) ?? 0),
  });
  const ofLeg = (a: Answered, k: number): number | null => (k < a.legs.length ? (a.legs[k] ?? null) : 0);
  const later = Math.max(0, ...chains.filter((c) => !isRanked(c)).map((c) => c.legs.length - 1));
  return [
    layer(ranked.size ? 'first choice' : 'first leg', 0, (a, is) => (is ? firstChoice(a) : ofLeg(a, 0))),
    ...Array.from({ length: later }, (_, k) => layer(`leg ${k + 2}`, k + 1, (a, is) => (is ? 0 : ofLeg(a, k + 1)))),
    ...(chains.some((c) => isRanked(c) && c.legs.length > 1) ? [layer('fallback of a ranked task', null, (a, is) => (is ? a.fallback : 0))] : []),
  ];
}
