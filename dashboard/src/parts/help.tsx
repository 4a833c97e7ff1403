/** The keyboard and the words of the page. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { helpOpen, keysOn } from '../state/app';
import { useCell } from '../state/cell';

const KEYS: [keys: string[], what: string][] = [
  [['1', '…', '6'], 'range, 15 minutes to 30 days'],
  [['c'], 'to the time cursor, then ← → (with Shift: ten steps), Home, End, Esc'],
  [['/'], 'filter the requests'],
  [['j', 'k'], 'next, previous request'],
  [['Enter'], 'open its trail'],
  [['f'], 'fallback answers only'],
  [['l'], 'pause, go on'],
  [['u'], 'local time, UTC'],
  [['t'], 'theme'],
  [['?'], 'this list'],
];

const WORDS: [word: string, meaning: string][] = [
  ['fallback', 'answered by any leg but the first'],
  ['degradation', 'full, partial (another leg), degraded (stored answer), unavailable'],
  ['recovering', 'slow start after half-open: calls at once grow with each success'],
  ['soft failure', '200 OK, but empty, cut off, refused or not the JSON asked for'],
];

export function Help() {
  const open = useCell(helpOpen);
  const on = useCell(keysOn);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const d = dialog.current;
    if (open && d && !d.open) d.showModal();
    if (!open && d?.open) d.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => helpOpen.set(false)}>
      {open && <>
        <h2 id="help-title">Keyboard</h2>
        <dl class="keysmap">{KEYS.map(([keys, what]) => <div key={what}><dt>{keys.map((k) => <kbd key={k}>{k}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
        <label class="sw1"><input type="checkbox" checked={on} onChange={(e) => keysOn.set(e.currentTarget.checked)} /> single-key shortcuts on</label>
        <h2>Words</h2>
        <dl class="words">{WORDS.map(([word, meaning]) => <div key={word}><dt>{word}</dt><dd>{meaning}</dd></div>)}</dl>
        <button type="button" class="btn" onClick={() => helpOpen.set(false)}>Close</button>
      </>}
    </dialog>
  );
}
