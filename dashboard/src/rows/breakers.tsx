/** Breakers that moved: open, half-open and recovering on a line of their own, each opening a tick. */
import type { BreakerLane, BreakerState, Chain } from '../api';
import type { Axis } from '../charts/axis';
import { Switch } from '../draw/marks';
import { deployments, nameOf } from '../words/names';
import { moment } from '../words/time';
import { Row, type Drawn, type Key } from './row';

const LANE = 22;
/** Lanes named at the right. */
const NAMED = 12;

function Segment({ from, to, state, y, axis }: { from: number; to: number; state: BreakerState; y: number; axis: Axis }) {
  const a = axis.x(Math.max(from, axis.t0));
  const b = axis.x(to);
  switch (state) {
    case 'open':
      return <rect x={a} y={y - 6} width={Math.max(3, b - a)} height="12" fill="var(--crit)" />;
    case 'half-open':
      return <rect x={a} y={y - 6} width={Math.max(3, b - a)} height="12" fill="var(--paper)" stroke="var(--warn)" stroke-width="2" stroke-dasharray="3 2" />;
    case 'recovering':
      return <path d={`M${a} ${y + 6}L${Math.max(b, a + 4)} ${y + 6}L${Math.max(b, a + 4)} ${y - 6}Z`} fill="var(--leg1)" />;
    case 'closed':
      return null;
  }
}

function Lane({ lane, y, axis }: { lane: BreakerLane; y: number; axis: Axis }) {
  return <>
    <path d={`M0 ${y}H${axis.width}`} stroke="var(--leg1)" stroke-width="1.5" />
    {lane.segments.map((g) => ({ from: moment(g.from), to: g.to == null ? axis.t1 : moment(g.to), state: g.state })).filter((g) => g.to > axis.t0 && g.from < axis.t1)
      .map((g) => <Segment key={g.from} {...g} y={y} axis={axis} />)}
    {lane.openings.map(moment).filter((t) => t > axis.t0 && t < axis.t1).map((t) => <path key={t} d={`M${axis.x(t).toFixed(1)} ${y - 9}V${y + 9}`} stroke="var(--ink)" stroke-width="1" />)}
  </>;
}

const stateNow = (l: BreakerLane): BreakerState => {
  const last = l.segments.at(-1);
  return last && last.to == null ? last.state : 'closed';
};

export function breakersRow(drawn: Drawn, chains: readonly Chain[]) {
  const { s, axis } = drawn;
  const lanes = s.breakers.filter((l) => l.segments.some((g) => g.state !== 'closed' && (g.to == null || moment(g.to) > axis.t0)));
  const total = deployments(chains).length;
  const height = Math.max(26, lanes.length * LANE + 6);
  const keys = lanes.slice(0, NAMED).map((l): Key => ({ name: nameOf(chains, l.deployment), swatch: <Switch state={stateNow(l)} size={0.7} /> }));
  const note = lanes.length ? `${lanes.length} moved, ${Math.max(0, total - lanes.length)} stayed closed` : `all ${total} closed throughout`;
  return {
    title: 'Breakers', keys, element: (
      <Row id="breakers" title="Breakers" note={note} height={height} drawn={drawn} keys={keys} lanes>
        {lanes.length ? lanes.map((l, i) => <Lane key={l.deployment} lane={l} y={i * LANE + 14} axis={axis} />) : <path d={`M0 13H${axis.width}`} stroke="var(--leg1)" stroke-width="1.5" />}
      </Row>
    ),
  };
}
