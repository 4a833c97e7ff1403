/** The end of a path that grows with the ticks: its attribute is patched, nothing around it is drawn again. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { SVGAttributes } from 'preact';
import type { Tail } from '../live/tail';
import { tail } from '../state/app';

type Attributes = Omit<SVGAttributes<SVGPathElement>, 'd' | 'ref'>;

export function LivePath({ closed, grow, ...attributes }: Attributes & { closed: string; grow: (t: Tail | null) => string }) {
  const path = useRef<SVGPathElement>(null);
  useLayoutEffect(() => {
    const patch = (): void => path.current?.setAttribute('d', closed + grow(tail.value));
    patch();
    return tail.watch(patch);
  });
  return <path ref={path} {...attributes} />;
}
