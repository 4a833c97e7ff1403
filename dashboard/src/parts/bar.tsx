/** The bar on top: the sign, where this is, the short verdict once scrolled past it, range, life, theme, help. */
import { Wordmark, signOf } from '../draw/glyph';
import { Mark } from '../draw/marks';
import { frame, helpOpen, inUtc, link, now, paused, range, verdictPast, zone } from '../state/app';
import { useCell, useLook } from '../state/cell';
import { chooseRange, toggleLive } from '../state/choose';
import { toggleTheme } from '../state/theme';
import { useVerdict } from '../state/words';
import { hourMinuteSecond, moment, zoneName } from '../words/time';
import { RANGE_WORDS, RANGES } from '../words/range';
import type { Tone } from '../words/verdict';
import { At } from './said';

const MARKS: Record<Tone, 'critical' | 'warn' | 'ok' | null> = { crit: 'critical', warn: 'warn', ok: 'ok', idle: null };
export const ToneMark = ({ tone }: { tone: Tone }) => {
  const kind = MARKS[tone];
  return kind ? <Mark kind={kind} /> : null;
};

function Ranges() {
  const chosen = useCell(range);
  const onKey = (e: KeyboardEvent): void => {
    const by = e.key === 'ArrowRight' || e.key === 'ArrowDown' ? 1 : e.key === 'ArrowLeft' || e.key === 'ArrowUp' ? -1 : 0;
    if (!by) return;
    e.preventDefault();
    const next = RANGES[(RANGES.indexOf(chosen) + by + RANGES.length) % RANGES.length];
    if (!next) return;
    chooseRange(next);
    document.getElementById(`range-${next}`)?.focus();
  };
  return (
    <div class="ranges" role="radiogroup" aria-label="Time range" onKeyDown={onKey}>
      {RANGES.map((r, i) => (
        <button key={r} id={`range-${r}`} type="button" role="radio" aria-checked={r === chosen} tabIndex={r === chosen ? 0 : -1} title={`Last ${RANGE_WORDS[r]} (${i + 1})`} onClick={() => chooseRange(r)}>
          {r.replace('m', ' min').replace('h', ' h').replace('d', ' d')}
        </button>
      ))}
    </div>
  );
}

function Clock() {
  const offset = useLook(frame, (f) => f?.utc_offset_min ?? 0);
  const utc = useCell(inUtc);
  const text = useLook(now, () => hourMinuteSecond(now.value, zone()));
  return <span class="clk">{text}<small> {zoneName(utc ? 0 : offset)}</small></span>;
}

function Live() {
  const l = useCell(link);
  const still = useCell(paused);
  const lost = l.state === 'lost' || l.state === 'failed';
  if (l.state === 'live') {
    return (
      <div class={`live${still ? ' paused' : ''}`}>
        <button id="live" type="button" aria-pressed={!still} title="Pause (l)" onClick={toggleLive}><i /><span>{still ? 'Paused' : 'Live'}</span></button>
        <Clock />
      </div>
    );
  }
  return <div class={`live${lost ? ' lost' : ' wait'}`}><i /><span>{lost ? 'Not live' : l.state === 'key' ? 'Locked' : 'Connecting'}</span><Clock /></div>;
}

export function Bar() {
  const v = useVerdict();
  const l = useCell(link);
  const past = useCell(verdictPast);
  const stale = l.state === 'lost' || l.state === 'failed';
  return (
    <header class={`bar${past ? ' past' : ''}`}>
      <a class="brand" href="#now" aria-label="sanso, top of the page"><Wordmark sign={stale ? 'stale' : v ? signOf(v.frame.verdict.state) : 'empty'} /></a>
      <span class="inst">
        <span class="host">{v?.frame.instance}</span>
        {v && past && <span class="vmini" aria-hidden="true"><ToneMark tone={v.words.tone} /><b>{v.words.label}</b>{v.frame.verdict.since && v.words.tone !== 'ok' && <span>{v.words.title}, since <At t={moment(v.frame.verdict.since)} /></span>}</span>}
      </span>
      <Ranges />
      <Live />
      <button class="icon" type="button" aria-label="Switch theme" title="Theme (t)" onClick={toggleTheme}>
        <svg width="16" height="16" aria-hidden="true" focusable="false"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6" /><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" /></svg>
      </button>
      <button class="icon" type="button" aria-label="Keyboard and words" title="Keyboard and words (?)" onClick={() => helpOpen.set(true)}>?</button>
    </header>
  );
}
