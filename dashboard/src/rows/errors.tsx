/** Errors by provider and kind, on one scale; calm providers take less height. */
import type { ProviderSeries, Values } from '../api';
import { most, roundUp, type Axis } from '../charts/axis';
import { allKinds, providerRate } from '../charts/derive';
import { LivePath } from '../charts/live';
import { kindFill } from '../draw/fills';
import { Swatch } from '../draw/marks';
import type { Tail } from '../live/tail';
import { limit, list, rate } from '../words/numbers';
import { Row, type Drawn, type Key } from './row';

const TALL = 52;
/** Providers with a row of their own; the rest is named in the note. */
const SHOWN = 3;
/** Where an alert warns. */
const WARN = 0.01;

interface Provider {
  name: string;
  kinds: Record<string, Values>;
  all: Values;
  high: number;
}

const providers = ({ s }: Drawn): Provider[] => Object.entries(s.providers).map(([name, p]: [string, ProviderSeries]) => {
  const all = allKinds(p.kinds, s.t.length);
  return { name, kinds: p.kinds, all, high: most(all) };
}).sort((a, b) => b.high - a.high);

/** One bar, stacked on `from`. */
function bar(i: number, from: number, value: number, axis: Axis, bottom: number, tall: (v: number) => number): string {
  const w = axis.width / axis.n;
  const h = tall(value);
  return `M${(i * w + 0.4).toFixed(1)} ${(bottom - tall(from)).toFixed(1)}v${(-h).toFixed(1)}h${(w - 0.8).toFixed(1)}v${h.toFixed(1)}z`;
}

/** Bars thinner than a quarter of a pixel are not drawn. */
const THIN = 0.25;

function Bars({ p, kinds, axis, bottom, tall }: { p: Provider; kinds: readonly string[]; axis: Axis; bottom: number; tall: (v: number) => number }) {
  const base = Array.from({ length: axis.n }, () => 0);
  const below = (t: Tail | null, k: number): number => kinds.slice(0, k).reduce((a, kind) => a + (providerRate(t, p.name, kind) ?? 0), 0);
  return <>{kinds.map((kind, k) => {
    const v = p.kinds[kind] ?? [];
    let d = '';
    for (let i = 0; i < axis.n - 1; i++) {
      const q = v[i] ?? 0;
      if (tall(q) <= THIN) continue;
      d += bar(i, base[i] ?? 0, q, axis, bottom, tall);
      base[i] = (base[i] ?? 0) + q;
    }
    const grow = (t: Tail | null): string => {
      const q = providerRate(t, p.name, kind) ?? 0;
      return tall(q) <= THIN ? '' : bar(axis.n - 1, below(t, k), q, axis, bottom, tall);
    };
    return <LivePath key={kind} closed={d} grow={grow} fill={kindFill(kind)} />;
  })}</>;
}

export function errorsRow(drawn: Drawn) {
  const { axis } = drawn;
  const all = providers(drawn);
  if (!all.length) return null;
  const shown = all.slice(0, SHOWN);
  const rest = all.slice(SHOWN);
  const high = Math.max(0.02, ...shown.map((p) => p.high));
  const top = high > 0.5 ? 1 : roundUp(high * 1.02);
  const tall = (v: number): number => (Math.min(v, top) / top) * TALL;
  const heights = shown.map((p) => Math.max(24, Math.min(TALL, tall(p.high) + 12)) + 10);
  const bottoms = heights.map((_, i) => heights.slice(0, i + 1).reduce((a, b) => a + b, 0));
  const kinds = [...new Set(shown.flatMap((p) => Object.keys(p.kinds).filter((k) => most(p.kinds[k] ?? []) > 0)))];
  const others = rest.length ? `; ${list(rest.slice(0, 4).map((p) => p.name))}${rest.length > 4 ? ` and ${rest.length - 4} more` : ''} under ${limit(Math.max(0.001, Math.ceil(Math.max(...rest.map((p) => p.high)) * 1000) / 1000))}` : '';
  const keys: Key[] = [
    ...shown.map((p): Key => ({ name: p.name, values: p.all, live: (t) => providerRate(t, p.name), write: rate })),
    ...kinds.map((k): Key => ({ name: k, swatch: <Swatch fill={kindFill(k)} /> })),
  ];
  return {
    title: 'Errors by provider', keys, element: (
      <Row id="errors" title="Errors by provider" note={`attempts that failed, by kind${others}`} height={bottoms.at(-1) ?? 0} drawn={drawn} keys={keys}>
        {shown.map((p, r) => {
          const bottom = (bottoms[r] ?? 0) - 2;
          return (
            <g key={p.name}>
              <path d={`M0 ${bottom}H${axis.width}`} class="gy" /><path d={`M0 ${bottom - tall(WARN)}H${axis.width}`} class="lim warn thin" />
              <Bars p={p} kinds={kinds} axis={axis} bottom={bottom} tall={tall} />
              <text x="4" y={bottom - (heights[r] ?? 0) + 16} class="inl strong">{p.name}</text>
              {r === 0 && <text x={axis.width + 6} y={bottom - TALL + 6} class="ax">{limit(top)}</text>}
              <text x={axis.width + 6} y={bottom - tall(WARN) + 3} class="ax warn">1 %</text>
            </g>
          );
        })}
      </Row>
    ),
  };
}
