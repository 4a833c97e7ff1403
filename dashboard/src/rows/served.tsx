/** Who served: the shares of each leg and deployment of a group, or of the legs of all groups, stacked. */
import type { Chain, Values } from '../api';
import type { Axis } from '../charts/axis';
import { degradedOf, tailRate, unavailableOf } from '../charts/derive';
import { legLayers } from '../charts/legs';
import { LivePath } from '../charts/live';
import { areaFill, legFill, NOBODY, STORED } from '../draw/fills';
import { Swatch } from '../draw/marks';
import { ratio, type Tail } from '../live/tail';
import { servedOf } from '../state/app';
import { chainName, isRanked } from '../words/chain';
import { rate } from '../words/numbers';
import { Levels, Row, type Drawn, type Key } from './row';

const HEIGHT = 128;
const y = (v: number): number => HEIGHT - v * HEIGHT;

interface Layer {
  name: string;
  fill: string;
  values: Values;
  live: (t: Tail | null) => number | null;
}

function layersOfAll({ s }: Drawn, chains: readonly Chain[]): Layer[] {
  const fill = (leg: number | null): string => (leg == null ? areaFill(1, 1) : leg === 0 ? areaFill(0, 0) : legFill(leg));
  return legLayers(s, chains).map((l) => ({ ...l, fill: fill(l.leg) }));
}

/** What the layers of all groups go by. */
const noteOfAll = (chains: readonly Chain[]): string =>
  !chains.some(isRanked) ? 'all model groups, by leg'
  : chains.every(isRanked) ? 'all model groups, by first choice and fallback'
  : 'all model groups, by leg; ranked tasks by first choice and fallback';

function layersOf({ s }: Drawn, chain: Chain): Layer[] {
  const name = chainName(chain);
  return chain.legs.flatMap((l, k) => l.deployments.map((d, j): Layer => ({
    name: d.region ? `${d.region}, ${d.model}` : d.model,
    fill: isRanked(chain) ? areaFill(0, k + j) : areaFill(k, j),
    values: s.model_groups[name]?.served[k]?.[j] ?? [],
    live: (t) => { const g = t?.groups[name]; return g ? ratio(g.served[k]?.[j] ?? 0, g.requests) : null; },
  })));
}

/** Stored answers and none at all, where there were any. */
function layersOfNobody({ s }: Drawn, groups: string[]): Layer[] {
  const all: Layer[] = [
    { name: 'stored answer', fill: STORED, values: degradedOf(s, groups), live: (t) => tailRate(t, groups, (g) => g.degraded) },
    { name: 'nobody', fill: NOBODY, values: unavailableOf(s, groups), live: (t) => tailRate(t, groups, (g) => g.unavailable) },
  ];
  return all.filter((l) => l.values.some((v) => v != null && v > 0));
}

const point = (x: number, v: number): string => `${x.toFixed(1)} ${y(v).toFixed(1)}`;

/** The closed part of each layer, from the left edge of what is known to the middle of the last closed bucket. */
function stack(layers: readonly Layer[], axis: Axis): { area: string; edge: string }[] {
  const base = Array.from({ length: axis.n }, () => 0);
  return layers.map((l) => {
    const up: string[] = [];
    const down: string[] = [];
    for (let i = 0; i < axis.n - 1; i++) {
      const q = l.values[i];
      if (q == null) continue;
      const x = up.length ? axis.mid(i) : axis.x(axis.start(i));
      down.push(point(x, base[i] ?? 0));
      base[i] = (base[i] ?? 0) + q;
      up.push(point(x, base[i] ?? 0));
    }
    return { area: up.length ? `M${up.join('L')}L${down.reverse().join('L')}Z` : '', edge: up.length ? `M${up.join('L')}` : '' };
  });
}

/** The growing part of layer `k`: from the last closed bucket to the right edge. */
function growing(layers: readonly Layer[], k: number, axis: Axis) {
  const before = axis.n - 2;
  return (t: Tail | null): { area: string; edge: string } => {
    const now = layers.map((l) => l.live(t));
    const was = layers.map((l) => l.values[before]);
    if (now.some((v) => v == null) || was.some((v) => v == null)) return { area: '', edge: '' };
    const upTo = (v: (number | null | undefined)[], n: number): number => v.slice(0, n).reduce<number>((a, q) => a + (q ?? 0), 0);
    const [x0, x1] = [axis.mid(before) - 0.4, axis.mid(axis.n - 1)];
    const [low0, high0, low1, high1] = [upTo(was, k), upTo(was, k + 1), upTo(now, k), upTo(now, k + 1)];
    const top = `${point(x0, high0)}L${point(x1, high1)}L${point(axis.width, high1)}`;
    return { area: `M${top}L${point(axis.width, low1)}L${point(x1, low1)}L${point(x0, low0)}Z`, edge: `M${top}` };
  };
}

export function servedRow(drawn: Drawn, chains: readonly Chain[], chosen: string) {
  const chain = chains.find((c) => chainName(c) === chosen);
  const groups = chain ? [chosen] : chains.map(chainName);
  const layers = [...(chain ? layersOf(drawn, chain) : layersOfAll(drawn, chains)), ...layersOfNobody(drawn, groups)];
  const closed = stack(layers, drawn.axis);
  const keys = [...layers].reverse().map((l): Key => ({ name: l.name, swatch: <Swatch fill={l.fill} />, values: l.values, live: l.live, write: rate, spoken: true }));
  const pick = (
    <label class="pick"><span class="vh">Model group</span>
      <select id="served-of" value={chain ? chosen : ''} onChange={(e) => servedOf.set(e.currentTarget.value)}>
        <option value="">{chains.some(isRanked) ? 'all groups' : 'all groups, by leg'}</option>
        {chains.map(chainName).map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </label>
  );
  return {
    title: 'Who served', keys, element: (
      <Row id="served" title="Who served" note={chain ? `asked for ${chosen}` : noteOfAll(chains)} height={HEIGHT} drawn={drawn} keys={keys} control={pick}>
        {layers.map((l, k) => {
          const grow = growing(layers, k, drawn.axis);
          const quiet = l.fill.startsWith('var(--area');
          return (
            <g key={`${k} ${l.name}`}>
              <path d={closed[k]?.area} fill={l.fill} class="area" />
              <LivePath closed="" grow={(t) => grow(t).area} fill={l.fill} />
              {quiet && <LivePath closed={closed[k]?.edge ?? ''} grow={(t) => grow(t).edge} class="edge" />}
            </g>
          );
        })}
        <Levels at={[0, 0.5, 1]} y={y} write={(v) => `${v * 100} %`} width={drawn.axis.width} />
      </Row>
    ),
  };
}
