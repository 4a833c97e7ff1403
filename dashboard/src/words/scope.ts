/** What the bar of answers counts. */
import type { Frame } from '../api';
import { RANGE_WORDS } from './range';
import { plain } from './rich';
import { moment, type Zone } from './time';

/** `main-model since 09:41`: what the bar of answers counts. */
export function scopeWords(frame: Frame, zone: Zone): string {
  const { verdict: v, range } = frame;
  const a = v.answers;
  const whose = a && a.scope !== 'all' ? a.scope : 'all groups';
  if (v.state === 'recovering') return `${whose}, last 5 minutes`;
  return a?.since && a.scope !== 'all' || (v.state === 'down' && a?.since)
    ? `${whose} since ${plain([{ at: moment(a.since) }], zone)}`
    : `${whose}, last ${RANGE_WORDS[range]}`;
}
