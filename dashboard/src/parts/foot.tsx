/** The last line: version, uptime, history, delivery of alerts. */
import { link, overview } from '../state/app';
import { useCell, useLook } from '../state/cell';
import { count, plural } from '../words/numbers';
import { moment } from '../words/time';
import { Ago } from './said';

function History() {
  const h = useLook(overview, (o) => o?.history);
  if (!h) return <> · no history kept</>;
  const lost = h.dropped_rows > 0 || h.last_error;
  return <> · history: {h.store ?? 'none'}{h.retention_d != null && `, ${plural(h.retention_d, 'day')} kept`}, {lost ? <b class="bad">{count(h.dropped_rows)} rows not written{h.waiting_rows ? `, ${count(h.waiting_rows)} waiting` : ''}{h.last_error && ` (${h.last_error})`}</b> : '0 rows dropped'}</>;
}

function Delivery() {
  const d = useLook(overview, (o) => o?.delivery);
  return d && !d.ok ? <> · <b class="bad">alerts could not be delivered{d.last_error && `: ${d.last_error}`}</b></> : null;
}

export function Foot() {
  const o = useCell(overview);
  const l = useCell(link);
  if (!o || l.state === 'key') return <footer><p>sanso</p></footer>;
  return (
    <footer>
      <p>sanso {o.version} on {o.instance}, up <Ago t={moment(o.started_at)} /><History /><Delivery /> · metrics at <a class="link" href="metrics">/metrics</a></p>
    </footer>
  );
}
