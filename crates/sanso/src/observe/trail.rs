//! One request's trail: which calls were made, how each ended, who was passed over.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sanso_core::{
    Ask, Call, CallEnd, CallId, ConnectionFault, DeploymentId, Event, Fault, FaultKind, GroupId,
    Instant, LegIndex, Phase, SoftReason, Why,
};
use sanso_watch::Passed;

/// The trail of a request, gathered from its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    pub(crate) attempts: Vec<TrailAttempt>,
    /// Malformed events that were passed over in the answering stream, and the like.
    pub(crate) warnings: Vec<String>,
    /// The first leg is tried out, and the second is the one that the request is meant for.
    pub(crate) explores: bool,
    /// Why the request moved on from the leg that it was meant for, where a fault led there.
    pub(crate) moved_for: Option<FaultKind>,
    /// What is wrong with the answer that was given.
    pub(crate) soft: Option<SoftReason>,
    /// The call whose stream broke, and which another carried on.
    pub(crate) carried_on: Option<CallId>,
    /// Who was passed over, each once for the same reason.
    pub(crate) skipped: Vec<TrailSkip>,
    /// The request waits, or waited for the call that is made next.
    pub(super) waits: bool,
    /// The call that goes past a shut breaker or host.
    forced: Option<CallId>,
    /// The first leg is over.
    left_first: bool,
}

/// A deployment that was passed over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrailSkip {
    pub(crate) leg: LegIndex,
    pub(crate) deployment: DeploymentId,
    pub(crate) passed: Passed,
    /// Since when its gate is shut.
    pub(crate) since: Option<Instant>,
}

/// One upstream call.
#[derive(Clone, Debug)]
pub(crate) struct TrailAttempt {
    pub(crate) call: CallId,
    pub(crate) leg: LegIndex,
    pub(crate) group: GroupId,
    pub(crate) deployment: DeploymentId,
    pub(crate) started: Instant,
    /// The request waited before it: since the call before it ended, or since its arrival.
    pub(crate) waited: bool,
    /// It went past a shut breaker or host.
    pub(crate) forced: bool,
    /// It asked for so many tokens and no more, which is less than its client asked for.
    pub(crate) relaxed: Option<u32>,
    pub(crate) first_content: Option<Duration>,
    /// How it ended and after how long; `None` while it runs.
    pub(crate) end: Option<(CallEnd, Duration)>,
}

/// One upstream call, as callers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The leg that it served; 0 is the asked-for group.
    pub leg: u32,
    /// `provider/model`.
    pub deployment: Arc<str>,
    /// The provider's HTTP status, or a word for what happened instead (`timeout`, `connection`).
    pub outcome: String,
    /// Until the answer, the first content of a stream, or the fault.
    pub elapsed: Duration,
}

impl Trail {
    /// Of a request that is not made yet. `explores`: its first leg is tried out.
    pub(crate) fn new(explores: bool) -> Self {
        Self { explores, ..Self::default() }
    }

    /// Takes note of a call that is made. Returns whether it is the last one redone because a pooled
    /// connection turned out to be closed.
    pub(crate) fn start(&mut self, call: &Call, started: Instant) -> bool {
        let attempt = TrailAttempt {
            call: call.id,
            leg: call.leg,
            group: call.group,
            deployment: call.deployment,
            started,
            waited: std::mem::take(&mut self.waits),
            forced: self.forced.take() == Some(call.id),
            relaxed: match call.ask {
                Ask::Relaxed { max_tokens } => Some(max_tokens),
                _ => None,
            },
            first_content: None,
            end: None,
        };
        if let Ask::Continue { after } = call.ask {
            self.carried_on = Some(after);
        }
        // A redo is the same attempt on a fresh connection.
        match self.attempts.iter_mut().find(|attempt| attempt.is_redone()) {
            Some(redone) => {
                *redone = attempt;
                true
            }
            None => {
                self.attempts.push(attempt);
                false
            }
        }
    }

    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Answered { call, after } => {
                if let Some(attempt) = self.find(*call) {
                    attempt.first_content = Some(*after);
                }
            }
            Event::CallEnded { call, end, after } => {
                if let Some(attempt) = self.find(*call) {
                    attempt.end = Some((*end, *after));
                }
            }
            Event::CallStarted { call, why: Why::Forced, .. } => self.forced = Some(*call),
            Event::Waiting { .. } => self.waits = true,
            Event::Skipped { leg, deployment, refusal } => {
                self.skip(*leg, *deployment, refusal.gate.into(), Some(refusal.since));
            }
            Event::PassedOver { leg, deployment, .. } => {
                self.skip(*leg, *deployment, Passed::Failed, None);
            }
            Event::NoTime { leg, deployment } => {
                self.skip(*leg, *deployment, Passed::NoTime, None);
            }
            Event::Unable { leg, deployment, called: false, .. } => {
                self.skip(*leg, *deployment, Passed::Unable, None);
            }
            // From the first leg; a later one is moved on from for reasons of its own.
            Event::FellBack { reason, .. }
                if self.is_begun() && !std::mem::replace(&mut self.left_first, true) =>
            {
                self.moved_for = *reason;
            }
            _ => {}
        }
    }

    fn skip(
        &mut self,
        leg: LegIndex,
        deployment: DeploymentId,
        passed: Passed,
        since: Option<Instant>,
    ) {
        let skip = TrailSkip { leg, deployment, passed, since };
        let known =
            |it: &TrailSkip| (it.leg, it.deployment, it.passed) == (leg, deployment, passed);
        if !self.skipped.iter().any(known) {
            self.skipped.push(skip);
        }
    }

    pub(crate) fn find(&mut self, call: CallId) -> Option<&mut TrailAttempt> {
        self.attempts.iter_mut().rev().find(|attempt| attempt.call == call)
    }

    /// Whose call met a rate limit by this event.
    pub(crate) fn limited(&self, event: &Event) -> Option<DeploymentId> {
        let Event::CallEnded { call, end, .. } = event else { return None };
        if end.kind() != Some(FaultKind::RateLimited) {
            return None;
        }
        self.attempts.iter().find(|it| it.call == *call).map(|it| it.deployment)
    }

    /// The kinds of fault on the way, in order.
    pub(crate) fn faults(&self) -> impl Iterator<Item = FaultKind> + '_ {
        self.attempts.iter().filter_map(|attempt| attempt.end?.0.kind())
    }

    /// The leg that the request is meant for.
    pub(crate) fn standing(&self) -> LegIndex {
        LegIndex(u32::from(self.explores))
    }

    /// No leg is called any more that is only tried out.
    fn is_begun(&self) -> bool {
        let standing = self.standing();
        !self.explores || self.attempts.iter().any(|attempt| attempt.leg == standing)
    }

    /// The fault that moved the request on from the leg that it was meant for.
    pub(crate) fn moved(&self) -> Option<FaultKind> {
        self.fault_of(self.standing()).or(self.moved_for)
    }

    /// The first fault of a leg.
    pub(super) fn fault_of(&self, leg: LegIndex) -> Option<FaultKind> {
        let mut of_leg = self.attempts.iter().filter(|attempt| attempt.leg == leg);
        of_leg.find_map(|attempt| attempt.end?.0.kind())
    }

    /// What that leg was passed over for.
    pub(crate) fn passed_first(&self) -> Option<Passed> {
        let of_leg = self.skipped.iter().find(|skip| skip.leg == self.standing());
        of_leg.map(|skip| skip.passed)
    }

    /// The attempts, as callers see them.
    pub(crate) fn attempts(&self, label: impl Fn(&TrailAttempt) -> Arc<str>) -> Vec<Attempt> {
        let show = |attempt: &TrailAttempt| Attempt {
            leg: attempt.leg.0,
            deployment: label(attempt),
            outcome: attempt.outcome(),
            elapsed: attempt.elapsed(),
        };
        self.attempts.iter().map(show).collect()
    }
}

impl TrailAttempt {
    /// It ended because a pooled connection turned out to be closed, which is redone free.
    fn is_redone(&self) -> bool {
        let Some((CallEnd::Fault(fault), _)) = self.end else { return false };
        fault.kind == FaultKind::Connection(ConnectionFault::Reused)
    }

    fn outcome(&self) -> String {
        match (self.end, self.first_content) {
            (Some((CallEnd::Fault(fault), _)), _) => outcome_of(&fault),
            (Some((CallEnd::Cancelled, _)), _) => "cancelled".to_owned(),
            (Some((CallEnd::Finished, _)), _) | (None, Some(_)) => "200".to_owned(),
            // A probe that brought nothing yet, and may still.
            (None, None) => "silent".to_owned(),
        }
    }

    /// Until the verdict: the first content of what was answered, else the end.
    fn elapsed(&self) -> Duration {
        match self.end {
            Some((CallEnd::Fault(_), after)) => after,
            Some((_, after)) => self.first_content.unwrap_or(after),
            None => self.first_content.unwrap_or_default(),
        }
    }
}

/// The provider's status, or a word where there was none.
fn outcome_of(fault: &Fault) -> String {
    fault.status.map_or_else(|| kind_name(fault.kind).to_owned(), |status| status.to_string())
}

/// `openai/gpt-x=529@412ms; ...`
pub(crate) fn header(attempts: &[Attempt]) -> String {
    let mut text = String::new();
    for (index, attempt) in attempts.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        let elapsed = attempt.elapsed.as_millis();
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{}={}@{elapsed}ms", attempt.deployment, attempt.outcome);
    }
    text
}

/// A kind's name in metrics, logs and headers.
pub(crate) const fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::RateLimited => "rate_limited",
        FaultKind::QuotaExhausted => "quota_exhausted",
        FaultKind::Overloaded => "overloaded",
        FaultKind::ServerError => "server_error",
        FaultKind::Timeout(Phase::Connect) => "timeout_connect",
        FaultKind::Timeout(Phase::FirstToken) => "timeout_first_token",
        FaultKind::Timeout(Phase::Gap) => "timeout_gap",
        FaultKind::Timeout(Phase::Total) => "timeout_total",
        FaultKind::Connection(ConnectionFault::Establish) => "connection_refused",
        FaultKind::Connection(ConnectionFault::Lost | ConnectionFault::Reused) => "connection_lost",
        FaultKind::Malformed => "malformed",
        FaultKind::Broken => "broken",
        FaultKind::ContextWindow => "context_window",
        FaultKind::ContentPolicy => "content_policy",
        FaultKind::Authentication => "authentication",
        FaultKind::NotFound => "not_found",
        FaultKind::BadRequest => "bad_request",
        FaultKind::Soft(SoftReason::Empty) => "soft_empty",
        FaultKind::Soft(SoftReason::Truncated) => "soft_truncated",
        FaultKind::Soft(SoftReason::Loop) => "soft_loop",
        FaultKind::Soft(SoftReason::Schema) => "soft_schema",
        FaultKind::Soft(SoftReason::Tools) => "soft_tools",
        FaultKind::Soft(SoftReason::Refusal) => "soft_refusal",
        FaultKind::Soft(SoftReason::User) => "soft_user",
        FaultKind::Cancelled => "cancelled",
    }
}

/// What a call's end is called in `sanso_attempts_total`.
pub(crate) const fn outcome_name(end: &CallEnd) -> &'static str {
    match end {
        CallEnd::Finished => "success",
        CallEnd::Fault(fault) => kind_name(fault.kind),
        CallEnd::Cancelled => "cancelled",
    }
}
