/** Who answers, in order: troubled groups unfolded, healthy ones one line each. */
import type { BreakerState } from '../api';
import { STATE_WORDS, Switch } from '../draw/marks';
import { folds, overview } from '../state/app';
import { useCell } from '../state/cell';
import { chainName, sorted, unfoldedAtFirst } from '../words/chain';
import { deployments } from '../words/names';
import { ChainPart } from './chain';

const STATES: BreakerState[] = ['closed', 'open', 'half-open', 'recovering'];
/** More groups than these are introduced by their number. */
const FEW = 5;

export function ChainsHead({ sub }: { sub: string }) {
  return (
    <div class="shead"><h2 id="chains-title">Chains</h2><p class="sub">{sub}</p>
      <ul class="swkey" aria-label="Breaker states">{STATES.map((s) => <li key={s}><Switch state={s} size={0.8} /> {STATE_WORDS[s].toLowerCase()}</li>)}</ul>
    </div>
  );
}

export function Chains() {
  const o = useCell(overview);
  const chosen = useCell(folds);
  if (!o) return null;
  const first = new Set(unfoldedAtFirst(o.chains, o.alerts));
  const n = o.chains.length;
  return (
    <section id="chains" aria-labelledby="chains-title">
      <ChainsHead sub={`Who answers, in order. ${n > FEW ? `${n} model groups, ${deployments(o.chains).length} deployments; troubled ones first.` : 'Requests enter at the left; what a leg cannot answer goes on to the next.'}`} />
      {sorted(o.chains, o.alerts).map((c) => <ChainPart key={chainName(c)} chain={c} open={chosen.get(chainName(c)) ?? first.has(chainName(c))} />)}
    </section>
  );
}
