/** Fallback rate of each group, against both lines; what nobody answered is stacked under it. */
import type { Chain } from '../api';
import { areaBegun, areaEnd, grown, line, linear, most, roundUp } from '../charts/axis';
import { tailRate, unavailableOf } from '../charts/derive';
import { LivePath } from '../charts/live';
import { dash, NOBODY } from '../draw/fills';
import { LineSwatch, Swatch } from '../draw/marks';
import { chainName, CRITICAL, WARN } from '../words/chain';
import { rate } from '../words/numbers';
import { Levels, Limit, Row, type Drawn, type Key } from './row';

const HEIGHT = 168;
/** Lines named at the right, where there are many. */
const NAMED = 5;

interface Ranked {
  name: string;
  values: (number | null)[];
  high: number;
  dash: string | undefined;
}

/** Groups that have a fallback, highest first. Escalations of a cascade are no fallback. */
function ranked({ s }: Drawn, chains: readonly Chain[]): Ranked[] {
  return chains.filter((c) => c.legs.length > 1 && !c.cascade).map((c, i) => {
    const name = chainName(c);
    const values = s.model_groups[name]?.fallback_rate ?? [];
    return { name, values, high: most(values), dash: dash(i) };
  }).sort((a, b) => b.high - a.high);
}

export function fallbackRow(drawn: Drawn, chains: readonly Chain[]) {
  const { s, axis } = drawn;
  const rows = ranked(drawn, chains);
  if (!rows.length) return null;
  const everyone = chains.map(chainName);
  const unanswered = unavailableOf(s, everyone);
  const high = Math.max(0.12, most(unanswered), ...rows.map((r) => r.high));
  const top = high > 0.6 ? 1 : high > 0.25 ? roundUp(high * 1.05) : Math.ceil((high * 100) / 2) * 0.02 + 0.02;
  const y = linear(top, HEIGHT, 14);
  const un = most(unanswered) > 0.01 ? areaBegun(unanswered, axis, y) : null;
  const hot = rows.filter((r) => r.high > WARN);
  const lead = hot.length ? hot : rows.slice(0, 1);
  const loud = hot.length > 0;
  const steep = top > 0.6;
  const now = (name: string) => (t: Parameters<typeof tailRate>[0]) => tailRate(t, [name], (g) => g.fallback);
  const rest = rows.length - NAMED;
  const named = chains.length > 4 ? rows.slice(0, NAMED) : rows;
  const dashOf = (r: Ranked): string | undefined => (r === lead[0] ? undefined : r.dash);
  const keys: Key[] = [
    ...(un ? [{ name: 'nobody answered', swatch: <Swatch fill={NOBODY} />, values: unanswered, live: (t: Parameters<typeof tailRate>[0]) => tailRate(t, everyone, (g) => g.unavailable), write: rate, spoken: true }] : []),
    ...named.map((r): Key => ({
      name: r.name, values: r.values, live: now(r.name), write: rate, spoken: true,
      swatch: <LineSwatch stroke={!lead.includes(r) ? 'var(--ink-3)' : loud ? 'var(--leg2-text)' : 'var(--ink)'} dash={dashOf(r)} />,
    })),
    ...(named.length < rows.length ? [{ name: `+ ${rest} more, ${(rows[NAMED]?.high ?? 0) <= WARN ? 'all under 5 %' : 'some over 5 %'}` }] : []),
  ];
  const drawLine = (r: Ranked, kind: string) => <LivePath key={r.name} class={`line ${kind}`} stroke-dasharray={dashOf(r)} closed={line(r.values, axis, y)} grow={(t) => grown(r.values, now(r.name)(t), axis, y)} />;
  return {
    title: 'Fallback rate', keys, element: (
      <Row id="fallback" title="Fallback rate" note="answered by a leg that was not its first" height={HEIGHT} drawn={drawn} keys={keys}>
        <rect y="0" width={axis.width} height={y(CRITICAL)} class="zone" />
        <Levels at={top > 0.3 ? [0, 0.5, 1].filter((v) => v <= top) : [0]} y={y} write={(v) => `${v * 100} %`} width={axis.width} />
        {un && <LivePath fill={NOBODY} opacity=".7" closed={un.d} grow={(t) => areaEnd(tailRate(t, everyone, (g) => g.unavailable), axis, y, un.lastX)} />}
        {rows.filter((r) => !lead.includes(r)).map((r) => drawLine(r, 'faint'))}
        {steep
          ? <><Limit at={WARN} kind="warn" y={y} width={axis.width} label={false} /><Limit at={CRITICAL} kind="crit" y={y} width={axis.width} label={false} /><text x={axis.width + 6} y={y(CRITICAL) + 1.5} class="ax crit">5, 10 %</text></>
          : <><Limit at={WARN} kind="warn" y={y} width={axis.width} /><Limit at={CRITICAL} kind="crit" y={y} width={axis.width} /></>}
        {lead.map((r) => drawLine(r, loud ? 'lead' : 'calm'))}
      </Row>
    ),
  };
}
