/** Where the words of marks on the time axis have room. */

/** The width of most letters, in pixels. */
const LETTER = 6.5;
/** Half a mark, and the space beside it. */
const SIGN = 9;

/** Marks with the beginning of what they say, up to its comma, where there is room for it at the left. */
export function placed(marks: readonly { x: number; what: string }[]): { x: number; what: string; room: boolean }[] {
  let free = 0;
  return [...marks].sort((a, b) => a.x - b.x).map((m) => {
    const what = m.what.split(',')[0] ?? '';
    const room = m.x - SIGN - what.length * LETTER >= free;
    free = m.x + SIGN;
    return { x: m.x, what, room };
  });
}
