/** What stands in place of, or over, the figures: no connection, loading, nothing asked, the key. */
import { useState } from 'preact/hooks';
import { begin, tryNow } from '../live/hub';
import { login, refusalWords } from '../net';
import { askForKey } from '../live/load';
import { link, overview, say } from '../state/app';
import { useCell } from '../state/cell';
import { Glyph } from '../draw/glyph';
import { Mark } from '../draw/marks';
import { Ago, At, Within } from './said';
import { CopyButton } from './copy';

/** The connection is gone: everything below is from before that. */
export function LostBar() {
  const l = useCell(link);
  if (l.state !== 'lost' && l.state !== 'failed') return null;
  return (
    <div class="lostbar" role="alert"><Mark kind="critical" />
      {l.state === 'lost'
        ? <p><b>Connection to the gateway lost</b> at <At t={l.at} seconds />, <Ago t={l.at} /> ago. Everything below is from before that. The gateway itself may be fine.</p>
        : <p><b>The gateway cannot be reached</b>: {l.why}. This page is all there is of it for now.</p>}
      <span class="rt">Trying again <Within t={l.retryAt} due="now" /></span>
      <button type="button" class="btn" onClick={tryNow}>Try now</button>
    </div>
  );
}

const Bone = ({ size }: { size: string }) => <span class={`sk ${size}`} />;

/** Real headings, and bones where figures will be: nothing jumps when they come. */
export function Loading() {
  return (
    <div aria-busy="true" class="loadingv">
      <section><div class="shead"><h2>Chains</h2></div>{[1, 2, 3].map((i) => <div key={i} class="skrow"><Bone size="w14" /><Bone size="w46" /><Bone size="w16" /></div>)}</section>
      <section><div class="shead"><h2>Over time</h2></div>{['Fallback rate', 'Who served', 'Errors by provider'].map((t) => <div key={t} class="skplot"><h3>{t}</h3><Bone size="line" /></div>)}</section>
    </div>
  );
}

/** Nothing has been asked yet: how to. */
export function First() {
  const o = useCell(overview);
  const group = o?.chains[0]?.model_group ?? 'MODEL_GROUP';
  const curl = `curl ${location.origin}/v1/chat/completions \\\n  -H 'content-type: application/json' \\\n  -d '{"model": "${group}",\n       "messages": [{"role": "user", "content": "Say hello"}]}'`;
  return (
    <section class="first" aria-labelledby="first-title"><h2 id="first-title">Ask the first question</h2>
      <div class="f2">
        <div class="code"><CopyButton text={curl} words="Copy" /><pre tabIndex={0} role="region" aria-label="First request with curl"><code>{curl}</code></pre></div>
        <ol class="steps">
          <li><b>Ask.</b> The answer’s headers say who served it: <code>x-sanso-served-by</code>, <code>x-sanso-fallback</code>. It shows up here at once.</li>
          <li><b>Break it on purpose.</b> Ask again with a wrong key for the first leg: the answer still comes, from the second leg, and this page says so.</li>
          <li><b>No keys at hand?</b> <code>sanso demo</code> plays a provider outage against simulated models, and you can watch it here.</li>
        </ol>
      </div>
    </section>
  );
}

/** The master key, asked for once. */
export function KeyForm({ refused }: { refused: string | null }) {
  const [asking, setAsking] = useState(false);
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const field = (e.currentTarget as HTMLFormElement).elements.namedItem('key');
    if (!(field instanceof HTMLInputElement) || !field.value) return;
    setAsking(true);
    try {
      await login(field.value);
      field.value = '';
      await begin(false);
    } catch (error) {
      const words = refusalWords(error);
      askForKey(words);
      say(words);
    }
    setAsking(false);
  };
  return (
    <section id="now" class="verdict tone-idle keyform" aria-labelledby="verdict-title" tabIndex={-1}>
      <div class="vmain"><Glyph sign="empty" size={76} big />
        <div class="vtext"><p class="eyebrow"><span>Locked</span></p><h1 id="verdict-title">This gateway asks for its master key.</h1>
          <form onSubmit={(e) => void submit(e)}>
            <label for="key">Master key</label>
            <input id="key" name="key" type="password" autocomplete="current-password" spellcheck={false} aria-describedby="key-note" aria-invalid={refused != null} autofocus />
            <button class="btn" type="submit" disabled={asking}>Unlock</button>
          </form>
          <p id="key-note" class="do">{refused && <b class="bad">{refused} </b>}It is asked for once and not kept: this browser gets a session cookie that scripts cannot read.</p>
        </div>
      </div>
    </section>
  );
}
