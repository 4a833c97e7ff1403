/** Takes the pictures of the page that stand in `docs/`: the moment of the demonstration's outage, light and dark. */
import { join } from 'node:path';
import { open, shut, type Theme } from './browser';
import { demo } from './demo';
import { ROOT } from './fixture';
import { listen } from './readings';

const SIZE = { width: 1440, height: 900 };

const d = await demo();
if (typeof d === 'string') throw new Error(d);
try {
  const themes: Theme[] = ['light', 'dark'];
  const opened = await Promise.all(themes.map((theme) => open({ theme, ...SIZE })));
  await Promise.all(opened.map(async ({ page }, i) => {
    await page.goto(`${d.url}?range=15m`);
    const { comes } = await listen(page, 60_000);
    await comes('the outage with its cause', (r) => r.breaker === 'Open' && /is failing\.$/.test(r.title) && /limit 10.%.*critical/.test(r.alerts));
    await page.screenshot({ path: join(ROOT, '../docs', themes[i] === 'dark' ? 'page-dark.png' : 'page.png'), animations: 'disabled' });
  }));
} finally {
  await shut();
  await d.close();
}
