/** Fetching: what the page asks the gateway for, and when it asks again. */
import type { Frame, Incident, Overview, Range, RequestPage, Series, Verdict } from '../api';
import { get, getIfThere, Refused } from '../net';
import * as app from '../state/app';
import { RANGE_MS, RANGES } from '../words/range';
import { moment, SECOND } from '../words/time';
import { arrived } from './arrive';
import { tailOf } from './tail';

/** As many requests as the list holds. */
export const KEPT = 200;

/** Points of a chart: one for every seven pixels or so. */
const points = (): number => (window.innerWidth < 700 ? 72 : 140);

/** The smallest range in which the onset is in view, with room before it. */
export function rangeFor(v: Verdict, now: number): Range {
  if (!v.since || v.severity === 'ok' || v.severity === 'idle' || v.state === 'exposed') return '1h';
  const need = (now - moment(v.since)) * 1.12;
  return RANGES.find((r) => RANGE_MS[r] >= need) ?? '30d';
}

function take(sent: Overview): void {
  const o = arrived(sent);
  app.setClock(o.now);
  app.overview.set(o);
  app.frame.set(o);
}

const fetchOverview = async (): Promise<void> => {
  const asked = app.range.value;
  const o = await get<Overview>(`overview?range=${asked}`);
  if (asked === app.range.value) take(o);
};

const fetchSeries = async (): Promise<void> => {
  const asked = app.range.value;
  const s = await get<Series>(`series?range=${asked}&points=${points()}`);
  if (asked !== app.range.value) return;
  app.tail.set(tailOf(s));
  app.series.set(s);
};

/** Asked only of a gateway that says that it keeps them: a request that fails is an error in the browser's console. */
const fetchIncidents = async (): Promise<void> => app.incidents.set(app.overview.value?.incidents ? await get<Incident[]>(`incidents?range=30d`) : null);

/** A gateway without a list of requests has none to show. */
export const findRequests = async (query: string): Promise<RequestPage> => (await getIfThere<RequestPage>(`requests?${query}`)) ?? { requests: [], before: null };

const fetchRequests = async (): Promise<void> => app.requests.set((await findRequests(`limit=${KEPT}`)).requests);

/** The gateway asks for its key: everything else waits. */
export function askForKey(refused: string | null = null): void {
  app.link.set({ state: 'key', refused });
}

/** Runs a fetch; a missing key is asked for, other failures wait for the next turn: the stream tells of a lost gateway. */
async function quietly(fetching: () => Promise<void>): Promise<void> {
  try {
    await fetching();
  } catch (e) {
    if (e instanceof Refused && e.status === 401) askForKey();
  }
}

/** Everything, for the first time or after a gap. Throws what the overview's fetch throws. */
export async function loadAll(choose: boolean): Promise<void> {
  await fetchOverview();
  const o = app.overview.value;
  const better = choose && o ? rangeFor(o.verdict, moment(o.now)) : app.range.value;
  if (better !== app.range.value) {
    app.range.set(better);
    await fetchOverview();
  }
  await Promise.all([quietly(fetchSeries), quietly(fetchIncidents), quietly(fetchRequests)]);
}

/** The reader chose another range. */
export async function changeRange(range: Range): Promise<void> {
  if (range === app.range.value) return;
  app.cursor.set(null);
  app.range.set(range);
  await Promise.all([quietly(fetchOverview), quietly(fetchSeries), quietly(fetchIncidents)]);
}

/** Counts come with the ticks; shares, percentiles and costs are asked for again this often. */
const OVERVIEW_EVERY = 10 * SECOND;
const SERIES_EVERY = 30 * SECOND;

/** Nobody looks, or the stream's next greeting asks for everything anew. */
const busy = (): boolean => document.hidden || app.paused.value || app.link.value.state !== 'live';

export function keepFresh(): void {
  setInterval(() => {
    if (!busy()) void quietly(fetchOverview);
  }, OVERVIEW_EVERY);
  let seriesAt = Date.now();
  setInterval(() => {
    const step = (app.series.value?.step_s ?? 0) * SECOND;
    if (busy() || Date.now() - seriesAt < Math.max(SERIES_EVERY, step)) return;
    seriesAt = Date.now();
    void quietly(fetchSeries);
  }, SERIES_EVERY);
}

let soon: ReturnType<typeof setTimeout> | undefined;
/** Something happened that only a fetch tells in full: an alert, an incident, a reload. Several at once cost one fetch. */
export function freshSoon(): void {
  soon ??= setTimeout(() => {
    soon = undefined;
    if (busy()) return;
    void quietly(fetchOverview);
    if (app.incidents.value) void quietly(fetchIncidents);
  }, 400);
}

let seriesSoonTimer: ReturnType<typeof setTimeout> | undefined;
/** A breaker moved: its lane may not say "closed throughout" until the next turn. */
export function seriesSoon(): void {
  seriesSoonTimer ??= setTimeout(() => {
    seriesSoonTimer = undefined;
    if (busy()) return;
    void quietly(fetchSeries);
  }, 2 * SECOND);
}

/** Reads the verdict that the gateway wrote into the page. */
export function readInlined(text: string | null | undefined): Frame | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' && value !== null && 'verdict' in value && 'now' in value ? (value as Frame) : null;
  } catch {
    return null;
  }
}
