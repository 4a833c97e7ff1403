/** One deployment: its breaker as a switch, its gates, errors by kind, quality, first token, openings. */
import type { Deployment, Gate } from '../api';
import { kindFill } from '../draw/fills';
import { Mark, STATE_WORDS, Switch } from '../draw/marks';
import { now, useZone } from '../state/app';
import { useLook } from '../state/cell';
import { errorRate, errors, faults, holdsBack, well } from '../words/chain';
import { count, millis, NB, rate, share } from '../words/numbers';
import { moment, sameDay, span } from '../words/time';
import { DUE } from '../words/verdict';
import { Ago, At, Within } from './said';

/** Breaker openings in an hour above which an alert fires. */
const OPENINGS = 3;
const BAR = 84;

const Name = ({ d, shared }: { d: Deployment; shared: boolean }) => (
  <p class="dn"><Switch state={d.breaker.state} />
    <span class="dname"><b>{d.model}</b> <span>{d.provider}{d.region && `, ${d.region}`}</span></span>
    {shared && <span class="dsh">{rate(d.share)}</span>}
  </p>
);

/** The next probe of a breaker. It has to pass the other gates, too: one that is shut longer holds it back. */
function NextProbe({ d }: { d: Deployment }) {
  const at = d.breaker.state === 'half-open' || !d.breaker.next_probe ? null : moment(d.breaker.next_probe);
  const holds = useLook(now, (n) => holdsBack(d.gates, Math.max(n, at ?? n)));
  if (holds) return <>, no probe before the {holds} gate lets one through</>;
  return <>, next probe {at == null ? DUE : <Within t={at} due={DUE} />}</>;
}

function NextStep({ d }: { d: Deployment }) {
  const b = d.breaker;
  if (b.forced) return <>, forced {b.forced} by an operator</>;
  switch (b.state) {
    case 'open':
      return b.next_probe ? <NextProbe d={d} /> : null;
    case 'half-open':
      return d.in_flight > 0 ? <>, one probe in flight</> : <NextProbe d={d} />;
    case 'recovering':
      return b.window == null ? null : <>, {count(b.window)} at once</>;
    case 'closed':
      return null;
  }
}

function BreakerLine({ d }: { d: Deployment }) {
  const zone = useZone();
  const since = moment(d.breaker.since);
  return <p class="bs"><b>{STATE_WORDS[d.breaker.state]}</b> since <At t={since} seconds={sameDay(since, zone.now, zone)} />, <Ago t={since} /><NextStep d={d} /></p>;
}

const GATES: Record<string, string> = { quota: 'Throttled', host: 'Host gate shut', credential: 'Key gate shut', model: 'Model gate shut' };

/** A gate past its time is open, whether or not somebody has gone through: then only how often it shut is worth a word. */
function GateLine({ g }: { g: Gate }) {
  const left = useLook(now, (n) => (g.shut === false ? null : g.not_before == null ? '' : moment(g.not_before) > n ? `, ${span(moment(g.not_before) - n)} left` : null));
  const times = g.closings_1h === 1 ? 'once' : `${count(g.closings_1h ?? 0)} times`;
  const often = g.closings_1h ? `${left == null ? ' ' : ', '}${times} in 1${NB}h` : '';
  if (left == null && !often) return null;
  return <p class="bs gate"><b>{GATES[g.gate] ?? `${g.gate} gate shut`}</b>{g.dimension && ` on ${g.dimension}`}{left != null && <span class="rel">{left}</span>}{often}{left == null && ', not now'}</p>;
}

function Errors({ d }: { d: Deployment }) {
  const kinds = faults(d);
  const n = errors(d);
  if (n === 0) return <span class="nofault">{d.attempts > 0 ? `none in ${count(d.attempts)} attempts` : 'not asked'}</span>;
  let x = 0;
  const bars = kinds.map(([kind, k]) => {
    const w = (k / n) * BAR;
    const bar = <rect key={kind} x={x} width={Math.max(1.5, w - 1)} height="8" fill={kindFill(kind)} />;
    x += w;
    return bar;
  });
  return <>
    <span class="fb"><b>{rate(n / d.attempts)}</b> <svg width={BAR} height="8" viewBox={`0 0 ${BAR} 8`} aria-hidden="true" focusable="false">{bars}</svg></span>
    <span class="kinds">{kinds.slice(0, 3).map(([k, v]) => `${k} ${count(v)}`).join(', ')}</span>
  </>;
}

function Quality({ d }: { d: Deployment }) {
  if (d.soft_failure_rate == null && !d.parity) return null;
  return (
    <div><dt>Quality</dt><dd>
      {d.soft_failure_rate != null && <>soft failures <b>{rate(d.soft_failure_rate)}</b></>}
      {d.parity && <>{d.soft_failure_rate != null && ', '}as good as the first leg in <b>{share(d.parity.score)}</b> of {count(d.parity.replays)} replays</>}
    </dd></div>
  );
}

export function DeploymentPart({ d, shared }: { d: Deployment; shared: boolean }) {
  if (shared && well(d)) {
    return (
      <div class="dep slim"><Name d={d} shared />
        <p class="bs"><b>Closed</b> <Ago t={moment(d.breaker.since)} />, errors {rate(errorRate(d))}, first token {millis(d.ttft_ms.p50)} p50</p>
      </div>
    );
  }
  const n = d.breaker.openings_1h.length;
  return (
    <div class={`dep st-${d.breaker.state}`}><Name d={d} shared={shared} /><BreakerLine d={d} />
      {d.gates.map((g) => <GateLine key={`${g.gate} ${g.dimension ?? ''}`} g={g} />)}
      <dl class="dl">
        <div><dt>Errors</dt><dd><Errors d={d} /></dd></div>
        <Quality d={d} />
        <div><dt>First token</dt><dd>{d.ttft_ms.p50 == null ? '–' : <><b>{millis(d.ttft_ms.p50)}</b> p50, <b>{millis(d.ttft_ms.p95)}</b> p95</>}</dd></div>
        <div><dt>Openings</dt><dd><span class={n > OPENINGS ? 'bad' : undefined}>{n > OPENINGS && <Mark kind="critical" />}<b>{n}</b> in 1 h{n > OPENINGS && `, limit ${OPENINGS}`}</span>, <b>{count(d.in_flight)}</b> in flight now</dd></div>
      </dl>
    </div>
  );
}
