//! One deadline, shared by the legs of a request (`chain.md`, *Fallback*).
//!
//! While others could serve, the first leg has 0.6 of what is left, and each later one an even part. A
//! share bounds retries and waits. It cuts a running call only where that is far out of the ordinary,
//! and where what is left holds the next leg's usual time: a slow answer is better than none.

use super::{Active, Chain, Ctx, Hold, Step};
use crate::fault::{Fault, FaultKind, Phase};
use crate::route::DeploymentId;
use crate::rule::NextLeg;
use crate::time::{Duration, Instant};

/// What the first leg may take of the time that is left.
const FIRST: f64 = 0.6;
/// How often others are asked again for a call that its leg's share would cut.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// What a call that a share cut is to its request.
const CUT: FaultKind = FaultKind::Timeout(Phase::Total);

impl Chain {
    /// Where the share of the present leg ends.
    pub(super) fn share_ends(&self) -> Instant {
        let left = self.request.deadline - self.leg.began;
        let later = u32::try_from(self.later_legs_of(NextLeg::Yes).len()).unwrap_or(u32::MAX);
        let share = match (self.leg.index.0, later) {
            (_, 0) => left,
            (0, _) => left.mul_f64(FIRST),
            (_, later) => left / later.saturating_add(1),
        };
        self.leg.began + share
    }

    /// When it is time to see whether a call is to be cut for its leg's share: once it is older than 3 x
    /// its usual time (60 s while that is unknown). A silent probe that its request has moved on from
    /// is in no one's way.
    pub(super) fn cut_at(&self, active: &Active) -> Option<Instant> {
        let Hold::Permit(permit) = &active.hold else { return None };
        let of_this_leg = active.leg == self.leg.index && !active.relieved;
        if self.forced || self.broken.is_some() || !of_this_leg {
            return None;
        }
        let ripe = active.started + permit.out_of_ordinary();
        let at = ripe.max(active.not_cut_before);
        (at < self.request.deadline).then_some(at)
    }

    /// Cuts a call, if its leg's share is over and someone else is to be had. The other permit is taken
    /// first; only then is the call given up.
    pub(super) fn cut(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let share_ends = self.share_ends();
        if ctx.now < share_ends {
            self.calls[place].not_cut_before = share_ends;
            return;
        }
        self.calls[place].not_cut_before = ctx.now + ASK_AGAIN;
        let Some(other) = self.find_leg(ctx, Some(CUT)) else { return };
        self.steps.push_back(Step::Cancel(self.calls[place].id));
        let lost = self.give_up_with(ctx, place, Fault::new(CUT));
        self.remember(lost);
        self.take(ctx, other, Some(CUT));
    }

    /// Whether a call could be answered in the time that is left, as far as is known. The request's
    /// first call is always made: whoever gives it too little time may be lucky.
    pub(super) fn has_time_for(&self, ctx: &Ctx<'_>, deployment: DeploymentId) -> bool {
        let class = self.topology.deployment(deployment).limits.class_of(self.request.class);
        let usual = ctx.gates.usual(deployment, class).unwrap_or_default();
        self.attempts == 0 || ctx.now + usual <= self.request.deadline
    }
}
