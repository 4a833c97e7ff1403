/** The small charts of a chain: a spark when it is folded, its fallback rate against both lines when it is not. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Series } from '../api';
import { incidents, overview, series, useZone } from '../state/app';
import { useCell } from '../state/cell';
import { layout } from './layout';
import { ratio, type Tail } from '../live/tail';
import { chainName, chainOf, CRITICAL, WARN } from '../words/chain';
import { clock, moment } from '../words/time';
import { areaBegun, areaEnd, axisOf, grown, line, linear, most } from './axis';
import { together } from './derive';
import { LivePath } from './live';

/** What did not come from the first leg: fallen back, or unanswered. */
const lost = (s: Series, group: string) => {
  const g = s.model_groups[group];
  return g ? together(g.fallback_rate, g.unavailable_rate) : null;
};

const lostNow = (group: string) => (t: Tail | null): number | null => {
  const g = t?.groups[group];
  return g ? ratio(g.fallback + g.unavailable, g.requests) : null;
};

const nobodyNow = (group: string) => (t: Tail | null): number | null => {
  const g = t?.groups[group];
  return g ? ratio(g.unavailable, g.requests) : null;
};

const SPARK = { width: 96, height: 20 };

export function Spark({ group }: { group: string }) {
  const s = useCell(series);
  const v = s ? lost(s, group) : null;
  if (!s || !v) return <svg class="spark" width={SPARK.width} height={SPARK.height} aria-hidden="true" focusable="false" />;
  const axis = axisOf(s, SPARK.width);
  const y = linear(Math.max(0.12, most(v)), SPARK.height + 1, 3);
  const now = lostNow(group);
  return (
    <svg class="spark" width={SPARK.width} height={SPARK.height} aria-hidden="true" focusable="false">
      <path d={`M0 ${y(WARN)}H${SPARK.width}`} class="lim" />
      <LivePath class="ln" closed={line(v, axis, y)} grow={(t) => grown(v, now(t), axis, y)} />
    </svg>
  );
}

const HEIGHT = 62;
/** Room for the labels of the lines. */
const LABELS = 46;

/** The width that a chart's place has. */
function useWidth(): [RefObject<HTMLSpanElement | null>, number] {
  const place = useRef<HTMLSpanElement>(null);
  const [width, setWidth] = useState(0);
  const l = useCell(layout);
  useLayoutEffect(() => setWidth(place.current?.clientWidth ?? 0), [l]);
  return [place, width];
}

/** When the group's open incident, or the verdict about it, began. */
function useOnset(group: string): number | null {
  const open = useCell(incidents)?.find((i) => i.until == null && i.model_groups.includes(group));
  const o = useCell(overview);
  const v = o?.verdict;
  if (open) return moment(open.since);
  const about = v?.model_group ? chainOf(o?.chains ?? [], v) : undefined;
  return v?.since && about && chainName(about) === group && v.severity !== 'ok' ? moment(v.since) : null;
}

export function HeadChart({ group }: { group: string }) {
  const [place, width] = useWidth();
  const s = useCell(series);
  const onset = useOnset(group);
  const zone = useZone();
  const v = s ? lost(s, group) : null;
  if (!s || !v || width < LABELS * 2) return <span class="hcx" ref={place} />;
  const w = width - LABELS;
  const axis = axisOf(s, w);
  const high = Math.max(0.12, most(v));
  const big = high > 0.6;
  const y = linear(high > 0.25 ? Math.min(1, high * 1.02) : high * 1.15, HEIGHT + 1, 9);
  const area = areaBegun(v, axis, y);
  const un = s.model_groups[group]?.unavailable_rate ?? [];
  const nobody = most(un) > 0.01 ? areaBegun(un, axis, y) : null;
  const now = lostNow(group);
  const shown = onset != null && onset > axis.t0 ? axis.x(onset) : null;
  return (
    <span class="hcx" ref={place}>
      <svg class="hc" width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true" focusable="false">
        <path d={`M0 ${HEIGHT - 0.5}H${w}`} class="gy" />
        {([[WARN, 'warn'], [CRITICAL, 'crit']] as const).map(([q, c]) => <g key={c}><path d={`M0 ${y(q)}H${w}`} class={`lim ${c}`} />{!(big && q === WARN) && <text x={w + 5} y={y(q) + 4} class={`ax ${c}`}>{q * 100} %</text>}</g>)}
        {big && <text x={w + 5} y={y(1) + 9} class="ax">100 %</text>}
        {area && <LivePath class="hfill" closed={area.d} grow={(t) => areaEnd(now(t), axis, y, area.lastX)} />}
        {nobody && <LivePath fill="url(#px)" opacity=".75" closed={nobody.d} grow={(t) => areaEnd(nobodyNow(group)(t), axis, y, nobody.lastX)} />}
        <LivePath class={`line ${most(v) > WARN ? 'lead' : 'faint'}`} closed={line(v, axis, y)} grow={(t) => grown(v, now(t), axis, y)} />
        {shown != null && onset != null && <><path d={`M${shown} 0V${HEIGHT}`} class="onset" /><text x={shown > 60 ? shown - 5 : shown + 5} y="11" class={`ax now${shown > 60 ? ' end' : ''}`}>{clock(onset, zone)}</text></>}
      </svg>
    </span>
  );
}
