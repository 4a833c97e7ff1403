/** How figures are written. Every number on the page comes from here. */

/** No-break space: a number and its unit stay on one line. */
export const NB = '\u00a0';
/** What stands where nothing is known. */
export const UNKNOWN = '\u2013';
/** Below this many requests a rate says more than is known; the counts stand instead. */
export const ENOUGH = 20;

type Known = number | null | undefined;

export const count = (n: Known): string => (n == null ? UNKNOWN : Math.round(n).toLocaleString('en-US'));

/** A rate from 0 to 1, with one decimal. 0 % and 100 % only when exact. */
export function rate(x: Known): string {
  if (x == null) return UNKNOWN;
  if (x <= 0) return `0${NB}%`;
  if (x >= 1) return `100${NB}%`;
  if (x < 0.001) return `<0.1${NB}%`;
  if (x > 0.999) return `>99.9${NB}%`;
  return `${(x * 100).toFixed(1)}${NB}%`;
}

/** A share of something already rounded elsewhere: whole per cents, and never a false 0 or 100. */
export function share(x: Known): string {
  if (x == null) return UNKNOWN;
  const whole = Math.round(x * 100);
  return (whole === 0 && x > 0) || (whole === 100 && x < 1) ? rate(x) : `${whole}${NB}%`;
}

/** A line that a rate is held against: `5 %`, `0.1 %`. */
export const limit = (x: Known): string => (x == null ? UNKNOWN : `${Number((x * 100).toPrecision(4))}${NB}%`);

/** `12.4 %`, or `3 of 7` where too few were asked. */
export function rateOf(n: number, of: number): string {
  return of < ENOUGH ? `${count(n)} of ${count(of)}` : rate(n / of);
}

export function millis(v: Known): string {
  if (v == null) return UNKNOWN;
  if (v < 1000) return `${Math.round(v)}${NB}ms`;
  return `${(v / 1000).toFixed(v < 10_000 ? 2 : 1)}${NB}s`;
}

/** Dollars, with four decimals below a cent. */
export function dollars(v: Known): string {
  if (v == null) return UNKNOWN;
  const a = Math.abs(v);
  const figures = a !== 0 && a < 0.01
    ? a.toFixed(4)
    : a.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return `${v < 0 ? '\u2212' : ''}$${figures}`;
}

/** `a, b and c` */
export function list(items: readonly string[]): string {
  const last = items.at(-1);
  return items.length < 2 || last === undefined ? items.join('') : `${items.slice(0, -1).join(', ')} and ${last}`;
}

/** `1 group`, `2 groups` */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
