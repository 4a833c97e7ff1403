/** How times and durations are written. Moments are milliseconds since the epoch. */
import { NB } from './numbers';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What a moment is written against: the gateway's clock, and the zone that the reader chose. */
export interface Zone {
  now: number;
  /** Minutes ahead of UTC; 0 is UTC. */
  offsetMin: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');
const local = (t: number, zone: Zone): Date => new Date(t + zone.offsetMin * MINUTE);
const dayOf = (t: number, zone: Zone): number => Math.floor((t + zone.offsetMin * MINUTE) / DAY);

/** Reads a moment of the gateway's JSON; `NaN` where it is none. */
export const moment = (t: string): number => Date.parse(t);

export const sameDay = (a: number, b: number, zone: Zone): boolean => dayOf(a, zone) === dayOf(b, zone);

export function hourMinute(t: number, zone: Zone): string {
  const d = local(t, zone);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

export const hourMinuteSecond = (t: number, zone: Zone): string =>
  `${hourMinute(t, zone)}:${two(local(t, zone).getUTCSeconds())}`;

export function dayMonth(t: number, zone: Zone): string {
  const d = local(t, zone);
  return `${d.getUTCDate()}${NB}${MONTHS[d.getUTCMonth()] ?? ''}`;
}

/** The time of day, with the day before it where that is not today. */
export function clock(t: number, zone: Zone, seconds = false): string {
  const time = seconds ? hourMinuteSecond(t, zone) : hourMinute(t, zone);
  return sameDay(t, zone.now, zone) ? time : `${dayMonth(t, zone)} ${time}`;
}

/** The moment in UTC, in full: what a tooltip says. */
export const utc = (t: number): string => `${new Date(t).toISOString().replace('T', ' ').slice(0, 19)} UTC`;

export const iso = (t: number): string => new Date(t).toISOString();

/** `UTC`, `UTC+9`, `UTC+5:30` */
export function zoneName(offsetMin: number): string {
  if (offsetMin === 0) return 'UTC';
  const m = Math.abs(offsetMin) % 60;
  return `UTC${offsetMin < 0 ? '\u2212' : '+'}${Math.floor(Math.abs(offsetMin) / 60)}${m ? `:${two(m)}` : ''}`;
}

/** A length of time, in the two largest units that matter. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / SECOND));
  if (s < 90) return `${s}${NB}s`;
  if (s < 5400) return `${Math.round(s / 60)}${NB}min`;
  const minutes = Math.round(s / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)}${NB}h${NB}${minutes % 60}${NB}min`;
  const hours = Math.round(s / 3600);
  return `${Math.floor(hours / 24)}${NB}d${NB}${hours % 24}${NB}h`;
}
