/** Over which time answers are counted, and how many of them were as asked. */
import type { Answers, Frame, Totals } from '../api';
import { ENOUGH, plural, rateOf } from './numbers';
import { RANGE_MS, RANGE_WORDS } from './range';
import { bold, type Rich } from './rich';
import { MINUTE, moment } from './time';

/** `in the last hour`, or `since 14:38` where what is counted begins later than the range: after a restart. */
export function spanWords({ now, range }: Frame, answers: { since?: Answers['since'] } | null | undefined): Rich {
  const since = answers?.since ? moment(answers.since) : null;
  if (since != null && since > moment(now) - RANGE_MS[range] + MINUTE) return ['since ', { at: since }];
  return [`in the last ${RANGE_WORDS[range]}`];
}

/** `98.0 % of the time`, or `3 of 7 times`. */
export const ownTimes = (a: Totals): Rich => [bold(rateOf(a.full, a.requests)), a.requests < ENOUGH ? ' times' : ' of the time'];

/** `; 3 requests had no answer`: they are not among what fallbacks carried. */
export const unanswered = (a: Totals): string => (a.unavailable > 0 ? `; ${plural(a.unavailable, 'request')} had no answer` : '');
