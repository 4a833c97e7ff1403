/** What tests do with an open page: read it, wait for it, let its beats pass. */
import type { Page } from 'playwright-core';

/** The page draws events four times a second at most. */
const BEAT = 250;

/** The text a person sees, with no-break spaces as spaces. */
export const read = async (page: Page, selector: string): Promise<string> => (await page.locator(selector).first().innerText()).replace(/[\u00a0\s]+/g, ' ').trim();

/** What the selector's first element says, once it does: the page's clock goes on, beat by beat. Gives the number of beats. */
export async function until(page: Page, says: RegExp, selector: string): Promise<number> {
  for (let beats = 1; beats < 400; beats++) {
    await page.clock.runFor(BEAT);
    if (says.test(await read(page, selector))) return beats;
  }
  throw new Error(`${selector} never said ${says}, but: ${await read(page, selector)}`);
}

/** The same for anything else that a test waits for. */
export async function met(page: Page, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let beats = 0; beats < 400; beats++) {
    if (await holds()) return;
    await page.clock.runFor(BEAT);
  }
  throw new Error(`never: ${what}`);
}

export const focused = (page: Page): Promise<string> => page.evaluate(() => {
  const e = document.activeElement;
  return e?.id || e?.getAttribute('data-request') || e?.getAttribute('data-group') || e?.textContent?.trim() || '';
});
