//! A failed request in the caller's words.

use std::fmt::Write as _;
use std::time::Duration;

use sanso_core::{CallId, DeploymentId, FailureCause, FaultKind, Gate, Instant, Refusal};
use sanso_wire::Failure;

use crate::error::{Error, ErrorKind};
use crate::observe::trail::Trail;
use crate::preflight;
use crate::served::Served;
use crate::snapshot::Snapshot;

/// The error of a request that no one answered. It keeps the provider's text, secrets masked, and
/// says which attempts were made, or which gates are shut.
pub(crate) fn error(
    failure: &sanso_core::Failure,
    failures: &[(CallId, Failure)],
    trail: &Trail,
    served: Served,
    snapshot: &Snapshot,
    now: Instant,
) -> Error {
    let error = match &failure.cause {
        FailureCause::Fault { call, kind } => {
            let said = failures.iter().find(|(id, _)| id == call).map(|(_, failure)| failure);
            let place = trail.attempts.iter().position(|attempt| attempt.call == *call);
            let told = place.and_then(|place| served.attempts.get(place));
            let told = told.map(|attempt| &*attempt.deployment);
            of_fault(failure.status, *kind, said, told, &served, snapshot)
        }
        FailureCause::Shut(refusals) => {
            let kind = match failure.status {
                429 => ErrorKind::RateLimited,
                _ => ErrorKind::Unavailable,
            };
            // Gates open again, and a client's own retry is worth its while; but not for a key that
            // is not accepted, or a model that is not there.
            Error::new(kind, failure.status, shut(refusals, &served, snapshot, now))
                .with(|inner| inner.should_retry = failure.status != 502)
        }
        FailureCause::Unable(unable) => {
            preflight::error(&served.model_group, unable, failure.status, snapshot)
        }
        FailureCause::Shed(health) => {
            let group = &served.model_group;
            let message = format!(
                "`{group}` is {}: {} of the {} deployments of its chain can be called, and requests \
                 with a priority above 0 are turned away meanwhile",
                health.word().as_str(),
                health.admits,
                health.of
            );
            Error::new(ErrorKind::Unavailable, failure.status, message)
                .with(|inner| inner.should_retry = true)
        }
        FailureCause::Deadline => Error::new(
            ErrorKind::Timeout,
            failure.status,
            "the request's deadline passed before a provider could be asked".to_owned(),
        )
        .with(|inner| inner.should_retry = true),
    };
    error.with(|inner| {
        inner.retry_after = failure.retry_after;
        inner.served = Some(Box::new(served));
    })
}

fn of_fault(
    status: u16,
    kind: FaultKind,
    said: Option<&Failure>,
    told: Option<&str>,
    served: &Served,
    snapshot: &Snapshot,
) -> Error {
    let said = said.map(|said| snapshot.masked(said));
    let mut message = said.as_ref().map_or_else(|| limit_passed(kind), |said| said.message.clone());
    if kind == FaultKind::Authentication {
        let told = told.unwrap_or("the provider");
        message = format!("{told} refused the gateway's own key (not yours): {message}");
    }
    if served.attempts.len() > 1 {
        // Writing to a string cannot fail.
        let _ = write!(message, " (tried: {})", served.attempts_header());
    }
    Error::new(kind_of(kind), status, message).with(|inner| {
        inner.should_retry = worth_repeating(kind);
        if kind == FaultKind::Authentication {
            // The provider's `invalid_api_key` would send the caller after a key that is not theirs.
            inner.code = Some("upstream_authentication".to_owned());
        } else if let Some(said) = said {
            inner.error_type = said.kind;
            inner.code = said.code;
            inner.param = said.param;
        }
    })
}

/// Whether the request itself is at fault: a mistake of its caller, and no outage.
pub(crate) fn is_the_callers(failure: &sanso_core::Failure) -> bool {
    match failure.cause {
        FailureCause::Fault { kind, .. } => kind_of(kind) == ErrorKind::InvalidRequest,
        FailureCause::Unable(_) => true,
        FailureCause::Shut(_) | FailureCause::Shed(_) | FailureCause::Deadline => false,
    }
}

fn limit_passed(kind: FaultKind) -> String {
    match kind {
        FaultKind::Timeout(_) => "the provider did not answer in time".to_owned(),
        _ => "the provider failed".to_owned(),
    }
}

/// `no deployment of `main` can be called at the moment: anthropic/claude (circuit breaker open for
/// 3.0 s, asked again in 9.2 s) ...`
fn shut(
    refusals: &[(DeploymentId, Refusal)],
    served: &Served,
    snapshot: &Snapshot,
    now: Instant,
) -> String {
    let group = &served.model_group;
    if refusals.is_empty() {
        return format!(
            "no deployment of `{group}` can be called: none of its providers is set up"
        );
    }
    let mut message = format!("no deployment of `{group}` can be called at the moment:");
    for (index, (deployment, refusal)) in refusals.iter().enumerate() {
        let separator = if index == 0 { " " } else { "; " };
        let (label, why) = (snapshot.label(*deployment), refused(refusal, now));
        let _ = write!(message, "{separator}{label} ({why})");
    }
    message
}

/// `circuit breaker open for 3.0 s, asked again in 9.2 s`.
pub(crate) fn refused(refusal: &Refusal, now: Instant) -> String {
    let why = match refusal.gate {
        Gate::Credential => "the gateway's key refused or out of money",
        Gate::Model => "model not found there",
        Gate::Quota => "rate limited",
        Gate::Host => "host not reachable",
        Gate::Breaker => "circuit breaker open",
        Gate::SlowStart => "recovering, and full,",
        Gate::Budget => "retry budget spent",
        Gate::RetryCap => "too many retries at once",
        Gate::Inflow => "full of calls that came by fallback",
    };
    let again = refusal.not_before.map(|at| format!(", asked again in {}", seconds(at - now)));
    format!("{why} for {}{}", seconds(now - refusal.since), again.unwrap_or_default())
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

const fn kind_of(kind: FaultKind) -> ErrorKind {
    match kind {
        FaultKind::RateLimited => ErrorKind::RateLimited,
        FaultKind::Timeout(_) => ErrorKind::Timeout,
        FaultKind::BadRequest | FaultKind::ContextWindow | FaultKind::ContentPolicy => {
            ErrorKind::InvalidRequest
        }
        FaultKind::QuotaExhausted
        | FaultKind::Overloaded
        | FaultKind::ServerError
        | FaultKind::Connection(_)
        | FaultKind::Malformed
        | FaultKind::Authentication
        | FaultKind::NotFound
        | FaultKind::Soft(_)
        | FaultKind::Cancelled => ErrorKind::Upstream,
        FaultKind::Broken => ErrorKind::Broken,
    }
}

/// Whether the same request may fare better later: a client's own retries should stop where not.
const fn worth_repeating(kind: FaultKind) -> bool {
    match kind {
        FaultKind::RateLimited
        | FaultKind::Overloaded
        | FaultKind::ServerError
        | FaultKind::Timeout(_)
        | FaultKind::Connection(_)
        | FaultKind::Malformed
        | FaultKind::Broken
        | FaultKind::Soft(_) => true,
        FaultKind::QuotaExhausted
        | FaultKind::ContextWindow
        | FaultKind::ContentPolicy
        | FaultKind::Authentication
        | FaultKind::NotFound
        | FaultKind::BadRequest
        | FaultKind::Cancelled => false,
    }
}

/// A bug of ours, said as such.
pub(crate) fn internal(what: &str) -> Error {
    Error::new(ErrorKind::Upstream, 500, format!("sanso has a bug: {what}; please report it"))
}
