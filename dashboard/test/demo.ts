/** The demonstration of the real binary: an outage and its recovery, before a gateway that serves the page. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './fixture';

/** The binary, built after the page so that the page is in it. */
export const BINARY = process.env['SANSO_BIN'] ?? join(ROOT, '../target/debug/sanso');

export interface Demo {
  url: string;
  /** Whatever it has said by now. */
  said: string[];
  close(): Promise<void>;
}

/** Why there is nothing to play, or the demonstration as it begins. */
export async function demo(): Promise<Demo | string> {
  if (!existsSync(BINARY)) return `${BINARY} is not built (SANSO_BIN names another)`;
  const child = spawn(BINARY, ['demo', '--fast', '--keep', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const close = async (): Promise<void> => {
    child.kill();
    await gone;
  };
  const said: string[] = [];
  const url = await new Promise<string>((found, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const at = /browser: (http:\S+)/.exec(line)?.[1];
      if (at) found(at);
    });
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`the demonstration ended with ${code}: ${said.join('\n')}`)));
  });
  const html = await (await fetch(url)).text();
  if (/id="verdict"/.test(html)) return { url, said, close };
  await close();
  return `${BINARY} was built without the page: make dashboard first`;
}
