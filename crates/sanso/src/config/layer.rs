//! Settings as they are said in one place, and how places are put over each other.

use std::time::Duration;

use super::checks::ChecksLayer;
use super::defaults;
use super::degradation::DegradeLayer;
use super::types::{
    Breaker, FallbackOn, Policy, Preflight, RetriesByKind, Retry, Streams, Timeouts,
};

/// What one place of the file says. The places, weakest first: `litellm_settings`,
/// `router_settings`, `sanso`, `sanso.groups.NAME`, the deployment.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) num_retries: Option<u32>,
    pub(super) by_kind: RetriesByKind,
    pub(super) max_attempts: Option<u32>,
    pub(super) retry_after: Option<Duration>,
    pub(super) patience: Option<Duration>,
    pub(super) patience_hinted: Option<Duration>,
    pub(super) fallback_on: Option<FallbackOn>,
    pub(super) checks: ChecksLayer,
    pub(super) timeout: Option<Duration>,
    pub(super) stream_timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) first_token: Option<Duration>,
    pub(super) first_token_per_10k: Option<Duration>,
    pub(super) first_token_patient: Option<Duration>,
    pub(super) gap: Option<Duration>,
    pub(super) metrics_only: Option<bool>,
    pub(super) cooldown: Option<Duration>,
    pub(super) allowed_fails: Option<u32>,
    pub(super) min_rate: Option<f64>,
    pub(super) window: Option<Duration>,
    pub(super) min_calls: Option<u32>,
    pub(super) fault_rate: Option<f64>,
    pub(super) probes: Option<u32>,
    pub(super) success_threshold: Option<u32>,
    pub(super) slow: Option<bool>,
    pub(super) shed_below: Option<f64>,
    pub(super) commit_by: Option<Duration>,
    pub(super) buffer_full: Option<bool>,
    pub(super) continues: Option<bool>,
    pub(super) upstream_stream: Option<bool>,
    pub(super) inflow_cap: Option<u32>,
    pub(super) preflight: Option<Preflight>,
    pub(super) degrade: DegradeLayer,
    /// `Some(None)`: switched off.
    pub(super) budget: Option<Option<u32>>,
}

impl Layer {
    /// This layer, and below it what it does not say.
    pub(super) fn over(&self, lower: &Self) -> Self {
        Self {
            num_retries: self.num_retries.or(lower.num_retries),
            by_kind: retries_over(self.by_kind, lower.by_kind),
            max_attempts: self.max_attempts.or(lower.max_attempts),
            retry_after: self.retry_after.or(lower.retry_after),
            patience: self.patience.or(lower.patience),
            patience_hinted: self.patience_hinted.or(lower.patience_hinted),
            fallback_on: self.fallback_on.or(lower.fallback_on),
            checks: self.checks.over(&lower.checks),
            timeout: self.timeout.or(lower.timeout),
            stream_timeout: self.stream_timeout.or(lower.stream_timeout),
            deadline: self.deadline.or(lower.deadline),
            connect: self.connect.or(lower.connect),
            first_token: self.first_token.or(lower.first_token),
            first_token_per_10k: self.first_token_per_10k.or(lower.first_token_per_10k),
            first_token_patient: self.first_token_patient.or(lower.first_token_patient),
            gap: self.gap.or(lower.gap),
            metrics_only: self.metrics_only.or(lower.metrics_only),
            cooldown: self.cooldown.or(lower.cooldown),
            allowed_fails: self.allowed_fails.or(lower.allowed_fails),
            min_rate: self.min_rate.or(lower.min_rate),
            window: self.window.or(lower.window),
            min_calls: self.min_calls.or(lower.min_calls),
            fault_rate: self.fault_rate.or(lower.fault_rate),
            probes: self.probes.or(lower.probes),
            success_threshold: self.success_threshold.or(lower.success_threshold),
            slow: self.slow.or(lower.slow),
            shed_below: self.shed_below.or(lower.shed_below),
            commit_by: self.commit_by.or(lower.commit_by),
            buffer_full: self.buffer_full.or(lower.buffer_full),
            continues: self.continues.or(lower.continues),
            upstream_stream: self.upstream_stream.or(lower.upstream_stream),
            inflow_cap: self.inflow_cap.or(lower.inflow_cap),
            preflight: self.preflight.or(lower.preflight),
            degrade: self.degrade.over(&lower.degrade),
            budget: self.budget.or(lower.budget),
        }
    }

    /// The policy that this says, defaults filled in.
    pub(super) fn policy(&self) -> Policy {
        Policy {
            retry: Retry {
                num_retries: self.num_retries,
                by_kind: self.by_kind,
                max_attempts: self.max_attempts,
                retry_after: self.retry_after.unwrap_or(defaults::RETRY_AFTER),
                patience: self.patience.unwrap_or(defaults::PATIENCE),
                patience_hinted: self.patience_hinted.unwrap_or(defaults::PATIENCE_HINTED),
                budget: self.budget.unwrap_or(Some(defaults::RETRY_BUDGET)),
            },
            fallback_on: self.fallback_on.unwrap_or_default(),
            checks: self.checks.checks(),
            breaker: self.breaker(),
            timeouts: self.timeouts(),
            streams: Streams {
                commit_by: self.commit_by.unwrap_or(defaults::COMMIT_BY),
                buffer_full: self.buffer_full.unwrap_or(false),
                continues: self.continues.unwrap_or(false),
                upstream_stream: self.upstream_stream.unwrap_or(false),
            },
            shed_below: self.shed_below,
            inflow_cap: self.inflow_cap,
            preflight: self.preflight.unwrap_or_default(),
            degrade: self.degrade.degrade(),
        }
    }

    pub(super) fn breaker(&self) -> Breaker {
        let cooldown = self.cooldown.unwrap_or(defaults::COOLDOWN);
        Breaker {
            enabled: !self.metrics_only.unwrap_or(false) && !cooldown.is_zero(),
            cooldown,
            allowed_fails: self.allowed_fails,
            min_rate: self.min_rate.unwrap_or(defaults::MIN_RATE),
            window: self.window.unwrap_or(defaults::WINDOW),
            min_calls: self.min_calls.unwrap_or(defaults::MIN_CALLS),
            fault_rate: self.fault_rate.unwrap_or(defaults::FAULT_RATE),
            probes: self.probes.unwrap_or(defaults::PROBES),
            success_threshold: self.success_threshold.unwrap_or(defaults::SUCCESS_THRESHOLD),
            slow: self.slow.unwrap_or(false),
        }
    }

    /// `stream_timeout` stands for a stream's first-token limit, gap and `timeout`, and a `timeout`
    /// for its gap, unless those are set themselves.
    pub(super) fn timeouts(&self) -> Timeouts {
        let timeout = self.timeout.unwrap_or(defaults::TIMEOUT);
        let first_token = self.first_token.or(self.stream_timeout);
        let gap = self.gap.or(self.stream_timeout);
        let patient = self.first_token_patient.or(self.stream_timeout);
        Timeouts {
            timeout,
            timeout_is_set: self.timeout.is_some(),
            stream_timeout: self.stream_timeout.unwrap_or(timeout),
            deadline: self.deadline.unwrap_or_else(|| defaults::DEADLINE.max(timeout * 2)),
            connect: self.connect.unwrap_or(defaults::CONNECT),
            first_token: first_token.unwrap_or(defaults::FIRST_TOKEN),
            first_token_per_10k: match (self.first_token_per_10k, self.stream_timeout) {
                (Some(set), _) => set,
                // Who sets a stream's limit means it for any prompt.
                (None, Some(_)) if self.first_token.is_none() => Duration::ZERO,
                (None, _) => defaults::FIRST_TOKEN_PER_10K,
            },
            first_token_patient: patient.unwrap_or(defaults::FIRST_TOKEN_PATIENT),
            gap: gap.or(self.timeout).unwrap_or(defaults::GAP),
            gap_patient: gap
                .unwrap_or_else(|| self.timeout.unwrap_or(defaults::GAP).max(defaults::GAP)),
        }
    }
}

fn retries_over(upper: RetriesByKind, lower: RetriesByKind) -> RetriesByKind {
    RetriesByKind {
        bad_request: upper.bad_request.or(lower.bad_request),
        authentication: upper.authentication.or(lower.authentication),
        timeout: upper.timeout.or(lower.timeout),
        rate_limit: upper.rate_limit.or(lower.rate_limit),
        content_policy: upper.content_policy.or(lower.content_policy),
        internal_server: upper.internal_server.or(lower.internal_server),
        service_unavailable: upper.service_unavailable.or(lower.service_unavailable),
        not_found: upper.not_found.or(lower.not_found),
        default: upper.default.or(lower.default),
    }
}
