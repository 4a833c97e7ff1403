/** How wide things are. Computed from the window alone, so that charts are right at their first drawing. */
import { cell } from '../state/cell';

export interface Layout {
  /** The window, with its scrollbar. */
  view: number;
  /** Between the gutters. */
  box: number;
  /** The plot of a chart, without its axis labels. */
  plot: number;
}

const MOST = 1760;

export function layoutFor(view: number, client: number): Layout {
  const gutter = Math.min(48, Math.max(16, view * 0.032));
  const box = Math.min(MOST, client) - 2 * gutter;
  const columns = view > 1180 ? 190 + 200 : view > 860 ? 150 + 150 : 0;
  return { view, box, plot: Math.max(200, box - columns - (view > 860 ? 84 : 50)) };
}

const measure = (): Layout => layoutFor(window.innerWidth, document.documentElement.clientWidth);
export const layout = cell<Layout>(measure());

/** Follows the window, and the scrollbar that comes and goes. */
export function keepLayout(): void {
  const look = (): void => {
    const next = measure();
    const old = layout.value;
    if (next.box !== old.box || next.view !== old.view) layout.set(next);
  };
  new ResizeObserver(look).observe(document.documentElement);
  addEventListener('resize', look);
}
