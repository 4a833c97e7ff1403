/**
 * A chain as a river: what was asked flows in at the left, each leg takes its share, the rest goes on.
 * The height of a ribbon is its share of the requests.
 */
import type { Chain } from '../api';
import { fillIn, NOBODY } from '../draw/fills';
import { flowing, idle, isDown, legShare } from '../words/chain';

const FULL = 30;
const TOP = 3;
const HEIGHT = 92;
/** Less than this is not drawn: it would be thinner than a hairline. */
const LEAST = 0.0005;
const thick = (share: number): number => Math.max(2, share * FULL);

type Piece = { d: string; stroke?: string; width?: number; dashed?: boolean } | { x: number; width: number; height: number; fill: string };

/** The ribbons and dotted ways of a chain, in `width` pixels. */
export function flowPieces(c: Chain, width: number): Piece[] {
  const n = c.legs.length;
  const col = width / n;
  const inflow = flowing(c);
  const shares = c.legs.map(legShare);
  const [nothing, down] = [idle(c), isDown(c)];
  return c.legs.flatMap((_, i): Piece[] => {
    const out: Piece[] = [];
    const x = i * col;
    const last = i === n - 1;
    const taken = Math.min(shares[i] ?? 0, inflow[i] ?? 0);
    const on = inflow[i + 1] ?? 0;
    const xDown = x + 30;
    const next = shares.findIndex((v, k) => k > i && v > 0);
    if (nothing) out.push({ d: `M${x} ${TOP + 1}H${x + (last ? 30 : col)}`, dashed: true });
    else if (on > LEAST) out.push({ x, width: last ? col - 18 : col, height: thick(on), fill: next > 0 ? fillIn(c, next) : NOBODY });
    else if (!last) out.push({ d: `M${x + (taken > 0 ? 46 : 0)} ${TOP + 1}H${x + col}`, dashed: true });
    if (taken > LEAST) {
      const w = thick(taken);
      const y = TOP + on * FULL + w / 2;
      const r = w / 2 + 4;
      out.push({ d: `M${x} ${y}H${xDown - r}Q${xDown} ${y} ${xDown} ${y + r}V${HEIGHT}`, stroke: fillIn(c, i), width: w });
    } else out.push({ d: `M${xDown} ${TOP + (nothing ? 1 : thick(on) + 5)}V${HEIGHT}`, dashed: true });
    if (last && (down || on > LEAST) && !nothing) out.push({ d: `M${x + col - 14} ${TOP + Math.max(1, (thick(on) - 12) / 2)}l12 12m0 -12l-12 12`, stroke: 'var(--none)', width: 3 });
    return out;
  });
}

export function Flow({ chain, width }: { chain: Chain; width: number }) {
  return (
    <svg class="flow" width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true" focusable="false">
      {flowPieces(chain, width).map((p, i) => 'fill' in p
        ? <rect key={i} x={p.x} y={TOP} width={p.width} height={p.height} fill={p.fill} />
        : <path key={i} d={p.d} fill="none" stroke={p.stroke ?? 'var(--rule-2)'} stroke-width={p.width ?? 1} stroke-dasharray={p.dashed ? '2 4' : undefined} />)}
    </svg>
  );
}
