/** The demonstration's story on the page as it happens, by what a person reads: the real binary, in real time. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { open, shut } from './browser';
import { demo } from './demo';
import { listen } from './readings';

after(shut);

/** The story takes half a minute. Its alert is resolved once two windows of 20 s, the first up to 10 s longer, were well. */
const PATIENCE = 85_000;

test('the page tells the story of an outage as it happens', async (t) => {
  const d = await demo();
  if (typeof d === 'string') return t.skip(d);
  const { page, errors, refused, close } = await open();
  try {
    await page.goto(`${d.url}?range=15m`);
    await page.locator('#chains').waitFor();
    const { comes } = await listen(page, PATIENCE);

    await comes('well', (r) => r.state === 'No quality is being lost' && /^main-model|^Every model group/.test(r.title) && r.breaker === 'Closed' && /None open/.test(r.alerts));
    const slips = await comes('over 5 %', (r) => r.state === 'Quality is starting to slip' && /Fallback rate main-model[\d.]+ %, limit 5 %.*warn since/.test(r.alerts));
    assert.match(slips.title, /^main-model has been answered by its fallback, gpt-4\.1, [\d.]+ % of the time since .*, because .*anthropic.*rate/);

    await comes('an open breaker', (r) => r.breaker === 'Open');
    const loses = await comes('over 10 %', (r) => r.state === 'Quality is being lost' && /Fallback rate main-model[\d.]+ %, limit 10 %.*critical since/.test(r.alerts));
    assert.match(loses.title, /^main-model has been answered by its fallback, gpt-4\.1, [\d.]+ % of the time since /);
    await comes('the cause', (r) => /, because anthropic is failing\.$/.test(r.title));
    await comes('the alert with its cause', (r) => /critical since.*passed by an open breaker.*ServerError/.test(r.alerts));

    await comes('a probe', (r) => r.breaker === 'Half-open');
    await comes('a recovery', (r) => r.breaker === 'Recovering' && r.state === 'Recovering' && / is coming back to /.test(r.title));
    await comes('a closed breaker', (r) => r.breaker === 'Closed');
    await comes('a resolved alert', (r) => r.state === 'No quality is being lost' && !/Fallback rate/.test(r.alerts));
  } finally {
    await close();
    await d.close();
  }
  assert.deepEqual(errors, []);
  assert.deepEqual(refused, [], 'the page asks for nothing that the gateway does not have');
});
