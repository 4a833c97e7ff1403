/** Colours and patterns: the leg's place in the chain, never the provider; and kinds of fault. */
import type { Chain } from '../api';
import { isRanked } from '../words/chain';
import { kindOf } from '../words/names';

const LEGS = ['leg1', 'leg2', 'leg3', 'leg4'] as const;
export const legClass = (i: number): string => LEGS[Math.min(Math.max(i, 0), 3)] ?? 'leg4';

const FIRST = ['var(--leg1)', 'var(--leg1-b)', 'var(--leg1-c)', 'var(--leg1-d)'];
const LATER = ['', 'url(#p2)', 'url(#p3)', 'url(#p4)'];
/** The fill of a leg; inside the first, each deployment has a tint of its own. */
export const legFill = (i: number, deployment = 0): string =>
  (i <= 0 ? FIRST[deployment % 4] : LATER[Math.min(i, 3)]) ?? 'var(--leg1)';

/** The fill of a leg of this chain. Where a strategy orders the legs for each request, no place in the list is the fallback's: all are cool, and what was answered instead is in the rate. */
export const fillIn = (c: Chain, i: number): string => (isRanked(c) ? legFill(0, i) : legFill(i));

/** The same, quieter, for large areas. */
const AREAS = ['var(--area1)', 'var(--area2)', 'var(--area3)', 'var(--area4)'];
export const areaFill = (i: number, deployment: number): string => {
  if (i <= 0) return AREAS[deployment % 4] ?? 'var(--area1)';
  return i === 1 && deployment % 2 ? 'url(#p2b)' : legFill(i);
};

export const NOBODY = 'url(#px)';
export const STORED = 'url(#p4)';

const KINDS: Record<string, string> = {
  RateLimited: 'url(#kRate)',
  QuotaExhausted: 'url(#kRate)',
  Overloaded: 'url(#kOver)',
  ServerError: 'var(--k-server)',
  Broken: 'var(--k-server)',
  Timeout: 'url(#kTime)',
  Connection: 'url(#kConn)',
  Authentication: 'var(--k-auth)',
  NotFound: 'var(--k-auth)',
};
export const kindFill = (kind: string): string => KINDS[kindOf(kind)] ?? 'var(--k-soft)';

/** Dash patterns of lines, so that they differ without their colour. */
const DASHES = [undefined, '7 3', '2 3', '10 3 2 3'];
export const dash = (i: number): string | undefined => DASHES[i % DASHES.length];
