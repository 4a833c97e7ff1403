/** The verdict's words for what the page knows now, for the parts that show them. */
import type { Frame } from '../api';
import { moment } from '../words/time';
import { verdictWords, type Words } from '../words/verdict';
import { frame, incidents, overview, useZone } from './app';
import { useCell } from './cell';

export interface Verdictual {
  frame: Frame;
  words: Words;
}

/** `null` until the first answer, or the verdict in the page, is there. */
export function useVerdict(): Verdictual | null {
  const f = useCell(frame);
  const chains = useCell(overview)?.chains ?? [];
  const past = useCell(incidents)?.find((i) => i.until != null)?.until;
  const zone = useZone();
  if (!f) return null;
  return { frame: f, words: verdictWords({ frame: f, chains, calmSince: past ? moment(past) : null }, zone) };
}
