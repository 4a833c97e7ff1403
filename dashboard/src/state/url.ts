/** What the reader chose, in the address: it can be sent to a colleague. Never a key, never a request's content. */
import type { Range } from '../api';
import { chip, filter, folds, range, servedOf, type Chip } from './app';
import { RANGES } from '../words/range';

const CHIPS: readonly Chip[] = ['all', 'fallback', 'failed', 'retried', 'soft'];

export interface Chosen {
  range: Range | null;
  filter: string;
  chip: Chip;
  folds: Map<string, boolean>;
  servedOf: string | null;
}

/** Reads what an address asks for; what it does not know it leaves alone. */
export function readChoice(search: string): Chosen {
  const q = new URLSearchParams(search);
  const folded = new Map<string, boolean>();
  for (const g of q.getAll('open')) folded.set(g, true);
  for (const g of q.getAll('shut')) folded.set(g, false);
  return {
    range: RANGES.find((r) => r === q.get('range')) ?? null,
    filter: q.get('q') ?? '',
    chip: CHIPS.find((c) => c === q.get('show')) ?? 'all',
    folds: folded,
    servedOf: q.get('of'),
  };
}

/** The address for a choice; other parts of it stay. */
export function writeChoice(search: string, c: Chosen): string {
  const q = new URLSearchParams(search);
  for (const k of ['range', 'q', 'show', 'of', 'open', 'shut']) q.delete(k);
  if (c.range) q.set('range', c.range);
  if (c.filter) q.set('q', c.filter);
  if (c.chip !== 'all') q.set('show', c.chip);
  if (c.servedOf) q.set('of', c.servedOf);
  for (const [g, open] of c.folds) q.append(open ? 'open' : 'shut', g);
  const text = q.toString();
  return text ? `?${text}` : '';
}

/** Keeps the address in step from now on. The range joins it once the reader chose one, or the page did. */
export function keepAddress(): void {
  const write = (): void => {
    const next = writeChoice(location.search, { range: range.value, filter: filter.value, chip: chip.value, folds: new Map(folds.value), servedOf: servedOf.value });
    if (next !== location.search) history.replaceState(null, '', `${location.pathname}${next}${location.hash}`);
  };
  for (const c of [range, filter, chip, folds, servedOf]) c.watch(write);
}
