/** Soft failures per model: the answers that were 200 OK and no good. */
import { grown, line, linear } from '../charts/axis';
import { LivePath } from '../charts/live';
import { dash } from '../draw/fills';
import { LineSwatch } from '../draw/marks';
import { rate } from '../words/numbers';
import { Levels, Limit, Row, type Drawn, type Key } from './row';

const HEIGHT = 84;
const WARN = 0.02;
const CRITICAL = 0.05;
const SHOWN = 4;
/** Buckets at the end that say how a model stands now. */
const RECENT = 12;

export function softRow(drawn: Drawn) {
  const { s, axis } = drawn;
  const models = Object.entries(s.soft).map(([name, values]) => {
    const recent = values.filter((v) => v != null).slice(-RECENT);
    return { name, values, mean: recent.reduce((a, q) => a + q, 0) / (recent.length || 1) };
  }).sort((a, b) => b.mean - a.mean).slice(0, SHOWN);
  if (!models.length) return null;
  const top = Math.max(0.06, (models[0]?.mean ?? 0) * 1.4);
  const y = linear(top, HEIGHT, 10);
  const keys = models.map((m, i): Key => ({ name: m.name, values: m.values, write: rate, swatch: <LineSwatch stroke={m.mean > WARN ? 'var(--leg2-text)' : 'var(--ink-3)'} dash={dash(i)} /> }));
  return {
    title: 'Soft failures', keys, element: (
      <Row id="soft" title="Soft failures" note="200 OK, but empty, cut off, refused or not the JSON asked for" height={HEIGHT} drawn={drawn} keys={keys}>
        <Levels at={[0]} y={y} write={() => '0 %'} width={axis.width} />
        <Limit at={WARN} kind="warn" y={y} width={axis.width} /><Limit at={CRITICAL} kind="crit" y={y} width={axis.width} />
        {models.map((m, i) => <LivePath key={m.name} class={`line ${m.mean > WARN ? 'lead' : 'faint'}`} stroke-dasharray={dash(i)} closed={line(m.values, axis, y)} grow={() => grown(m.values, m.values.at(-1) ?? null, axis, y)} />)}
      </Row>
    ),
  };
}

