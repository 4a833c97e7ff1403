//! Who is called next.
//!
//! After a fault, in this order: a sibling not yet called, at once; a deployment called before, after
//! a wait; the next leg; no one, and the request fails.

use super::fail;
use super::leg::{Called, Leg, Retry, Waited};
use super::step::{Ask, Call, CallId, LegIndex, Request, Step, Verdict};
use super::{Active, Chain, Ctx, Failure, Hold, Plan};
use crate::chain::FailureCause;
use crate::event::{Event, Why};
use crate::fault::FaultKind;
use crate::gates::{Entry, Permit, QuotaSlot, Refusal};
use crate::rng::Rng;
use crate::route::{DeploymentId, GroupId, Topology, Walk, rank};
use crate::rule::{Again, NextLeg};
use crate::time::{Duration, Instant};

/// A deployment that admitted, with its permit taken.
pub(super) struct Found {
    deployment: DeploymentId,
    permit: Permit,
    why: Why,
    /// Where it lies in a later leg: that leg, and the walk up to it.
    moved: Option<(Walk, Leg)>,
}

pub(super) fn first_leg(topology: &Topology, request: &Request, rng: &mut Rng) -> Leg {
    leg(topology, request, LegIndex::FIRST, request.group, rng)
}

fn leg(
    topology: &Topology,
    request: &Request,
    index: LegIndex,
    group: GroupId,
    rng: &mut Rng,
) -> Leg {
    Leg {
        index,
        group,
        ranked: rank(topology, group, rng),
        attempts: 0,
        max_attempts: num_retries(topology, request, group) + 1,
        waited: Waited::default(),
    }
}

fn num_retries(topology: &Topology, request: &Request, group: GroupId) -> u32 {
    let set = request.num_retries.or(topology.group(group).num_retries);
    set.unwrap_or(topology.rules().num_retries)
}

impl Chain {
    /// Finds who is called next: at the start (`None`), or after the leg's last fault.
    pub(super) fn seek(&mut self, ctx: &mut Ctx<'_>, last: Option<FaultKind>) {
        let in_leg = match last {
            None => self.find_sibling(ctx),
            Some(kind) if self.may_stay() && kind.rule().next == NextLeg::Yes => {
                self.find_sibling(ctx)
            }
            Some(_) => None,
        };
        if let Some(found) = in_leg {
            return self.take(ctx, found, last);
        }
        if let Some(kind) = last
            && self.may_stay()
            && let Some(retry) = self.find_retry(ctx, kind)
        {
            self.events.push_back(Event::Waiting {
                deployment: retry.deployment,
                until: retry.at,
                kind,
            });
            self.plan = Plan::Retry(retry);
            return;
        }
        match self.find_leg(ctx, last) {
            Some(found) => self.take(ctx, found, last),
            None => self.fail(ctx),
        }
    }

    /// The retry's time has come. Where a gate shut meanwhile, the request looks around again: no
    /// one waits for a breaker.
    pub(super) fn retry_now(&mut self, ctx: &mut Ctx<'_>, retry: Retry) {
        match self.acquire(ctx, retry.deployment, retry.slot) {
            Ok(permit) => {
                let found =
                    Found { deployment: retry.deployment, permit, why: Why::Retry, moved: None };
                self.take(ctx, found, None);
            }
            Err(_) => {
                let last = self.called(retry.deployment).map(|called| called.last.kind);
                self.seek(ctx, last);
            }
        }
    }

    /// Someone else, for a call that is overdue: a sibling, or a later leg.
    pub(super) fn find_other(&mut self, ctx: &mut Ctx<'_>, kind: FaultKind) -> Option<Found> {
        let sibling = if self.may_stay() { self.find_sibling(ctx) } else { None };
        sibling.or_else(|| self.find_leg(ctx, Some(kind)))
    }

    /// Calls whom was found.
    pub(super) fn take(&mut self, ctx: &mut Ctx<'_>, found: Found, reason: Option<FaultKind>) {
        if let Some((walk, leg)) = found.moved {
            let (from, to) = (self.leg.group, leg.group);
            self.events.push_back(Event::FellBack { from, to, reason });
            self.walk = walk;
            self.leg = leg;
        }
        self.attempts += 1;
        self.leg.attempts += 1;
        let id = self.number_call();
        let (lease, probe) = (found.permit.lease(), found.permit.is_probe());
        let (leg, deployment) = (self.leg.index, found.deployment);
        self.calls.push(Active {
            id,
            leg,
            deployment,
            started: ctx.now,
            hold: Hold::Permit(found.permit),
            redone: false,
            ask_others_at: None,
        });
        self.plan = Plan::Running;
        self.send(ctx.now, id, leg, deployment, found.why, lease, probe);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call, each of its own type")]
    pub(super) fn send(
        &mut self,
        at: Instant,
        id: CallId,
        leg: LegIndex,
        deployment: DeploymentId,
        why: Why,
        lease: Option<Duration>,
        probe: bool,
    ) {
        let request = &self.request;
        let configured = &self.topology.deployment(deployment).limits;
        let mut limits = configured.of_call(request.class, request.prompt_tokens, request.timeout);
        // On trial, a call is to be decided within a probe's lease.
        let bounded = lease.map(|lease| limits.first_token.map_or(lease, |own| own.min(lease)));
        limits.first_token = bounded.or(limits.first_token);
        let call = Call { id, leg, group: self.leg.group, deployment, ask: Ask::AsSent, limits };
        self.steps.push_back(Step::Start(call));
        self.events.push_back(Event::CallStarted { call: id, leg, deployment, why, probe, at });
    }

    /// No one is left: the verdict.
    pub(super) fn fail(&mut self, ctx: &Ctx<'_>) {
        if let Some((call, reason)) = fail::soft_answer(&self.lost) {
            return self.conclude(Verdict::Answered { call, soft: Some(reason) });
        }
        let reopens = self.called.iter().filter_map(|called| {
            let view = ctx.gates.view(called.deployment, ctx.now);
            view.quota_shut_until.max(view.probe_at)
        });
        let failure = fail::most_telling(&self.lost, ctx.now, reopens.min()).unwrap_or_else(|| {
            if ctx.now >= self.request.deadline {
                Failure { cause: FailureCause::Deadline, status: 504, retry_after: None }
            } else {
                fail::all_shut(std::mem::take(&mut self.skipped), ctx.now)
            }
        });
        self.conclude(Verdict::Failed(failure));
    }

    // === looking around ===

    /// The best sibling that this request has not called and that admits.
    fn find_sibling(&mut self, ctx: &mut Ctx<'_>) -> Option<Found> {
        let why = if self.leg.attempts == 0 { Why::First } else { Why::Sibling };
        for place in 0..self.leg.ranked.len() {
            let deployment = self.leg.ranked[place];
            if self.is_known(deployment) {
                continue;
            }
            match self.acquire(ctx, deployment, None) {
                Ok(permit) => return Some(Found { deployment, permit, why, moved: None }),
                Err(refusal) => self.note_skip(self.leg.index, deployment, refusal),
            }
        }
        None
    }

    /// The first later leg with a deployment that admits.
    fn find_leg(&mut self, ctx: &mut Ctx<'_>, last: Option<FaultKind>) -> Option<Found> {
        if self.attempts >= self.max_attempts() {
            return None;
        }
        let topology = self.topology.clone();
        let mut walk = self.walk.clone();
        let mut ended = self.leg.group;
        let mut index = self.leg.index;
        let mut next = last.map_or(NextLeg::Yes, |kind| kind.rule().next);
        while let Some(group) = walk.next(&topology, ended, next) {
            index = LegIndex(index.0 + 1);
            let leg = leg(&topology, &self.request, index, group, ctx.rng);
            for &deployment in &leg.ranked {
                if !self.could_be_called(deployment) {
                    continue;
                }
                match self.acquire(ctx, deployment, None) {
                    Ok(permit) => {
                        let why = Why::Fallback;
                        return Some(Found { deployment, permit, why, moved: Some((walk, leg)) });
                    }
                    Err(refusal) => self.note_skip(index, deployment, refusal),
                }
            }
            ended = group;
            next = NextLeg::Yes;
        }
        None
    }

    /// A deployment of this leg to call again, at the earliest time that one allows.
    fn find_retry(&mut self, ctx: &mut Ctx<'_>, last: FaultKind) -> Option<Retry> {
        let candidates: Vec<DeploymentId> =
            self.leg.ranked.iter().copied().filter(|id| self.called(*id).is_some()).collect();
        let mut best: Option<(Retry, bool)> = None;
        for deployment in candidates {
            let Some((retry, hinted)) = self.retry_at(ctx, deployment, last) else { continue };
            if best.is_none_or(|(best, _)| retry.at < best.at) {
                best = Some((retry, hinted));
            }
        }
        let (retry, hinted) = best?;
        self.leg.waited.spend(retry.at - ctx.now, hinted);
        if let Some(called) = self.called_mut(retry.deployment) {
            called.once_used |= called.again() == Again::Once;
        }
        Some(retry)
    }

    /// When `deployment` may be called again, and whether the provider named the time; `None` where
    /// its fault, its gates, patience or the deadline forbid it. A wait that does not fit is not
    /// begun.
    fn retry_at(
        &self,
        ctx: &mut Ctx<'_>,
        deployment: DeploymentId,
        last: FaultKind,
    ) -> Option<(Retry, bool)> {
        let called = self.called(deployment)?;
        let alone = !self.another_could_serve(ctx, deployment, last);
        if !called.may_be_called_again(alone) {
            return None;
        }
        let rules = self.topology.rules();
        let hinted = called.last.hint.is_some();
        let left = self.leg.waited.left(&rules.patience, hinted, alone);
        let latest = (ctx.now + left).min(self.request.deadline);
        // A rate limit's gate alone names the time.
        if called.last.kind == FaultKind::RateLimited
            && let Some(slot) = ctx.gates.line_up(deployment, ctx.now, latest)
        {
            return Some((Retry { deployment, at: slot.at, slot: Some(slot) }, hinted));
        }
        if !ctx.gates.admits(deployment, ctx.now) {
            return None;
        }
        let earlier = called.faults - 1;
        let wait = rules.backoff.draw(called.last.kind, earlier, called.last.hint, ctx.rng);
        let at = (called.last_at + wait).max(ctx.now);
        (at <= latest && at < self.request.deadline)
            .then_some((Retry { deployment, at, slot: None }, hinted))
    }

    /// Whether anyone but `not` *could serve*: of this leg, or of those that would follow if it ended
    /// now with `last`.
    fn another_could_serve(&self, ctx: &Ctx<'_>, not: DeploymentId, last: FaultKind) -> bool {
        let serves = |id: &DeploymentId| {
            *id != not && self.could_be_called(*id) && ctx.gates.admits(*id, ctx.now)
        };
        self.leg.ranked.iter().any(serves)
            || self
                .later_legs(last)
                .iter()
                .any(|group| self.topology.group(*group).deployments.iter().any(serves))
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

    /// Not called by this request, or its last fault says *yes*, or *once* not yet used.
    fn could_be_called(&self, deployment: DeploymentId) -> bool {
        match self.called(deployment) {
            Some(called) => called.may_be_called_again(false),
            None => !self.calls.iter().any(|active| active.deployment == deployment),
        }
    }

    // === limits on attempts ===

    /// Whether this leg may make another call.
    fn may_stay(&self) -> bool {
        self.leg.attempts < self.leg.max_attempts && self.attempts < self.max_attempts()
    }

    /// `max_attempts`, or what the set `num_retries` of the plain chain's legs promise.
    fn max_attempts(&self) -> u32 {
        let (topology, request) = (&self.topology, &self.request);
        let set =
            request.num_retries.is_some() || topology.group(request.group).num_retries.is_some();
        if !set {
            return topology.rules().max_attempts;
        }
        let mut walk = self.walk.restarted(request.group);
        let mut group = request.group;
        let mut promised = num_retries(topology, request, group) + 1;
        while let Some(next) = walk.next(topology, group, NextLeg::Yes) {
            group = next;
            promised = promised.saturating_add(num_retries(topology, request, group) + 1);
        }
        promised.max(topology.rules().max_attempts)
    }

    // === small ones ===

    fn acquire(
        &mut self,
        ctx: &mut Ctx<'_>,
        deployment: DeploymentId,
        slot: Option<QuotaSlot>,
    ) -> Result<Permit, Refusal> {
        let request = &self.request;
        let limits = &self.topology.deployment(deployment).limits;
        let mut class = request.class;
        class.thinks |= limits.thinks;
        let entry = Entry {
            class,
            prompt_tokens: request.prompt_tokens,
            first_token: limits.first_token_of(class, request.prompt_tokens),
            again: self.called(deployment).is_some(),
            slot,
        };
        let result = ctx.gates.acquire(deployment, &entry, ctx.now, ctx.rng, &mut self.news);
        self.note_news(deployment);
        result
    }

    fn is_known(&self, deployment: DeploymentId) -> bool {
        self.called(deployment).is_some()
            || self.calls.iter().any(|active| active.deployment == deployment)
    }

    fn called(&self, deployment: DeploymentId) -> Option<&Called> {
        self.called.iter().find(|called| called.deployment == deployment)
    }

    fn called_mut(&mut self, deployment: DeploymentId) -> Option<&mut Called> {
        self.called.iter_mut().find(|called| called.deployment == deployment)
    }

    /// Each deployment is reported as skipped once, with the refusal that it met first.
    fn note_skip(&mut self, leg: LegIndex, deployment: DeploymentId, refusal: Refusal) {
        if self.skipped.iter().any(|(known, _)| *known == deployment) {
            return;
        }
        self.skipped.push((deployment, refusal));
        self.events.push_back(Event::Skipped { leg, deployment, refusal });
    }
}
