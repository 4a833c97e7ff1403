/** Small signs: severity, the breaker as the switch that it is, swatches, and the patterns of the page. */
import type { Breaker, BreakerState } from '../api';

export type MarkKind = 'critical' | 'warn' | 'ok' | 'drill';

const SHAPES: Record<MarkKind, [name: string, outline: string, inside: string]> = {
  critical: ['crit', 'M4.1 0h5.8L14 4.1v5.8L9.9 14H4.1L0 9.9V4.1z', 'M7 3v5M7 9.6v1.6'],
  warn: ['warn', 'M7 .6L14 13H0z', 'M7 5v4M7 10v1.4'],
  ok: ['ok', 'M0 7a7 7 0 1 0 14 0a7 7 0 1 0-14 0z', 'M3.8 7.2l2.3 2.3 4.2-4.6'],
  drill: ['drill', 'M7 0l7 7-7 7-7-7z', ''],
};

/** Octagon, triangle, tick or diamond: never the colour alone. */
export function Mark({ kind }: { kind: MarkKind }) {
  const [name, outline, inside] = SHAPES[kind];
  return (
    <svg class={`mark ${name}`} viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" focusable="false">
      <path d={outline} />
      {inside && <path d={inside} class="in" />}
    </svg>
  );
}

export const STATE_WORDS: Record<BreakerState, string> = { closed: 'Closed', open: 'Open', 'half-open': 'Half-open', recovering: 'Recovering' };
const ANGLES: Record<BreakerState, number> = { closed: 0, recovering: 0, 'half-open': -13, open: -34 };
const COLOURS: Record<BreakerState, string> = { closed: 'var(--ok)', open: 'var(--crit)', 'half-open': 'var(--warn)', recovering: 'var(--ok)' };

export function Switch({ state, size = 1 }: { state: BreakerState; size?: number }) {
  const c = COLOURS[state];
  const lets = state === 'closed' || state === 'recovering';
  return (
    <svg class="sw" viewBox="0 0 40 18" width={40 * size} height={18 * size} aria-hidden="true" focusable="false">
      <g fill="none" stroke={c} stroke-width="2">
        <path d="M0 11H8M32 11H40" />
        <path d="M10 11H30" transform={`rotate(${ANGLES[state]} 10 11)`} stroke-width="2.6" stroke-linecap="round" stroke-dasharray={state === 'half-open' ? '3.5 4' : undefined} />
        {state === 'recovering' && <path d="M11 6.5L29 6.5L29 1Z" fill="var(--ok)" stroke="none" />}
        <circle cx="9.5" cy="11" r="2.4" fill={state === 'open' ? 'var(--paper)' : c} />
        <circle cx="30.5" cy="11" r="2.4" fill={lets ? c : 'var(--paper)'} />
      </g>
    </svg>
  );
}

const ORDER: BreakerState[] = ['open', 'half-open', 'recovering', 'closed'];
/** The worst of several breakers: what one switch shows for them all. */
export function worst(breakers: readonly Breaker[]): BreakerState {
  return ORDER.find((state) => breakers.some((b) => b.state === state)) ?? 'closed';
}

export function Swatch({ fill }: { fill: string }) {
  return <svg width="12" height="12" aria-hidden="true" focusable="false"><rect width="12" height="12" rx="2" fill={fill} /></svg>;
}

export function LineSwatch({ stroke, dash }: { stroke: string; dash?: string | undefined }) {
  return <svg width="14" height="10" aria-hidden="true" focusable="false"><path d="M0 5H14" stroke={stroke} stroke-width="2.4" stroke-dasharray={dash} /></svg>;
}

export function Chevron({ size = 12 }: { size?: number }) {
  return (
    <svg class="chev" width={size} height={size} viewBox="0 0 12 12" aria-hidden="true" focusable="false">
      <path d={size === 12 ? 'M2 4l4 4 4-4' : 'M4 2.4l4.6 3.6-4.6 3.6'} fill="none" stroke="currentColor" stroke-width="1.6" />
    </svg>
  );
}
