/** The ranges that the page can show. */
import type { Range } from '../api';
import { DAY, HOUR, MINUTE } from './time';

export const RANGE_MS: Record<Range, number> = { '15m': 15 * MINUTE, '1h': HOUR, '6h': 6 * HOUR, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY };
export const RANGES: readonly Range[] = ['15m', '1h', '6h', '24h', '7d', '30d'];

/** In a sentence: "in the last 6 hours". */
export const RANGE_WORDS: Record<Range, string> = {
  '15m': '15 minutes', '1h': 'hour', '6h': '6 hours', '24h': '24 hours', '7d': '7 days', '30d': '30 days',
};
