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
  /** "in 4 s"; once that is over, what stands for it. */
  | { within: number; due: string };
export type Rich = Part[];

export const bold = (text: string): Part => ({ bold: text });

export function plainPart(part: Part, zone: Zone): string {
  if (typeof part === 'string') return part;
  if ('bold' in part) return part.bold;
  if ('whole' in part) return part.whole;
  if ('at' in part) return clock(part.at, zone, part.seconds);
  if ('ago' in part) return span(zone.now - part.ago);
  return part.within > zone.now ? `in ${span(part.within - zone.now)}` : part.due;
}

/** The sentence as plain text. */
export const plain = (rich: Rich, zone: Zone): string => rich.map((p) => plainPart(p, zone)).join('');
