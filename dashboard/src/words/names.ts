/** Short names of deployments, kinds and soft failures. */
import type { Chain, Deployment } from '../api';

/** `openai/gpt-4.1` is `gpt-4.1`; a name without a provider stays as it is. */
export function short(name: string): string {
  const slash = name.indexOf('/');
  return slash < 0 ? name : name.slice(slash + 1);
}

/** All deployments, each once: a group may be a leg of several chains. */
export const deployments = (chains: readonly Chain[]): Deployment[] =>
  [...new Map(chains.flatMap((c) => c.legs.flatMap((l) => l.deployments.map((d) => [d.deployment, d] as const)))).values()];

/** Finds a deployment by its id. */
export const find = (chains: readonly Chain[], id: string): Deployment | undefined =>
  deployments(chains).find((d) => d.deployment === id);

/** The model that a deployment serves: ids may be hashes, models are what people know. */
export const modelOf = (chains: readonly Chain[], id: string): string => find(chains, id)?.model ?? short(id);

/** `claude-sonnet-4-6`, or with its region where it has one. */
export function nameOf(chains: readonly Chain[], id: string): string {
  const d = find(chains, id);
  if (!d) return short(id);
  return d.region ? `${d.model} ${d.region}` : d.model;
}

/** The kind without what is in brackets: `Timeout(first token)` is `Timeout`. */
export const kindOf = (kind: string): string => kind.replace(/\(.*$/, '');

const SHORT_KINDS: Record<string, string> = {
  RateLimited: '429',
  QuotaExhausted: 'quota',
  Overloaded: 'overload',
  ServerError: '5xx',
  Timeout: 'timeout',
  Connection: 'connect',
  Malformed: 'malformed',
  Broken: 'broken',
  ContextWindow: 'context',
  ContentPolicy: 'policy',
  Authentication: 'auth',
  NotFound: '404',
  BadRequest: '400',
  Soft: 'soft',
  Cancelled: 'left',
};

/** A kind in a place that has room for one word. */
export const shortKind = (kind: string): string => SHORT_KINDS[kindOf(kind)] ?? kind;

const SOFT: Record<string, string> = {
  empty: 'empty',
  truncated: 'cut off',
  loop: 'repetitive',
  schema: 'not the JSON asked for',
  tools: 'unusable tool calls',
  refusal: 'refused',
  user: 'rejected by your own check',
};

/** Why an answer failed its check, from `Soft(schema)`, `Soft(not the JSON asked for)` or `schema`. */
export function softReason(kind: string | null | undefined): string {
  const inner = (kind ?? '').replace(/^Soft\((.*)\)$/, '$1');
  if (inner === '' || inner === 'Soft') return 'failing their check';
  return SOFT[inner.toLowerCase()] ?? inner;
}
