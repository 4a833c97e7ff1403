/**
 * Runs what is written in TypeScript here: `node test/run.mjs test [name]`, `serve [name]`, `fixtures`,
 * `screenshots`, `first-paint`.
 * esbuild bundles each file into a temporary directory; nothing else is needed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const [what = 'test', ...rest] = process.argv.slice(2);
const out = mkdtempSync(join(tmpdir(), 'sanso-dashboard-'));

function bundle(files) {
  buildSync({
    entryPoints: files, outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, format: 'esm', platform: 'node', target: 'node20',
    packages: 'external', sourcemap: 'inline', absWorkingDir: root, logLevel: 'warning', jsx: 'automatic', jsxImportSource: 'preact',
  });
  return files.map((f) => join(out, basename(f).replace(/\.tsx?$/, '.mjs')));
}

/** Packages are looked for from where the bundle lies: show it ours. */
function run(args) {
  const env = { ...process.env, NODE_OPTIONS: '--enable-source-maps', DASHBOARD: root };
  return spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root, env }).status ?? 1;
}

function main() {
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'));
  if (what === 'fixtures') return run([...bundle(['fixtures/generate.ts']), ...(rest.length ? rest : ['--write'])]);
  if (what === 'screenshots' || what === 'first-paint') return run(bundle([`test/${what}.ts`]));
  if (what === 'serve') return run([...bundle(['test/serve.ts']), ...rest]);
  const only = rest[0];
  const files = readdirSync(join(root, 'test')).filter((f) => f.endsWith('.test.ts') && (!only || f.includes(only)));
  return run(['--test', '--test-concurrency=1', ...bundle(files.map((f) => `test/${f}`))]);
}

try {
  process.exitCode = main();
} finally {
  rmSync(out, { recursive: true, force: true });
}
