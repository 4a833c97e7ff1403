/** The page, put together. */
import { useLayoutEffect } from 'preact/hooks';
import { faviconOf, signOf, type Sign } from './draw/glyph';
import { Patterns } from './draw/patterns';
import { Alerts } from './parts/alerts';
import { Bar } from './parts/bar';
import { Chains } from './parts/chains';
import { Foot } from './parts/foot';
import { Help } from './parts/help';
import { Incidents } from './parts/incidents';
import { Requests } from './parts/requests';
import { First, KeyForm, Loading, LostBar } from './parts/states';
import { OverTime } from './parts/time';
import { VerdictPart } from './parts/verdict';
import { frame, link, overview, said, slow } from './state/app';
import { useCell, useLook } from './state/cell';
import { theme } from './state/theme';
import { useVerdict } from './state/words';

/** The tab: a few words, and the sign in this theme's colours. */
function Tab() {
  const v = useVerdict();
  const l = useCell(link);
  const shade = useCell(theme);
  const lost = l.state === 'lost' || l.state === 'failed';
  const sign: Sign = lost ? 'stale' : v ? signOf(v.frame.verdict.state) : 'empty';
  const title = lost ? 'connection lost \u00b7 sanso' : v && l.state !== 'key' ? `${v.words.title.replace(/\u00a0/g, ' ')} \u00b7 sanso` : 'sanso';
  useLayoutEffect(() => {
    document.title = title;
  }, [title]);
  useLayoutEffect(() => {
    const style = getComputedStyle(document.documentElement);
    document.getElementById('favicon')?.setAttribute('href', faviconOf(sign, (name) => style.getPropertyValue(`--${name}`).trim()));
  }, [sign, shade]);
  return null;
}

const Voice = () => <div class="vh" role="status" aria-live="polite">{useCell(said)}</div>;

/** What is under the bar once there is something to show. */
function Body() {
  const there = useLook(overview, (o) => o != null);
  const empty = useLook(overview, (o) => o?.verdict.state === 'empty');
  const first = useLook(frame, (f) => f != null);
  const wait = useCell(slow);
  if (!there && !first && !wait) return null;
  return <>
    <div class="top"><VerdictPart /><Alerts /></div>
    {empty && <First />}
    {there ? <><Chains /><OverTime /><Incidents /><Requests /></> : wait && <Loading />}
  </>;
}

export function App() {
  const l = useCell(link);
  const lost = l.state === 'lost' || l.state === 'failed';
  return <>
    <a class="skip" href="#now">Skip to the verdict</a>
    <Patterns />
    <Tab />
    <Bar />
    <main id="main" class={lost ? 'isstale' : undefined}>
      <LostBar />
      {l.state === 'key' ? <KeyForm refused={l.refused} /> : <Body />}
    </main>
    <Foot />
    <Help />
    <Voice />
  </>;
}
