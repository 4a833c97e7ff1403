//! The last resort: a request that has called no one, and finds no deployment of any leg that admits.
//!
//! The first that fits (`chain.md`, *Last resort*): a full slow start is told at once; a rate limit
//! that is over soon is waited for, in a short line; what is shut by its breaker or its host alone
//! takes one *forced* call at a time; all else is told at once. No request ever waits for a breaker.

use super::fail::FailureCause;
use super::leg::{Leg, Retry};
use super::send::Found;
use super::step::{LegIndex, Verdict};
use super::{Chain, Ctx, Plan};
use crate::event::{Event, Why};
use crate::fault::FaultKind;
use crate::gates::{Gate, Line, Refusal};
use crate::route::{DeploymentId, Walk};
use crate::rule::NextLeg;
use crate::time::{Duration, Instant};

/// A rate limit that is over within this is waited for.
const LINE_WITHIN: Duration = Duration::from_secs(3);
/// At most so many wait in one line.
const LINE_AT_MOST: u32 = 100;
/// What to tell while a slow start is full: it grows with each round trip.
const FULL_AGAIN_IN: Duration = Duration::from_secs(1);

/// A deployment of the chain, what shuts it, and the way to its leg.
struct Door {
    deployment: DeploymentId,
    shut: Vec<Refusal>,
    /// `None` for the first leg.
    moved: Option<(Walk, Leg)>,
}

impl Door {
    fn is_shut_by(&self, gates: &[Gate]) -> bool {
        !self.shut.is_empty() && self.shut.iter().all(|shut| gates.contains(&shut.gate))
    }

    /// When the last of its gates reopens. A breaker's probe that is out names no time; one that is
    /// out for a host, perhaps by way of another deployment, keeps no forced call from this one.
    fn reopens(&self, now: Instant) -> Option<Instant> {
        let at = |shut: &Refusal| {
            let probed = (shut.gate == Gate::Host).then_some(now);
            shut.not_before.or(probed)
        };
        self.shut.iter().map(at).collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

impl Chain {
    /// See the module.
    pub(super) fn last_resort(&mut self, ctx: &mut Ctx<'_>) {
        let doors = self.doors(ctx);
        if doors.is_empty()
            && let Some(failure) = self.nobody_able()
        {
            return self.conclude(Verdict::Failed(failure));
        }
        if doors.iter().any(|door| door.is_shut_by(&[Gate::SlowStart])) {
            let mut failure = self.all_shut(ctx);
            failure.retry_after = Some(FULL_AGAIN_IN);
            failure.status = 503;
            return self.conclude(Verdict::Failed(failure));
        }
        if !self.lined_up && self.line_up(ctx, &doors) {
            return;
        }
        if let Some(soonest) = soonest(doors, ctx.now)
            && let Some(permit) = self.acquire_forced(ctx, soonest.deployment)
        {
            self.forced = true;
            let Door { deployment, moved, .. } = soonest;
            let found = Found { deployment, permit, why: Why::Forced, moved, inflow: None };
            return self.take(ctx, found, None);
        }
        let failure = self.all_shut(ctx);
        self.conclude(Verdict::Failed(failure));
    }

    /// Waits in the line of the quota gate that reopens soonest, of those whose lines have room;
    /// `false` where there is none.
    fn line_up(&mut self, ctx: &Ctx<'_>, doors: &[Door]) -> bool {
        let reopens_by = ctx.now + LINE_WITHIN;
        let line = Line { latest: self.request.deadline, reopens_by, at_most: LINE_AT_MOST };
        let by_quota = doors.iter().filter(|door| door.is_shut_by(&[Gate::Quota]));
        let next = |door: &Door| ctx.gates.next_place(door.deployment, ctx.now, line);
        let mut lines: Vec<_> = by_quota.filter_map(|door| Some((next(door)?.at, door))).collect();
        lines.sort_by_key(|(at, _)| *at);
        let line_up = |door: &Door| ctx.gates.line_up(door.deployment, ctx.now, line);
        let found = lines.into_iter().find_map(|(_, door)| Some((door, line_up(door)?)));
        let Some((door, place)) = found else { return false };
        self.lined_up = true;
        if let Some((walk, leg)) = door.moved.clone() {
            // Where the place is lost, the request looks around from its first leg again.
            let walk = std::mem::replace(&mut self.walk, walk);
            let leg = std::mem::replace(&mut self.leg, leg);
            self.before_line = Some(Box::new((walk, leg)));
            self.leg.began = ctx.now;
        }
        let (deployment, until) = (door.deployment, place.slot().at);
        self.place = Some(place);
        self.events.push_back(Event::Waiting { deployment, until, kind: FaultKind::RateLimited });
        self.plan = Plan::Retry(Retry { deployment, at: until, in_line: true, hinted: true });
        true
    }

    /// Every deployment of the plain chain.
    fn doors(&self, ctx: &mut Ctx<'_>) -> Vec<Door> {
        let topology = self.topology.clone();
        let shut = |deployment| ctx.gates.shut(deployment, ctx.now);
        let first = self.leg.ranked.iter().map(|&deployment| Door {
            deployment,
            shut: shut(deployment),
            moved: None,
        });
        let mut doors: Vec<Door> = first.collect();
        let (mut walk, mut ended, mut index) = (self.walk.clone(), self.leg.group, self.leg.index);
        let mut next = self.way_past();
        while let Some(group) = walk.next(&topology, ended, next) {
            index = LegIndex(index.0 + 1);
            let leg = Leg::new(&topology, &self.request, index, group, ctx.rng);
            for &deployment in &leg.ranked {
                let moved = Some((walk.clone(), leg.clone()));
                doors.push(Door { deployment, shut: shut(deployment), moved });
            }
            ended = group;
            next = NextLeg::Yes;
        }
        doors
    }
}

/// Of those that are shut by breaker or host alone, the one that reopens soonest.
fn soonest(doors: Vec<Door>, now: Instant) -> Option<Door> {
    let shut = doors.into_iter().filter(|door| door.is_shut_by(&[Gate::Breaker, Gate::Host]));
    let known = shut.filter_map(|door| Some((door.reopens(now)?, door)));
    known.min_by_key(|(at, _)| *at).map(|(_, door)| door)
}

impl Chain {
    /// Whether what shed or shut the request was told before anyone was called.
    pub(super) fn has_called_no_one(&self) -> bool {
        self.attempts == 0
    }

    /// The chain is in too bad a state for a request of low priority.
    pub(super) fn shed(&mut self, ctx: &Ctx<'_>) -> bool {
        let Some(below) = self.topology.group(self.request.group).shed_below else { return false };
        if self.request.priority <= 0 {
            return false;
        }
        let health = ctx.gates.health(&self.topology, self.request.group, ctx.now);
        if health.share() >= below {
            return false;
        }
        let cause = FailureCause::Shed(health);
        let retry_after = Some(FULL_AGAIN_IN);
        let failure = super::Failure { cause, status: 503, retry_after };
        self.conclude(Verdict::Failed(failure));
        true
    }
}
