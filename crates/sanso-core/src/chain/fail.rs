//! All failed: which error the client gets.

use super::leg::{Called, Lost};
use super::step::{CallId, LegIndex, Verdict};
use super::{Chain, Ctx};
use crate::fault::{FaultKind, SoftReason};
use crate::gates::{Gate, HINT_CAP, Health, Refusal};
use crate::route::{DeploymentId, Lack};
use crate::time::{Duration, Instant};

/// Why no one answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What to tell.
    pub cause: FailureCause,
    /// The HTTP status.
    pub status: u16,
    /// When it is worth asking again, where that is known.
    pub retry_after: Option<Duration>,
}

/// The error that tells most.
#[derive(Clone, Debug, PartialEq)]
pub enum FailureCause {
    /// That of this call.
    Fault {
        /// Which call.
        call: CallId,
        /// Its kind.
        kind: FaultKind,
    },
    /// No one was called: every gate is shut, or no deployment is left.
    Shut(Vec<(DeploymentId, Refusal)>),
    /// No one was called: no deployment can do what the request asks.
    Unable(Vec<(DeploymentId, Lack)>),
    /// The deadline passed before anyone was called.
    Deadline,
    /// The chain is in too bad a state for a request of low priority.
    Shed(Health),
}

impl Chain {
    /// No one is left: the verdict.
    pub(super) fn fail(&mut self, ctx: &mut Ctx<'_>) {
        if self.has_called_no_one() && ctx.now < self.request.deadline {
            return self.last_resort(ctx);
        }
        if let Some((call, reason)) = soft_answer(&self.lost) {
            return self.conclude(Verdict::Answered { call, soft: Some(reason) });
        }
        let again_at = self.called.iter().filter_map(|called| worth_asking(ctx, called)).min();
        let retry_after = again_at.map(|at| at - ctx.now);
        let failure = most_telling(&self.lost, ctx.now, retry_after).unwrap_or(Failure {
            cause: FailureCause::Deadline,
            status: 504,
            retry_after: None,
        });
        self.conclude(Verdict::Failed(failure));
    }

    /// Nobody was called. `Retry-After` is the soonest reopening, at least a second.
    pub(super) fn all_shut(&self, ctx: &Ctx<'_>) -> Failure {
        const AT_LEAST: Duration = Duration::from_secs(1);
        let mut shut: Vec<(DeploymentId, Refusal)> = Vec::new();
        for &(_, deployment, refusal) in &self.skipped {
            if !shut.iter().any(|(known, _)| *known == deployment) {
                // As it stands now: a request may have waited since it was passed over.
                let now = ctx.gates.shut(deployment, ctx.now).first().copied();
                shut.push((deployment, now.unwrap_or(refusal)));
            }
        }
        let status = status_of_shut(&shut, ctx);
        let wait = |(id, _): &(DeploymentId, _)| {
            reopens(ctx, *id).map_or(AT_LEAST, |at| (at - ctx.now).max(AT_LEAST))
        };
        let retry_after = shut.iter().map(wait).min();
        Failure { cause: FailureCause::Shut(shut), status, retry_after }
    }
}

/// 429 if any deployment is shut by quota alone, 503 if one will be back by itself or is out of money,
/// else 502: a key or a model is the operator's affair.
fn status_of_shut(shut: &[(DeploymentId, Refusal)], ctx: &Ctx<'_>) -> u16 {
    let (mut by_quota, mut unavailable) = (false, false);
    for (id, _) in shut {
        let gates = ctx.gates.shut(*id, ctx.now);
        by_quota |= matches!(gates[..], [Refusal { gate: Gate::Quota, .. }]);
        unavailable |= gates.iter().any(|it| it.by == Some(FaultKind::QuotaExhausted))
            || gates.iter().all(|it| match it.gate {
                Gate::Credential | Gate::Model => false,
                Gate::Quota
                | Gate::Host
                | Gate::Breaker
                | Gate::SlowStart
                | Gate::Budget
                | Gate::RetryCap
                | Gate::Inflow => true,
            });
    }
    match (by_quota, unavailable && !shut.is_empty()) {
        (true, _) => 429,
        (false, true) => 503,
        (false, false) => 502,
    }
}

/// When the last of a deployment's shut gates reopens, where that is known.
fn reopens(ctx: &Ctx<'_>, deployment: DeploymentId) -> Option<Instant> {
    ctx.gates.shut(deployment, ctx.now).iter().filter_map(|shut| shut.not_before).max()
}

/// When it is worth asking a deployment again, as far as its gates or it itself named a time.
fn worth_asking(ctx: &Ctx<'_>, called: &Called) -> Option<Instant> {
    let hint = called.last.fault.hint.map(|hint| called.last.at + hint.min(HINT_CAP));
    reopens(ctx, called.deployment).max(hint)
}

/// An answer of sorts: the earliest soft one, which beats any error.
fn soft_answer(lost: &[Lost]) -> Option<(CallId, SoftReason)> {
    lost.iter().find_map(|lost| {
        let FaultKind::Soft(reason) = lost.fault.kind else { return None };
        Some((lost.call, reason))
    })
}

/// The most telling of the errors, not the last: a caller-fixable 4xx of the first leg, then 429 with
/// the shortest wait, 503, 500 and other 5xx, 504, 502.
fn most_telling(lost: &[Lost], now: Instant, retry_after: Option<Duration>) -> Option<Failure> {
    let telling = lost.iter().min_by_key(|lost| (rank(lost), wait(lost, now)))?;
    let kind = telling.fault.kind;
    let everyone = lost.iter().all(|other| other.fault.kind == kind);
    let retry_after = match kind {
        FaultKind::RateLimited | FaultKind::Overloaded => retry_after,
        FaultKind::QuotaExhausted
        | FaultKind::ServerError
        | FaultKind::Timeout(_)
        | FaultKind::Connection(_)
        | FaultKind::Malformed
        | FaultKind::Broken
        | FaultKind::ContextWindow
        | FaultKind::ContentPolicy
        | FaultKind::Authentication
        | FaultKind::NotFound
        | FaultKind::BadRequest
        | FaultKind::Soft(_)
        | FaultKind::Cancelled => None,
    };
    Some(Failure {
        cause: FailureCause::Fault { call: telling.call, kind },
        status: kind.final_status(telling.fault.status, everyone),
        retry_after,
    })
}

fn wait(lost: &Lost, now: Instant) -> Duration {
    lost.fault.hint.map_or(Duration::MAX, |hint| (lost.at + hint) - now)
}

fn rank(lost: &Lost) -> u8 {
    let first = lost.leg == LegIndex::FIRST;
    match lost.fault.kind {
        FaultKind::BadRequest | FaultKind::ContextWindow | FaultKind::ContentPolicy if first => 0,
        FaultKind::RateLimited => 1,
        FaultKind::QuotaExhausted | FaultKind::Overloaded => 2,
        FaultKind::ServerError => 3,
        FaultKind::Timeout(_) => 4,
        FaultKind::Connection(_)
        | FaultKind::Malformed
        | FaultKind::Broken
        | FaultKind::Soft(_)
        | FaultKind::Authentication
        | FaultKind::NotFound => 5,
        // Of a later leg: the caller asked for something else.
        FaultKind::BadRequest | FaultKind::ContextWindow | FaultKind::ContentPolicy => 6,
        FaultKind::Cancelled => 7,
    }
}
