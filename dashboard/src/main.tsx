/** Draws the verdict that came with the page, then asks for the rest. */
import { render } from 'preact';
import './css/index.css';
import { App } from './app';
import { keepLayout } from './charts/layout';
import { keepKeys } from './keys';
import { begin, keepTime } from './live/hub';
import { keepFresh, rangeFor, readInlined } from './live/load';
import * as app from './state/app';
import { keepTheme } from './state/theme';
import { keepAddress, readChoice } from './state/url';
import { moment } from './words/time';

/** Before this long nothing says "loading": most answers come sooner. */
const PATIENCE = 300;

const chosen = readChoice(location.search);
app.filter.set(chosen.filter);
app.chip.set(chosen.chip);
app.folds.set(chosen.folds);
app.servedOf.set(chosen.servedOf);

const inlined = readInlined(document.getElementById('verdict')?.textContent);
if (inlined) {
  app.setClock(inlined.now);
  app.frame.set(inlined);
}
app.range.set(chosen.range ?? (inlined ? rangeFor(inlined.verdict, moment(inlined.now)) : '1h'));

keepTheme();
const root = document.getElementById('app');
if (root) render(<App />, root);

keepLayout();
keepAddress();
keepKeys();
keepTime();
keepFresh();
setTimeout(() => app.slow.set(true), PATIENCE);
void begin(chosen.range != null);
