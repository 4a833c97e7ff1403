/** What an event changes in the overview. What did not change stays the same object, so that it is not drawn again. */
import type { BreakerMoved, Chain, Deployment, Overview, Tick, Totals } from '../api';
import { HOUR, moment } from '../words/time';

const NOTHING: Totals = { requests: 0, full: 0, partial: 0, degraded: 0, unavailable: 0 };

const plus = <T extends Totals>(a: T, b: Totals): T => ({
  ...a, requests: a.requests + b.requests, full: a.full + b.full, partial: a.partial + b.partial,
  degraded: a.degraded + b.degraded, unavailable: a.unavailable + b.unavailable,
});

/** Several ticks as one. */
export function mergeTicks(ticks: readonly Tick[]): Tick | null {
  const [first, ...rest] = ticks;
  if (!first) return null;
  const out: Tick = structuredClone(first);
  for (const t of rest) {
    out.at = t.at;
    for (const [name, g] of Object.entries(t.model_groups)) {
      const old = out.model_groups[name];
      out.model_groups[name] = old
        ? { ...plus(old, g), served: g.served.map((leg, i) => leg.map((n, j) => n + (old.served[i]?.[j] ?? 0))) }
        : structuredClone(g);
    }
    for (const [id, d] of Object.entries(t.deployments)) {
      const old = out.deployments[id];
      out.deployments[id] = old ? { attempts: old.attempts + d.attempts, faults: addFaults(old.faults, d.faults), in_flight: d.in_flight } : structuredClone(d);
    }
  }
  return out;
}

function addFaults(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const more = Object.entries(b).filter(([, n]) => n > 0);
  if (!more.length) return a;
  const out = { ...a };
  for (const [k, n] of more) out[k] = (out[k] ?? 0) + n;
  return out;
}

/** Changes the deployments that `change` gives another object for. */
function eachDeployment(chains: Chain[], change: (d: Deployment) => Deployment): Chain[] {
  return chains.map((chain) => {
    let moved = false;
    const legs = chain.legs.map((leg) => {
      const deployments = leg.deployments.map(change);
      if (deployments.every((d, i) => d === leg.deployments[i])) return leg;
      moved = true;
      return { ...leg, deployments };
    });
    return moved ? { ...chain, legs } : chain;
  });
}

/** Adds a tick: counts, errors and what is in flight. Shares and rates come with the next overview. */
export function applyTick(o: Overview, tick: Tick): Overview {
  const asked = Object.values(tick.model_groups).reduce<Totals>((a, b) => plus(a, b), NOTHING);
  const chains = eachDeployment(o.chains, (d) => {
    const n = tick.deployments[d.deployment];
    if (!n || (n.attempts === 0 && n.in_flight === d.in_flight)) return d;
    return { ...d, attempts: d.attempts + n.attempts, faults: addFaults(d.faults, n.faults), in_flight: n.in_flight };
  });
  const a = o.verdict.answers;
  const scoped = !a ? undefined : a.scope === 'all' ? asked : tick.model_groups[a.scope];
  // While a group recovers its bar shows the last five minutes: those slide, and are fetched.
  const answers = a && scoped && scoped.requests > 0 && o.verdict.state !== 'recovering' ? plus(a, scoped) : a;
  const verdict = answers === a || !answers ? o.verdict : { ...o.verdict, answers };
  return { ...o, chains, verdict, totals: asked.requests > 0 ? plus(o.totals, asked) : o.totals };
}

/** A breaker moved. An opening counts; a reopening (from half-open or recovering) does not. */
export function applyBreaker(o: Overview, b: BreakerMoved): Overview {
  const chains = eachDeployment(o.chains, (d) => {
    if (d.deployment !== b.deployment) return d;
    const since = moment(b.at) - HOUR;
    const openings_1h = d.breaker.openings_1h.filter((x) => moment(x.at) > since);
    if (b.from === 'closed' && b.to === 'open') openings_1h.push({ at: b.at, kind: b.kind ?? '' });
    return { ...d, breaker: { ...d.breaker, state: b.to, since: b.from === b.to ? d.breaker.since : b.at, next_probe: b.next_probe ?? null, window: b.window ?? null, openings_1h } };
  });
  return { ...o, chains };
}
