/** What the bar of answers counts. */
import type { Frame } from '../api';
import { plain } from './rich';
import { spanWords } from './span';
import { moment, type Zone } from './time';

/** `main-model since 09:41`: what the bar of answers counts. */
export function scopeWords(frame: Frame, zone: Zone): string {
  const { verdict: v } = frame;
  const a = v.answers;
  const whose = a && a.scope !== 'all' ? a.scope : 'all groups';
  if (v.state === 'recovering') return `${whose}, last 5 minutes`;
  if (a?.since && (a.scope !== 'all' || v.state === 'down')) return `${whose} since ${plain([{ at: moment(a.since) }], zone)}`;
  return `${whose} ${plain(spanWords(frame, a), zone)}`;
}
