/** What is worked out once when an overview arrives, so that no part has to. */
import type { Alert, Chain, Overview } from '../api';

/** The name that series, ticks and `answers.scope` use: the group's; where several chains share a group, each one's task. */
function named(chains: Chain[]): Chain[] {
  const sharing = new Map<string, number>();
  for (const c of chains) sharing.set(c.model_group, (sharing.get(c.model_group) ?? 0) + 1);
  return chains.map((c) => ({ ...c, name: c.name ?? (((sharing.get(c.model_group) ?? 0) > 1 && c.task) || c.model_group) }));
}

/** What is over its line, but not for long or of few requests, is no alert yet. */
const isOpen = (a: Alert): boolean => a.state !== 'pending' && a.state !== 'resolved';

export const arrived = (o: Overview): Overview => ({ ...o, chains: named(o.chains), alerts: o.alerts.filter(isOpen) });
