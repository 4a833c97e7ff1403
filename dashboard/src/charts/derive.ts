/** Figures over all groups, and the live end of each figure. */
import type { Series, Values } from '../api';
import { ratio, type Tail } from '../live/tail';

/** A rate over several groups: each weighs as much as was asked of it. */
export function over(s: Series, groups: readonly string[], of: (group: string, i: number) => number | null | undefined): Values {
  return s.t.map((_, i) => {
    let asked = 0;
    let sum = 0;
    let known = false;
    for (const name of groups) {
      const q = s.model_groups[name]?.requests[i];
      const v = of(name, i);
      if (q == null || v == null) continue;
      known = true;
      asked += q;
      sum += q * v;
    }
    return known ? (asked > 0 ? sum / asked : 0) : null;
  });
}

export const unavailableOf = (s: Series, groups: readonly string[]): Values => over(s, groups, (g, i) => s.model_groups[g]?.unavailable_rate[i]);
export const degradedOf = (s: Series, groups: readonly string[]): Values => over(s, groups, (g, i) => s.model_groups[g]?.degraded_rate[i]);

/** The filling bucket of a rate over groups. */
export function tailRate(t: Tail | null, groups: readonly string[], of: (g: Tail['groups'][string], name: string) => number): number | null {
  if (!t) return null;
  const gs = groups.flatMap((name) => (t.groups[name] ? [{ name, g: t.groups[name] }] : []));
  return ratio(gs.reduce((a, { g, name }) => a + of(g, name), 0), gs.reduce((a, { g }) => a + g.requests, 0));
}

export function providerRate(t: Tail | null, provider: string, kind?: string): number | null {
  const p = t?.providers[provider];
  if (!p) return null;
  const n = kind === undefined ? Object.values(p.kinds).reduce((a, k) => a + k, 0) : (p.kinds[kind] ?? 0);
  return ratio(n, p.attempts);
}

/** Errors of a provider, all kinds together. */
export const allKinds = (kinds: Record<string, Values>, n: number): Values =>
  Array.from({ length: n }, (_, i) => {
    const vs = Object.values(kinds);
    return vs.length && vs.every((v) => v[i] == null) ? null : vs.reduce((a, v) => a + (v[i] ?? 0), 0);
  });

export const sum = (v: Values | null | undefined): number => (v ?? []).reduce<number>((a, q) => a + (q ?? 0), 0);

/** Adds figures bucket by bucket; those that are not known are left out. */
export function together(...values: (Values | null | undefined)[]): Values | null {
  const known = values.filter((v): v is Values => v != null);
  const [first] = known;
  if (!first) return null;
  return first.map((_, i) => (known.every((v) => v[i] == null) ? null : known.reduce((a, v) => a + (v[i] ?? 0), 0)));
}
