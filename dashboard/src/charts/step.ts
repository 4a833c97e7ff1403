/** Where a key of the keyboard leads; `undefined` is not ours, `null` puts the cursor away. */
export function stepTo(key: string, shift: boolean, at: number | null, n: number): number | null | undefined {
  const from = at ?? n - 1;
  const by = shift ? 10 : 1;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, from - by);
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(n - 1, from + by);
    case 'PageDown':
      return Math.max(0, from - 10);
    case 'PageUp':
      return Math.min(n - 1, from + 10);
    case 'Home':
      return 0;
    case 'End':
      return n - 1;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}
