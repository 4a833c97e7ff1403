/** The fixtures are what their generator writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { all } from '../fixtures/generate';
import { ROOT } from './fixture';

for (const [name, text] of all()) {
  test(name, () => assert.ok(readFileSync(join(ROOT, 'fixtures', name), 'utf8') === text, 'run npm run fixtures'));
}
