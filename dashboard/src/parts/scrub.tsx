/** The time cursor: one for all rows, by pointer or as a slider by keyboard. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ticks, type Axis } from '../charts/axis';
import { stepTo } from '../charts/step';
import { cursor, now, zone } from '../state/app';
import { useCell } from '../state/cell';
import { keyNumber, LABELS, type Drawn, type Key } from '../rows/row';
import { clock, DAY, dayMonth, hourMinute, SECOND, span } from '../words/time';

const clampTo = (axis: Axis, i: number): number => Math.max(0, Math.min(axis.n - 1, i));

/** Labels of the time axis; the upper one is the slider. */
export function TimeAxis({ drawn, lost, slider, keys }: { drawn: Drawn; lost: boolean; slider?: boolean; keys?: Key[] }) {
  const { axis, range, offsetMin } = drawn;
  const { at, every } = ticks(axis, range, offsetMin);
  const z = { now: axis.t1, offsetMin };
  const svg = (
    <svg width={axis.width + LABELS} height="22" aria-hidden="true" focusable="false">
      {at.filter((t) => axis.x(t) >= 24 && axis.x(t) <= axis.width - 78).map((t) => <text key={t} x={axis.x(t).toFixed(1)} y="15" class="ax mid">{every >= DAY ? dayMonth(t, z) : hourMinute(t, z)}</text>)}
      <text x={axis.width} y="15" class="ax end now">{lost ? hourMinute(axis.t1, z) : `now ${hourMinute(axis.t1, z)}`}</text>
    </svg>
  );
  return (
    <div class={`row axis ax-${slider ? 'top' : 'bottom'}`}>
      <div class="rl" />
      {slider ? <Slider axis={axis} keys={keys ?? []}>{svg}</Slider> : <div class="pl">{svg}</div>}
      <div class="keys kh">{slider && <Column axis={axis} />}</div>
    </div>
  );
}

function Slider({ axis, keys, children }: { axis: Axis; keys: Key[]; children: ComponentChildren }) {
  const at = useCell(cursor);
  const onKey = (e: KeyboardEvent): void => {
    const next = stepTo(e.key, e.shiftKey, cursor.value, axis.n);
    if (next === undefined) return;
    e.preventDefault();
    cursor.set(next);
  };
  const figures = keys.filter((k) => k.spoken).map((k) => `${k.name} ${k.write?.(keyNumber(k, at)) ?? ''}`);
  const words = at == null ? 'now' : `${clock(axis.start(at), zone())}: ${figures.join(', ')}`;
  return (
    <div class="pl" id="scrub" tabIndex={0} role="slider" aria-label="Time cursor over all charts" aria-orientation="horizontal" aria-valuemin={0} aria-valuemax={axis.n - 1} aria-valuenow={at ?? axis.n - 1} aria-valuetext={words} onKeyDown={onKey} onBlur={() => cursor.set(null)}>
      {children}
    </div>
  );
}

/** What the numbers at the right belong to. */
function Column({ axis }: { axis: Axis }) {
  const at = useCell(cursor);
  return <span>{at == null ? 'latest' : `at ${clock(axis.start(at), zone())}`}</span>;
}

export function CursorWords({ axis }: { axis: Axis }) {
  const at = useCell(cursor);
  if (at == null) return <p class="cursor" aria-hidden="true" />;
  const t = axis.start(at);
  return <p class="cursor" aria-hidden="true">at <b>{clock(t, zone(), axis.step < 60 * SECOND)}</b>, {span(now.value - t)} ago</p>;
}

/** The line through all rows. */
export function Hair({ axis }: { axis: Axis }) {
  const at = useCell(cursor);
  const line = useRef<HTMLDivElement>(null);
  const [left, setLeft] = useState(0);
  useLayoutEffect(() => {
    const plot = document.querySelector('#scrub svg');
    const box = line.current?.parentElement;
    if (plot && box) setLeft(plot.getBoundingClientRect().left - box.getBoundingClientRect().left);
  }, [at, axis]);
  return <div class={`hair${at == null ? '' : ' on'}`} ref={line} style={at == null ? undefined : { left: `${left + axis.mid(at)}px` }} />;
}

/** Follows the pointer over any row. */
export function point(e: PointerEvent, axis: Axis): void {
  const plot = document.querySelector('#scrub svg');
  if (!plot) return;
  const x = e.clientX - plot.getBoundingClientRect().left;
  cursor.set(x < 0 || x > axis.width ? null : clampTo(axis, Math.floor((x / axis.width) * axis.n)));
}

export function leave(): void {
  if (document.activeElement?.id !== 'scrub') cursor.set(null);
}
