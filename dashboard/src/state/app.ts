/** Everything that the page knows and that its reader chose, each in a cell of its own. */
import type { Frame, Incident, Overview, Range, RequestRow, Series } from '../api';
import type { Tail } from '../live/tail';
import type { Zone } from '../words/time';
import { moment } from '../words/time';
import { cell, useCell } from './cell';

/** Where the connection stands. Times are the gateway's. */
export type Link =
  | { state: 'connecting' }
  | { state: 'live' }
  /** Nothing was heard for so long that nothing on the page may be taken for true any more. */
  | { state: 'lost'; at: number; retryAt: number }
  /** The gateway asks for its master key. */
  | { state: 'key'; refused: string | null }
  /** The first answer never came. */
  | { state: 'failed'; why: string; retryAt: number };

export type Chip = 'all' | 'fallback' | 'failed' | 'retried' | 'soft';

/** The verdict and what stands around it: known first, from the page itself. */
export const frame = cell<Frame | null>(null);
export const overview = cell<Overview | null>(null);
export const series = cell<Series | null>(null);
/** The bucket that is still filling. */
export const tail = cell<Tail | null>(null);
/** `null`: this gateway keeps none (yet). */
export const incidents = cell<Incident[] | null>(null);
export const requests = cell<RequestRow[]>([]);
/** Requests that happened and were not sent here, because they were too many. */
export const unseen = cell(0);
export const link = cell<Link>({ state: 'connecting' });
/** The page waited long enough that it should say so. */
export const slow = cell(false);

export const range = cell<Range>('1h');
export const filter = cell('');
export const chip = cell<Chip>('all');
export const opened = cell<ReadonlySet<string>>(new Set());
/** Folds that the reader moved: group to whether it is open. */
export const folds = cell<ReadonlyMap<string, boolean>>(new Map());
export const servedOf = cell<string | null>(null);
export const paused = cell(false);
export const inUtc = cell(false);
export const keysOn = cell(true);
export const helpOpen = cell(false);
/** The bucket under the time cursor. */
export const cursor = cell<number | null>(null);
/** What a screen reader is told next. */
export const said = cell('');
/** The verdict has been scrolled away under the bar. */
export const verdictPast = cell(false);
/** The reader's eye is in the list of requests: it may not move. */
export const listHeld = cell(false);

/** Now, by the gateway's clock. Moves once a second. */
export const now = cell(Date.now());
let ahead = 0;

/** Sets the page's clock by the gateway's. */
export function setClock(gatewayNow: string): void {
  const t = moment(gatewayNow);
  if (Number.isNaN(t)) return;
  ahead = t - Date.now();
  now.set(t);
}

/** Moves the clock to the present. */
export const moveClock = (): void => now.set(Date.now() + ahead);

export const zone = (): Zone => ({ now: now.value, offsetMin: inUtc.value ? 0 : (frame.value?.utc_offset_min ?? 0) });

/** The zone, for parts that write moments but no lengths of time: drawn anew when the reader changes it, or a day begins. */
export function useZone(): Zone {
  useCell(inUtc);
  useCell(frame);
  return zone();
}

export const say = (text: string): void => said.set(text);
