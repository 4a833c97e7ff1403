//! Looking around: who else could serve, and how many attempts there may be. Nothing is changed.

use super::leg::{Called, Leg, Waited};
use super::step::{LegIndex, Request};
use super::{Chain, Ctx, able};
use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::route::{DeploymentId, GroupId, Topology, rank};
use crate::rule::NextLeg;
use crate::time::Instant;

impl Leg {
    pub(super) fn new(
        topology: &Topology,
        request: &Request,
        index: LegIndex,
        group: GroupId,
        rng: &mut Rng,
    ) -> Self {
        let mut ranked = rank(topology, group, rng);
        able::sift(topology, request, &mut ranked);
        Self {
            index,
            group,
            ranked,
            attempts: 0,
            max_attempts: leg_attempts(topology, request, group),
            waited: Waited::default(),
            began: Instant::ORIGIN,
        }
    }
}

/// `num_retries` + 1: the request's own, else the group's (of its kinds of fault the most), else the
/// default. A caller may ask for so many and no more.
fn leg_attempts(topology: &Topology, request: &Request, group: GroupId) -> u32 {
    let of_group = topology.group(group);
    let own = request.num_retries.map(|own| own.min(OWN_RETRIES_AT_MOST));
    let by_kind = of_group.retries_by_kind.most().filter(|_| own.is_none());
    let set = own.or(of_group.num_retries).unwrap_or(topology.rules().num_retries);
    by_kind.map_or(set, |most| most.max(set)).saturating_add(1)
}

/// Whatever a caller asks, a leg is not tried more often: its retries are paid by everyone.
const OWN_RETRIES_AT_MOST: u32 = 20;

impl Chain {
    /// Whether anyone but `not` *could serve*: of this leg, or of those that would follow if it ended
    /// now with `last`.
    pub(super) fn another_could_serve(
        &self,
        ctx: &Ctx<'_>,
        not: DeploymentId,
        last: FaultKind,
    ) -> bool {
        let serves = |id: &DeploymentId| *id != not && self.could_serve(ctx, *id);
        self.leg.ranked.iter().any(serves)
            || self
                .later_legs(last)
                .iter()
                .any(|group| self.topology.group(*group).deployments.iter().any(serves))
    }

    /// Whether a deployment is able, admits now, and may be called by this request.
    fn could_serve(&self, ctx: &Ctx<'_>, deployment: DeploymentId) -> bool {
        self.is_able(deployment)
            && self.could_be_called(deployment)
            && ctx.gates.admits(deployment, ctx.now)
    }

    /// Not called by this request, or its last fault says *yes*, or *once* not yet used.
    pub(super) fn could_be_called(&self, deployment: DeploymentId) -> bool {
        let allowed = |called: &Called| called.may_be_called_again(false);
        !self.is_in_flight(deployment) && self.called(deployment).is_none_or(allowed)
    }

    /// The legs that would follow if this one ended now with `last`.
    fn later_legs(&self, last: FaultKind) -> Vec<GroupId> {
        self.later_legs_of(self.next_after(last))
    }

    /// The legs that would follow if this one ended now with a fault that leads there.
    pub(super) fn later_legs_of(&self, next: NextLeg) -> Vec<GroupId> {
        let mut walk = self.walk.clone();
        let mut next = next;
        let mut ended = self.leg.group;
        let mut legs = Vec::new();
        while let Some(group) = walk.next(&self.topology, ended, next) {
            if self.has_able(group) {
                legs.push(group);
            }
            ended = group;
            next = NextLeg::Yes;
        }
        legs
    }

    pub(super) fn is_known(&self, deployment: DeploymentId) -> bool {
        self.is_in_flight(deployment) || self.called(deployment).is_some()
    }

    fn is_in_flight(&self, deployment: DeploymentId) -> bool {
        self.calls.iter().any(|active| active.deployment == deployment)
    }

    pub(super) fn called(&self, deployment: DeploymentId) -> Option<&Called> {
        self.called.iter().find(|called| called.deployment == deployment)
    }

    /// Whether this leg may make another call after a fault of `last`: within `num_retries`, and
    /// within what `max_attempts` has to spare.
    pub(super) fn may_stay(&self, ctx: &Ctx<'_>, last: FaultKind) -> bool {
        let may_retry = self.leg.attempts < self.leg.max_attempts.min(self.attempts_after(last));
        may_retry && self.has_attempt_to_spare(ctx, last)
    }

    /// Whether, after a fault of `last`, a call of this leg leaves one attempt for each later leg that
    /// admits.
    pub(super) fn has_attempt_to_spare(&self, ctx: &Ctx<'_>, last: FaultKind) -> bool {
        let admits = |group: &&GroupId| {
            let deployments = &self.topology.group(**group).deployments;
            deployments.iter().any(|id| self.could_serve(ctx, *id))
        };
        let reserve = self.later_legs(last).iter().filter(admits).count();
        let left = self.max_attempts().saturating_sub(self.attempts);
        left as usize > reserve
    }

    /// Calls of this leg in all, where the last one ended with this kind.
    fn attempts_after(&self, last: FaultKind) -> u32 {
        let group = self.topology.group(self.leg.group);
        let by_kind = group.retries_by_kind.of(last).filter(|_| self.request.num_retries.is_none());
        let general = || group.num_retries.unwrap_or(self.topology.rules().num_retries);
        match self.request.num_retries {
            Some(_) => u32::MAX,
            None => by_kind.unwrap_or_else(general).saturating_add(1),
        }
    }

    /// Whether the request may make another call at all.
    pub(super) fn may_move(&self) -> bool {
        self.attempts < self.max_attempts()
    }

    /// The groups that the request passes through, from its first leg on, if each ends with a plain
    /// fault; whoever is shut or unable among them included.
    #[must_use]
    pub fn plain_legs(&self) -> Vec<GroupId> {
        let mut ended = self.request.first_leg();
        let mut walk = self.walk.restarted(ended);
        let mut legs = vec![ended];
        while let Some(next) = walk.next(&self.topology, ended, NextLeg::Yes) {
            legs.push(next);
            ended = next;
        }
        legs
    }

    /// `max_attempts` where it is set; else six, or what the legs of the plain chain promise together,
    /// where `num_retries` is set by the request or by one of them.
    fn max_attempts(&self) -> u32 {
        const UNLESS_SET: u32 = 6;
        if let Some(set) = self.max_attempts {
            return set;
        }
        let (topology, request) = (&*self.topology, &self.request);
        let is_set = |group: &GroupId| {
            let group = topology.group(*group);
            let set = group.num_retries.is_some() || group.retries_by_kind.most().is_some();
            request.num_retries.is_some() || set
        };
        let legs = self.plain_legs();
        let set = legs.iter().any(is_set);
        let promised = legs.iter().map(|group| leg_attempts(topology, request, *group));
        let promised = promised.fold(0, u32::saturating_add);
        if set { promised.max(UNLESS_SET) } else { UNLESS_SET }
    }
}
