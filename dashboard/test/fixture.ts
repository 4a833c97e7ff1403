/** Reads fixtures: a scene, or what differs from another. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Incident, Overview, Range, RequestRow, Series } from '../src/api';
import type { Behaviour, Variant } from '../fixtures/make/variants';
import { RANGE_MS } from '../src/words/range';

export interface Fixture {
  overview: Overview;
  series: Series;
  incidents: Incident[] | null;
  requests: RequestRow[];
  server?: Behaviour;
}

export const ROOT = process.env['DASHBOARD'] ?? '.';

/** JSON merge patch, RFC 7386. */
export function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [k, v] of Object.entries(patch)) {
    if (v === null) delete out[k];
    else out[k] = merge(out[k], v);
  }
  return out;
}

export function readFixture(name: string): Fixture {
  const file = JSON.parse(readFileSync(join(ROOT, 'fixtures', `${name}.json`), 'utf8')) as Fixture | Variant;
  if (!('like' in file)) return file;
  const base = readFixture(file.like);
  const patched = merge(base, file.patch ?? {}) as Fixture;
  // A verdict is one statement: it is replaced, not mixed with another.
  const verdict = (file.patch?.overview as Partial<Overview> | undefined)?.verdict;
  if (verdict) patched.overview.verdict = verdict;
  if (file.patch && 'incidents' in file.patch && file.patch.incidents === null) patched.incidents = null;
  return { ...patched, ...(file.server ? { server: file.server } : {}) };
}

/** The same figures over another range: the shape matters, not the truth. */
export function stretch(s: Series, now: number, range: Range): Series {
  const step = RANGE_MS[range] / s.t.length;
  return { ...s, step_s: step / 1000, t: s.t.map((_, i) => new Date(now - RANGE_MS[range] + i * step).toISOString()) };
}
