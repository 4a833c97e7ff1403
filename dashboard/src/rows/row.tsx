/** One row of *over time*: its name, its plot on the shared axis, and its numbers at the right. */
import type { ComponentChildren } from 'preact';
import { useReducer, useLayoutEffect } from 'preact/hooks';
import type { Range, Series, Values } from '../api';
import { latest, ticks, type Axis } from '../charts/axis';
import { gapsOf } from '../charts/gaps';
import type { Tail } from '../live/tail';
import { cursor, incidents, link, tail, type Link } from '../state/app';
import { useCell, useLook } from '../state/cell';
import { moment } from '../words/time';

/** Room for the labels of the axis. */
export const LABELS = 84;

/** What every row is drawn from. */
export interface Drawn {
  s: Series;
  axis: Axis;
  range: Range;
  offsetMin: number;
}

export interface Key {
  name: string;
  swatch?: ComponentChildren;
  /** Absent: a word without a number. */
  values?: Values;
  /** The bucket that is filling. */
  live?: (t: Tail | null) => number | null;
  write?: (v: number | null) => string;
  /** Read aloud at the time cursor. */
  spoken?: boolean;
}

/** The number under the cursor, or the latest that is known. */
export function keyNumber(k: Key, at: number | null): number | null {
  const v = k.values ?? [];
  if (at != null && at < v.length - 1) return v[at] ?? null;
  return k.live?.(tail.value) ?? latest(v);
}

function KeyFigure({ of }: { of: Key }) {
  const [, again] = useReducer((n: number) => n + 1, 0);
  const text = of.write?.(keyNumber(of, cursor.value)) ?? '';
  useLayoutEffect(() => {
    const look = (): void => {
      if (of.write?.(keyNumber(of, cursor.value)) !== text) again(undefined);
    };
    look();
    const stop = [cursor.watch(look), ...(of.live ? [tail.watch(look)] : [])];
    return () => stop.forEach((s) => s());
  });
  return <b>{text}</b>;
}

function gapFrom(l: Link): number | null {
  return l.state === 'lost' ? l.at : null;
}

/** Grid, incidents and hatched gaps: the same behind every row. */
export function Backdrop({ s, axis, range, offsetMin, height }: Drawn & { height: number }) {
  const past = useCell(incidents) ?? [];
  const lost = useLook(link, gapFrom);
  const bands = past.flatMap((i) => {
    const since = moment(i.since);
    const from = Math.max(axis.t0, since);
    const to = i.until == null ? axis.t1 : Math.min(axis.t1, moment(i.until));
    return to <= axis.t0 || from >= axis.t1 ? [] : [{ i, since, from, to }];
  });
  return (
    <g>
      {ticks(axis, range, offsetMin).at.map((t) => <path key={t} d={`M${axis.x(t).toFixed(1)} 0V${height}`} class="gx" />)}
      {bands.map(({ i, since, from, to }) => (
        <g key={i.id}>
          <rect x={axis.x(from)} width={Math.max(2, axis.x(to) - axis.x(from))} height={height} class={`band ${i.severity}`} />
          {since > axis.t0 && <path d={`M${axis.x(since).toFixed(1)} 0V${height}`} class={`onset ${i.severity}`} />}
        </g>
      ))}
      {lost != null && lost > axis.t0 && <rect x={Math.min(axis.x(lost), axis.width - 3)} width={Math.max(3, axis.width - axis.x(lost))} height={height} fill="url(#gap)" />}
      {gapsOf(s).map(([from, to]) => <rect key={from} x={axis.x(axis.start(from))} width={axis.x(axis.start(to)) - axis.x(axis.start(from))} height={height} fill="url(#gap)" />)}
    </g>
  );
}

/** Values that get a line across the plot and a label beside it. */
export function Levels({ at, y, write, width }: { at: number[]; y: (v: number) => number; write: (v: number) => string; width: number }) {
  return <>{at.map((v) => <g key={v}><path d={`M0 ${y(v).toFixed(1)}H${width}`} class="gy" /><text x={width + 6} y={(y(v) + 3.5).toFixed(1)} class="ax">{write(v)}</text></g>)}</>;
}

/** A limit: dashed for warn, dotted for critical, with its word where there is room. */
export function Limit({ at, kind, y, width, label = true }: { at: number; kind: 'warn' | 'crit'; y: (v: number) => number; width: number; label?: boolean }) {
  const words = width < 500 ? '' : kind === 'crit' ? ' critical' : ' warn';
  return <><path d={`M0 ${y(at).toFixed(1)}H${width}`} class={`lim ${kind}`} />{label && <text x={width + 6} y={(y(at) + 3.5).toFixed(1)} class={`ax ${kind}`}>{at * 100} %{words}</text>}</>;
}

interface RowProps {
  id: string;
  title: string;
  note: string;
  height: number;
  drawn: Drawn;
  keys: Key[];
  lanes?: boolean;
  control?: ComponentChildren;
  children: ComponentChildren;
}

export function Row({ id, title, note, height, drawn, keys, lanes = false, control, children }: RowProps) {
  const { axis } = drawn;
  return (
    <div class="row" id={`row-${id}`}>
      <div class="rl"><h3>{title}</h3><p>{note}</p>{control}</div>
      <div class="pl">
        <svg width={axis.width + LABELS} height={height} viewBox={`0 0 ${axis.width + LABELS} ${height}`} aria-hidden="true" focusable="false">
          <Backdrop {...drawn} height={height} />{children}
        </svg>
      </div>
      <ul class={`keys${lanes ? ' lanes' : ''}`}>
        {keys.map((k, i) => <li key={`${i} ${k.name}`} class={k.values ? undefined : 'note'}><span class="kn">{k.swatch}<span>{k.name}</span></span>{k.values && <KeyFigure of={k} />}</li>)}
      </ul>
    </div>
  );
}

/** What a row says to who cannot see it. */
export const rowWords = (title: string, keys: readonly Key[]): string => {
  const known = keys.filter((k) => k.values);
  return known.length ? `${title}: ${known.map((k) => `${k.name} ${k.write?.(keyNumber(k, null)) ?? ''}`).join(', ')}.` : '';
};

