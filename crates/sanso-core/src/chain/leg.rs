//! One leg of a request, and what the request remembers of each deployment.

use super::step::{CallId, LegIndex};
use crate::budget::price;
use crate::fault::{Fault, FaultKind, Phase};
use crate::retry::Patience;
use crate::route::{DeploymentId, GroupId};
use crate::rule::Again;
use crate::time::{Duration, Instant};

/// The leg that a request is in.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) index: LegIndex,
    pub(super) group: GroupId,
    /// The siblings, best first.
    pub(super) ranked: Vec<DeploymentId>,
    /// Calls so far, and how many there may be.
    pub(super) attempts: u32,
    pub(super) max_attempts: u32,
    /// How long this request has waited in it.
    pub(super) waited: Waited,
    /// When its share of the deadline began.
    pub(super) began: Instant,
}

/// Time waited in one leg, against [`Patience`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waited {
    blind: Duration,
    hinted: Duration,
}

impl Waited {
    /// How much longer a request may wait: blind waits are bounded among themselves, and all waits
    /// of a leg together.
    pub(super) fn left(self, patience: &Patience, hinted: bool, alone: bool) -> Duration {
        let all = self.blind.saturating_add(self.hinted);
        if alone {
            return patience.alone.saturating_sub(all);
        }
        let in_all = patience.hinted.max(patience.blind).saturating_sub(all);
        let of_its_kind = if hinted {
            patience.hinted.saturating_sub(self.hinted)
        } else {
            patience.blind.saturating_sub(self.blind)
        };
        in_all.min(of_its_kind)
    }

    pub(super) fn spend(&mut self, wait: Duration, hinted: bool) {
        let pot = if hinted { &mut self.hinted } else { &mut self.blind };
        *pot = pot.saturating_add(wait);
    }
}

/// A call that ended with a fault before its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) call: CallId,
    pub(super) leg: LegIndex,
    pub(super) deployment: DeploymentId,
    pub(super) fault: Fault,
    pub(super) at: Instant,
    /// How long it ran; not beyond its limit, however late that was noticed.
    pub(super) took: Duration,
    /// The breaker has heard of it.
    pub(super) counted: bool,
}

/// What a request remembers of a deployment that failed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called {
    pub(super) deployment: DeploymentId,
    pub(super) faults: u32,
    pub(super) last: Lost,
    /// The *once* of one of its faults has been used.
    pub(super) once_used: bool,
    /// The breaker has heard of one of its faults: in rows a request counts once.
    pub(super) counted: bool,
    /// What its retries have cost its budget.
    pub(super) paid: u32,
    /// The `max_tokens` that its calls ask for instead of the request's.
    pub(super) relaxed: Option<u32>,
}

impl Called {
    /// Over this, a total limit is no blip: the same call would take as long again.
    const LONG: Duration = Duration::from_secs(60);

    pub(super) const fn new(lost: Lost) -> Self {
        Self {
            deployment: lost.deployment,
            faults: 1,
            last: lost,
            once_used: false,
            counted: lost.counted,
            paid: 0,
            relaxed: None,
        }
    }

    pub(super) fn add(&mut self, lost: Lost) {
        self.faults += 1;
        self.last = lost;
        self.counted |= lost.counted;
    }

    /// What the last fault says about calling again.
    pub(super) fn again(&self) -> Again {
        let kind = self.last.fault.kind;
        if kind == FaultKind::Timeout(Phase::Total) && self.last.took > Self::LONG {
            return Again::Never;
        }
        kind.rule().again
    }

    /// Whether it may be called again by this request. Alone, only *never* forbids it.
    pub(super) fn may_be_called_again(&self, alone: bool) -> bool {
        match self.again() {
            Again::Never => false,
            Again::Yes | Again::Once => alone || !self.once_used,
            Again::OnlyAlone => alone,
        }
    }

    /// It is called again: that uses the *once* of its last fault, and is paid for.
    pub(super) fn call_again(&mut self) {
        self.paid = self.paid.saturating_add(price(self.last.fault.kind));
        self.once_used |= self.again() == Again::Once;
    }
}

/// A retry that waits for its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) deployment: DeploymentId,
    pub(super) at: Instant,
    /// The time is that of a place in a quota's line.
    pub(super) in_line: bool,
    /// The provider named the time.
    pub(super) hinted: bool,
}
