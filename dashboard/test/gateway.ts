/**
 * A gateway that answers from a fixture: node's http on loopback, a port picked by the system. Its
 * stream of events is played by whoever holds it.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join } from 'node:path';
import type { Range, RequestPage } from '../src/api';
import { readFixture, ROOT, stretch, type Fixture } from './fixture';

/** What the gateway sends with the page: nothing runs or is drawn that did not come from it as a file. */
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8' };
const COOKIE = 'sanso_session=of-the-test';

export interface Options {
  /** Writes the verdict into the page, as the gateway does. */
  inline?: boolean;
  /** What is different from the fixture. */
  change?: (f: Fixture) => void;
}

export interface Asked {
  method: string;
  path: string;
  body: string;
  headers: IncomingHttpHeaders;
}

export interface Gateway {
  url: string;
  fixture: Fixture;
  /** What was asked, in order. */
  asked: Asked[];
  /** Open streams of events. */
  streams: Set<ServerResponse>;
  send(event: string, data: unknown): void;
  /** A comment: a sign of life. */
  breathe(): void;
  /** Ends all streams, and refuses further ones until told otherwise. */
  cut(): void;
  mend(): void;
  /** Lets go of what was held. */
  release(): void;
  close(): Promise<void>;
}

export async function gateway(name: string, options: Options = {}): Promise<Gateway> {
  const fixture = readFixture(name);
  options.change?.(fixture);
  const { server: behaviour = {} } = fixture;
  const sockets = new Set<Socket>();
  let held: (() => void)[] | null = behaviour.hold ? [] : null;
  let refusing = false;
  let eventId = 0;

  const json = (res: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void => {
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }).end(JSON.stringify(value));
  };
  const refuse = (res: ServerResponse, status: number, message: string): void => json(res, { error: { message, type: 'invalid_request_error' } }, status);
  const now = (): number => Date.parse(fixture.overview.now);

  const page = (res: ServerResponse, path: string): void => {
    try {
      let body: string | Buffer = readFileSync(join(ROOT, 'dist', path));
      if (path === 'index.html' && options.inline) {
        const { now: t, started_at, version, instance, utc_offset_min, range, verdict } = fixture.overview;
        const frame = JSON.stringify({ now: t, started_at, version, instance, utc_offset_min, range, verdict }).replace(/</g, '\\u003c');
        body = body.toString().replace('id="verdict">null<', `id="verdict">${frame}<`);
      }
      res.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'content-security-policy': CSP }).end(body);
    } catch {
      refuse(res, 404, 'no such file');
    }
  };

  const events = (res: ServerResponse): void => {
    if (refusing) return void res.destroy();
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.flushHeaders();
    streams.add(res);
    res.on('close', () => streams.delete(res));
    res.write(`id: ${eventId++}\nevent: hello\ndata: ${JSON.stringify({ now: fixture.overview.now, version: fixture.overview.version, started_at: fixture.overview.started_at })}\n\n`);
  };

  const get = (path: string, query: URLSearchParams, req: IncomingMessage, res: ServerResponse): void => {
    const range = (query.get('range') ?? '1h') as Range;
    if (path === 'overview') return json(res, { ...fixture.overview, range, incidents: fixture.incidents != null });
    if (path === 'series') return json(res, stretch(fixture.series, now(), range));
    if (path === 'requests') return json(res, findRequests(fixture, query));
    if (path === 'events') return events(res);
    if (path === 'incidents') return fixture.incidents ? json(res, fixture.incidents) : refuse(res, 404, 'no incidents are kept');
    const incident = fixture.incidents?.find((i) => path === `incidents/${i.id}`);
    if (incident && req.headers.accept === 'text/markdown') return void res.writeHead(200, { 'content-type': 'text/markdown' }).end(`# ${incident.title}\n`);
    const one = fixture.requests.find((r) => path === `requests/${r.request_id}`);
    return one ? json(res, one) : refuse(res, 404, 'no such thing');
  };

  const post = (path: string, body: string, res: ServerResponse): void => {
    if (path === 'login') {
      const { key } = JSON.parse(body) as { key?: string };
      return key === behaviour.key
        ? json(res, {}, 200, { 'set-cookie': `${COOKIE}; HttpOnly; SameSite=Strict; Path=/` })
        : refuse(res, 401, 'this is not the master key');
    }
    return json(res, {});
  };

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    let body = '';
    for await (const chunk of req) body += String(chunk);
    if (!url.pathname.startsWith('/admin/')) return page(res, url.pathname === '/' ? 'index.html' : url.pathname.slice(1));
    const path = url.pathname.slice('/admin/'.length);
    asked.push({ method: req.method ?? '', path: `${path}${url.search}`, body, headers: req.headers });
    if (behaviour.key && path !== 'login' && req.headers.cookie !== COOKIE) return refuse(res, 401, 'a key is needed');
    const answer = (): void => (req.method === 'POST' ? post(path, body, res) : get(path, url.searchParams, req, res));
    if (held) held.push(answer);
    else answer();
  };

  const asked: Asked[] = [];
  const streams = new Set<ServerResponse>();
  const server = createServer((req, res) => void handle(req, res));
  server.on('connection', (s) => {
    sockets.add(s);
    s.on('close', () => sockets.delete(s));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const write = (text: string): void => {
    for (const s of streams) s.write(text);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, fixture, asked, streams,
    send: (event, data) => write(`id: ${eventId++}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    breathe: () => write(': \n'),
    cut() {
      refusing = true;
      for (const s of streams) s.destroy();
    },
    mend: () => (refusing = false),
    release() {
      const all = held ?? [];
      held = null;
      for (const answer of all) answer();
    },
    close: () => new Promise((done) => {
      server.close(() => done());
      for (const s of sockets) s.destroy();
    }),
  };
}

/** A plain reading of the query: every word somewhere in the row. */
function findRequests(fixture: Fixture, query: URLSearchParams): RequestPage {
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean).map((w) => w.replace(/^[a-z_]+:/, ''));
  const before = query.get('before');
  const level = query.get('degradation_level');
  const from = before ? fixture.requests.findIndex((r) => r.request_id === before) + 1 : 0;
  const limit = Number(query.get('limit') ?? 50);
  const found = fixture.requests.slice(from).filter((r) => {
    if (level && r.degradation_level !== level) return false;
    const text = JSON.stringify(r).toLowerCase();
    return words.every((w) => text.includes(w));
  });
  const requests = found.slice(0, limit);
  return { requests, before: found.length > limit ? (requests.at(-1)?.request_id ?? null) : null };
}
