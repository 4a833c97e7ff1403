/** Where the gateway has nothing to tell of: it was not there, and no history is. */
import type { Series } from '../api';

/** Runs of buckets of which no group is known, as `[first, one after the last]`. Nothing asked is known: it is 0. */
export function gapsOf(s: Series): [number, number][] {
  const groups = Object.values(s.model_groups);
  const out: [number, number][] = [];
  if (!groups.length) return out;
  for (let i = 0; i < s.t.length; i++) {
    if (groups.some((g) => g.requests[i] != null)) continue;
    const run = out.at(-1);
    if (run && run[1] === i) run[1] = i + 1;
    else out.push([i, i + 1]);
  }
  return out;
}
