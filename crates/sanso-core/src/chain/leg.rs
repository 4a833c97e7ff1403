//! One leg of a request, and what the request remembers of each deployment.

use super::step::LegIndex;
use crate::fault::{Fault, FaultKind, Phase};
use crate::gates::QuotaSlot;
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
}

/// Time waited in one leg, against [`Patience`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waited {
    blind: Duration,
    hinted: Duration,
}

impl Waited {
    /// How much longer a request may wait.
    pub(super) fn left(self, patience: &Patience, hinted: bool, alone: bool) -> Duration {
        let (limit, spent) = match (alone, hinted) {
            (true, _) => (patience.alone, self.blind + self.hinted),
            (false, true) => (patience.hinted, self.hinted),
            (false, false) => (patience.blind, self.blind),
        };
        limit.saturating_sub(spent)
    }

    pub(super) fn spend(&mut self, wait: Duration, hinted: bool) {
        let pot = if hinted { &mut self.hinted } else { &mut self.blind };
        *pot += wait;
    }
}

/// What a request remembers of a deployment that failed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called {
    pub(super) deployment: DeploymentId,
    pub(super) faults: u32,
    pub(super) last: Fault,
    pub(super) last_at: Instant,
    /// How long the last call ran.
    pub(super) took: Duration,
    /// The *once* of one of its faults has been used.
    pub(super) once_used: bool,
}

impl Called {
    /// Over this, a total limit is no blip: the same call would take as long again.
    const LONG: Duration = Duration::from_secs(60);

    /// What the last fault says about calling again.
    pub(super) fn again(&self) -> Again {
        match (self.last.kind, self.last.kind.rule().again) {
            (FaultKind::Timeout(Phase::Total), _) if self.took > Self::LONG => Again::Never,
            (_, again) => again,
        }
    }

    /// Whether it may be called again by this request. Alone, only *never* forbids it.
    pub(super) fn may_be_called_again(&self, alone: bool) -> bool {
        match self.again() {
            Again::Never => false,
            Again::Yes | Again::Once if !alone => !self.once_used,
            Again::OnlyAlone => alone,
            Again::Yes | Again::Once => true,
        }
    }
}

/// A retry that waits for its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) deployment: DeploymentId,
    pub(super) at: Instant,
    pub(super) slot: Option<QuotaSlot>,
}
