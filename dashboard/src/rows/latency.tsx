/** First token and total time: p50, p95, p99 on a log scale. */
import type { Series } from '../api';
import { grown, line, logarithmic, most } from '../charts/axis';
import { LineSwatch } from '../draw/marks';
import { millis } from '../words/numbers';
import { Levels, Row, type Drawn, type Key } from './row';

const HEIGHT = 92;
const LOW = 100;
const DASHES = { p50: undefined, p95: '7 3', p99: '2 3' } as const;
const WHICH = ['p50', 'p95', 'p99'] as const;

const NAMES = {
  ttft_ms: ['ttft', 'First token', 'time to the first content, log scale'],
  duration_ms: ['duration', 'Total time', 'all attempts in it, log scale'],
} as const;

export function latencyRow(drawn: Drawn, of: keyof typeof NAMES) {
  const { axis } = drawn;
  const v: Series['ttft_ms'] = drawn.s[of];
  const [id, title, note] = NAMES[of];
  const high = Math.max(10_000, (most(v.p99) || 1000) * 1.1);
  const y = logarithmic(LOW, high, HEIGHT);
  const keys = WHICH.map((k): Key => ({ name: k, values: v[k], write: millis, swatch: <LineSwatch stroke="var(--leg1-text)" dash={DASHES[k]} /> }));
  return {
    title, keys, element: (
      <Row id={id} title={title} note={note} height={HEIGHT} drawn={drawn} keys={keys}>
        <Levels at={[100, 1000, 10_000, 100_000].filter((x) => x <= high)} y={y} write={(x) => (x < 1000 ? `${x} ms` : `${x / 1000} s`)} width={axis.width} />
        {[...WHICH].reverse().map((k) => <path key={k} d={line(v[k], axis, y) + grown(v[k], v[k].at(-1) ?? null, axis, y)} class="line lat" stroke-dasharray={DASHES[k]} />)}
      </Row>
    ),
  };
}
