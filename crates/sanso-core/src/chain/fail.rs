//! All failed: which error the client gets.

use super::step::{CallId, LegIndex};
use crate::fault::{Fault, FaultKind, SoftReason};
use crate::gates::{Gate, Refusal};
use crate::route::DeploymentId;
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
    /// The deadline passed before anyone was called.
    Deadline,
}

/// A call that ended without an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) call: CallId,
    pub(super) leg: LegIndex,
    pub(super) fault: Fault,
    pub(super) at: Instant,
}

/// An answer of sorts: the earliest soft one, which beats any error.
pub(super) fn soft_answer(lost: &[Lost]) -> Option<(CallId, SoftReason)> {
    lost.iter().find_map(|lost| {
        let FaultKind::Soft(reason) = lost.fault.kind else { return None };
        Some((lost.call, reason))
    })
}

/// The most telling of the errors, not the last: a caller-fixable 4xx of the first leg, then 429 with
/// the shortest wait, 503, 500 and other 5xx, 504, 502.
pub(super) fn most_telling(
    lost: &[Lost],
    now: Instant,
    reopens: Option<Instant>,
) -> Option<Failure> {
    let telling = lost.iter().min_by_key(|lost| (rank(lost), wait(lost, now)))?;
    let kind = telling.fault.kind;
    let everyone = lost.iter().all(|other| other.fault.kind == kind);
    let retry_after = match kind {
        FaultKind::RateLimited | FaultKind::Overloaded => {
            let waits = lost.iter().filter_map(|lost| lost.fault.hint.map(|_| wait(lost, now)));
            waits.chain(reopens.map(|at| at - now)).min()
        }
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

/// Nobody was called. 429 if any deployment is shut by quota alone, else 503; 502 if there was none
/// to ask. `Retry-After` is the soonest reopening, at least a second.
pub(super) fn all_shut(refusals: Vec<(DeploymentId, Refusal)>, now: Instant) -> Failure {
    let by_quota = refusals.iter().any(|(_, refusal)| refusal.gate == Gate::Quota);
    let status = match (refusals.is_empty(), by_quota) {
        (true, _) => 502,
        (false, true) => 429,
        (false, false) => 503,
    };
    let second = Duration::from_secs(1);
    let wait = |refusal: &Refusal| refusal.not_before.map_or(second, |at| (at - now).max(second));
    let retry_after = refusals.iter().map(|(_, refusal)| wait(refusal)).min();
    Failure { cause: FailureCause::Shut(refusals), status, retry_after }
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
