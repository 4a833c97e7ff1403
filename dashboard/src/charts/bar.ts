/** The bar of answers as widths. */
import type { Totals } from '../api';

/** What became of requests, in the bar's order. */
export const ANSWERS = ['full', 'partial', 'degraded', 'unavailable'] as const;
const WIDTH = 1000;
const GAP = 2;

/** Where each part of the bar begins, in thousandths, and how wide it is; what is there at all can be seen. */
export function barParts(a: Totals): { x: number; width: number }[] {
  let x = 0;
  return ANSWERS.map((key) => {
    const share = a.requests > 0 ? (a[key] / a.requests) * WIDTH : 0;
    const part = { x, width: share > 0 ? Math.max(share, GAP) : 0 };
    if (share > 0) x += part.width + GAP;
    return part;
  });
}
