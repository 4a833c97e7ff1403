/** What a person reads from a page that lives, noted from within it: a look from outside now and then would miss a probe. */
import type { Page } from 'playwright-core';

export interface Reading {
  /** `Quality is being lost` */
  state: string;
  /** The verdict's sentence. */
  title: string;
  /** The primary's breaker, in a word. */
  breaker: string;
  alerts: string;
}

export interface Readings {
  /** The first reading of which this holds, of those not earlier than the last one that was asked for. */
  comes(what: string, holds: (r: Reading) => boolean): Promise<Reading>;
}

/** Notes each new thing that the page says. What is waited for has to come within `patience` milliseconds. */
export async function listen(page: Page, patience: number): Promise<Readings> {
  const readings: Reading[] = [];
  let heard = (): void => undefined;
  await page.exposeFunction('told', (r: Reading) => {
    readings.push(r);
    heard();
  });
  await page.evaluate(note);
  const end = performance.now() + patience;
  let place = 0;
  const comes: Readings['comes'] = async (what, holds) => {
    for (let seen = place; ; ) {
      const at = readings.findIndex((r, i) => i >= seen && holds(r));
      seen = readings.length;
      const found = readings[at];
      if (found) {
        place = at;
        return found;
      }
      const more = new Promise<void>((resolve) => (heard = resolve));
      if (!(await inTime(more, end - performance.now()))) throw new Error(`never ${what}; at last: ${JSON.stringify(readings.slice(-3), null, 1)}`);
    }
  };
  return { comes };
}

/** Runs in the page. */
function note(): void {
  const text = (selector: string): string => (document.querySelector(selector)?.textContent ?? '').replace(/[\u00a0\s]+/g, ' ').trim();
  const { told } = window as unknown as { told: (r: Reading) => void };
  let last = '';
  const look = (): void => {
    const reading: Reading = { state: text('.eyebrow > span'), title: text('#verdict-title'), breaker: text('.dep .bs b'), alerts: text('.alertbox') };
    const now = JSON.stringify(reading);
    if (now === last) return;
    last = now;
    told(reading);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
}

async function inTime(what: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), Math.max(0, ms))));
  try {
    return await Promise.race([what.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
