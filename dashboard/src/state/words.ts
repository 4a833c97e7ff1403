/** The verdict's words for what the page knows now, for the parts that show them. */
import type { Frame, Incident } from '../api';
import { moment } from '../words/time';
import { verdictWords, type Words } from '../words/verdict';
import { frame, incidents, overview, useZone } from './app';
import { useCell } from './cell';

export interface Verdictual {
  frame: Frame;
  words: Words;
}

/** End of the last incident: they come newest first. While one is open nothing is calm. */
function calmSince(past: readonly Incident[]): number | null {
  const until = past.some((i) => i.until == null) ? null : past[0]?.until;
  return until ? moment(until) : null;
}

/** `null` until the first answer, or the verdict in the page, is there. */
export function useVerdict(): Verdictual | null {
  const f = useCell(frame);
  const chains = useCell(overview)?.chains ?? [];
  const past = useCell(incidents) ?? [];
  const zone = useZone();
  if (!f) return null;
  return { frame: f, words: verdictWords({ frame: f, chains, calmSince: calmSince(past) }, zone) };
}
