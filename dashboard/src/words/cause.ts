/** Why, and what to do about it: one row for each `cause.code`. */
import type { Cause, CauseCode } from '../api';
import { kindOf, softReason } from './names';
import { bold, type Rich } from './rich';
import { moment } from './time';

interface Said {
  /** Ends the sentence: "because anthropic rate-limits it". */
  why: Rich;
  /** What to do; the clause before the colon is bold. */
  act: Rich;
}

const provider = (c: Cause): string => c.provider ?? 'the provider';
const model = (c: Cause): string => c.model ?? 'the model';
const brackets = (text: string): string => (text ? ` (${text})` : '');

/** That the others are fine is said where they were asked, and were. */
function incident(c: Cause): Rich {
  if (c.other_providers === 'fine') return [bold('Nothing to change'), `: this is an incident at ${provider(c)}, the other providers are fine.`];
  if (c.other_providers === 'failing') return [bold('Look at the other providers, too'), `: this is an incident at ${provider(c)}, and it is not the only one that fails.`];
  return [bold(`Look at ${provider(c)}\u2019s status`), ': this is an incident there, and no other provider was asked enough to compare.'];
}

const WORDS: Record<CauseCode, (c: Cause) => Said> = {
  rate_steady: (c) => ({
    why: [`because ${provider(c)} `, { whole: 'rate-limits' }, ' it'],
    act: [bold(`Raise the ${provider(c)} plan or add a deployment`), ': the limit is too small for this load, and the fallback is papering over it.'],
  }),
  rate_burst: (c) => ({
    why: [`because bursts run into ${provider(c)}\u2019s rate limit`],
    act: [bold('Spread the load or queue it'), ': on average the plan is large enough.'],
  }),
  provider_incident: (c) => ({
    why: [`because ${provider(c)} is ${kindOf(c.kind ?? '') === 'Overloaded' ? 'overloaded' : 'failing'}`],
    act: incident(c),
  }),
  network: (c) => ({
    why: [c.provider ? `because ${c.provider} cannot be reached` : 'because no provider can be reached'],
    act: [bold('Look at our own network first'), `: DNS, proxy, egress rules${c.provider ? `; then at ${c.provider}` : ''}.`],
  }),
  latency: (c) => ({
    why: [`because ${provider(c)}\u2019s first token takes too long`],
    act: [bold('Put another region in front'), `, or raise the first-token limit: latency regression at ${provider(c)}.`],
  }),
  authentication: (c) => ({
    why: [`because ${provider(c)} refuses ${c.key_name ? `the key ${c.key_name}` : 'its key'}`],
    act: [bold('Replace the key and restart'), ': it was revoked or lacks a permission. Only the name of its variable is shown.'],
  }),
  quota: (c) => ({
    why: [`because the ${provider(c)} account has no credit left`],
    act: [bold('Top up or raise the spend cap'), ...(c.resets_at ? [' (resets ', { at: moment(c.resets_at) }, ')'] : []), '.'],
  }),
  not_found: (c) => ({
    why: [`because ${provider(c)} no longer offers ${model(c)}`],
    act: [bold('Name a current model and restart.')],
  }),
  soft: (c) => ({
    why: [`because ${model(c)}\u2019s answers fail their check${c.kind ? brackets(softReason(c.kind)) : ''}`],
    act: [bold('Change the order of the legs'), ': the model is too weak for this task.'],
  }),
  context: (c) => ({
    why: [`because prompts are longer than ${model(c)}\u2019s window`],
    act: [bold('Put a leg with a larger window first'), ', or shorten the prompts.'],
  }),
  policy: (c) => ({
    why: [`because ${provider(c)}\u2019s filter refuses it`],
    act: [bold('Look at the requests'), ': only ', { whole: 'content_policy_fallbacks' }, ' apply.'],
  }),
  forced: () => ({
    why: ['because an operator forced its breaker open'],
    act: [bold('Release it'), ' when the reason is gone.'],
  }),
  mixed: (c) => ({ why: [c.kind ? 'for several reasons, none above half' : 'for a reason that is no fault'], act: [bold('Look at the requests.')] }),
};

/** ` (counted since 17:14, the start)`, to stand behind an onset that the counts do not reach back to. */
export const countedWords = (cause: Cause | null | undefined): Rich => (cause?.counted_since ? [' (counted since ', { at: moment(cause.counted_since) }, ', the start)'] : []);

/** What speaks for a cause. Since when it is counted stands beside the onset, in the reader's zone. */
export const evidenceOf = (cause: Cause | null | undefined): string[] => (cause?.evidence ?? []).filter((line) => !(cause?.counted_since && line.startsWith('counted since ')));

/** The words for a cause; empty where it is not known (yet), or newer than this page. */
export function causeWords(cause: Cause | null | undefined): Said {
  const words = cause ? (WORDS as Partial<typeof WORDS>)[cause.code] : undefined;
  return cause && words ? words(cause) : { why: [], act: [] };
}
