/** What the reader does, whatever with: mouse and keyboard end here. */
import type { Range } from '../api';
import { changeRange } from '../live/load';
import { setPaused } from '../live/hub';
import { RANGE_WORDS } from '../words/range';
import * as app from './app';

export function chooseRange(range: Range): void {
  void changeRange(range);
  app.say(`Last ${RANGE_WORDS[range]}`);
}

export function toggleLive(): void {
  setPaused(!app.paused.value);
  app.say(app.paused.value ? 'Paused' : 'Live');
}

export function toggleZone(): void {
  app.inUtc.set(!app.inUtc.value);
  app.say(app.inUtc.value ? 'UTC' : 'Local time');
}

export function toggleFold(group: string, open: boolean): void {
  app.folds.set(new Map(app.folds.value).set(group, !open));
}

export function toggleTrail(id: string): void {
  const next = new Set(app.opened.value);
  if (!next.delete(id)) next.add(id);
  app.opened.set(next);
}

export function toggleChip(chip: app.Chip): void {
  app.chip.set(app.chip.value === chip ? 'all' : chip);
}

/** Shows the requests that the words find, and leads there. */
export function showRequests(filter: string): void {
  app.chip.set('all');
  app.filter.set(filter);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.getElementById('requests')?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth' });
  document.getElementById('filter')?.focus({ preventScroll: true });
}

export const clearFilter = (): void => {
  app.filter.set('');
  app.chip.set('all');
};
