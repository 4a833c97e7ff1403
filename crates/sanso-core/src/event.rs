//! What happened, for whoever watches. Decisions never read events.

use crate::breaker::Transition;
use crate::chain::{CallId, LegIndex};
use crate::fault::{Fault, FaultKind};
use crate::gates::{LatchChange, Refusal};
use crate::route::{DeploymentId, GroupId, Lack};
use crate::time::{Duration, Instant};

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A call was sent.
    CallStarted {
        /// Its number.
        call: CallId,
        /// The leg that it serves.
        leg: LegIndex,
        /// Whom it goes to.
        deployment: DeploymentId,
        /// Why it was made.
        why: Why,
        /// It is a half-open probe.
        probe: bool,
        /// When.
        at: Instant,
    },
    /// The first content came, or a whole answer.
    Answered {
        /// Which call.
        call: CallId,
        /// Since it was sent.
        after: Duration,
    },
    /// A call ended.
    CallEnded {
        /// Which call.
        call: CallId,
        /// How.
        end: CallEnd,
        /// Since it was sent.
        after: Duration,
    },
    /// The request waits before it calls a deployment again.
    Waiting {
        /// Which deployment.
        deployment: DeploymentId,
        /// Until when.
        until: Instant,
        /// The fault that it waits out.
        kind: FaultKind,
    },
    /// A deployment was passed over because a gate is shut.
    Skipped {
        /// The leg.
        leg: LegIndex,
        /// The deployment.
        deployment: DeploymentId,
        /// The gate, and since when.
        refusal: Refusal,
    },
    /// A later leg passed over a deployment that had failed this request before, and that may not be
    /// called again, or not yet.
    PassedOver {
        /// The leg.
        leg: LegIndex,
        /// The deployment.
        deployment: DeploymentId,
        /// Its last fault in this request.
        kind: FaultKind,
    },
    /// A deployment was passed over because less time is left than it usually takes.
    NoTime {
        /// The leg.
        leg: LegIndex,
        /// The deployment.
        deployment: DeploymentId,
    },
    /// A deployment cannot do what the request asks.
    Unable {
        /// The leg.
        leg: LegIndex,
        /// The deployment.
        deployment: DeploymentId,
        /// What it lacks.
        lack: Lack,
        /// It was called all the same, rather than passed over.
        called: bool,
    },
    /// The request moved on to another leg.
    FellBack {
        /// The leg that ended.
        from: GroupId,
        /// The leg that begins.
        to: GroupId,
        /// The fault that ended it; `None` where its gates were shut.
        reason: Option<FaultKind>,
    },
    /// A credential, model or host gate shut or opened in a step of this request.
    Latch {
        /// The deployment that was called; others may share its credential or host.
        deployment: DeploymentId,
        /// Which, and why.
        change: LatchChange,
    },
    /// A breaker changed its state in a step of this request.
    Breaker {
        /// Whose.
        deployment: DeploymentId,
        /// From what to what, and why.
        transition: Transition,
    },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CallEnd {
    /// With a complete answer.
    Finished,
    /// With a fault.
    Fault(Fault),
    /// Given up: another answered first, the client left, or a limit of the request fired.
    Cancelled,
}

impl CallEnd {
    /// The kind of the fault that ended it.
    #[must_use]
    pub const fn kind(&self) -> Option<FaultKind> {
        match self {
            Self::Fault(fault) => Some(fault.kind),
            Self::Finished | Self::Cancelled => None,
        }
    }
}

/// Why a call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The first of its request.
    First,
    /// To a deployment that this request called before.
    Retry,
    /// To a sibling not yet called.
    Sibling,
    /// The first of a later leg.
    Fallback,
    /// The last resort: past a shut breaker or host.
    Forced,
    /// Again at once, free, because a pooled connection turned out to be closed.
    Redo,
    /// Again at once with a smaller `max_tokens`, because the prompt left no room for so many.
    Relaxed,
    /// To carry on a stream that broke after its commit.
    Continuation,
}
