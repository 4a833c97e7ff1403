/** The sign: an o of three layers. The same drawing is wordmark, sign of the verdict, and favicon. */
import type { VerdictState } from '../api';

export type Sign = 'healthy' | 'quiet' | 'warn' | 'losing' | 'open' | 'recovering' | 'degraded' | 'partly' | 'down' | 'empty' | 'stale';

/** How full a layer is (0 is hollow), its colour, and how far it is knocked out of place. */
type Layer = [fill: number, colour: string, shift?: number];

const SIGNS: Record<Sign, [Layer, Layer, Layer]> = {
  healthy: [[1, 'leg1'], [1, 'leg1'], [1, 'leg1']],
  quiet: [[1, 'leg1'], [0, 'leg1'], [0, 'leg1']],
  warn: [[0.8, 'leg1'], [0.34, 'leg2'], [0, 'idle']],
  losing: [[0.56, 'leg1'], [1, 'leg2'], [0, 'idle']],
  open: [[0, 'none', 5], [1, 'leg2'], [0, 'idle']],
  recovering: [[0.4, 'leg1'], [0.7, 'leg2'], [0, 'idle']],
  degraded: [[0, 'idle'], [0, 'idle'], [1, 'leg4']],
  partly: [[0.8, 'leg1'], [0.34, 'leg2'], [0, 'none', 4.5]],
  down: [[0, 'none', 4.5], [0, 'none', -4.5], [0, 'none', 4.5]],
  empty: [[0, 'idle'], [0, 'idle'], [0, 'idle']],
  stale: [[0, 'idle'], [0, 'idle'], [0, 'idle']],
};

const OF: Record<VerdictState, Sign> = {
  stale: 'stale', empty: 'empty', down: 'down', partly_down: 'partly', degraded: 'degraded', recovering: 'recovering', rerouted: 'warn',
  open: 'open', losing: 'losing', slipping: 'warn', soft: 'warn', weak: 'warn', key: 'warn', quiet: 'quiet', exposed: 'quiet', healthy: 'healthy',
};
export const signOf = (state: VerdictState): Sign => OF[state];

const RADIUS = 15;
const BANDS = [[-15, -6.1], [-4.3, 4.3], [6.1, 15]] as const;

/** The part of a disc between two heights. */
function slice(y0: number, y1: number, r: number, dx: number): string {
  const half = (y: number): number => Math.sqrt(Math.max(0, r * r - y * y));
  const n = (x: number): string => x.toFixed(2);
  const [a, b] = [half(y0), half(y1)];
  return `M${n(dx - a)} ${n(y0)}L${n(dx + a)} ${n(y0)}A${r} ${r} 0 0 1 ${n(dx + b)} ${n(y1)}L${n(dx - b)} ${n(y1)}A${r} ${r} 0 0 1 ${n(dx - a)} ${n(y0)}Z`;
}

/** The part of a slice left of `x`: what is full. */
function partly(y0: number, y1: number, r: number, dx: number, fill: number): string {
  // Clipped by hand rather than by a clipPath, whose id would have to be unique on the page.
  const x = dx - r + 2 * r * fill;
  const steps = 24;
  const right = (y: number): number => Math.min(x, dx + Math.sqrt(Math.max(0, r * r - y * y)));
  const left = (y: number): number => Math.min(x, dx - Math.sqrt(Math.max(0, r * r - y * y)));
  const ys = Array.from({ length: steps + 1 }, (_, i) => y0 + ((y1 - y0) * i) / steps);
  const point = (px: number, y: number): string => `${px.toFixed(2)} ${y.toFixed(2)}`;
  return `M${[...ys.map((y) => point(right(y), y)), ...ys.reverse().map((y) => point(left(y), y))].join('L')}Z`;
}

type Shape = { d: string; colour: string; fill: boolean; faint?: boolean };

function shapes(sign: Sign, shiftBy: number): Shape[] {
  return SIGNS[sign].flatMap(([fill, colour, shift = 0], i): Shape[] => {
    const [y0, y1] = BANDS[i] ?? BANDS[0];
    const dx = shift * shiftBy;
    if (fill === 0) return [{ d: slice(y0 + 1, y1 - 1, RADIUS - 1, dx), colour, fill: false }];
    const all: Shape = { d: slice(y0, y1, RADIUS, dx), colour, fill: true };
    return fill === 1 ? [all] : [{ ...all, faint: true }, { d: partly(y0, y1, RADIUS, dx, fill), colour, fill: true }];
  });
}

export function GlyphPaths({ sign, shift = 1 }: { sign: Sign; shift?: number }) {
  return <>
    {shapes(sign, shift).map((s, i) => s.fill
      ? <path key={i} d={s.d} fill={`var(--${s.colour})`} opacity={s.faint ? 0.26 : undefined} />
      : <path key={i} d={s.d} fill="none" stroke={`var(--${s.colour})`} stroke-width="2" stroke-dasharray={sign === 'stale' ? '3 2.5' : undefined} />)}
  </>;
}

export function Glyph({ sign, size, big = false }: { sign: Sign; size: number; big?: boolean }) {
  return (
    <svg class={`glyph${big ? ' big' : ''}`} viewBox="-21 -16 42 32" width={(size * 42) / 32} height={size} aria-hidden="true" focusable="false">
      <GlyphPaths sign={sign} />
    </svg>
  );
}

/** The favicon as an address. Colours are looked up, because a favicon does not see the page's variables. */
export function faviconOf(sign: Sign, colourOf: (name: string) => string): string {
  const paths = shapes(sign, 1).map((s) => s.fill
    ? `<path d="${s.d}" fill="${colourOf(s.colour)}"${s.faint ? ' opacity=".26"' : ''}/>`
    : `<path d="${s.d}" fill="none" stroke="${colourOf(s.colour)}" stroke-width="2"${sign === 'stale' ? ' stroke-dasharray="3 2.5"' : ''}/>`);
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="-21 -21 42 42">${paths.join('')}</svg>`)}`;
}

const LETTERS = 'M6.28 18.24Q3.74 18.24 2.23 17.17Q0.73 16.1 0.57 14.2H3.33Q3.46 15.14 4.22 15.62Q4.98 16.11 6.3 16.11Q7.47 16.11 8.06 15.74Q8.64 15.36 8.64 14.66Q8.64 14.15 8.3 13.83Q7.97 13.5 7.03 13.29L5.06 12.85Q3.05 12.4 2.08 11.48Q1.11 10.57 1.11 9.18Q1.11 7.46 2.42 6.49Q3.72 5.52 6.02 5.52Q8.3 5.52 9.68 6.49Q11.06 7.46 11.21 9.18H8.45Q8.33 8.43 7.7 8.04Q7.06 7.65 5.95 7.65Q4.92 7.65 4.39 7.98Q3.86 8.31 3.86 8.92Q3.86 9.42 4.28 9.74Q4.69 10.06 5.65 10.29L7.76 10.77Q9.56 11.18 10.48 12.18Q11.4 13.19 11.4 14.58Q11.4 16.31 10.06 17.28Q8.71 18.24 6.28 18.24ZM21.1 18Q20.97 17.51 20.92 16.94Q20.86 16.36 20.86 15.56H20.76V9.75Q20.76 8.79 20.22 8.29Q19.68 7.79 18.57 7.79Q17.5 7.79 16.86 8.19Q16.22 8.58 16.08 9.33H13.18Q13.38 7.63 14.81 6.58Q16.24 5.52 18.67 5.52Q21.19 5.52 22.49 6.66Q23.78 7.81 23.78 10V15.56Q23.78 16.14 23.86 16.73Q23.94 17.33 24.11 18ZM16.85 18.24Q15 18.24 13.91 17.32Q12.82 16.39 12.82 14.83Q12.82 13.16 14.04 12.17Q15.26 11.18 17.5 10.85L21.31 10.27V12.19L18 12.7Q16.91 12.87 16.38 13.3Q15.84 13.72 15.84 14.49Q15.84 15.2 16.34 15.57Q16.84 15.94 17.74 15.94Q19.02 15.94 19.89 15.28Q20.76 14.63 20.76 13.7L21.09 15.54Q20.61 16.86 19.52 17.55Q18.42 18.24 16.85 18.24ZM26.85 18V5.76H29.8V8.64H29.89V18ZM35.45 18V10.27Q35.45 9.14 34.87 8.57Q34.3 8 33.18 8Q32.22 8 31.48 8.43Q30.73 8.86 30.31 9.62Q29.89 10.38 29.89 11.41L29.58 8.47Q30.18 7.12 31.39 6.32Q32.59 5.52 34.27 5.52Q36.27 5.52 37.38 6.64Q38.49 7.77 38.49 9.64V18ZM46.22 18.24Q43.67 18.24 42.17 17.17Q40.66 16.1 40.5 14.2H43.26Q43.4 15.14 44.16 15.62Q44.92 16.11 46.23 16.11Q47.41 16.11 47.99 15.74Q48.58 15.36 48.58 14.66Q48.58 14.15 48.24 13.83Q47.9 13.5 46.97 13.29L45 12.85Q42.98 12.4 42.02 11.48Q41.05 10.57 41.05 9.18Q41.05 7.46 42.35 6.49Q43.66 5.52 45.96 5.52Q48.24 5.52 49.62 6.49Q50.99 7.46 51.14 9.18H48.38Q48.26 8.43 47.63 8.04Q47 7.65 45.89 7.65Q44.86 7.65 44.33 7.98Q43.8 8.31 43.8 8.92Q43.8 9.42 44.21 9.74Q44.62 10.06 45.58 10.29L47.7 10.77Q49.5 11.18 50.42 12.18Q51.34 13.19 51.34 14.58Q51.34 16.31 49.99 17.28Q48.65 18.24 46.22 18.24Z';

export function Wordmark({ sign }: { sign: Sign }) {
  return (
    <svg viewBox="0 0 76 24" width="76" height="24" aria-hidden="true" focusable="false">
      <path d={LETTERS} fill="currentColor" />
      <g transform="translate(63.4 11.9) scale(.52)"><GlyphPaths sign={sign} shift={0.6} /></g>
    </svg>
  );
}
