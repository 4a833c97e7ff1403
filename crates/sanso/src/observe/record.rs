//! A finished request, in the core's terms: what the metrics count, and what events are made from.

use std::sync::Arc;
use std::time::Duration;

use sanso_core::{
    CallEnd, CallId, DeploymentId, Failure, FailureCause, FaultKind, Instant, SoftReason,
};
use sanso_watch::Passed;

use super::overhead;
use super::trail::{Trail, TrailAttempt, kind_name};
use crate::call::Facts;
use crate::exchange::Exchange;
use crate::served::Served;

/// A finished request.
#[derive(Debug)]
pub(crate) struct Record<'e> {
    pub(super) exchange: &'e Exchange,
    pub(super) served: &'e Served,
    pub(super) facts: Facts,
    /// The call that answered.
    pub(super) by: Option<&'e TrailAttempt>,
    /// When it ended.
    pub(super) now: Instant,
    /// From arrival to the end.
    pub(super) duration: Duration,
    /// From arrival to the first content.
    pub(super) ttft: Option<Duration>,
    /// The part of it that sanso itself took; see [`overhead`].
    pub(super) overhead: Duration,
    /// USD for the answer, where that is known.
    pub(super) cost_usd: Option<f64>,
    /// Answers that were not what was wanted, of whom.
    pub(super) soft_faults: Vec<(DeploymentId, SoftReason)>,
}

/// How a request failed, as its caller is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(super) status: u16,
    /// The fault that tells most, and of which call; `None` where no one was called.
    pub(super) fault: Option<(CallId, FaultKind)>,
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let fault = match failure.cause {
            FailureCause::Fault { call, kind } => Some((call, kind)),
            FailureCause::Shut(_)
            | FailureCause::Unable(_)
            | FailureCause::Deadline
            | FailureCause::Shed(_) => None,
        };
        Self { status: failure.status, fault }
    }
}

impl<'e> Record<'e> {
    pub(crate) fn new(exchange: &'e Exchange, served: &'e Served, facts: Facts) -> Self {
        let now = exchange.shared.clock.now();
        let trail = exchange.trail();
        let by = exchange.answering(served);
        // Of an answer in two parts the first word is the first one's.
        let broke = trail.attempts.iter().find(|it| Some(it.call) == trail.carried_on);
        let ttft = broke.or(by).and_then(|attempt| {
            attempt.first_content.map(|after| (attempt.started + after) - exchange.started)
        });
        let duration = now - exchange.started;
        let overhead = overhead::of(exchange.begun, now, trail);
        let cost_usd = served.cost_usd.or_else(|| exchange.cost_usd(served, &facts));
        let soft_faults = soft_faults(trail, by);
        Self { exchange, served, facts, by, now, duration, ttft, overhead, cost_usd, soft_faults }
    }

    /// How each call ended.
    pub(super) fn attempts(&self) -> impl Iterator<Item = (DeploymentId, CallEnd)> + '_ {
        let attempts = self.exchange.trail().attempts.iter();
        attempts.filter_map(|attempt| Some((attempt.deployment, attempt.end?.0)))
    }

    /// The group that answered instead, and why the first leg did not.
    pub(super) fn fell_back(&self) -> Option<(Arc<str>, &'static str)> {
        let trail = self.exchange.trail();
        let group = self.served.answering_group.clone().filter(|_| self.served.fallback)?;
        // Without a fault the first leg was passed over.
        let passed_over = || match trail.passed_first() {
            Some(Passed::Unable) => "preflight",
            Some(Passed::NoTime) => "no_time",
            _ => "gate_shut",
        };
        Some((group, trail.moved().map_or_else(passed_over, kind_name)))
    }

    /// The task that was asked for. Where the file has none, what the client calls it, or its
    /// beginning: a client must not fill logs with a name.
    pub(super) fn task(&self) -> Option<Arc<str>> {
        let exchange = self.exchange;
        let configured = exchange.snapshot.task_of(exchange.group()).map(|task| task.name.as_str());
        let named = || exchange.asked.envelope.controls.task.as_deref().map(beginning);
        configured.or_else(named).map(Into::into)
    }
}

/// As much of a client's own name as is kept.
fn beginning(name: &str) -> &str {
    const CHARACTERS: usize = 64;
    name.char_indices().nth(CHARACTERS).map_or(name, |(end, _)| &name[..end])
}

/// Those that were acted on, and that of a live stream, whose call ended well.
fn soft_faults(trail: &Trail, by: Option<&TrailAttempt>) -> Vec<(DeploymentId, SoftReason)> {
    let of_attempt = |attempt: &TrailAttempt| match attempt.end {
        Some((CallEnd::Fault(fault), _)) => match fault.kind {
            FaultKind::Soft(reason) => Some((attempt.deployment, reason)),
            _ => None,
        },
        Some((CallEnd::Finished | CallEnd::Cancelled, _)) | None => None,
    };
    let live = by.filter(|attempt| matches!(attempt.end, Some((CallEnd::Finished, _))));
    let live = live.and_then(|attempt| Some((attempt.deployment, trail.soft?)));
    trail.attempts.iter().filter_map(of_attempt).chain(live).collect()
}
