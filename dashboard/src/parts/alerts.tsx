/** Open alerts: what, how much against which limit, since when, the evidence, the requests, silence. */
import { useState } from 'preact/hooks';
import type { Alert, Chain } from '../api';
import { Mark } from '../draw/marks';
import { silence } from '../net';
import { incidents, now, overview, say, useZone } from '../state/app';
import { useCell } from '../state/cell';
import { showRequests } from '../state/choose';
import { about, filterOf, signalWords, valueWords, worstWords } from '../words/alerts';
import { countedWords, evidenceOf } from '../words/cause';
import { count } from '../words/numbers';
import { dayMonth, hourMinute, moment, span } from '../words/time';
import { Ago, At, Sentence } from './said';

function Silence({ alert }: { alert: Alert }) {
  const zone = useZone();
  const [asked, setAsked] = useState<'no' | 'asking' | 'done' | 'failed'>('no');
  const until = alert.silenced_until ? moment(alert.silenced_until) : asked === 'done' ? now.value + 3_600_000 : null;
  const ask = async (): Promise<void> => {
    setAsked('asking');
    try {
      await silence(alert.id, '1h');
      setAsked('done');
      say('Silenced for one hour');
    } catch {
      setAsked('failed');
      say('The gateway did not take it');
    }
  };
  if (until != null) return <button type="button" class="btn quiet" disabled>Silenced until {hourMinute(until, zone)}</button>;
  return <button type="button" class="btn quiet" disabled={asked === 'asking'} onClick={() => void ask()}>{asked === 'failed' ? 'Not taken; silence 1 h again' : 'Silence 1 h'}</button>;
}

function AlertItem({ alert: a, open, chains }: { alert: Alert; open: boolean; chains: readonly Chain[] }) {
  const since = moment(a.since);
  const [evidence, worst] = [evidenceOf(a.cause), worstWords(a)];
  return (
    <li class={`alert ${a.severity}`}>
      <details open={open}>
        <summary><Mark kind={a.severity} /><span class="at"><b>{signalWords(a.signal)}</b> <span>{about(a, chains)}</span></span><span class="av">{valueWords(a)}</span></summary>
        <div class="abody">
          <p class="meta">{a.severity} since <At t={since} />, <Ago t={since} />{a.of != null && a.count != null && <> · {count(a.count)} of {count(a.of)}</>}<Sentence rich={countedWords(a.cause)} />{worst && <> · {worst}</>}</p>
          {evidence.length > 0 && <ul>{evidence.map((e) => <li key={e}>{e}</li>)}</ul>}
          <p class="acts"><button type="button" class="btn" onClick={() => showRequests(filterOf(a))}>Show the requests</button><Silence alert={a} /></p>
        </div>
      </details>
    </li>
  );
}

function Calm() {
  const zone = useZone();
  const last = useCell(incidents)?.find((i) => i.until != null);
  return <>
    <p class="calm"><Mark kind="ok" /> None open.</p>
    {last?.until && <p class="meta">Last: {last.title}, {dayMonth(moment(last.since), zone)}, resolved after {span(moment(last.until) - moment(last.since))}.</p>}
  </>;
}

export function Alerts() {
  const o = useCell(overview);
  if (!o || o.verdict.state === 'empty') return null;
  return (
    <section class="alertbox" aria-labelledby="alerts-title">
      <h2 id="alerts-title">Open alerts <span class="count">{o.alerts.length || ''}</span></h2>
      {o.alerts.length ? <ol class="alerts">{o.alerts.map((a, i) => <AlertItem key={a.id} alert={a} open={i === 0} chains={o.chains} />)}</ol> : <Calm />}
    </section>
  );
}
