/** Says how soon the page is painted from loopback: each visit with an empty cache, the demonstration's traffic beside it. */
import { open, shut } from './browser';
import { demo } from './demo';

const VISITS = 5;

const d = await demo();
if (typeof d === 'string') throw new Error(d);
try {
  for (let i = 0; i < VISITS; i++) {
    const { page, close } = await open();
    await page.goto(d.url);
    const painted = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    console.log(`first contentful paint: ${Math.round(Number(await painted.jsonValue()))} ms`);
    await close();
  }
} finally {
  await shut();
  await d.close();
}
