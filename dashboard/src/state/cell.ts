/** A value that parts of the page watch. A part is drawn anew only when what it looks at changed. */
import { useLayoutEffect, useReducer } from 'preact/hooks';

export interface Cell<T> {
  readonly value: T;
  set(next: T): void;
  watch(seen: () => void): () => void;
}

export function cell<T>(first: T): Cell<T> {
  let value = first;
  const watchers = new Set<() => void>();
  return {
    get value() {
      return value;
    },
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const seen of [...watchers]) seen();
    },
    watch(seen) {
      watchers.add(seen);
      return () => watchers.delete(seen);
    },
  };
}

/** What `look` sees in a cell; draws the part again when that is another value. */
export function useLook<T, S>(source: Cell<T>, look: (value: T) => S): S {
  const [, again] = useReducer((n: number) => n + 1, 0);
  const seen = look(source.value);
  useLayoutEffect(() => {
    let last = seen;
    const check = (): void => {
      const next = look(source.value);
      if (Object.is(next, last)) return;
      last = next;
      again(undefined);
    };
    // What changed between drawing and now is not missed.
    check();
    return source.watch(check);
  });
  return seen;
}

const whole = <T>(value: T): T => value;
export const useCell = <T>(source: Cell<T>): T => useLook(source, whole);
