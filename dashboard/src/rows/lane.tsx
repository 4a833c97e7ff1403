/** The incidents above all rows, with the marks of what was changed. */
import type { Incident } from '../api';
import { placed } from '../charts/marks';
import { incidents } from '../state/app';
import { useCell } from '../state/cell';
import { moment } from '../words/time';
import { Backdrop, LABELS, type Drawn } from './row';

const HEIGHT = 30;
const fits = (title: string, room: number): string => {
  const most = room > 220 ? 60 : 26;
  return title.length > most ? `${title.slice(0, most - 1)}…` : title;
};

function Bar({ incident: i, drawn: { axis } }: { incident: Incident; drawn: Drawn }) {
  const a = Math.max(0, axis.x(moment(i.since)));
  const b = i.until == null ? axis.width : axis.x(Math.min(axis.t1, moment(i.until)));
  const room = b - a;
  const text = room > 220 ? a + 8 : Math.max(2, Math.min(a + 4, axis.width - 190));
  return <>
    <rect x={a} y="0" width={Math.max(4, room)} height="4" class={`ibar ${i.severity}`} />
    {(room > 60 || i.until == null) && <text x={text} y="20" class="inl strong">{fits(i.title, room)}</text>}
  </>;
}

/** `null` where this gateway keeps no incidents and nothing was marked: then there is no such row. */
export function IncidentLane({ drawn }: { drawn: Drawn }) {
  const all = useCell(incidents);
  const { axis, s } = drawn;
  const marks = placed(s.marks.filter((m) => moment(m.at) > axis.t0 && moment(m.at) <= axis.t1).map((m) => ({ x: Math.round(axis.x(moment(m.at))), what: m.what })));
  if (!all && !marks.length) return null;
  const shown = (all ?? []).filter((i) => (i.until == null || moment(i.until) > axis.t0) && moment(i.since) < axis.t1);
  const open = shown.filter((i) => i.until == null).length;
  return (
    <div class="row" id="row-inc">
      <div class="rl"><h3>{all ? 'Incidents' : 'Changes'}</h3></div>
      <div class="pl">
        <svg width={axis.width + LABELS} height={HEIGHT} aria-hidden="true" focusable="false">
          <Backdrop {...drawn} height={HEIGHT} />
          {shown.map((i) => <Bar key={i.id} incident={i} drawn={drawn} />)}
          {marks.map((m) => <g key={`${m.x} ${m.what}`}><path d={`M${m.x} 8l5 5-5 5-5-5z`} fill="var(--ink)" />{m.room && <text x={m.x - 9} y="17" class="inl" text-anchor="end">{m.what}</text>}</g>)}
          {all && !shown.length && <text x="4" y="19" class="ax">none in this range</text>}
        </svg>
      </div>
      <ul class="keys"><li class="note"><span class="kn"><span>{shown.length ? `${open} open, ${shown.length - open} over` : ''}</span></span></li></ul>
    </div>
  );
}
