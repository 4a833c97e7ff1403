/** Gathers events and hands them on together, at most four times a second: a thousand cost no more than one. */

/** The least time between two drawings that events cause. */
export const BEAT = 250;

export interface Queue<T> {
  push(item: T): void;
  /** Forgets what is waiting. */
  clear(): void;
}

/** `take` gets everything that came since it was last called, in order. */
export function queue<T>(take: (items: T[]) => void, clock: () => number = () => performance.now()): Queue<T> {
  let items: T[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  const flush = (): void => {
    timer = undefined;
    last = clock();
    const all = items;
    items = [];
    if (all.length) take(all);
  };
  return {
    push(item) {
      items.push(item);
      timer ??= setTimeout(flush, Math.max(0, BEAT - (clock() - last)));
    },
    clear() {
      items = [];
    },
  };
}
