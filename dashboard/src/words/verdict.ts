/**
 * The verdict in words, from the codes that the gateway worked out. Log, alerts and page say the same
 * because all three write it from these codes.
 */
import type { Chain, Deployment, Frame, Verdict, VerdictState } from '../api';
import { causeWords, countedWords } from './cause';
import { chainOf } from './chain';
import { deployments, modelOf, short, softReason } from './names';
import { count, ENOUGH, NB, plural, rate, rateOf } from './numbers';
import { bold, plain, type Part, type Rich } from './rich';
import { ownTimes, spanWords, unanswered } from './span';
import { hourMinute, moment, type Zone } from './time';

export type Tone = 'ok' | 'warn' | 'crit' | 'idle';

export interface Words {
  label: string;
  tone: Tone;
  sentence: Rich;
  /** What to do, or what else is so. */
  advice: Rich;
  /** A few words for the tab. */
  title: string;
}

/** What the words are made from. The chains may still be missing: the first paint has the frame alone. */
export interface Known {
  frame: Frame;
  chains: readonly Chain[];
  /** End of the last incident, where one is known and none is open. */
  calmSince?: number | null;
}

const LABELS: Record<VerdictState, string> = {
  stale: 'No connection',
  empty: 'Waiting for the first request',
  down: 'Down',
  partly_down: 'Some requests get no answer',
  degraded: 'Stored answers are being served',
  recovering: 'Recovering',
  rerouted: 'Rerouted, mostly to the same model',
  open: 'Quality is being lost',
  losing: 'Quality is being lost',
  slipping: 'Quality is starting to slip',
  soft: 'Answers fail their check',
  weak: 'The first model is too weak',
  key: 'A key or model is gone',
  quiet: 'Nobody is asking',
  exposed: 'No quality lost, nothing behind it',
  healthy: 'No quality is being lost',
};

const TONES: Record<Verdict['severity'], Tone> = { ok: 'ok', warn: 'warn', critical: 'crit', idle: 'idle' };

/** An open breaker past its time waits for the next request: that one is its probe. */
export const DUE = 'with the next request';

/** Which answers are lost, in states that count them. */
const LOST: Partial<Record<Verdict['state'], 'partial' | 'degraded' | 'unavailable'>> = {
  partly_down: 'unavailable', degraded: 'degraded', rerouted: 'partial', open: 'partial', losing: 'partial', slipping: 'partial',
};

/** How much: what the bar beside it shows, which goes on with the ticks; a rate, or counts where too few were asked for a rate. */
function howMuch(v: Verdict): { figure: string; counted: boolean } {
  const a = v.answers;
  const lost = a?.[LOST[v.state] ?? 'partial'] ?? 0;
  const counted = a != null && a.requests < ENOUGH;
  return { figure: a && (counted || (LOST[v.state] && lost > 0)) ? rateOf(lost, a.requests) : rate(v.rate), counted };
}

/** `12.4 % of the time`, `3 of 7 times` */
function often(v: Verdict): Rich {
  const { figure, counted } = howMuch(v);
  return [bold(figure), counted ? ' times' : ' of the time'];
}

const since = (v: Verdict): Rich => (v.since ? [' since ', { at: moment(v.since) }, ...countedWords(v.cause)] : []);
const group = (v: Verdict): Part => bold(v.model_group ?? 'every group');

/** `, because ...` */
function why(v: Verdict): Rich {
  const said = causeWords(v.cause).why;
  return said.length ? [', ', ...said] : [];
}

const ownChain = (k: Known): Chain | undefined => chainOf(k.chains, k.frame.verdict);

/** The leg that should answer: the gateway names its model, since a strategy may put another than the one listed first in front. */
function firstLeg(k: Known): Deployment[] {
  const legs = ownChain(k)?.legs ?? [];
  const named = legs.find((l) => l.deployments.some((d) => `${d.provider}/${d.model}` === k.frame.verdict.model));
  return (named ?? legs[0])?.deployments ?? [];
}

function instead(k: Known): string {
  const { served_instead: id, served_instead_model: model } = k.frame.verdict;
  return model ? short(model) : id ? modelOf(k.chains, id) : 'another model';
}

/** The model that should answer, or whose answers fail. */
const ownModel = (v: Verdict): string | undefined => (v.model ? short(v.model) : (v.cause?.model ?? undefined));

function others(v: Verdict): string {
  const n = v.others ?? 0;
  if (n === 0) return '';
  return n === 1 ? ' One other group is affected.' : ` ${count(n)} other groups are affected.`;
}

function losing(k: Known): Pick<Words, 'sentence' | 'advice' | 'title'> {
  const v = k.frame.verdict;
  const probe = v.next_probe ?? firstLeg(k).find((d) => d.breaker.state === 'open' && d.breaker.next_probe)?.breaker.next_probe;
  const open: Rich = v.state !== 'open'
    ? []
    : probe ? [' The breaker is open; next probe ', { within: moment(probe), due: DUE }, '.'] : [' The breaker is open.'];
  return {
    sentence: [group(v), ' has been answered by its fallback, ', bold(instead(k)), ', ', ...often(v), ...since(v), ...why(v), '.'],
    advice: [...causeWords(v.cause).act, ...open, others(v)],
    title: `${howMuch(v).figure} fallback`,
  };
}

function recovering(k: Known, zone: Zone): Pick<Words, 'sentence' | 'advice' | 'title'> {
  const v = k.frame.verdict;
  const back = firstLeg(k).find((d) => d.breaker.state === 'recovering' || d.breaker.state === 'half-open');
  const a = v.answers;
  const own = a && a.requests > 0 ? rateOf(a.full, a.requests) : rate(v.rate == null ? null : 1 - v.rate);
  const since = v.recovering_since ?? back?.breaker.since ?? v.since;
  const at = since ? moment(since) : null;
  const model = back?.model ?? ownModel(v) ?? 'its own model';
  const window = back?.breaker.window;
  const whole = a != null && a.requests > 0 && a.full === a.requests;
  return {
    sentence: [
      group(v), ' is coming back to ', bold(model), ': ', bold(own), ' of the traffic again',
      ...(at == null ? [] : [' since ', { at }]), ...(whole ? ['.'] : [', the rest is still answered by its fallback ', bold(instead(k)), '.']),
    ],
    advice: [
      v.since && v.cause?.provider ? `${v.cause.provider} failed from ${plain([{ at: moment(v.since) }], zone)} on. ` : '',
      back || k.chains.length === 0 ? `Calls at once grow with each success${window == null ? '' : ` (${count(window)} now)`}; nothing to do.` : 'The alert is resolved once this has lasted; nothing to do.', others(v),
    ],
    title: `${own} back`,
  };
}

function down(k: Known, zone: Zone): Pick<Words, 'sentence' | 'advice' | 'title'> {
  const v = k.frame.verdict;
  const n = v.of_groups ?? k.chains.length;
  const affected = v.model_group ? [ownChain(k)] : k.chains;
  const shut = affected.length > 0 && affected.every((c) => c?.chain_health === 0);
  const whom: Rich = v.model_group ? [bold(v.model_group)] : n > 1 ? [`any of the ${n} model groups`] : ['any model group'];
  return {
    sentence: [bold('Nobody answers'), ' ', ...whom, ...since(v), ...why(v), '.'],
    advice: [...causeWords(v.cause).act, shut ? ' Every deployment is shut: callers are told at once.' : ' Callers get an error.', others(v)],
    title: v.since ? `down since ${hourMinute(moment(v.since), zone)}` : 'down',
  };
}

function keyGone(k: Known): Pick<Words, 'sentence' | 'advice' | 'title'> {
  const v = k.frame.verdict;
  const c = v.cause;
  const provider = c?.provider ?? 'A provider';
  const [kind, what] = c?.code === 'not_found' ? ['', c.model ?? 'a model'] : c?.key_name ? ['the key ', c.key_name] : ['', 'its key'];
  const now: Rich = v.served_instead || v.served_instead_model ? [' is answered by ', bold(instead(k))] : [' has no other answer yet'];
  return {
    sentence: [provider, ' refuses ', kind, bold(what), ...since(v), '; ', group(v), ...now, '.'],
    advice: [...causeWords(c).act, others(v)],
    title: `${provider} refuses ${what}`,
  };
}

function exposed(k: Known): Pick<Words, 'sentence' | 'advice' | 'title'> {
  const v = k.frame.verdict;
  const only = k.chains.length === 1 ? k.chains[0] : ownChain(k);
  const d = only?.legs[0]?.deployments[0];
  const model = d?.model ?? ownModel(v) ?? 'One model';
  const everything = (v.of_groups ?? k.chains.length) === 1 || !v.model_group;
  return {
    sentence: [bold(model), ' answers ', everything ? 'everything' : group(v), ', and ', bold('nothing stands behind it'), '.'],
    advice: [`An outage of ${d?.provider ?? v.cause?.provider ?? 'its provider'} would be an outage of yours. Add a second deployment or a fallback in the config, and restart.`],
    title: 'no fallback',
  };
}

function quiet({ frame }: Known): Pick<Words, 'sentence'> {
  const { since, answers: a } = frame.verdict;
  const last: Rich = since ? ['The last request came ', { ago: moment(since) }, ' ago'] : ['No request has come for 5 minutes'];
  if (!a || a.requests === 0) return { sentence: [...last, '.'] };
  if (a.full === a.requests) return { sentence: [...last, '; until then every group was answered by its own model.'] };
  return { sentence: [...last, '; ', ...spanWords(frame, a), ' its own model answered ', ...ownTimes(a), `${unanswered(a)}.`] };
}

function healthy(k: Known): Pick<Words, 'sentence' | 'advice' | 'title'> {
  const a = k.frame.verdict.answers;
  const own: Rich = a && a.requests > 0 ? [', ', ...ownTimes(a), ' ', ...spanWords(k.frame, a), unanswered(a)] : [];
  return { sentence: ['Every model group is answered by ', bold('its own model'), ...own, '.'], advice: carried(k), title: 'healthy' };
}

/** What was not as asked, and yet answered. Since when fallbacks are under their line is said only where it is known. */
function carried(k: Known): Rich {
  const { since, answers: a } = k.frame.verdict;
  const stored = a && a.degraded > 0 ? ` ${plural(a.degraded, 'answer')} came from store.` : '';
  if (!a || a.partial === 0) return ['Nothing had to be carried by a fallback.', stored];
  const from = since ? moment(since) : k.calmSince;
  const line: Rich = from == null ? [] : [`, each under its 5${NB}% line since `, { at: from }, ' (', { ago: from }, ')'];
  const those = a.full + a.partial === a.requests ? 'The rest was' : plural(a.partial, 'request was', 'requests were');
  return [`${those} carried by fallbacks`, ...line, '.', stored];
}

/** The verdict's words. Every state of the contract has a row here; `switch` makes the compiler count them. */
export function verdictWords(k: Known, zone: Zone): Words {
  const v = k.frame.verdict;
  const head = { label: LABELS[v.state], tone: TONES[v.severity] };
  const act = (): Rich => [...causeWords(v.cause).act, others(v)];
  const { figure, counted } = howMuch(v);
  switch (v.state) {
    case 'stale':
      return { ...head, sentence: ['The gateway says nothing.'], advice: [], title: 'connection lost' };
    case 'empty': {
      const n = deployments(k.chains).length;
      return {
        ...head, sentence: ['Nothing has been asked yet.'], title: 'ready',
        advice: k.chains.length ? [`${plural(k.chains.length, 'model group is', 'model groups are')} ready, ${plural(n, 'deployment')} behind ${k.chains.length === 1 ? 'it' : 'them'}${everyClosed(k) ? ', every breaker closed' : ''}.`] : [],
      };
    }
    case 'down':
      return { ...head, ...down(k, zone) };
    case 'partly_down':
      return { ...head, sentence: [bold(figure), counted ? ' requests of ' : ' of ', group(v), counted ? ' have had no answer' : ' has had no answer', ...since(v), ...why(v), '.'], advice: act(), title: `${figure} unanswered` };
    case 'degraded':
      return { ...head, sentence: [group(v), ' has been answered from store ', ...often(v), ...since(v), ...why(v), '.'], advice: act(), title: `${figure} from store` };
    case 'recovering':
      return { ...head, ...recovering(k, zone) };
    case 'rerouted':
      return {
        ...head, title: `${figure} rerouted`,
        sentence: [group(v), ' has been answered elsewhere ', ...often(v), ...since(v), ...why(v), '; ', bold(rate(v.same_model_share)), ' of that by the same model.'],
        advice: [v.other_model_rate == null ? 'Little quality is lost. ' : `Little quality is lost, ${rate(v.other_model_rate)} went to another model. `, ...act()],
      };
    case 'open':
    case 'losing':
    case 'slipping':
      return { ...head, ...losing(k) };
    case 'soft':
      return {
        ...head, title: `${figure} soft failures`, advice: act(),
        sentence: [bold(ownModel(v) ?? 'A model'), ' answers ', group(v), ', but ', bold(rate(v.rate)), ' of its answers have been ', softReason(v.cause?.kind), ...since(v), '.'],
      };
    case 'weak':
      return { ...head, sentence: [bold(v.task ?? v.model_group ?? 'A task'), ' has escalated ', bold(figure), ' of its requests to ', bold(instead(k)), ...since(v), '.'], advice: act(), title: `${figure} escalated` };
    case 'key':
      return { ...head, ...keyGone(k) };
    case 'quiet':
      return { ...head, ...quiet(k), advice: [], title: 'quiet' };
    case 'exposed':
      return { ...head, ...exposed(k) };
    case 'healthy':
      return { ...head, ...healthy(k) };
  }
}

const everyClosed = (k: Known): boolean => deployments(k.chains).every((d) => d.breaker.state === 'closed');
