/** The trail of one request: who was passed over, and each attempt on the request's own clock. */
import type { Attempt, RequestRow, Skip } from '../api';
import { kindFill, legFill } from '../draw/fills';
import { usePlan } from '../state/plan';
import { nameOf } from '../words/names';
import { millis } from '../words/numbers';
import { attemptsHeader, noteOf } from '../words/requests';
import { moment } from '../words/time';
import { CopyButton } from './copy';
import { At } from './said';

function SkipLine({ skip, name }: { skip: Skip; name: string }) {
  return <p class="skp">skipped without a call: {name}: {skip.gate}{skip.since && <> since <At t={moment(skip.since)} seconds /></>}</p>;
}

function AttemptLine({ a, total, name }: { a: Attempt; total: number; name: string }) {
  const pc = (ms: number): string => `${(ms / total) * 100}%`;
  const ok = a.outcome === 'success';
  const note = noteOf(a);
  return (
    <li>
      <span class="gl"><b>{name}</b> <span>{a.leg ? `leg ${a.leg + 1}` : 'first leg'}</span></span>
      <span class="gt">
        <svg width="100%" height="16" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          {a.wait_before_ms > 0 && <line x1={pc(a.start_ms - a.wait_before_ms)} x2={pc(a.start_ms)} y1="8" y2="8" stroke="var(--rule-2)" stroke-width="1.5" stroke-dasharray="2 3" />}
          <rect x={pc(a.start_ms)} width={`${Math.max(0.6, (a.duration_ms / total) * 100)}%`} y="3" height="10" fill={ok ? legFill(a.leg) : kindFill(a.outcome)} />
          {a.ttft_ms != null && <rect x={pc(a.start_ms + a.ttft_ms)} width="2" y="0" height="16" fill="var(--ink)" />}
        </svg>
      </span>
      <span class="gr"><b>{ok ? 'answered' : a.outcome}</b>{a.status != null && !ok && ` ${a.status}`}, {millis(a.duration_ms)}{a.ttft_ms != null && `, first token ${millis(a.ttft_ms)}`}{a.wait_before_ms > 0 && `, after waiting ${millis(a.wait_before_ms)}`}{note && <span class="nt">{note}</span>}</span>
    </li>
  );
}

export function Trail({ r }: { r: RequestRow }) {
  const chains = usePlan();
  const total = Math.max(1, r.duration_ms ?? 0, ...r.attempts.map((a) => a.start_ms + a.duration_ms));
  return (
    <div class="trailbox">
      <p class="tid"><code>{r.request_id}</code> <span>{r.degradation_level}</span><CopyButton text={r.request_id} words="Copy id" quiet /></p>
      {r.skipped.map((s, i) => <SkipLine key={`${i} ${s.deployment}`} skip={s} name={nameOf(chains, s.deployment)} />)}
      {r.attempts.length > 0 && <ol class="gantt">{r.attempts.map((a, i) => <AttemptLine key={i} a={a} total={total} name={nameOf(chains, a.deployment)} />)}</ol>}
      <p class="hdr"><code>x-sanso-attempts: {attemptsHeader(r)}</code></p>
    </div>
  );
}
