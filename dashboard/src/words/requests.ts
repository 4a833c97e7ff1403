/** Which requests a filter and a chip mean, and a request's attempts in words. */
import type { Attempt, RequestRow } from '../api';
import type { Chip } from '../state/app';
import { kindOf, softReason } from './names';

const soft = (r: RequestRow): boolean => r.soft_fault != null || r.failure_kinds.some((k) => k.startsWith('Soft')) || r.attempts.some((a) => a.soft != null);

export function inChip(r: RequestRow, chip: Chip): boolean {
  switch (chip) {
    case 'all':
      return true;
    case 'fallback':
      return r.is_fallback;
    case 'failed':
      return r.degradation_level === 'unavailable';
    case 'retried':
      return r.attempts.length > 1;
    case 'soft':
      return soft(r);
  }
}

/** Everything that a word of the filter may stand in. */
function hay(r: RequestRow): string {
  return [
    r.request_id, r.model_group, r.task, r.deployment, r.model, r.degradation_level, r.is_fallback ? 'fallback' : '', soft(r) ? 'soft' : '',
    ...r.failure_kinds, ...r.attempts.flatMap((a) => [a.deployment, a.model, a.provider]), ...r.skipped.map((s) => s.deployment),
  ].join(' ').toLowerCase();
}

const wordsOf = (filter: string): string[] => filter.toLowerCase().split(/\s+/).filter(Boolean);
const kindWord = (word: string): string | undefined => /^kind:(.+)$/.exec(word)?.[1]?.replace(/_/g, '');
const failedBy = (r: RequestRow, kind: string): boolean =>
  r.failure_kinds.some((k) => kindOf(k).toLowerCase() === kind) || (kind === 'soft' && soft(r));

/** All words have to be found, wherever; `kind:RateLimited` means a kind of fault alone. */
export function matches(r: RequestRow, filter: string): boolean {
  const words = wordsOf(filter);
  if (!words.length) return true;
  const all = hay(r);
  return words.every((w) => {
    const kind = kindWord(w);
    return kind === undefined ? all.includes(w) : failedBy(r, kind);
  });
}

/** The same filter as the gateway's query; to it a fallback is a level of degradation. */
export function queryOf(filter: string): Record<string, string> {
  const words = filter.split(/\s+/).filter(Boolean);
  const q = words.filter((w) => w.toLowerCase() !== 'fallback').join(' ');
  return { ...(q ? { q } : {}), ...(q.length < words.join(' ').length ? { degradation_level: 'partial' } : {}) };
}

/** Who was passed over without a call, in a word or two. */
export function skipWords(r: RequestRow): string {
  const first = r.attempts[0];
  if (!r.skipped.length) return '';
  if (!first) return r.skipped.every((s) => /gate|open|full/.test(s.gate)) ? 'all gates shut' : 'no leg could take it';
  return first.leg > 0 ? 'first leg skipped' : `${r.skipped.length} skipped`;
}

/** Callers are told names; ids may be hashes. */
const whom = (a: Attempt): string => (a.provider && a.model ? `${a.provider}/${a.model}` : a.deployment);

/** The header that the caller got. */
export const attemptsHeader = (r: RequestRow): string =>
  r.attempts.map((a) => `${whom(a)}=${a.status ?? (a.outcome === 'success' ? 200 : a.outcome.toLowerCase())}@${a.duration_ms}ms`).join('; ') || 'none';

/** What is said under an attempt. */
export function noteOf(a: Attempt): string {
  const parts = [a.forced_probe && !a.note?.startsWith('forced probe') ? 'forced probe' : '', a.soft ? softReason(a.soft) : '', a.phase && !a.note ? `limit: ${a.phase.replace('_', ' ')}` : '', a.note ?? ''];
  return [...new Set(parts.filter(Boolean))].join('; ');
}

/** Newest first, each once. */
export function union(a: readonly RequestRow[], b: readonly RequestRow[]): RequestRow[] {
  const seen = new Map<string, RequestRow>();
  for (const r of [...a, ...b]) if (!seen.has(r.request_id)) seen.set(r.request_id, r);
  return [...seen.values()].sort((x, y) => (x.ts < y.ts ? 1 : x.ts > y.ts ? -1 : 0));
}
