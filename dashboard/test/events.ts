/** Events in the gateway's shapes, made from a fixture. */
import type { Overview, Tick } from '../src/api';

/** One second of each group's traffic, dealt to its deployments by their shares. */
export function tickOf(o: Overview, at: string, perGroup?: number): Tick {
  const tick: Tick = { at, model_groups: {}, deployments: {} };
  for (const c of o.chains) {
    const requests = perGroup ?? Math.round((c.requests_per_min ?? 0) / 60);
    const served = c.legs.map((l) => l.deployments.map((d) => Math.round(requests * (d.share ?? 0))));
    const full = (served[0] ?? []).reduce((a, n) => a + n, 0);
    const partial = served.slice(1).flat().reduce((a, n) => a + n, 0);
    tick.model_groups[c.model_group] = { requests, full, partial, degraded: 0, unavailable: Math.max(0, requests - full - partial), served };
    c.legs.forEach((l, i) => l.deployments.forEach((d, j) => {
      const n = served[i]?.[j] ?? 0;
      const old = tick.deployments[d.deployment];
      tick.deployments[d.deployment] = { attempts: n + (old?.attempts ?? 0), faults: {}, in_flight: d.in_flight };
    }));
  }
  return tick;
}
