/** The verdict: one sentence, what to do, what happened just before, one bar of answers. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Answers, Totals } from '../api';
import { ANSWERS, barParts } from '../charts/bar';
import { Glyph, signOf } from '../draw/glyph';
import { NOBODY, STORED, legFill } from '../draw/fills';
import { Swatch } from '../draw/marks';
import { link, overview, range, useZone, verdictPast } from '../state/app';
import { useCell } from '../state/cell';
import { useVerdict } from '../state/words';
import { count, ENOUGH, rate } from '../words/numbers';
import { moment } from '../words/time';
import { RANGE_WORDS } from '../words/range';
import { scopeWords } from '../words/scope';
import { ToneMark } from './bar';
import { Ago, At, Sentence } from './said';

const LOOKS = {
  full: { name: 'First leg', fill: legFill(0) },
  partial: { name: 'A fallback', fill: 'url(#p2)' },
  degraded: { name: 'Stored answer', fill: STORED },
  unavailable: { name: 'Nobody', fill: NOBODY },
};
const PARTS = ANSWERS.map((key) => ({ key, ...LOOKS[key] }));

function AnswerBar({ answers, scope }: { answers: Totals; scope: string }) {
  const parts = barParts(answers);
  const end = parts.reduce((a, p) => (p.width > 0 ? Math.max(a, p.x + p.width) : a), 1);
  const few = answers.requests < ENOUGH;
  return (
    <figure class="qbar" role="img" aria-label={`Answers, ${scope}: ${PARTS.map((p) => `${p.name} ${count(answers[p.key])}`).join(', ')}`}>
      <svg viewBox={`0 0 ${end} 14`} preserveAspectRatio="none" height="14" width="100%" aria-hidden="true" focusable="false">
        {parts.map((p, i) => p.width > 0 && <rect key={i} x={p.x} width={p.width} height="14" fill={PARTS[i]?.fill} />)}
      </svg>
      <dl>
        {PARTS.map((p) => (
          <div key={p.key} class={answers[p.key] > 0 ? undefined : 'nil'}>
            <dt><Swatch fill={p.fill} />{p.name}</dt>
            <dd><b>{few ? count(answers[p.key]) : rate(answers.requests ? answers[p.key] / answers.requests : 0)}</b>{!few && <span> {count(answers[p.key])}</span>}</dd>
          </div>
        ))}
        <div class="of"><dt>Asked, {scope}</dt><dd><b>{count(answers.requests)}</b></dd></div>
      </dl>
    </figure>
  );
}

/** Asking the gateway: real words, and space where the rest will be. */
function Waiting() {
  const shown = useCell(range);
  return (
    <section id="now" class="verdict" tabIndex={-1} aria-busy="true">
      <div class="vmain"><Glyph sign="empty" size={76} big />
        <div class="vtext"><p class="eyebrow"><span>Asking the gateway</span></p><h1 id="verdict-title">Reading the last {RANGE_WORDS[shown]}.</h1><p class="do"><span class="sk w54" /></p></div>
      </div>
      <div class="qbar"><span class="sk w100" /></div>
    </section>
  );
}

/** The sentence; the bar on top is told when it has been scrolled away. */
function Title({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (!heading.current) return undefined;
    const observer = new IntersectionObserver(([e]) => verdictPast.set(e !== undefined && !e.isIntersecting), { rootMargin: '-60px 0px 0px 0px' });
    observer.observe(heading.current);
    return () => {
      observer.disconnect();
      verdictPast.set(false);
    };
  }, []);
  return <h1 id="verdict-title" ref={heading}>{children}</h1>;
}

export function VerdictPart() {
  const v = useVerdict();
  const l = useCell(link);
  const totals = useCell(overview)?.totals;
  const zone = useZone();
  if (!v) return <Waiting />;
  const { frame: f, words } = v;
  const { verdict } = f;
  const stale = l.state === 'lost' ? l.at : l.state === 'failed' ? moment(f.now) : null;
  const answers: Answers | Totals | null | undefined = verdict.state === 'empty' ? null : (verdict.answers ?? totals);
  const timed = verdict.since && words.tone !== 'ok' && verdict.state !== 'exposed' && verdict.state !== 'quiet';
  return (
    <section id="now" class={`verdict tone-${words.tone}`} aria-labelledby="verdict-title" tabIndex={-1}>
      <div class="vmain"><Glyph sign={stale == null ? signOf(verdict.state) : 'stale'} size={76} big />
        <div class="vtext">
          <p class="eyebrow"><ToneMark tone={words.tone} />
            <span>{stale == null ? words.label : `Before the connection was lost: ${words.label.charAt(0).toLowerCase()}${words.label.slice(1)}`}</span>
            {timed && verdict.since && <span class="sep">for <Ago t={moment(verdict.since)} />{verdict.trend && `, ${verdict.trend}`}</span>}
          </p>
          <Title>{stale != null && <><span class="asof">As of <At t={stale} seconds />:</span>{' '}</>}<Sentence rich={words.sentence} /></Title>
          {words.advice.length > 0 && <p class="do"><Sentence rich={words.advice} /></p>}
          {verdict.just_before && <p class="before"><b>Just before:</b> <At t={moment(verdict.just_before.at)} /> {verdict.just_before.what}</p>}
        </div>
      </div>
      {answers && <AnswerBar answers={answers} scope={scopeWords(f, zone)} />}
    </section>
  );
}
