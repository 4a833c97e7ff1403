/** Debian's Chromium, driven by Playwright's core: a fresh profile, no network but loopback. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { gateway, type Gateway, type Options } from './gateway';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Where pictures go. */
export const SHOTS = process.env['SCREENSHOTS'] ?? join(tmpdir(), 'sanso-dashboard-screens');

export type Theme = 'light' | 'dark';

export interface Look {
  theme?: Theme;
  width?: number;
  height?: number;
  reducedMotion?: 'reduce' | 'no-preference';
}

export interface Visit extends Options, Look {
  /** What follows the path, such as `?range=6h`. */
  query?: string;
}

export interface Opened {
  page: Page;
  /** What went wrong in the page: exceptions, and what the content policy kept it from. */
  errors: string[];
  /** What was asked for and refused: each is an error in the console of whoever opens it. */
  refused: string[];
  close(): Promise<void>;
}

export interface Seen extends Opened {
  gateway: Gateway;
}

let browser: Promise<Browser> | null = null;
const launch = (): Promise<Browser> => (browser ??= chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', headless: true, args: FLAGS }));

export const shut = async (): Promise<void> => {
  await (await browser)?.close();
  browser = null;
};

/** An empty page in a profile of its own. */
export async function open(v: Look = {}): Promise<Opened> {
  const context = await (await launch()).newContext({
    viewport: { width: v.width ?? 1440, height: v.height ?? 900 }, colorScheme: v.theme ?? 'light', reducedMotion: v.reducedMotion ?? 'no-preference', locale: 'en-US', timezoneId: 'UTC',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('pageerror', (e) => errors.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/Failed to load resource|ERR_/.test(m.text())) errors.push(m.text());
  });
  const refused: string[] = [];
  page.on('response', (r) => {
    if (r.status() >= 400) refused.push(`${r.status()} ${r.url()}`);
  });
  return { page, errors, refused, close: () => context.close() };
}

/** Opens the page on a fixture. Its clock stands still at the fixture's time until a test moves it. */
export async function visit(name: string, v: Visit = {}): Promise<Seen> {
  const g = await gateway(name, v);
  const { page, errors, refused, close: leave } = await open(v);
  const close = async (): Promise<void> => {
    await leave();
    await g.close();
  };
  try {
    await stopClock(page, Date.parse(g.fixture.overview.now));
    await page.goto(g.url + (v.query ?? ''));
  } catch (e) {
    await close();
    throw e;
  }
  return { page, gateway: g, errors, refused, close };
}

/** Stops the page's clock at `now`. It runs from its installation on, and can only be stopped ahead of where it is. */
async function stopClock(page: Page, now: number): Promise<void> {
  await page.clock.install({ time: now - 600_000 });
  await page.clock.pauseAt(now);
}

/** Everything that a fixture has is on the page, and the stream is open. */
export async function settled(s: Seen): Promise<void> {
  await s.page.locator('.live button').waitFor();
  await s.page.locator('#chains').waitFor();
  if (s.gateway.fixture.requests.length) await s.page.locator('[data-request]').first().waitFor();
  if (s.gateway.fixture.requests.length) await s.page.locator('#row-served').waitFor();
  await s.page.evaluate(() => document.fonts.ready.then(() => undefined));
}

export async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage, animations: 'disabled' });
}
