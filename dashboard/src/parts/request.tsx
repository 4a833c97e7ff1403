/** One finished request as a row of the table; opened, its trail. */
import type { Attempt, Chain, RequestRow } from '../api';
import { kindFill, legClass, legFill, NOBODY, STORED } from '../draw/fills';
import { Chevron } from '../draw/marks';
import { useZone } from '../state/app';
import { toggleTrail } from '../state/choose';
import { modelOf, shortKind } from '../words/names';
import { count, dollars, millis } from '../words/numbers';
import { skipWords } from '../words/requests';
import { hourMinuteSecond, moment } from '../words/time';
import { Trail } from './trail';

function Step({ a }: { a: Attempt }) {
  const ok = a.outcome === 'success';
  return (
    <span class={`stp ${ok ? legClass(a.leg) : 'flt'}`}>
      <svg width="12" height="12" aria-hidden="true" focusable="false">
        {ok
          ? <><circle cx="6" cy="6" r="5.2" fill={`var(--${legClass(a.leg)})`} /><path d="M3.4 6.2l1.8 1.8 3.3-3.7" fill="none" stroke="var(--paper)" stroke-width="1.5" /></>
          : <rect x="1" y="1" width="10" height="10" rx="1.5" fill={kindFill(a.outcome)} />}
      </svg>
      <span class="vh">{a.deployment} </span>{ok ? <span class="vh">answered</span> : shortKind(a.outcome)}
    </span>
  );
}

/** Steps with an arrow between them, and who was passed over. */
function Steps({ r }: { r: RequestRow }) {
  return (
    <span class="trail">
      {r.attempts.flatMap((a, i) => [...(i ? [<i key={`i${i}`} aria-hidden="true" />] : []), <Step key={i} a={a} />])}
      {r.skipped.length > 0 && <span class="skipd">{skipWords(r)}</span>}
    </span>
  );
}

function AnsweredBy({ r, chains }: { r: RequestRow; chains: readonly Chain[] }) {
  const leg = r.leg ?? r.attempts.at(-1)?.leg ?? 0;
  if (r.deployment) {
    return <><svg width="10" height="10" aria-hidden="true" focusable="false"><rect width="10" height="10" rx="2" fill={legFill(leg)} /></svg>{modelOf(chains, r.deployment)}<span class="vh">, {leg === 0 ? 'first leg' : `fallback, leg ${leg + 1}`}</span></>;
  }
  const [fill, words] = {
    full: [NOBODY, 'nobody'], partial: [NOBODY, 'nobody'], degraded: [STORED, 'a stored answer'], unavailable: [NOBODY, 'nobody, 503'],
    cancelled: ['var(--idle)', 'the caller left'], rejected: ['var(--idle)', 'refused'],
  }[r.degradation_level];
  return <><svg width="10" height="10" aria-hidden="true" focusable="false"><rect width="10" height="10" rx="2" fill={fill} /></svg>{words}</>;
}

export function RequestPart({ r, open, chains }: { r: RequestRow; open: boolean; chains: readonly Chain[] }) {
  const zone = useZone();
  const plain = r.attempts.length === 1 && r.deployment != null && !r.skipped.length;
  return <>
    <tr class={`rq${open ? ' op' : ''} d-${r.degradation_level}`}>
      <td class="c-t"><button type="button" aria-expanded={open} data-request={r.request_id} onClick={() => toggleTrail(r.request_id)}><Chevron size={10} />{hourMinuteSecond(moment(r.ts), zone)}<span class="vh"> trail of {r.request_id}</span></button></td>
      <td class="c-g">{r.model_group}{r.task && <span> {r.task.replace(/^task\//, '')}</span>}</td>
      <td class="c-s"><AnsweredBy r={r} chains={chains} /></td>
      <td class={`c-a${plain ? ' one' : ''}`}><Steps r={r} /></td>
      <td class="n c-f">{millis(r.ttft_ms)}</td>
      <td class="n c-d">{millis(r.duration_ms)}</td>
      <td class="n c-k">{count(r.input_tokens)} / {count(r.output_tokens)}</td>
      <td class="n c-c">{dollars(r.cost_usd)}</td>
    </tr>
    {open && <tr class="det"><td colSpan={8}><Trail r={r} /></td></tr>}
  </>;
}
