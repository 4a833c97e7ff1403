/** What is shipped: few files, small, and nothing that the policy of the page would have to forbid. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ROOT } from './fixture';

const DIST = join(ROOT, 'dist');
const MOST = 150_000;
const assets = readdirSync(join(DIST, 'assets')).map((f) => join('assets', f));
const index = readFileSync(join(DIST, 'index.html'), 'utf8');
const text = (f: string): string => readFileSync(join(DIST, f), 'utf8');

test('all of it is under 150 kB, gzipped', () => {
  const size = ['index.html', ...assets].reduce((n, f) => n + gzipSync(readFileSync(join(DIST, f))).length, 0);
  assert.ok(size < MOST, `${size} bytes`);
});

test('one page, and a script, a style and a font with hashes in their names', () => {
  assert.deepEqual(readdirSync(DIST).sort(), ['assets', 'index.html', 'licenses.txt']);
  assert.deepEqual(assets.map((f) => f.replace(/-[\w-]{8}\./, '-HASH.')).sort(), ['assets/index-HASH.js', 'assets/instrument-sans-latin-HASH.woff2', 'assets/style-HASH.css']);
});

test('the place for the verdict is there once, as the gateway looks for it', () => {
  assert.equal(index.split('<script type="application/json" id="verdict">null</script>').length, 2);
});

test('no script and no style stands in the page, and every address is relative', () => {
  const scripts = [...index.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)];
  assert.equal(scripts.length, 2);
  for (const [, attributes, body] of scripts) assert.ok(body === '' || attributes?.includes('application/json'), body);
  assert.doesNotMatch(index, /<style|style=|\son\w+=/);
  const addresses = [...index.matchAll(/(?:src|href)="([^"]*)"/g)].map((m) => m[1] ?? '');
  assert.ok(addresses.length >= 2);
  for (const a of addresses) assert.match(a, /^(\.\/assets\/|data:)/);
});

test('nothing is fetched from anywhere else', () => {
  for (const f of assets.filter((a) => /\.(js|css)$/.test(a))) {
    const far = [...text(f).matchAll(/https?:\/\/[\w.-]+/g)].map((m) => m[0]).filter((a) => !/^http:\/\/www\.w3\.org$/.test(a));
    assert.deepEqual(far, [], f);
  }
});

test('the licences come along', () => {
  assert.match(text('licenses.txt'), /SIL OPEN FONT LICENSE Version 1\.1/i);
  assert.match(text('licenses.txt'), /Preact/);
});
