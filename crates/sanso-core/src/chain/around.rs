//! Looking around: who else could serve, and how many attempts there may be. Nothing is changed.

use super::leg::{Called, Leg, Waited};
use super::step::{LegIndex, Request};
use super::{Chain, Ctx};
use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::route::{DeploymentId, GroupId, Topology, rank};
use crate::rule::NextLeg;

impl Leg {
    pub(super) fn new(
        topology: &Topology,
        request: &Request,
        index: LegIndex,
        group: GroupId,
        rng: &mut Rng,
    ) -> Self {
        Self {
            index,
            group,
            ranked: rank(topology, group, rng),
            attempts: 0,
            max_attempts: leg_attempts(topology, request, group),
            waited: Waited::default(),
        }
    }
}

/// `num_retries` + 1: the request's own, else the group's, else the default.
fn leg_attempts(topology: &Topology, request: &Request, group: GroupId) -> u32 {
    let set = request.num_retries.or(topology.group(group).num_retries);
    set.unwrap_or(topology.rules().num_retries).saturating_add(1)
}

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

    /// Whether a deployment admits now, and may be called by this request.
    fn could_serve(&self, ctx: &Ctx<'_>, deployment: DeploymentId) -> bool {
        self.could_be_called(deployment) && ctx.gates.admits(deployment, ctx.now)
    }

    /// Not called by this request, or its last fault says *yes*, or *once* not yet used.
    pub(super) fn could_be_called(&self, deployment: DeploymentId) -> bool {
        let allowed = |called: &Called| called.may_be_called_again(false);
        !self.is_in_flight(deployment) && self.called(deployment).is_none_or(allowed)
    }

    /// The legs that would follow if this one ended now with `last`.
    fn later_legs(&self, last: FaultKind) -> Vec<GroupId> {
        let mut walk = self.walk.clone();
        let mut next = last.rule().next;
        let mut ended = self.leg.group;
        let mut legs = Vec::new();
        while let Some(group) = walk.next(&self.topology, ended, next) {
            legs.push(group);
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
    /// within `max_attempts`, of which each later leg that admits keeps one in reserve.
    pub(super) fn may_stay(&self, ctx: &Ctx<'_>, last: FaultKind) -> bool {
        if self.leg.attempts >= self.leg.max_attempts {
            return false;
        }
        let admits = |group: &&GroupId| {
            let deployments = &self.topology.group(**group).deployments;
            deployments.iter().any(|id| self.could_serve(ctx, *id))
        };
        let reserve = self.later_legs(last).iter().filter(admits).count();
        let left = self.max_attempts().saturating_sub(self.attempts);
        left as usize > reserve
    }

    /// Whether the request may make another call at all.
    pub(super) fn may_move(&self) -> bool {
        self.attempts < self.max_attempts()
    }

    /// `max_attempts`, or what the legs of the plain chain promise together, where `num_retries` is
    /// set by the request or by one of them.
    fn max_attempts(&self) -> u32 {
        let (topology, request) = (&*self.topology, &self.request);
        let is_set =
            |group| request.num_retries.is_some() || topology.group(group).num_retries.is_some();
        let mut walk = self.walk.restarted(request.group);
        let mut group = request.group;
        let mut set = is_set(group);
        let mut promised = leg_attempts(topology, request, group);
        while let Some(next) = walk.next(topology, group, NextLeg::Yes) {
            group = next;
            set |= is_set(group);
            promised = promised.saturating_add(leg_attempts(topology, request, group));
        }
        let least = topology.rules().max_attempts;
        if set { promised.max(least) } else { least }
    }
}
