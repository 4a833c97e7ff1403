/** Cost per hour; on top of it what reliability cost, as far as this gateway knows it. */
import type { Series, Values } from '../api';
import { most, roundUp } from '../charts/axis';
import { sum, together } from '../charts/derive';
import { Swatch } from '../draw/marks';
import { count, dollars, rate } from '../words/numbers';
import { HOUR, SECOND } from '../words/time';
import { RANGE_WORDS } from '../words/range';
import { Levels, Row, type Drawn, type Key } from './row';

const HEIGHT = 84;
const PARTS = [['retries', 'retries'], ['hedges', 'hedges'], ['discarded_streams', 'discarded streams'], ['fallback_premium', 'fallback premium']] as const;

function Breakdown({ cost }: { cost: Series['cost_usd'] }) {
  const known = PARTS.flatMap(([k, name]) => (cost[k] ? [[name, sum(cost[k])] as const] : []));
  if (!known.length) return null;
  return <dl class="rel4">{known.map(([name, v]) => <div key={name}><dt>{name}</dt><dd>{dollars(v)}</dd></div>)}</dl>;
}

export function costRow(drawn: Drawn) {
  const { s, axis, range } = drawn;
  const cost = s.cost_usd;
  if (cost.answers.every((v) => v == null)) return null;
  const perHour = HOUR / (s.step_s * SECOND);
  const hourly = (v: Values | null): Values | null => v?.map((q) => (q == null ? null : q * perHour)) ?? null;
  // A premium may be negative, where the fallback is the cheaper model: it lowers the stack, never below the answers.
  const reliability = hourly(together(cost.retries, cost.hedges, cost.discarded_streams, cost.fallback_premium));
  const answers = hourly(cost.answers) ?? [];
  const high = most(reliability ? (together(answers, reliability) ?? answers) : answers) || 0.01;
  const y = (v: number): number => HEIGHT - 2 - (v / (high * 1.1)) * (HEIGHT - 8);
  const w = axis.width / axis.n;
  const bar = (i: number, from: number, to: number): string => `M${(i * w + 0.4).toFixed(1)} ${from.toFixed(1)}V${to.toFixed(1)}h${(w - 0.8).toFixed(1)}V${from.toFixed(1)}z`;
  const total = sum(cost.answers);
  const extra = PARTS.reduce((a, [k]) => a + sum(cost[k]), 0);
  const keys: Key[] = [
    { name: 'answers', swatch: <Swatch fill="var(--idle)" />, values: answers, write: dollars },
    ...(reliability ? [{ name: 'reliability', swatch: <Swatch fill="url(#p3)" />, values: reliability, write: dollars }] : []),
  ];
  const note = reliability
    ? `${dollars(total + extra)} in the last ${RANGE_WORDS[range]}, ${dollars(extra)} of it (${rate(extra / (total + extra || 1))}) for reliability; chart in $ per hour`
    : `${dollars(total)} in the last ${RANGE_WORDS[range]}; chart in $ per hour`;
  return {
    title: 'Cost per hour', keys, element: (
      <Row id="cost" title="Cost" note={note} height={HEIGHT} drawn={drawn} keys={keys} control={<Breakdown cost={cost} />}>
        <Levels at={[0, roundUp(high) / 2].filter((v) => v <= high * 1.1)} y={y} write={(v) => (v < 10 && v > 0 ? dollars(v) : `$${count(v)}`)} width={axis.width} />
        <path d={answers.map((v, i) => (v ? bar(i, y(0), y(v)) : '')).join('')} fill="var(--idle)" opacity=".45" />
        {reliability && <path d={reliability.map((v, i) => (v && v > 0 ? bar(i, y(answers[i] ?? 0), Math.min(y(answers[i] ?? 0) - 0.8, y((answers[i] ?? 0) + v))) : '')).join('')} fill="url(#p3)" />}
      </Row>
    ),
  };
}
