/** Single keys. All can be switched off in the help (WCAG 2.1.4). */
import { cursor, helpOpen, keysOn, series } from './state/app';
import { chooseRange, toggleChip, toggleLive, toggleZone } from './state/choose';
import { toggleTheme } from './state/theme';
import { RANGES } from './words/range';

const typing = (target: EventTarget | null): boolean => target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);

function toRequest(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-request]')];
  const at = rows.findIndex((r) => r === document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}

function toCursor(): void {
  document.getElementById('scrub')?.focus();
  const n = series.value?.t.length;
  if (n) cursor.set(n - 1);
}

function toFilter(e: KeyboardEvent): void {
  const field = document.getElementById('filter');
  if (!field) return;
  e.preventDefault();
  field.scrollIntoView({ block: 'center' });
  field.focus();
}

const ACTIONS: Record<string, (e: KeyboardEvent) => void> = {
  '/': toFilter,
  c: toCursor,
  f: () => toggleChip('fallback'),
  j: () => toRequest(1),
  k: () => toRequest(-1),
  l: toggleLive,
  t: toggleTheme,
  u: toggleZone,
  '?': () => helpOpen.set(true),
};

function onKey(e: KeyboardEvent): void {
  if (typing(e.target)) {
    if (e.key === 'Escape' && e.target instanceof HTMLElement) e.target.blur();
    return;
  }
  if (!keysOn.value || helpOpen.value || e.metaKey || e.ctrlKey || e.altKey) return;
  const range = /^[1-6]$/.test(e.key) ? RANGES[Number(e.key) - 1] : undefined;
  if (range) chooseRange(range);
  else if (Object.hasOwn(ACTIONS, e.key)) ACTIONS[e.key]?.(e);
}

export const keepKeys = (): void => addEventListener('keydown', onKey);
