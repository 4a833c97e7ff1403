//! Who is called next.
//!
//! After a fault, in this order: a sibling not yet called, at once; a deployment called before, after
//! a wait; the next leg; no one, and the request fails.

use super::leg::{Called, Leg, Retry};
use super::send::Found;
use super::step::LegIndex;
use super::{Chain, Ctx, Plan};
use crate::event::{Event, Why};
use crate::fault::FaultKind;
use crate::gates::{Gate, InflowPlace, Line, Place, Refusal};
use crate::route::{DeploymentId, GroupId};
use crate::rule::NextLeg;
use crate::time::{Duration, Instant};

/// How soon a retry is asked for again that a full cap has delayed.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How far a line may move on between a look at it and a place in it.
const LINE_MOVED_ON: Duration = Duration::from_millis(100);

/// For whose sake patience is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    /// Whoever else could serve, if anyone could.
    Asked,
    /// No one: all that could serve were asked, and none can be called any sooner.
    None,
}

impl Chain {
    /// Finds who is called next: at the start (`None`), or after the leg's last fault.
    pub(super) fn seek(&mut self, ctx: &mut Ctx<'_>, last: Option<FaultKind>) {
        if ctx.now >= self.request.deadline {
            return self.deadline_passed(ctx);
        }
        if let Some(found) = self.find_relaxed(ctx, last) {
            return self.take(ctx, found, last);
        }
        // A fault that leads elsewhere than along the chain would meet a sibling just the same.
        let stays =
            last.is_none_or(|kind| kind.rule().next == NextLeg::Yes && self.may_stay(ctx, kind));
        if stays && let Some(found) = self.find_sibling(ctx) {
            return self.take(ctx, found, last);
        }
        let leg_fault = last.filter(|_| stays);
        if let Some(kind) = leg_fault
            && let Some(retry) = self.find_retry(ctx, kind, Others::Asked)
        {
            return self.wait_for(ctx, retry);
        }
        if let Some(found) = self.find_leg(ctx, last) {
            return self.take(ctx, found, last);
        }
        if let Some(kind) = leg_fault
            && let Some(retry) = self.find_retry(ctx, kind, Others::None)
        {
            return self.wait_for(ctx, retry);
        }
        if !self.wait_for_silent(ctx) {
            self.fail(ctx);
        }
    }

    /// Begins to wait. Only now is a place in a quota's line taken: one that is not used would hold up
    /// those behind it. Someone else may have been given the one that was looked at; the next is as
    /// good, or is asked about at its time.
    fn wait_for(&mut self, ctx: &Ctx<'_>, retry: Retry) {
        let line = Line::until(retry.at + LINE_MOVED_ON);
        let line_up = || ctx.gates.line_up(retry.deployment, ctx.now, line);
        self.place = retry.in_line.then(line_up).flatten();
        let at = self.place.as_ref().map_or(retry.at, |place| place.slot().at);
        let retry = Retry { at, ..retry };
        let Retry { deployment, at: until, hinted, .. } = retry;
        if let Some(called) = self.called(deployment) {
            let kind = called.last.fault.kind;
            self.events.push_back(Event::Waiting { deployment, until, kind });
        }
        self.leg.waited.spend(until - ctx.now, hinted);
        self.plan = Plan::Retry(retry);
    }

    /// The retry's time has come. Where a gate shut meanwhile, the request looks around again: no
    /// one waits for a breaker.
    pub(super) fn retry_now(&mut self, ctx: &mut Ctx<'_>, retry: Retry) {
        let Retry { deployment, .. } = retry;
        let place = self.place.take();
        match self.acquire(ctx, deployment, place.as_ref().map(Place::slot)) {
            Ok(permit) => {
                let why = match (self.called(deployment), self.leg.index) {
                    (Some(_), _) => Why::Retry,
                    (None, LegIndex::FIRST) => Why::First,
                    (None, _) => Why::Fallback,
                };
                if let Some(left) = self.before_line.take() {
                    let (from, to) = (left.1.group, self.leg.group);
                    self.events.push_back(Event::FellBack { from, to, reason: None });
                }
                self.take(ctx, Found { deployment, permit, why, moved: None, inflow: None }, None);
            }
            Err(Refusal { gate: Gate::RetryCap, .. })
                if place.is_some() && self.may_wait_on(ctx, &retry) =>
            {
                self.place = place;
            }
            Err(_) => {
                if let Some(left) = self.before_line.take() {
                    (self.walk, self.leg) = *left;
                }
                self.seek(ctx, self.lost.last().map(|lost| lost.fault.kind));
            }
        }
    }

    /// Too many retries are in flight there: this one is asked for again in a moment, while patience
    /// and the deadline allow, and keeps its place in the line of a rate limit meanwhile.
    fn may_wait_on(&mut self, ctx: &Ctx<'_>, retry: &Retry) -> bool {
        let at = ctx.now + ASK_AGAIN;
        let group = self.topology.group(self.leg.group);
        let patience = group.patience.unwrap_or(self.topology.rules().patience);
        let last = self.called(retry.deployment).map(|called| called.last.fault.kind);
        let alone = last.is_none_or(|kind| !self.another_could_serve(ctx, retry.deployment, kind));
        let left = self.leg.waited.left(&patience, retry.hinted, alone);
        if left < ASK_AGAIN || at >= self.request.deadline {
            return false;
        }
        self.leg.waited.spend(ASK_AGAIN, retry.hinted);
        self.plan = Plan::Retry(Retry { at, ..*retry });
        true
    }

    /// A place among the calls that come to a leg by fallback; the inner `None` where it has no cap.
    fn flow_in(
        &mut self,
        ctx: &Ctx<'_>,
        leg: LegIndex,
        group: GroupId,
    ) -> Option<Option<InflowPlace>> {
        let topology = self.topology.clone();
        let Some(at_most) = topology.group(group).inflow else { return Some(None) };
        let place = ctx.gates.flow_in(group, at_most);
        if place.is_none() {
            let full = Refusal { gate: Gate::Inflow, since: ctx.now, by: None, not_before: None };
            for deployment in &topology.group(group).deployments {
                self.note_skip(leg, *deployment, full);
            }
        }
        place.map(Some)
    }

    /// Whether there is time for a deployment; where not, it is passed over with that reason.
    fn in_time(&mut self, ctx: &Ctx<'_>, leg: LegIndex, deployment: DeploymentId) -> bool {
        let in_time = self.has_time_for(ctx, deployment);
        if !in_time && !self.out_of_time.contains(&(leg, deployment)) {
            self.out_of_time.push((leg, deployment));
            self.events.push_back(Event::NoTime { leg, deployment });
        }
        in_time
    }

    /// Someone else, for a call that is overdue: a sibling, one called before whose wait is over, or
    /// a later leg.
    pub(super) fn find_other(&mut self, ctx: &mut Ctx<'_>, kind: FaultKind) -> Option<Found> {
        if self.forced || ctx.now >= self.request.deadline {
            return None;
        }
        if self.may_stay(ctx, kind)
            && let Some(found) = self.find_sibling(ctx).or_else(|| self.find_rested(ctx))
        {
            return Some(found);
        }
        self.find_leg(ctx, Some(kind))
    }

    /// The best sibling that this request has not called and that admits.
    pub(super) fn find_sibling(&mut self, ctx: &mut Ctx<'_>) -> Option<Found> {
        let why = if self.leg.attempts == 0 { Why::First } else { Why::Sibling };
        for place in 0..self.leg.ranked.len() {
            let deployment = self.leg.ranked[place];
            if self.is_known(deployment) || !self.in_time(ctx, self.leg.index, deployment) {
                continue;
            }
            match self.acquire(ctx, deployment, None) {
                Ok(permit) => {
                    return Some(Found { deployment, permit, why, moved: None, inflow: None });
                }
                Err(refusal) => self.note_skip(self.leg.index, deployment, refusal),
            }
        }
        None
    }

    /// A sibling called before that may be called again without any wait.
    fn find_rested(&mut self, ctx: &mut Ctx<'_>) -> Option<Found> {
        for place in 0..self.leg.ranked.len() {
            let deployment = self.leg.ranked[place];
            let known = self.called(deployment).is_some() && self.could_be_called(deployment);
            if known
                && self.is_rested(ctx, deployment)
                && let Ok(permit) = self.acquire(ctx, deployment, None)
            {
                return Some(Found {
                    deployment,
                    permit,
                    why: Why::Retry,
                    moved: None,
                    inflow: None,
                });
            }
        }
        None
    }

    /// The first later leg with a deployment that admits.
    pub(super) fn find_leg(&mut self, ctx: &mut Ctx<'_>, last: Option<FaultKind>) -> Option<Found> {
        if !self.may_move() {
            return None;
        }
        let topology = self.topology.clone();
        let mut walk = self.walk.clone();
        let mut ended = self.leg.group;
        let mut index = self.leg.index;
        let mut next = last.map_or_else(|| self.way_past(), |kind| self.next_after(kind));
        while let Some(group) = walk.next(&topology, ended, next) {
            index = LegIndex(index.0 + 1);
            self.note_unable(index, group);
            let leg = Leg::new(&topology, &self.request, index, group, ctx.rng);
            let mut inflow = self.flow_in(ctx, index, group);
            for &deployment in leg.ranked.iter().filter(|_| inflow.is_some()) {
                if !self.in_time(ctx, index, deployment) {
                    continue;
                }
                if !self.could_be_called(deployment) || !self.is_rested(ctx, deployment) {
                    self.note_passed_over(index, deployment);
                    continue;
                }
                match self.acquire(ctx, deployment, None) {
                    Ok(permit) => {
                        let (why, inflow) = (Why::Fallback, inflow.take().flatten());
                        let moved = Some((walk, leg));
                        return Some(Found { deployment, permit, why, moved, inflow });
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
    fn find_retry(&self, ctx: &mut Ctx<'_>, last: FaultKind, others: Others) -> Option<Retry> {
        let mut best: Option<Retry> = None;
        for called in &self.called {
            if self.leg.ranked.contains(&called.deployment)
                && let Some(retry) = self.retry_at(ctx, called, last, others)
                && best.is_none_or(|best| retry.at < best.at)
            {
                best = Some(retry);
            }
        }
        best
    }

    /// When a deployment may be called again; `None` where its fault, its gates, patience or the
    /// deadline forbid it. A wait that does not fit is not begun.
    fn retry_at(
        &self,
        ctx: &mut Ctx<'_>,
        called: &Called,
        last: FaultKind,
        others: Others,
    ) -> Option<Retry> {
        let deployment = called.deployment;
        let alone = !self.another_could_serve(ctx, deployment, last);
        if !called.may_be_called_again(alone) {
            return None;
        }
        let fault = &called.last.fault;
        let hinted = fault.hint.is_some();
        let group = self.topology.group(self.leg.group);
        let patience = group.patience.as_ref().unwrap_or(&self.topology.rules().patience);
        let nowhere_else = alone || others == Others::None;
        let left = self.leg.waited.left(patience, hinted, nowhere_else);
        let (now, latest) = (ctx.now, ctx.now + left);
        // The share of a leg is for the sake of those that follow.
        let share = if nowhere_else { self.request.deadline } else { self.share_ends() };
        let fits = |at: Instant| at <= latest && at < self.request.deadline.min(share);
        if !ctx.gates.can_pay(deployment, fault.kind) {
            return None;
        }
        // A rate limit's gate alone names the time.
        if fault.kind == FaultKind::RateLimited
            && let Some(slot) = ctx.gates.next_place(deployment, now, Line::until(latest))
        {
            let retry = Retry { deployment, at: slot.at, in_line: true, hinted };
            return fits(slot.at).then_some(retry);
        }
        if !ctx.gates.admits(deployment, now) {
            return None;
        }
        // A full cap is not now, and what is waited for it counts: it holds up no one beyond patience.
        let takes_it = ctx.gates.takes_a_retry(deployment);
        let soonest = if takes_it { now } else { now + ASK_AGAIN };
        let at = self.rested_at(ctx, called).max(soonest);
        fits(at).then_some(Retry { deployment, at, in_line: false, hinted })
    }

    /// When the wait after the last fault of a deployment is over: drawn anew each time.
    fn rested_at(&self, ctx: &mut Ctx<'_>, called: &Called) -> Instant {
        let (fault, earlier) = (&called.last.fault, called.faults - 1);
        let group = self.topology.group(self.leg.group);
        let backoff = group.backoff.unwrap_or(self.topology.rules().backoff);
        called.last.at + backoff.draw(fault.kind, earlier, fault.hint, ctx.rng)
    }

    /// Whether a deployment may be called without any wait on account of this request's calls.
    fn is_rested(&self, ctx: &mut Ctx<'_>, deployment: DeploymentId) -> bool {
        self.called(deployment).is_none_or(|called| {
            let by_gate = called.last.fault.kind == FaultKind::RateLimited;
            by_gate || self.rested_at(ctx, called) <= ctx.now
        })
    }

    /// Each skip of a leg is reported once, with the refusal that it met first.
    pub(super) fn note_skip(&mut self, leg: LegIndex, deployment: DeploymentId, refusal: Refusal) {
        if !self.skipped.iter().any(|(at, known, _)| (*at, *known) == (leg, deployment)) {
            self.skipped.push((leg, deployment, refusal));
            self.events.push_back(Event::Skipped { leg, deployment, refusal });
        }
    }

    fn note_passed_over(&mut self, leg: LegIndex, deployment: DeploymentId) {
        let Some(called) = self.called(deployment) else { return };
        let kind = called.last.fault.kind;
        if !self.passed_over.contains(&(leg, deployment)) {
            self.passed_over.push((leg, deployment));
            self.events.push_back(Event::PassedOver { leg, deployment, kind });
        }
    }
}
