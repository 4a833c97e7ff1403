/**
 * Server-sent events over `fetch`: unlike `EventSource` it sees comments, so a gateway that has nothing
 * to say is not taken for one that is gone, and the waits between attempts are ours.
 */
import { SECOND } from '../words/time';

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

/** Splits a stream into messages, however the network cut it. */
export class Parser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  push(text: string): Message[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const out: Message[] = [];
    for (const line of lines) {
      const message = this.#line(line);
      if (message) out.push(message);
    }
    return out;
  }

  #line(line: string): Message | null {
    if (line === '') {
      const data = this.#data.join('\n');
      const message = this.#data.length ? { id: this.#id, event: this.#event || 'message', data } : null;
      this.#event = '';
      this.#data = [];
      return message;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    return null;
  }
}

/** Silence after which the page no longer vouches for what it shows: a comment comes every 10 s. */
export const SILENCE = 15 * SECOND;

/** The wait before attempt `n` (from 0): 1 s, doubled up to 30 s, less up to a fifth, so that many pages do not come back at once. */
export const retryWait = (n: number, random: number): number => Math.min(30, 2 ** n) * SECOND * (1 - 0.2 * random);

export interface Hearing {
  message(m: Message): void;
  /** Anything at all was heard. */
  heard(): void;
  refused(status: number): void;
  /** Until the next attempt. */
  gone(wait: number): void;
}

export interface Stream {
  /** Asks again at once. */
  now(): void;
  close(): void;
}

/** Listens until closed; comes back by itself after a break or a silence. */
export function listen(url: string, hearing: Hearing): Stream {
  let lastId: string | null = null;
  let attempt = 0;
  let closed = false;
  let current: AbortController | null = null;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  const again = (): void => {
    if (closed) return;
    const wait = retryWait(attempt++, Math.random());
    hearing.gone(wait);
    waiting = setTimeout(() => void connect(), wait);
  };

  const connect = async (): Promise<void> => {
    const control = new AbortController();
    current = control;
    let quiet = setTimeout(() => control.abort(), SILENCE);
    const alive = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(() => control.abort(), SILENCE);
      hearing.heard();
    };
    try {
      const response = await fetch(url, {
        headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) }, signal: control.signal, cache: 'no-store',
      });
      if (!response.ok || !response.body) {
        clearTimeout(quiet);
        if (response.status === 401) {
          closed = true;
          return hearing.refused(response.status);
        }
        return again();
      }
      attempt = 0;
      const parser = new Parser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        for (const m of parser.push(value)) {
          lastId = m.id ?? lastId;
          hearing.message(m);
        }
      }
    } catch {
      // Broken, silent or closed: all the same from here.
    }
    clearTimeout(quiet);
    if (current === control) again();
  };

  void connect();
  return {
    now() {
      clearTimeout(waiting);
      attempt = 0;
      const old = current;
      current = null;
      old?.abort();
      void connect();
    },
    close() {
      closed = true;
      clearTimeout(waiting);
      const old = current;
      current = null;
      old?.abort();
    },
  };
}
