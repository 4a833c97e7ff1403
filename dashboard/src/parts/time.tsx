/** Over time: nine rows on one time axis and one cursor. */
import { useMemo } from 'preact/hooks';
import type { Chain, Overview } from '../api';
import { axisOf } from '../charts/axis';
import { layout } from '../charts/layout';
import { breakersRow } from '../rows/breakers';
import { costRow } from '../rows/cost';
import { errorsRow } from '../rows/errors';
import { fallbackRow } from '../rows/fallback';
import { IncidentLane } from '../rows/lane';
import { latencyRow } from '../rows/latency';
import { softRow } from '../rows/quality';
import { rowWords, type Drawn } from '../rows/row';
import { servedRow } from '../rows/served';
import { link, overview, range, series, servedOf, useZone } from '../state/app';
import { useCell, useLook } from '../state/cell';
import { usePlan } from '../state/plan';
import { chainName, chainOf } from '../words/chain';
import { CursorWords, Hair, leave, point, TimeAxis } from './scrub';

/** The group whose share is shown at first: the one in trouble. */
function troubled(o: Overview | null): string {
  const about = o && [o.verdict, ...o.alerts].find((x) => x.model_group);
  const chain = about && chainOf(o.chains, about);
  return chain ? chainName(chain) : '';
}

function Plots({ drawn, chains, lost }: { drawn: Drawn; chains: readonly Chain[]; lost: boolean }) {
  const first = useLook(overview, troubled);
  const chosen = useCell(servedOf) ?? (chains.length > 1 || first ? first : '');
  const rows = [
    fallbackRow(drawn, chains), servedRow(drawn, chains, chosen), breakersRow(drawn, chains), errorsRow(drawn), softRow(drawn),
    latencyRow(drawn, 'ttft_ms'), latencyRow(drawn, 'duration_ms'), costRow(drawn),
  ].filter((r) => r !== null);
  return <>
    <div class="plots" id="plots" onPointerMove={(e) => point(e, drawn.axis)} onPointerLeave={leave}>
      <TimeAxis drawn={drawn} lost={lost} slider keys={rows.flatMap((r) => r.keys)} />
      <IncidentLane drawn={drawn} />
      {rows.map((r) => r.element)}
      <TimeAxis drawn={drawn} lost={lost} />
      <Hair axis={drawn.axis} />
    </div>
    <p class="vh">{rows.map((r) => rowWords(r.title, r.keys)).filter(Boolean).join(' ')}</p>
  </>;
}

export function OverTime() {
  const s = useCell(series);
  const l = useCell(layout);
  const shown = useCell(range);
  const zone = useZone();
  const chains = usePlan();
  const lost = useLook(link, (x) => x.state === 'lost' || x.state === 'failed');
  const asked = useLook(overview, (o) => o != null && o.verdict.state !== 'empty');
  const drawn = useMemo(() => (s ? { s, axis: axisOf(s, l.plot), range: shown, offsetMin: zone.offsetMin } : null), [s, l, shown, zone.offsetMin]);
  const plots = useMemo(() => drawn && <Plots drawn={drawn} chains={chains} lost={lost} />, [drawn, chains, lost]);
  if (!drawn || !asked) return null;
  return (
    <section id="time" aria-labelledby="time-title">
      <div class="shead"><h2 id="time-title">Over time</h2><p class="sub">Everything on one clock. Point at a moment, or focus here and use the arrow keys.</p><CursorWords axis={drawn.axis} /></div>
      {plots}
    </section>
  );
}
