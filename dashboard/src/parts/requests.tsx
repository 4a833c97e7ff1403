/** The last requests, newest first, and the filter over them. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RequestRow } from '../api';
import { findRequests } from '../live/load';
import { chip, filter, listHeld, opened, overview, requests, unseen, type Chip } from '../state/app';
import { useCell, useLook } from '../state/cell';
import { usePlan } from '../state/plan';
import { clearFilter } from '../state/choose';
import { count } from '../words/numbers';
import { inChip, matches, queryOf, union } from '../words/requests';
import { RequestPart } from './request';

const CHIPS: [Chip, string][] = [['all', 'All'], ['fallback', 'Fallback'], ['failed', 'No answer'], ['retried', 'Retried'], ['soft', 'Soft failure']];
const PAGE = 14;
/** Rows that the gateway is asked for beyond those that are here. */
const ASKED = 100;
const TYPING = 250;

/** The list stands still while a trail is open or a row has the focus; what came meanwhile is shown after. */
function useHeldRows(): { rows: RequestRow[]; waiting: number } {
  const live = useCell(requests);
  const open = useCell(opened);
  const held = useCell(listHeld) || open.size > 0;
  const shown = useRef(live);
  if (!held || shown.current.length === 0) shown.current = live;
  const known = held ? new Set(shown.current.map((r) => r.request_id)) : null;
  return { rows: shown.current, waiting: known ? live.filter((r) => !known.has(r.request_id)).length : 0 };
}

/** What the gateway finds for the filter among all it keeps. */
function useFound(words: string): { found: RequestRow[]; older: () => void; ended: boolean } {
  const [found, setFound] = useState<RequestRow[]>([]);
  const [ended, setEnded] = useState(false);
  const before = useRef<string | null>(null);
  const ask = async (): Promise<void> => {
    const q = new URLSearchParams({ limit: String(ASKED), ...queryOf(words), ...(before.current ? { before: before.current } : {}) });
    try {
      const more = await findRequests(q.toString());
      before.current = more.before;
      setEnded(more.before == null);
      setFound((old) => union(old, more.requests));
    } catch {
      setEnded(true);
    }
  };
  useEffect(() => {
    setFound([]);
    setEnded(false);
    before.current = words ? null : (requests.value.at(-1)?.request_id ?? null);
    if (!words) return undefined;
    const timer = setTimeout(() => void ask(), TYPING);
    return () => clearTimeout(timer);
  }, [words]);
  return { found, older: () => void ask(), ended };
}

function Filters({ rows, counted }: { rows: readonly RequestRow[]; counted: string }) {
  const chosen = useCell(chip);
  const words = useCell(filter);
  return (
    <div class="filters">
      <label class="search"><span class="vh">Filter requests</span>
        <svg width="14" height="14" aria-hidden="true" focusable="false"><circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="1.5" /><path d="M9.5 9.5L13 13" stroke="currentColor" stroke-width="1.5" /></svg>
        <input id="filter" type="search" placeholder="group, deployment, kind or request id" value={words} onInput={(e) => filter.set(e.currentTarget.value)} autocomplete="off" spellcheck={false} /><kbd aria-hidden="true">/</kbd>
      </label>
      <div class="chips" role="group" aria-label="Show only">
        {CHIPS.map(([k, name]) => <button key={k} type="button" aria-pressed={chosen === k} onClick={() => chip.set(k)}>{name}{k !== 'all' && <span> {count(rows.filter((r) => inChip(r, k)).length)}</span>}</button>)}
      </div>
      <p class="fcount">{counted}</p>
    </div>
  );
}

/** Tells the list to stand still while the focus is in it. */
function useHold(): RefObject<HTMLTableSectionElement | null> {
  const body = useRef<HTMLTableSectionElement>(null);
  useLayoutEffect(() => {
    const el = body.current;
    if (!el) return undefined;
    const look = (): void => {
      // The focus is between two places while this event runs.
      queueMicrotask(() => listHeld.set(el.contains(document.activeElement)));
    };
    el.addEventListener('focusin', look);
    el.addEventListener('focusout', look);
    return () => {
      el.removeEventListener('focusin', look);
      el.removeEventListener('focusout', look);
    };
  }, []);
  return body;
}

function countWords(narrowed: boolean, hits: number, of: number, shown: number, waiting: number, dropped: number): string {
  const base = narrowed ? `${count(hits)} of the last ${count(of)}` : `last ${count(shown)}`;
  return [base, waiting > 0 ? `${count(waiting)} new` : '', dropped > 0 && !narrowed ? `${count(dropped)} more not listed` : ''].filter(Boolean).join(', ');
}

export function Requests() {
  const { rows, waiting } = useHeldRows();
  const words = useCell(filter);
  const chosen = useCell(chip);
  const open = useCell(opened);
  const dropped = useCell(unseen);
  const chains = usePlan();
  const empty = useLook(overview, (o) => !o || o.verdict.state === 'empty');
  const [page, setPage] = useState(PAGE);
  const { found, older, ended } = useFound(words.trim());
  const body = useHold();
  useEffect(() => setPage(PAGE), [words, chosen]);
  if (empty) return null;
  const all = union(rows, found);
  const hits = all.filter((r) => inChip(r, chosen) && matches(r, words));
  const shown = hits.slice(0, page);
  const narrowed = words.trim() !== '' || chosen !== 'all';
  const more = (): void => {
    setPage(page + PAGE);
    if (page + PAGE > hits.length && !ended) older();
  };
  return (
    <section id="requests" aria-labelledby="requests-title">
      <div class="shead"><h2 id="requests-title">Last requests</h2><p class="sub">Newest first. Open one for its trail of attempts.</p></div>
      <Filters rows={all} counted={countWords(narrowed, hits.length, all.length, shown.length, waiting, dropped)} />
      <div class="tw" tabIndex={0} role="region" aria-label="Requests">
        <table>
          <caption class="vh">Last requests with their attempts</caption>
          <thead><tr><th scope="col">Time</th><th scope="col">Asked for</th><th scope="col">Answered by</th><th scope="col">Attempts</th><th scope="col" class="n">First token</th><th scope="col" class="n">Total</th><th scope="col" class="n">Tokens in / out</th><th scope="col" class="n">Cost</th></tr></thead>
          <tbody ref={body}>
            {shown.map((r) => <RequestPart key={r.request_id} r={r} open={open.has(r.request_id)} chains={chains} />)}
            {!shown.length && <tr><td colSpan={8} class="none">{narrowed ? <>No request matches. <button type="button" class="btn quiet" onClick={clearFilter}>Clear the filter</button></> : 'None yet.'}</td></tr>}
          </tbody>
        </table>
      </div>
      {(shown.length < hits.length || (!ended && (narrowed || shown.length >= PAGE))) && <p class="more"><button type="button" class="btn" onClick={more}>Show more</button></p>}
    </section>
  );
}
