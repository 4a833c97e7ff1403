/**
 * A sentence before it is drawn: words, what is bold, and moments, which change as time goes by or as
 * the reader changes the zone. So every sentence can be tested as text.
 */
import { clock, span, type Zone } from './time';

export type Part =
  | string
  | { bold: string }
  /** Words that a line break may not part. */
  | { whole: string }
  | { at: number; seconds?: boolean }
  /** How long ago. */
  | { ago: number }
  /** How long until. */
  | { until: number };
export type Rich = Part[];

export const bold = (text: string): Part => ({ bold: text });

export function plainPart(part: Part, zone: Zone): string {
  if (typeof part === 'string') return part;
  if ('bold' in part) return part.bold;
  if ('whole' in part) return part.whole;
  if ('at' in part) return clock(part.at, zone, part.seconds);
  if ('ago' in part) return span(zone.now - part.ago);
  return span(part.until - zone.now);
}

/** The sentence as plain text. */
export const plain = (rich: Rich, zone: Zone): string => rich.map((p) => plainPart(p, zone)).join('');
