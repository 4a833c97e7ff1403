/** What the log says the page says: both read `sentences.json` and `causes.json`, the log's side in `crates/sanso-watch/tests/it/sentences.rs`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cause, Range, Verdict } from '../src/api';
import { causeWords } from '../src/words/cause';
import { plain } from '../src/words/rich';
import { moment } from '../src/words/time';
import { verdictWords } from '../src/words/verdict';
import { ROOT } from './fixture';

interface Row {
  name: string;
  now: string;
  range: Range;
  verdict: Verdict;
  label: string;
  sentence: string;
}

const table = <T>(name: string): T[] => JSON.parse(readFileSync(join(ROOT, 'test', name), 'utf8')) as T[];
/** The log is written in plain letters. */
const lettered = (text: string): string => text.replace(/\u00a0/g, ' ').replace(/\u2019/g, "'");

for (const { name, now, range, verdict, label, sentence } of table<Row>('sentences.json')) {
  test(`the page says: ${name}`, () => {
    const frame = { now, started_at: now, version: '1', instance: 'i', utc_offset_min: 0, range, verdict };
    const zone = { now: moment(now), offsetMin: 0 };
    const words = verdictWords({ frame, chains: [] }, zone);
    assert.equal(words.label, label);
    assert.equal(lettered(plain(words.sentence, zone)), sentence);
  });
}

for (const { cause, why, act } of table<{ cause: Cause; why: string; act: string }>('causes.json')) {
  test(`the page says why: ${why}; ${act}`, () => {
    const zone = { now: 0, offsetMin: 0 };
    const words = causeWords(cause);
    assert.equal(lettered(plain(words.why, zone)), why);
    // There is room here to say that no key is shown.
    assert.equal(lettered(plain(words.act, zone)).replace(' Only the name of its variable is shown.', ''), act);
  });
}
