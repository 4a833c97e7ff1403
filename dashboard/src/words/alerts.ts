/** What an alert is called, how much it is, and the words that find its requests. */
import type { Alert, Chain, Signal } from '../api';
import { nameOf } from './names';
import { count, ENOUGH, limit, NB, rate } from './numbers';

const SIGNALS: Record<Signal, string> = {
  fallback_rate: 'Fallback rate',
  breaker_openings: 'Breaker openings',
  provider_error_rate: 'Provider errors',
  degraded: 'Stored answers',
  unavailable: 'Unavailable',
  soft_failure_rate: 'Soft failures',
  escalation_rate: 'Escalations',
  authentication: 'Key refused',
  not_found: 'Model gone',
  quota: 'No credit left',
  budget: 'Budget',
  delivery: 'Alert delivery failed',
};

export const signalWords = (s: string): string => (SIGNALS as Record<string, string>)[s] ?? s;

/** Whom it is about. */
export function about(a: Alert, chains: readonly Chain[]): string {
  if (a.signal === 'soft_failure_rate' && a.model) return a.model;
  if (a.signal === 'provider_error_rate' && a.provider) return a.provider;
  if (a.signal === 'breaker_openings' && a.deployment) return nameOf(chains, a.deployment);
  return a.model_group ?? (a.deployment ? nameOf(chains, a.deployment) : (a.model ?? a.provider ?? a.task ?? ''));
}

/** The rate since the onset is not over its line (any more): the severity is that of its worst. */
const isThin = (a: Alert): boolean => a.value != null && a.threshold != null && a.value <= a.threshold && (a.cause?.worst ?? 0) > a.threshold;

/** `18.3 % at its worst`, where that was worse than what is said already. */
export function worstWords(a: Alert): string | null {
  const worst = a.cause?.worst;
  return worst == null || isThin(a) || worst <= (a.value ?? 0) ? null : `${rate(worst)} at its worst`;
}

/** `12.4 %, limit 10 %`; `0.9 %, 2.4 % at its worst, limit 1 %` where the rate alone would be no reason to fire. */
export function valueWords(a: Alert): string {
  const few = a.count != null && a.of != null && a.of < ENOUGH;
  switch (a.signal) {
    case 'breaker_openings':
      return `${count(a.value)} in 1${NB}h${a.threshold == null ? '' : `, limit ${count(a.threshold)}`}`;
    case 'authentication':
    case 'not_found':
    case 'quota':
    case 'delivery':
      return a.count == null ? '' : a.count === 1 ? 'once' : `${count(a.count)} times`;
    default:
      return `${few ? `${count(a.count)} of ${count(a.of)}` : rate(a.value)}${isThin(a) ? `, ${rate(a.cause?.worst)} at its worst` : ''}${a.threshold == null ? '' : `, limit ${limit(a.threshold)}`}`;
  }
}

/** Words that find the requests of an alert. */
export function filterOf(a: Alert): string {
  const kind = a.cause?.kind ? [`kind:${a.cause.kind.replace(/\(.*$/, '')}`] : [];
  switch (a.signal) {
    case 'fallback_rate':
      return ['fallback', a.model_group ?? ''].join(' ').trim();
    case 'unavailable':
    case 'degraded':
      return [a.signal, a.model_group ?? ''].join(' ').trim();
    case 'soft_failure_rate':
      return ['soft', a.model ?? ''].join(' ').trim();
    default:
      return [a.deployment ?? a.provider ?? a.model_group ?? a.task ?? '', ...kind].join(' ').trim();
  }
}
