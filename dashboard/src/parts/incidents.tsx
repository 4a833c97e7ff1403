/** Incidents: what happened in order, whom it touched, what it cost. */
import type { Incident } from '../api';
import { Mark } from '../draw/marks';
import { frame, incidents, overview } from '../state/app';
import { useCell, useLook } from '../state/cell';
import { nameOf } from '../words/names';
import { count, dollars } from '../words/numbers';
import { moment, SECOND, span } from '../words/time';
import { Ago, At } from './said';

function Facts({ i }: { i: Incident }) {
  const chains = overview.value?.chains ?? [];
  const instead = Object.entries(i.served_instead);
  return (
    <dl>
      <div><dt>requests affected</dt><dd>{count(i.affected_requests)}</dd></div>
      <div><dt>served instead</dt><dd>{instead.length ? instead.map(([id, n]) => <div key={id}>{count(n)} by {nameOf(chains, id)}</div>) : 'nobody'}</dd></div>
      <div><dt>unavailable</dt><dd>{count(i.unavailable)}</dd></div>
      {i.extra_cost_usd != null && <div><dt>extra cost</dt><dd>{dollars(i.extra_cost_usd)}</dd></div>}
      <div><dt>recovery</dt><dd>{i.recovery_s == null ? (i.until == null ? 'open' : '–') : span(i.recovery_s * SECOND)}</dd></div>
    </dl>
  );
}

/** The gateway answers a browser's own request for it with Markdown, by its `Accept`. */
async function exportMarkdown(id: string): Promise<void> {
  const response = await fetch(`admin/incidents/${encodeURIComponent(id)}`, { headers: { accept: 'text/markdown' } });
  if (!response.ok) return;
  const address = URL.createObjectURL(new Blob([await response.text()], { type: 'text/markdown' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${id}.md`;
  link.click();
  URL.revokeObjectURL(address);
}

function IncidentItem({ i, open }: { i: Incident; open: boolean }) {
  const since = moment(i.since);
  const until = i.until == null ? null : moment(i.until);
  return (
    <li class={`inc ${i.severity}`}>
      <details open={open}>
        <summary><Mark kind={i.severity === 'critical' || i.severity === 'drill' ? i.severity : 'warn'} /><b>{i.title}</b>
          <span class="when"><At t={since} /> to {until == null ? <>now, <Ago t={since} /></> : <><At t={until} />, {span(until - since)}</>}</span>
        </summary>
        <div class="ibody">
          <Facts i={i} />
          <ol class="ev">{i.events.map((e, n) => <li key={`${n} ${e.at}`}><At t={moment(e.at)} seconds /><span class="et">{e.type}</span><span>{e.text}</span></li>)}</ol>
          <p><button type="button" class="btn quiet link" onClick={() => void exportMarkdown(i.id)}>Export as Markdown</button></p>
        </div>
      </details>
    </li>
  );
}

export function Incidents() {
  const all = useCell(incidents);
  const empty = useLook(overview, (o) => !o || o.verdict.state === 'empty');
  const calm = useLook(overview, (o) => o?.alerts.length === 0);
  const started = useLook(frame, (f) => (f ? moment(f.started_at) : 0));
  if (!all || empty) return null;
  return (
    <section id="incidents" aria-labelledby="incidents-title">
      <div class="shead"><h2 id="incidents-title">Incidents</h2>{all.length > 0 && <p class="sub">Openings, alerts, config changes and drills, put together.</p>}</div>
      {all.length
        ? <ol class="incs">{all.map((i, n) => <IncidentItem key={i.id} i={i} open={i.until == null || (n === 0 && calm)} />)}</ol>
        : <p class="calm">None since the start, <Ago t={started} /> ago.</p>}
    </section>
  );
}
