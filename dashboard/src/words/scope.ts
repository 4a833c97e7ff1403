/** What the bar of answers counts. */
import type { Frame } from '../api';
import { plain } from './rich';
import { spanWords } from './span';
import { moment, span, type Zone } from './time';

/** `main-model since 09:41`: what the bar of answers counts. */
export function scopeWords(frame: Frame, zone: Zone): string {
  const { verdict: v } = frame;
  const a = v.answers;
  const whose = a && a.scope !== 'all' ? a.scope : 'all groups';
  // The short of the windows that alerts are read over: 5 minutes, as the gateway ships.
  if (v.state === 'recovering') return `${whose}, last ${a?.since ? span(moment(frame.now) - moment(a.since)) : '5 minutes'}`;
  if (a?.since && (a.scope !== 'all' || v.state === 'down')) return `${whose} since ${plain([{ at: moment(a.since) }], zone)}`;
  return `${whose} ${plain(spanWords(frame, a), zone)}`;
}
