//! What calls report to a breaker, what time does to it, and the changes of state that follow.

use super::Breaker;
use super::grant::{Counted, CountedFault, Grant, How, Trial};
use super::state::{SlowStart, State, expired};
use super::to_the_end::Stopped;
use super::trip::Evidence;
use super::types::{Cause, Transition, TripRule};
use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::rule::Weight;
use crate::time::{Duration, Instant};

impl Breaker {
    /// The verdict: content, or a whole answer. Returns what a later break would take back.
    /// `first_token` is the time that the first content of a stream took.
    pub(crate) fn success(
        &mut self,
        now: Instant,
        grant: &Grant,
        first_token: Option<Duration>,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) -> Option<Counted> {
        self.advance(now, rng, news);
        if self.is_current(grant) && self.is_tried_to_the_end(grant) {
            return Some(self.flows(now, grant));
        }
        if !self.settle(grant) {
            return None;
        }
        // A forced success counts as a probe's.
        if grant.forced().is_some() && matches!(self.state, State::Open { .. }) {
            let state = State::HalfOpen { since: now, leases: Vec::new(), successes: 0 };
            self.enter(state, now, Cause::ForcedSucceeded, news);
        }
        let counted = self.count_success(now, news);
        self.note_pace(now, first_token, rng, news);
        Some(counted)
    }

    /// The slow rule is about calls that succeed, so it is weighed here, and not when a fault is
    /// counted.
    fn note_pace(
        &mut self,
        now: Instant,
        first_token: Option<Duration>,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        let (Some(pace), Some(first_token)) = (&mut self.pace, first_token) else { return };
        pace.record(now, first_token);
        let asked = match self.state {
            State::Closed { .. } | State::Recovering(_) => !self.policy.lone,
            State::Open { .. } | State::HalfOpen { .. } => false,
        };
        if asked && pace.is_slow(now, self.policy.window) && self.may_open() {
            self.open(now, Cause::Tripped(TripRule::Slow), rng, news);
        }
    }

    /// Content after a limit that has counted as a fault: a success of this moment.
    pub(crate) fn late_success(
        &mut self,
        now: Instant,
        grant: &Grant,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) -> Option<Counted> {
        self.advance(now, rng, news);
        let counts = self.is_current(grant) && !self.is_tried_to_the_end(grant);
        counts.then(|| self.count_success(now, news))
    }

    /// The verdict: a fault.
    pub(crate) fn fault(
        &mut self,
        now: Instant,
        grant: &Grant,
        fault: CountedFault,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.advance(now, rng, news);
        if !self.settle(grant) {
            return;
        }
        // That a forced call failed is no news of a breaker that is open, and no probe's failure.
        let shut = matches!(self.state, State::Open { .. } | State::HalfOpen { .. });
        if grant.forced().is_none() || !shut {
            self.count_fault(now, fault, rng, news);
        }
    }

    /// The verdict: nothing is learned about the deployment. A probe whose lease had run out by now
    /// was silent all the same.
    pub(crate) fn neutral(
        &mut self,
        now: Instant,
        grant: &Grant,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.advance(now, rng, news);
        self.settle(grant);
    }

    /// A call that never gets a verdict frees its place.
    pub(crate) fn dropped(&mut self, grant: &Grant) {
        self.settle(grant);
    }

    /// A call has its verdict and goes on.
    pub(crate) fn tail_began(&mut self, grant: &Grant) {
        if self.is_current(grant) {
            self.tails += 1;
        }
    }

    /// The answer has ended as it should.
    pub(crate) fn tail_finished(
        &mut self,
        now: Instant,
        grant: &Grant,
        counted: Option<Counted>,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.advance(now, rng, news);
        if self.is_current(grant) {
            self.tails = self.tails.saturating_sub(1);
            self.breaks.clear();
            if self.stopped_flowing(counted) == Some(Stopped::Uncounted) {
                self.count_success(now, news);
            }
        }
    }

    /// The client left an answer.
    pub(crate) fn tail_left(&mut self, grant: &Grant, counted: Option<Counted>) {
        if self.is_current(grant) {
            self.tails = self.tails.saturating_sub(1);
            self.stopped_flowing(counted);
        }
    }

    /// An answer broke after its first content: takes the success back and counts a fault.
    pub(crate) fn broke(
        &mut self,
        now: Instant,
        grant: &Grant,
        counted: Option<Counted>,
        fault: CountedFault,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.advance(now, rng, news);
        if !self.is_current(grant) {
            return;
        }
        let mark = match (self.stopped_flowing(counted), counted) {
            (Some(Stopped::Counted(mark)), _) => Some(mark),
            (None, Some(Counted { epoch, how: How::Counted(mark) })) => {
                (epoch == self.epoch).then_some(mark)
            }
            (Some(Stopped::Uncounted) | None, _) => None,
        };
        if let Some(mark) = mark {
            self.window.take_back(now, mark);
        }
        let is_break = fault.kind == FaultKind::Broken;
        if is_break {
            self.window.broke(now);
        }
        let again = self.is_lost_again(fault.connection);
        let fault = CountedFault { connection: None, first: fault.first && !again, ..fault };
        if is_break && !again {
            self.breaks.add(now, fault.weight);
        }
        self.count_fault(now, fault, rng, news);
        // After the count: the broken call is one of those that flowed.
        if self.is_current(grant) {
            self.tails = self.tails.saturating_sub(1);
        }
    }

    /// Does what was due by now. It ends: each turn leaves a state for a later one, or returns.
    pub(super) fn advance(&mut self, now: Instant, rng: &mut Rng, news: &mut Vec<Transition>) {
        self.settle_flows(now, news);
        loop {
            if self.forced_shut().is_some() {
                return;
            }
            match &mut self.state {
                State::Closed { .. } => return,
                State::Open { until, .. } => {
                    if now < *until {
                        return;
                    }
                    let at = *until;
                    let state = State::HalfOpen { since: at, leases: Vec::new(), successes: 0 };
                    self.enter(state, at, Cause::OpenTimeOver, news);
                }
                State::HalfOpen { leases, .. } => {
                    let Some(at) = expired(leases, now) else { return };
                    self.open(at, Cause::ProbeSilent, rng, news);
                }
                State::Recovering(slow) => {
                    slow.grow(now);
                    if slow.is_over(now) {
                        self.last_closed = Some(now);
                        let state = State::Closed { since: now };
                        self.enter(state, now, Cause::SlowStartOver, news);
                    }
                    return;
                }
            }
        }
    }

    pub(super) fn is_current(&self, grant: &Grant) -> bool {
        grant.epoch == self.epoch
    }

    /// Takes the call out of the undecided ones. `false`: it is of an older epoch.
    pub(super) fn settle(&mut self, grant: &Grant) -> bool {
        if !self.is_current(grant) {
            return false;
        }
        self.undecided = self.undecided.saturating_sub(1);
        if let (Trial::Probe(id), State::HalfOpen { leases, .. }) = (grant.trial, &mut self.state) {
            leases.retain(|lease| lease.id != id);
        }
        true
    }

    pub(super) fn count_success(&mut self, now: Instant, news: &mut Vec<Transition>) -> Counted {
        let mark = self.window.success(now);
        self.row.clear();
        match &mut self.state {
            State::HalfOpen { successes, .. } => {
                *successes += 1;
                if *successes >= self.policy.success_threshold {
                    let slow = SlowStart::new(now, self.policy.probes.max(1));
                    self.enter(State::Recovering(slow), now, Cause::ProbesSucceeded, news);
                }
            }
            State::Recovering(slow) => slow.window = slow.window.saturating_add(1),
            State::Closed { .. } | State::Open { .. } => {}
        }
        Counted { epoch: self.epoch, how: How::Counted(mark) }
    }

    fn count_fault(
        &mut self,
        now: Instant,
        fault: CountedFault,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        let first = fault.first && !self.is_lost_again(fault.connection);
        self.window.fault(now, fault.weight, first);
        if first {
            self.row.add(now, fault.weight);
        }
        match &mut self.state {
            // Half a fault (a soft one, an impatient client) frees the lease and decides nothing.
            State::HalfOpen { .. } if fault.weight < Weight::FULL => return,
            State::HalfOpen { .. } => {
                return self.open(now, Cause::ProbeFailed(fault.kind), rng, news);
            }
            State::Recovering(slow) => slow.grown_at = now,
            State::Closed { .. } | State::Open { .. } => {}
        }
        let evidence = Evidence {
            policy: &self.policy,
            counts: self.window.counts(now),
            row: &self.row,
            breaks: &self.breaks,
            tails_in_flight: self.tails,
            warned: self.domains.is_warned(now),
        };
        if let Some(cause) = evidence.trips(now).filter(|_| self.may_open()) {
            self.open(now, cause, rng, news);
        }
    }

    /// Calls that are lost with one connection count once: whether this one's loss was known.
    fn is_lost_again(&mut self, connection: Option<u64>) -> bool {
        if connection.is_none() {
            return false;
        }
        let known = self.lost.contains(&connection);
        if !known {
            self.lost.rotate_left(1);
            self.lost[Self::LOST - 1] = connection;
        }
        known
    }

    /// A host gate shut on it: its siblings are warned as by an opening.
    pub(crate) fn warn_others(&mut self, now: Instant) {
        self.domains.warn(now);
    }

    /// What was granted before changes nothing any more.
    pub(super) fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.undecided = 0;
        self.tails = 0;
        self.flowing.clear();
        self.window.clear();
        self.row.clear();
        self.breaks.clear();
        if let Some(pace) = &mut self.pace {
            pace.clear_window();
        }
    }

    fn open(&mut self, at: Instant, cause: Cause, rng: &mut Rng, news: &mut Vec<Transition>) {
        self.reopenings = match self.state {
            State::Closed { .. } if self.is_forgotten(at) => 0,
            State::Closed { .. } => self.reopenings,
            State::Open { .. } | State::HalfOpen { .. } | State::Recovering(_) => {
                self.policy.lengthened(self.reopenings)
            }
        };
        let until = at + self.policy.draw_open_time(self.reopenings, rng);
        self.to_the_end = self.is_by_breaks(at, cause);
        self.begin_epoch();
        self.domains.warn(at);
        self.enter(State::Open { since: at, until }, at, cause, news);
    }

    /// Closed for longer than a window: an opening then has nothing to do with the last one.
    fn is_forgotten(&self, at: Instant) -> bool {
        self.last_closed.is_none_or(|closed| at - closed > self.policy.window)
    }

    pub(super) fn enter(
        &mut self,
        state: State,
        at: Instant,
        cause: Cause,
        news: &mut Vec<Transition>,
    ) {
        let from = self.state.name();
        self.state = state;
        let until = match self.state {
            State::Open { until, .. } => Some(until),
            State::Closed { .. } | State::HalfOpen { .. } | State::Recovering(_) => None,
        };
        news.push(Transition { from, to: self.state.name(), at, cause, until });
    }
}
