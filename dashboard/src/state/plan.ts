/** The configured chains as names: they change with a reload, not with a tick. */
import { useMemo } from 'preact/hooks';
import type { Chain } from '../api';
import { overview } from './app';
import { useLook } from './cell';

const shapeOf = (chains: readonly Chain[]): string =>
  JSON.stringify(chains.map((c) => [c.name, c.model_group, c.task, c.cascade, c.legs.map((l) => l.deployments.map((d) => [d.deployment, d.model, d.region]))]));

/** The chains for whoever needs their names and order alone. */
export function usePlan(): readonly Chain[] {
  const shape = useLook(overview, (o) => shapeOf(o?.chains ?? []));
  return useMemo(() => overview.value?.chains ?? [], [shape]);
}
