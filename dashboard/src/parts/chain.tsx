/** One chain: a line when folded, its legs when not. */
import type { Chain, Leg } from '../api';
import { fillIn, legClass } from '../draw/fills';
import { Chevron, Mark, Switch, worst } from '../draw/marks';
import { HeadChart, Spark } from '../charts/head';
import { layout } from '../charts/layout';
import { range } from '../state/app';
import { useCell } from '../state/cell';
import { toggleFold } from '../state/choose';
import { chainName, flowing, idle, isDown, isRanked, legShare, reasons, standing } from '../words/chain';
import { count, NB, rate, share } from '../words/numbers';
import { RANGE_WORDS } from '../words/range';
import { DeploymentPart } from './deployment';
import { Flow } from './flow';

function MiniLeg({ chain, leg, index, unknown }: { chain: Chain; leg: Leg; index: number; unknown: boolean }) {
  const s = legShare(leg);
  const state = worst(leg.deployments.map((d) => d.breaker));
  const n = leg.deployments.length;
  return (
    <span class="mleg"><Switch state={state} size={0.8} />
      <span class="mn"><span>{leg.deployments[0]?.model ?? leg.model_group}{n > 1 && <i> ×{n}</i>}</span>
        <span class="mbar"><svg width="100%" height="5" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect width="100%" height="5" fill="var(--sunk)" /><rect width={`${s > 0 ? Math.max(1.5, s * 100) : 0}%`} height="5" fill={fillIn(chain, index)} /></svg></span>
        <span class="ms">{unknown ? `0${NB}%` : rate(s)}</span>{state !== 'closed' && <span class="vh">, breaker {state}</span>}
      </span>
    </span>
  );
}

function Head({ chain: c, open }: { chain: Chain; open: boolean }) {
  const { level, word, rate: on } = standing(c);
  const shown = useCell(range);
  const unasked = idle(c);
  const name = chainName(c);
  return (
    <button class="crow" type="button" aria-expanded={open} data-group={name} onClick={() => toggleFold(name, open)}>
      <span class="gname"><b>{c.model_group}</b>{c.task && <span>{c.task}</span>}{open && !unasked && <span>{count(c.requests_per_min)} requests / min</span>}</span>
      {open && <span class="hcw">{!unasked && c.legs.length > 1 && <><span class="vh">Fallback rate over the last {RANGE_WORDS[shown]}</span><HeadChart group={name} /></>}</span>}
      {!open && <span class="mini">{c.legs.map((l, i) => <MiniLeg chain={c} key={`${i} ${l.model_group}`} leg={l} index={i} unknown={unasked} />)}</span>}
      <span class="crate">
        {!open && !unasked && <Spark group={name} />}
        <span class="cr"><b>{rate(on)}</b><span>{level === 'critical' || level === 'warn' ? <Mark kind={level} /> : null}{word}</span></span>
      </span>
      <Chevron />
    </button>
  );
}

/** What a leg could not answer, and why. */
function Onward({ leg, on, end }: { leg: Leg; on: number; end: string }) {
  if (on <= 0.0005) return null;
  const why = reasons(leg);
  const n = why.reduce((a, [, k]) => a + k, 0);
  return (
    <p class="on"><b>{rate(on)}</b> {end}{n > 0 && `: ${why.slice(0, 2).map(([kind, k]) => `${kind} ${share(k / n)}`).join(', ')}`}</p>
  );
}

function LegPart({ chain, leg, index, inflow, on }: { chain: Chain; leg: Leg; index: number; inflow: number; on: number }) {
  const s = legShare(leg);
  const unasked = idle(chain);
  const last = index === chain.legs.length - 1;
  return (
    <li class={`leg ${legClass(isRanked(chain) ? 0 : index)}${s > 0 ? '' : ' zero'}`} style={{ '--f': inflow.toFixed(3) }}>
      <div class="lfig">
        <p><b class="fig">{unasked ? '–' : rate(s)}</b> <span>{index === 0 && !isRanked(chain) ? 'first leg' : `leg ${index + 1}`}{leg.model_group !== chain.model_group && `, ${leg.model_group}`}</span></p>
        {!unasked && (last || !isRanked(chain)) && <Onward leg={leg} on={on} end={!last ? 'goes on' : isDown(chain) ? 'got an error' : 'answered by no leg'} />}
      </div>
      <div class="deps">{leg.deployments.map((d) => <DeploymentPart key={d.deployment} d={d} shared={leg.deployments.length > 1} />)}</div>
    </li>
  );
}

/** Where a second leg would stand. */
function Ghost({ chain }: { chain: Chain }) {
  const denied = chain.fallback === 'deny';
  return (
    <li class="leg ghost">
      <div class="lfig"><p><b class="fig">nobody</b> <span>leg 2</span></p><p class="on">{denied ? 'Fallback is denied for this task: the best model or an error.' : 'When the first leg fails, callers get the error.'}</p></div>
      <div class="deps">{!denied && <>
        <p class="gy1">Two lines in the config put a fallback here:</p>
        <pre tabIndex={0} role="region" aria-label="Config for a fallback"><code>{`litellm_settings:\n  fallbacks:\n    - ${chain.model_group}: ["another-group"]`}</code></pre>
      </>}</div>
    </li>
  );
}

export function ChainPart({ chain: c, open }: { chain: Chain; open: boolean }) {
  const l = useCell(layout);
  const inflow = flowing(c);
  const n = c.legs.length;
  return (
    <article class={`cg m-${standing(c).level}${open ? ' open' : ''}`} aria-label={chainName(c)}>
      <Head chain={c} open={open} />
      {open && (
        <div class={`chain${isDown(c) ? ' down' : idle(c) ? ' idle' : ''}`} style={{ '--n': String(Math.max(2, n)) }}>
          {l.box > 860 && <Flow chain={c} width={n > 1 ? l.box : l.box / 2} />}
          <ol class="legs">
            {c.legs.map((leg, i) => <LegPart key={`${i} ${leg.model_group}`} chain={c} leg={leg} index={i} inflow={inflow[i] ?? 0} on={inflow[i + 1] ?? 0} />)}
            {n === 1 && <Ghost chain={c} />}
          </ol>
        </div>
      )}
    </article>
  );
}
