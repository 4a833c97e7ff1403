/**
 * What the gateway says, as JSON, under its admin address. The one place where its shapes are named.
 *
 * Times are RFC 3339 in UTC, durations end in `_ms`, money in `_usd`, rates run from 0 to 1, and what
 * is unknown is `null`, never 0. Fields marked optional are filled by later releases: absent and
 * `null` mean the same, and the page says nothing about them.
 */

export type Time = string;
export type Maybe<T> = T | null | undefined;
export type Range = '15m' | '1h' | '6h' | '24h' | '7d' | '30d';
export type BreakerState = 'closed' | 'open' | 'half-open' | 'recovering';
export type Degradation = 'full' | 'partial' | 'degraded' | 'unavailable' | 'cancelled' | 'rejected';

export type VerdictState =
  | 'stale' | 'empty' | 'down' | 'partly_down' | 'degraded' | 'recovering' | 'rerouted' | 'open' | 'losing'
  | 'slipping' | 'soft' | 'weak' | 'key' | 'quiet' | 'exposed' | 'healthy';
export type Severity = 'ok' | 'warn' | 'critical' | 'idle';
export type Trend = 'steady' | 'rising' | 'falling';

export type CauseCode =
  | 'rate_steady' | 'rate_burst' | 'provider_incident' | 'network' | 'latency' | 'authentication' | 'quota'
  | 'not_found' | 'soft' | 'context' | 'policy' | 'forced' | 'mixed';

export interface Cause {
  code: CauseCode;
  provider?: Maybe<string>;
  model?: Maybe<string>;
  /** The name of the variable that holds the key, never the key. */
  key_name?: Maybe<string>;
  kind?: Maybe<string>;
  kind_share?: Maybe<number>;
  /** How the other providers did in the same time. */
  other_providers?: Maybe<'fine' | 'failing' | 'unknown'>;
  /** Quota: when it is filled up again, where the provider says so. */
  resets_at?: Maybe<Time>;
  evidence?: Maybe<string[]>;
  /** Of a rate: the highest that it was judged by since the onset. */
  worst?: Maybe<number>;
  /** The start of the gateway, where that was after the onset: nothing before it is in the counts. */
  counted_since?: Maybe<Time>;
}

/** Counts of answers by what became of the request. */
export interface Totals {
  requests: number;
  full: number;
  partial: number;
  degraded: number;
  unavailable: number;
}

export interface Answers extends Totals {
  /** A model group, or `all`. */
  scope: string;
  since?: Maybe<Time>;
}

export interface Verdict {
  state: VerdictState;
  severity: Severity;
  model_group?: Maybe<string>;
  task?: Maybe<string>;
  /** `provider/model`: who should answer, or whose answers fail. */
  model?: Maybe<string>;
  /** A deployment, and the same as `provider/model`. */
  served_instead?: Maybe<string>;
  served_instead_model?: Maybe<string>;
  rate?: Maybe<number>;
  since?: Maybe<Time>;
  trend?: Maybe<Trend>;
  /** Recovering: since when. */
  recovering_since?: Maybe<Time>;
  /** Open: the soonest probe of the first leg. */
  next_probe?: Maybe<Time>;
  /** All groups that there are. */
  of_groups?: Maybe<number>;
  same_model_share?: Maybe<number>;
  other_model_rate?: Maybe<number>;
  /** Other groups that are affected. */
  others?: Maybe<number>;
  cause?: Maybe<Cause>;
  just_before?: Maybe<{ at: Time; what: string }>;
  answers?: Maybe<Answers>;
}

export interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Breaker {
  state: BreakerState;
  since: Time;
  next_probe?: Maybe<Time>;
  /** Recovering: calls at once. */
  window?: Maybe<number>;
  openings_1h: { at: Time; kind?: Maybe<string> }[];
  forced?: Maybe<'open' | 'closed' | 'metrics-only'>;
}

export interface Gate {
  gate: string;
  /** Absent means shut; a quota that shut of late is told of though it is open. */
  shut?: Maybe<boolean>;
  dimension?: Maybe<string>;
  since?: Maybe<Time>;
  not_before?: Maybe<Time>;
  closings_1h?: Maybe<number>;
}

export interface Deployment {
  /** The id, as in metrics and logs. */
  deployment: string;
  provider: string;
  model: string;
  region?: Maybe<string>;
  /** Of the requests of its model group. */
  share: number | null;
  requests: number;
  attempts: number;
  faults: Record<string, number>;
  /** What moved requests on from here, with their number. */
  reasons_on: Record<string, number>;
  in_flight: number;
  ttft_ms: Quantiles;
  soft_failure_rate?: Maybe<number>;
  parity?: Maybe<{ score: number; replays: number }>;
  breaker: Breaker;
  gates: Gate[];
}

export interface Leg {
  model_group: string;
  deployments: Deployment[];
}

export interface Chain {
  model_group: string;
  task?: Maybe<string>;
  /** What series, ticks and `answers.scope` call it; worked out on arrival (`live/arrive.ts`) where it is not sent. */
  name?: Maybe<string>;
  strategy?: Maybe<string>;
  fallback: 'allow' | 'deny';
  cascade?: Maybe<boolean>;
  requests_per_min: number | null;
  fallback_rate: { '5m': number | null; '1h': number | null; since_onset?: Maybe<number> };
  escalation_rate?: Maybe<number>;
  chain_health?: Maybe<number>;
  legs: Leg[];
}

export type Signal =
  | 'fallback_rate' | 'breaker_openings' | 'provider_error_rate' | 'degraded' | 'unavailable' | 'soft_failure_rate'
  | 'escalation_rate' | 'authentication' | 'not_found' | 'quota' | 'budget' | 'delivery';

export interface Alert {
  id: string;
  signal: Signal;
  severity: 'warn' | 'critical';
  state: 'firing' | 'pending' | 'resolved';
  since: Time;
  model_group?: Maybe<string>;
  task?: Maybe<string>;
  deployment?: Maybe<string>;
  model?: Maybe<string>;
  provider?: Maybe<string>;
  value: number | null;
  threshold: number | null;
  window?: Maybe<string>;
  count?: Maybe<number>;
  of?: Maybe<number>;
  served_instead?: Maybe<string>;
  same_model_share?: Maybe<number>;
  cause?: Maybe<Cause>;
  silenced_until?: Maybe<Time>;
}

/** What the gateway can write into the page itself: an overview without its longer parts. */
export interface Frame {
  now: Time;
  started_at: Time;
  version: string;
  instance: string;
  utc_offset_min: number;
  range: Range;
  verdict: Verdict;
}

export interface Overview extends Frame {
  totals: Totals;
  chains: Chain[];
  alerts: Alert[];
  history?: Maybe<{ store: string | null; retention_d: number | null; dropped_rows: number; waiting_rows?: Maybe<number>; last_error?: Maybe<string> }>;
  delivery?: Maybe<{ ok: boolean; last_error?: Maybe<string> }>;
  /** Incidents are kept, and can be asked for; absent where they are not. */
  incidents?: Maybe<boolean>;
}

export type Values = (number | null)[];

export interface GroupSeries {
  requests: Values;
  fallback_rate: Values;
  unavailable_rate: Values;
  degraded_rate: Values;
  /** Shares: leg, then deployment, then bucket. */
  served: Values[][];
}

export interface ProviderSeries {
  attempts: Values;
  /** Kind of fault: share of the attempts. */
  kinds: Record<string, Values>;
}

export interface BreakerLane {
  deployment: string;
  segments: { from: Time; to: Time | null; state: BreakerState }[];
  openings: Time[];
}

export interface Series {
  /** Where each bucket begins. The last one is still filling. */
  t: Time[];
  step_s: number;
  model_groups: Record<string, GroupSeries>;
  providers: Record<string, ProviderSeries>;
  soft: Record<string, Values>;
  ttft_ms: { p50: Values; p95: Values; p99: Values };
  duration_ms: { p50: Values; p95: Values; p99: Values };
  /** Per bucket. Only `answers` is known from the first release on. */
  cost_usd: {
    answers: Values;
    retries?: Maybe<Values>;
    hedges?: Maybe<Values>;
    discarded_streams?: Maybe<Values>;
    fallback_premium?: Maybe<Values>;
  };
  breakers: BreakerLane[];
  marks: { at: Time; what: string }[];
}

export interface Incident {
  id: string;
  title: string;
  severity: 'warn' | 'critical' | 'drill';
  since: Time;
  until: Time | null;
  model_groups: string[];
  kinds: Record<string, number>;
  affected_requests: number;
  served_instead: Record<string, number>;
  unavailable: number;
  extra_cost_usd: number | null;
  recovery_s: number | null;
  just_before?: Maybe<{ at: Time; what: string }>;
  events: { at: Time; type: string; text: string }[];
}

export interface Attempt {
  deployment: string;
  provider?: Maybe<string>;
  model?: Maybe<string>;
  leg: number;
  /** `success`, or the kind of fault. */
  outcome: string;
  phase?: Maybe<string>;
  /** Why an answer failed its check. */
  soft?: Maybe<string>;
  status?: Maybe<number>;
  note?: Maybe<string>;
  wait_before_ms: number;
  start_ms: number;
  duration_ms: number;
  ttft_ms: number | null;
  forced_probe?: Maybe<boolean>;
}

export interface Skip {
  deployment: string;
  gate: string;
  since?: Maybe<Time>;
}

export interface RequestRow {
  request_id: string;
  ts: Time;
  model_group: string;
  task?: Maybe<string>;
  provider?: Maybe<string>;
  model?: Maybe<string>;
  /** Who answered, and for which leg. */
  deployment?: Maybe<string>;
  leg?: Maybe<number>;
  is_fallback: boolean;
  fallback_from?: Maybe<string>;
  degradation_level: Degradation;
  duration_ms: number | null;
  ttft_ms?: Maybe<number>;
  input_tokens?: Maybe<number>;
  output_tokens?: Maybe<number>;
  cost_usd?: Maybe<number>;
  format_valid?: Maybe<boolean>;
  quality_score?: Maybe<number>;
  failure_kinds: string[];
  /** What is wrong with the answer that was given. */
  soft_fault?: Maybe<string>;
  attempts: Attempt[];
  skipped: Skip[];
}

/** A page of requests, newest first. */
export interface RequestPage {
  requests: RequestRow[];
  /** The next question's `before`; `null` at the end. It may be there after an empty page, too: the gateway looks only so far at once. */
  before: string | null;
}

/** One second of traffic: what was counted since the tick before, and what is in flight now. */
export interface Tick {
  at: Time;
  model_groups: Record<string, Totals & {
    /** Answers: leg, then deployment. */
    served: number[][];
  }>;
  deployments: Record<string, { attempts: number; faults: Record<string, number>; in_flight: number }>;
}

export interface BreakerMoved {
  deployment: string;
  from: BreakerState;
  to: BreakerState;
  at: Time;
  kind?: Maybe<string>;
  next_probe?: Maybe<Time>;
  window?: Maybe<number>;
}

/** `GET /admin/events`, by the name of the event. */
export type LiveEvent =
  | { type: 'hello'; data: { now: Time; version: string; started_at: Time } }
  | { type: 'tick'; data: Tick }
  | { type: 'request'; data: { request: RequestRow; skipped?: Maybe<number> } }
  | { type: 'breaker'; data: BreakerMoved }
  | { type: 'verdict'; data: Verdict }
  | { type: 'gate' | 'alert' | 'incident' | 'config' | 'bye'; data: unknown };
