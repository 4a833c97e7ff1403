/** Everything that the page can do, by keyboard alone. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { settled, shut, visit, type Seen, type Visit } from './browser';
import { focused, met, read, until } from './page';

after(shut);

function using(name: string, fixture: string, what: (s: Seen, page: Page) => Promise<void>, visiting: Visit = {}): void {
  test(name, async () => {
    const s = await visit(fixture, visiting);
    try {
      await settled(s);
      await what(s, s.page);
      assert.deepEqual(s.errors, []);
    } finally {
      await s.close();
    }
  });
}

const query = (page: Page): URLSearchParams => new URL(page.url()).searchParams;
const pressed = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const k of keys) await page.keyboard.press(k);
};

using('1 to 6 choose the range, the address keeps it, and the gateway is asked for it', 'healthy', async ({ gateway }, page) => {
  for (const [key, range] of [['6', '30d'], ['1', '15m'], ['3', '6h']] as const) {
    await pressed(page, key);
    await page.locator(`#range-${range}[aria-checked=true]`).waitFor();
    assert.equal(query(page).get('range'), range);
    await met(page, 'asked', () => ['overview', 'series'].every((what) => gateway.asked.some((a) => a.path.startsWith(`${what}?range=${range}`))));
  }
  await page.locator('#range-6h').focus();
  await pressed(page, 'ArrowRight');
  assert.equal(await focused(page), 'range-24h');
});

using('an address that was sent opens what it says', 'silent-loss', async (_, page) => {
  assert.equal(await page.locator('#range-24h').getAttribute('aria-checked'), 'true');
  assert.equal(await page.locator('#filter').inputValue(), 'kind:RateLimited');
  assert.equal(await page.locator('[data-group=flash]').getAttribute('aria-expanded'), 'true');
  assert.equal(await page.locator('[data-group=main-model]').getAttribute('aria-expanded'), 'false');
}, { query: '?range=24h&q=kind%3ARateLimited&open=flash&shut=main-model' });

using('/ leads to the filter, which narrows the list and is in the address', 'silent-loss', async ({ gateway }, page) => {
  await pressed(page, '/');
  assert.equal(await focused(page), 'filter');
  await page.keyboard.type('kind:RateLimited gpt-4.1');
  await met(page, 'the gateway is asked', () => gateway.asked.some((a) => a.path.includes('q=kind%3ARateLimited')));
  const rows = await page.locator('tr.rq').allInnerTexts();
  assert.ok(rows.length > 0 && rows.every((r) => r.includes('429')), rows.join('\n'));
  assert.equal(query(page).get('q'), 'kind:RateLimited gpt-4.1');
  await pressed(page, 'Escape');
  assert.notEqual(await focused(page), 'filter');
});

using('j, k and Enter go through the requests; the list stands still meanwhile', 'silent-loss', async ({ gateway }, page) => {
  const ids = await page.locator('[data-request]').evaluateAll((all) => all.map((e) => e.getAttribute('data-request')));
  await pressed(page, 'j', 'j', 'k');
  assert.equal(await focused(page), ids[0]);
  await pressed(page, 'Enter');
  await page.locator('.trailbox').waitFor();
  assert.match(await read(page, '.trailbox'), /x-sanso-attempts: /);
  const r = gateway.fixture.requests[0];
  gateway.send('request', { request: { ...r, request_id: 'req_new' }, skipped: 12 });
  await until(page, /1 new, 12 more not listed/, '.fcount');
  assert.equal(await page.locator('[data-request]').first().getAttribute('data-request'), ids[0]);
  await pressed(page, 'Enter', '/');
  await page.locator('[data-request=req_new]').waitFor();
  assert.equal(await page.locator('[data-request]').first().getAttribute('data-request'), 'req_new');
});

using('c leads to the time cursor, arrows move it, and it is spoken', 'silent-loss', async (_, page) => {
  await pressed(page, 'c');
  assert.equal(await focused(page), 'scrub');
  const at = async (): Promise<number> => Number(await page.locator('#scrub').getAttribute('aria-valuenow'));
  const last = Number(await page.locator('#scrub').getAttribute('aria-valuemax'));
  assert.equal(await at(), last);
  await pressed(page, 'ArrowLeft', 'Shift+ArrowLeft');
  assert.equal(await at(), last - 11);
  assert.match((await page.locator('#scrub').getAttribute('aria-valuetext')) ?? '', /^\d\d:\d\d: .*main-model 1\d\.\d.%/);
  assert.match(await read(page, '.cursor'), /^at \d\d:\d\d.*ago$/);
  await pressed(page, 'Home');
  assert.equal(await at(), 0);
  await pressed(page, 'Escape');
  assert.equal(await page.locator('#scrub').getAttribute('aria-valuetext'), 'now');
});

using('f shows fallbacks alone, u changes the zone, t the theme, l pauses', 'silent-loss', async ({ gateway }, page) => {
  await pressed(page, 'f');
  await page.locator('.chips [aria-pressed=true]', { hasText: 'Fallback' }).waitFor();
  assert.equal(query(page).get('show'), 'fallback');
  await pressed(page, 'u');
  assert.match(await read(page, '.clk'), /05:52:\d\d UTC/);
  assert.match(await read(page, '#verdict-title'), / since 00:41, /);
  await pressed(page, 't');
  await page.locator('html[data-theme=dark]').waitFor();
  await pressed(page, 'l');
  await page.locator('#live[aria-pressed=false]').waitFor();
  const before = gateway.asked.length;
  gateway.send('verdict', { ...gateway.fixture.overview.verdict, state: 'quiet' });
  gateway.send('hello', { now: gateway.fixture.overview.now, version: '1', started_at: gateway.fixture.overview.started_at });
  await met(page, 'what came after the verdict was heard', () => gateway.asked.length > before);
  assert.match(await read(page, '#verdict-title'), /^main-model has been/, 'paused, the page stays as it is');
  await pressed(page, 'l');
  await page.locator('#live[aria-pressed=true]').waitFor();
});

using('? tells of the keys, and switches them off', 'healthy', async (_, page) => {
  await pressed(page, '?');
  await page.locator('dialog[open]').waitFor();
  await pressed(page, '6');
  assert.equal(await page.locator('#range-30d').getAttribute('aria-checked'), 'false', 'a dialog has the keys');
  await page.locator('dialog input').focus();
  await pressed(page, 'Space', 'Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' }).catch(() => undefined);
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await pressed(page, '6', 't', '/');
  assert.equal(await page.locator('#range-30d').getAttribute('aria-checked'), 'false');
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'light');
  assert.notEqual(await focused(page), 'filter');
});

using('groups fold and unfold, and the address says so', 'silent-loss', async (_, page) => {
  await page.locator('[data-group=flash]').focus();
  await pressed(page, 'Enter');
  await page.locator('[data-group=flash][aria-expanded=true]').waitFor();
  await page.locator('[data-group=main-model]').focus();
  await pressed(page, 'Enter');
  await page.locator('[data-group=main-model][aria-expanded=false]').waitFor();
  assert.deepEqual([query(page).get('open'), query(page).get('shut')], ['flash', 'main-model']);
});

using('an alert leads to its requests, and can be silenced', 'silent-loss', async ({ gateway }, page) => {
  await page.locator('.alert').first().getByRole('button', { name: 'Show the requests' }).focus();
  await pressed(page, 'Enter');
  assert.equal(await focused(page), 'filter');
  assert.equal(await page.locator('#filter').inputValue(), 'fallback main-model');
  await page.locator('.alert').first().getByRole('button', { name: 'Silence 1 h' }).focus();
  await pressed(page, 'Enter');
  await page.getByRole('button', { name: /Silenced until 15:52/ }).waitFor();
  const asked = gateway.asked.find((a) => a.method === 'POST');
  assert.deepEqual({ path: asked?.path, body: asked?.body, type: asked?.headers['content-type'], origin: asked?.headers.origin }, { path: 'alerts/al-118/silence', body: '{"for":"1h"}', type: 'application/json', origin: gateway.url.slice(0, -1) });
});

using('the first stop of the keyboard skips to the verdict; nothing is out of reach', 'silent-loss', async (_, page) => {
  await pressed(page, 'Tab');
  assert.equal(await focused(page), 'Skip to the verdict');
  await pressed(page, 'Enter');
  assert.equal(await focused(page), 'now');
  const unreached = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>('[onclick], button, a[href], input, select, summary')].filter((e) => e.tabIndex < 0 && e.getAttribute('role') !== 'radio').length);
  assert.equal(unreached, 0);
});

using('older requests are asked for where the page has no more of its own', 'healthy', async ({ gateway }, page) => {
  await page.locator('#filter').fill('old');
  await met(page, 'the gateway is asked', () => gateway.asked.some((a) => a.path.includes('q=old')));
  const more = page.getByRole('button', { name: 'Show more' });
  for (let i = 0; i < 30 && (await more.count()); i++) {
    const before = await page.locator('[data-request]').count();
    await more.click();
    await met(page, 'more are shown', async () => (await page.locator('[data-request]').count()) > before || !(await more.count()));
  }
  assert.equal(await page.locator('[data-request]').count(), 230);
  assert.ok(gateway.asked.some((a) => a.path.includes('before=old-99')), 'from where the page before ended');
}, {
  change(f) {
    const r = f.requests[0] ?? assert.fail();
    f.requests = Array.from({ length: 230 }, (_, i) => ({ ...r, request_id: `old-${i}`, ts: new Date(Date.parse(r.ts) - i * 1000).toISOString() }));
  },
});
