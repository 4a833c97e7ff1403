/** The live page: listens, gathers, applies, and knows when it can no longer vouch for what it shows. */
import type { BreakerMoved, LiveEvent, Overview, RequestRow, Tick, Verdict } from '../api';
import { Refused } from '../net';
import * as app from '../state/app';
import { SECOND, moment } from '../words/time';
import { applyBreaker, applyTick, mergeTicks } from './apply';
import { askForKey, freshSoon, KEPT, loadAll, seriesSoon } from './load';
import { queue } from './queue';
import { listen, SILENCE, type Message, type Stream } from './sse';
import { addTick, endOf, roll } from './tail';

let stream: Stream | null = null;
let heardAt = Date.now();
/** Buckets that may pass unfetched; after more than these the series is asked for anew. */
const MOST_ROLLS = 5;

function parse(m: Message): LiveEvent | null {
  try {
    return { type: m.event, data: JSON.parse(m.data) as unknown } as LiveEvent;
  } catch {
    return null;
  }
}

function takeTicks(ticks: Tick[]): void {
  const tick = mergeTicks(ticks);
  const o = app.overview.value;
  if (!tick || !o) return;
  setOverview(applyTick(o, tick));
  let s = app.series.value;
  let t = app.tail.value;
  if (!s || !t) return;
  for (let i = 0; i < MOST_ROLLS && moment(tick.at) >= endOf(s); i++) ({ series: s, tail: t } = roll(s, t));
  t = addTick(t, tick, o.chains);
  app.tail.set(t);
  app.series.set(s);
}

function setOverview(o: Overview): void {
  app.overview.set(o);
  app.frame.set(o);
}

function takeRequests(rows: RequestRow[], skipped: number): void {
  if (skipped > 0) app.unseen.set(app.unseen.value + skipped);
  if (!rows.length) return;
  const known = new Set(app.requests.value.map((r) => r.request_id));
  const fresh = rows.filter((r) => !known.has(r.request_id)).reverse();
  if (fresh.length) app.requests.set([...fresh, ...app.requests.value].slice(0, KEPT));
}

function takeVerdict(v: Verdict): void {
  const o = app.overview.value;
  if (o) setOverview({ ...o, verdict: v });
  else if (app.frame.value) app.frame.set({ ...app.frame.value, verdict: v });
  freshSoon();
}

/** All events of one beat. */
function apply(events: LiveEvent[]): void {
  const ticks: Tick[] = [];
  const rows: RequestRow[] = [];
  let skipped = 0;
  for (const e of events) {
    if (e.type === 'tick') ticks.push(e.data);
    else if (e.type === 'request') {
      rows.push(e.data.request);
      skipped += e.data.skipped ?? 0;
    } else if (e.type === 'breaker') takeBreaker(e.data);
    else if (e.type === 'verdict') takeVerdict(e.data);
    else if (e.type === 'gate' || e.type === 'alert' || e.type === 'incident' || e.type === 'config') freshSoon();
  }
  takeTicks(ticks);
  takeRequests(rows, skipped);
}

function takeBreaker(b: BreakerMoved): void {
  const o = app.overview.value;
  if (o) setOverview(applyBreaker(o, b));
  freshSoon();
  seriesSoon();
}

const events = queue(apply);

function hear(m: Message): void {
  const e = parse(m);
  if (!e) return;
  if (e.type === 'hello') return void greeted(e.data.now);
  if (e.type === 'bye') return;
  if (!app.paused.value) events.push(e);
}

let greetedBefore = false;
async function greeted(now: string): Promise<void> {
  app.setClock(now);
  app.link.set({ state: 'live' });
  // After a gap everything is asked for anew instead of replayed.
  if (greetedBefore) await loadAll(false).catch(() => undefined);
  greetedBefore = true;
}

function gone(wait: number): void {
  const retryAt = app.now.value + wait;
  const l = app.link.value;
  if (l.state === 'lost') app.link.set({ ...l, retryAt });
  else if (l.state === 'live') app.link.set({ state: 'connecting' });
}

function lookForSilence(): void {
  app.moveClock();
  const s = app.link.value.state;
  const silent = Date.now() - heardAt;
  if (silent < SILENCE || (s !== 'live' && s !== 'connecting')) return;
  events.clear();
  app.link.set({ state: 'lost', at: app.now.value - silent, retryAt: app.now.value + SECOND });
}

function startStream(): void {
  heardAt = Date.now();
  stream?.close();
  stream = listen('admin/events', {
    message: hear,
    heard: () => (heardAt = Date.now()),
    refused: () => askForKey(),
    gone,
  });
}

/** Loads and listens; comes back by itself where the gateway cannot be reached. */
export async function begin(chosen: boolean, failures = 0): Promise<void> {
  app.link.set({ state: 'connecting' });
  heardAt = Date.now();
  try {
    await loadAll(!chosen);
  } catch (e) {
    if (e instanceof Refused && e.status === 401) return askForKey();
    const wait = Math.min(30, 2 ** failures) * SECOND;
    app.link.set({ state: 'failed', why: e instanceof Refused ? `it answers ${e.message}` : 'no connection', retryAt: app.now.value + wait });
    retrying = setTimeout(() => void begin(chosen, failures + 1), wait);
    return;
  }
  startStream();
}

let retrying: ReturnType<typeof setTimeout> | undefined;
/** "Try now" */
export function tryNow(): void {
  clearTimeout(retrying);
  if (stream && app.link.value.state === 'lost') stream.now();
  else void begin(true);
}

export function setPaused(paused: boolean): void {
  app.paused.set(paused);
  events.clear();
  if (!paused) void loadAll(false).catch(() => undefined);
}

/** Starts the clock, and looks after tabs that slept. */
export function keepTime(): void {
  setInterval(lookForSilence, SECOND);
  let hiddenAt = 0;
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (hiddenAt && Date.now() - hiddenAt > SILENCE && app.link.value.state === 'live') void loadAll(false).catch(() => undefined);
  });
}
