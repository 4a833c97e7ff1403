/** From times and values to pixels. Every row of the page shares one time axis. */
import type { Range, Series, Values } from '../api';
import { DAY, HOUR, MINUTE, moment, SECOND } from '../words/time';

export interface Axis {
  /** Buckets. The last one is still filling, and is drawn from the tail. */
  n: number;
  step: number;
  t0: number;
  t1: number;
  width: number;
  /** When bucket `i` begins. */
  start: (i: number) => number;
  /** Pixel of a moment. */
  x: (t: number) => number;
  /** Pixel of the middle of bucket `i`. */
  mid: (i: number) => number;
}

export function axisOf(s: Series, width: number): Axis {
  const starts = s.t.map(moment);
  const step = s.step_s * SECOND;
  const t0 = starts[0] ?? 0;
  const t1 = (starts.at(-1) ?? 0) + step;
  const x = (t: number): number => ((t - t0) / (t1 - t0 || 1)) * width;
  const start = (i: number): number => starts[i] ?? t1;
  return { n: starts.length, step, t0, t1, width, start, x, mid: (i) => x(start(i) + step / 2) };
}

export type Y = (value: number) => number;

/** A linear scale; what is off the scale stops at its top. */
export const linear = (top: number, height: number, head: number): Y => (v) => height - 2 - Math.min(1, v / top) * (height - head);

export const logarithmic = (low: number, high: number, height: number): Y => (v) => {
  const share = (Math.log(Math.max(v, low)) - Math.log(low)) / (Math.log(high) - Math.log(low));
  return height - 2 - Math.min(1, share) * (height - 8);
};

const point = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** The line through the closed buckets; a gap where nothing is known. */
export function line(v: Values, axis: Axis, y: Y): string {
  let d = '';
  let drawing = false;
  for (let i = 0; i < axis.n - 1; i++) {
    const q = v[i];
    if (q == null) {
      drawing = false;
      continue;
    }
    d += `${drawing ? 'L' : 'M'}${point(axis.mid(i), y(q))}`;
    drawing = true;
  }
  return d;
}

/** What a line gains for the bucket that is filling; where no line is yet, it begins one. */
export function grown(v: Values, value: number | null, axis: Axis, y: Y): string {
  if (value == null) return '';
  const before = v[axis.n - 2];
  return `${before == null ? 'M' : 'L'}${point(axis.mid(axis.n - 1), y(value))}`;
}

/** An area under a line, without the part that is filling and without its end. */
export function areaBegun(v: Values, axis: Axis, y: Y): { d: string; lastX: number } | null {
  const known: [number, number][] = [];
  for (let i = 0; i < axis.n - 1; i++) {
    const q = v[i];
    if (q != null) known.push([axis.mid(i), y(q)]);
  }
  const first = known[0];
  const last = known.at(-1);
  if (!first || !last) return null;
  return { d: `M${point(first[0], y(0))}L${known.map(([a, b]) => point(a, b)).join('L')}`, lastX: last[0] };
}

export function areaEnd(value: number | null, axis: Axis, y: Y, lastX: number): string {
  const x = value == null ? lastX : axis.mid(axis.n - 1);
  return `${value == null ? '' : `L${point(x, y(value))}`}L${point(x, y(0))}Z`;
}

/** Moments that get a line and a label, in round local times. */
export function ticks(axis: Axis, range: Range, offsetMin: number): { at: number[]; every: number } {
  const every = { '15m': 3 * MINUTE, '1h': 10 * MINUTE, '6h': HOUR, '24h': 4 * HOUR, '7d': DAY, '30d': 5 * DAY }[range];
  const off = offsetMin * MINUTE;
  const at: number[] = [];
  for (let t = Math.ceil((axis.t0 + off) / every) * every - off; t < axis.t1; t += every) at.push(t);
  return { at, every };
}

/** The next round number at or above. */
export function roundUp(x: number): number {
  if (!(x > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(x));
  return ([1, 2, 2.5, 5, 10].find((k) => k * power >= x * (1 - 1e-9)) ?? 10) * power;
}

export const most = (...values: Values[]): number => Math.max(0, ...values.map((v) => v.reduce<number>((a, q) => Math.max(a, q ?? 0), 0)));

export function latest(v: Values): number | null {
  for (let i = v.length - 1; i >= 0; i--) {
    const q = v[i];
    if (q != null) return q;
  }
  return null;
}
