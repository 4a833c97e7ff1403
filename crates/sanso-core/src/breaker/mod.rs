//! The circuit breaker of one deployment: closed, open, half-open, recovering.
//!
//! It is a plain value that its cell guards; admission and verdict are two short steps with the call
//! between them. Time passes lazily: each step first does what was due by now ([`Breaker::advance`]),
//! so that nothing needs a timer and nothing can wedge.

mod policy;
mod row;
mod trip;
mod window;

pub use policy::BreakerPolicy;

use row::Row;
use trip::Evidence;
use window::{Mark, Window};

use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::rule::Weight;
use crate::time::{Duration, Instant};

/// The state as an operator names it; *open* means no calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the states are those of the module's first line")]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
    Recovering,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// The state left.
    pub from: BreakerState,
    /// The state entered.
    pub to: BreakerState,
    /// When. Not before the step that reports it only where the change was due earlier.
    pub at: Instant,
    /// Why.
    pub cause: Cause,
    /// Of a change to open: when the first probe may go, jitter included.
    pub until: Option<Instant>,
}

impl Transition {
    /// From closed to open. From half-open or recovering it is a *reopening*, counted apart.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.from == BreakerState::Closed && self.to == BreakerState::Open
    }
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// One of the rules for opening.
    Tripped(TripRule),
    /// A probe failed.
    ProbeFailed(FaultKind),
    /// A probe's lease ran out without a verdict.
    ProbeSilent,
    /// The open time is over.
    OpenTimeOver,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// The slow start is over.
    SlowStartOver,
}

/// The rules for opening, by their names in `chain.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TripRule {
    Row,
    Breaks,
    AllowedFails,
    FailureRate,
}

/// Why and until when a breaker lets no call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shut {
    pub(crate) since: Instant,
    pub(crate) not_before: Option<Instant>,
    /// A recovering window is full, as against open.
    pub(crate) full: bool,
}

/// What a call was granted: the epoch, and in half-open a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) epoch: u64,
    lease: Option<u64>,
    /// Half-open or recovering: the call is to be decided within a probe's lease.
    pub(crate) on_trial: bool,
}

impl Grant {
    pub(crate) const fn is_probe(&self) -> bool {
        self.lease.is_some()
    }
}

/// A success that a later break may take back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    epoch: u64,
    mark: Mark,
}

#[derive(Clone, Debug)]
enum State {
    Closed { since: Instant },
    Open { since: Instant, until: Instant },
    HalfOpen { since: Instant, leases: Vec<Lease>, successes: u32 },
    Recovering(SlowStart),
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    id: u64,
    expires: Instant,
}

/// Slow start, like TCP's: the window grows by one with each success, so it doubles each round trip,
/// and doubles by itself after every two seconds without a fault. One caller at a time gets the
/// primary back at once; five thousand waiting ones do not crush it.
#[derive(Clone, Copy, Debug)]
struct SlowStart {
    since: Instant,
    window: u32,
    /// The last fault, or the last doubling.
    grown_at: Instant,
    turned_away: Option<Instant>,
}

impl SlowStart {
    const DOUBLES_EVERY: Duration = Duration::from_secs(2);
    const LASTS_AT_LEAST: Duration = Duration::from_secs(10);
    /// No one turned away for this long: the window holds the whole load.
    const QUIET: Duration = Duration::from_secs(1);
    const WIDE: u32 = 64;

    fn grow(&mut self, now: Instant) {
        while now - self.grown_at >= Self::DOUBLES_EVERY {
            self.grown_at = self.grown_at + Self::DOUBLES_EVERY;
            self.window = self.window.saturating_mul(2);
            if self.window == u32::MAX {
                self.grown_at = now;
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let quiet = self.turned_away.is_none_or(|at| now - at >= Self::QUIET);
        now - self.since >= Self::LASTS_AT_LEAST && (quiet || self.window >= Self::WIDE)
    }
}

/// One deployment's breaker. See the module.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    state: State,
    /// Raised by each opening and reopening: results of an older epoch change nothing.
    epoch: u64,
    window: Window,
    row: Row,
    breaks: Row,
    /// `k`: how often the open time has doubled.
    reopenings: u32,
    last_closed: Option<Instant>,
    /// Calls of this epoch without a verdict.
    undecided: u32,
    /// Calls of this epoch that have a verdict and still flow.
    tails: u32,
    next_lease: u64,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self {
            window: Window::new(policy.window),
            policy,
            state: State::Closed { since: Instant::ORIGIN },
            epoch: 0,
            row: Row::default(),
            breaks: Row::default(),
            reopenings: 0,
            last_closed: None,
            undecided: 0,
            tails: 0,
            next_lease: 0,
        }
    }

    /// Takes a reloaded policy; state and counts stay, but for the counts of a window whose span
    /// changed.
    pub(crate) fn set_policy(&mut self, policy: BreakerPolicy) {
        if policy.window != self.policy.window {
            self.window = Window::new(policy.window);
        }
        self.policy = policy;
    }

    /// Lets a call through, or says since when and until when not. `lease` is how long a probe may
    /// take until its verdict.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        lease: Duration,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) -> Result<Grant, Shut> {
        self.advance(now, rng, news);
        let mut granted = Grant { epoch: self.epoch, lease: None, on_trial: false };
        match &mut self.state {
            State::Closed { .. } => {}
            State::Open { since, until } => {
                return Err(Shut { since: *since, not_before: Some(*until), full: false });
            }
            State::HalfOpen { since, leases, .. } => {
                if leases.len() >= self.policy.probes as usize {
                    return Err(Shut { since: *since, not_before: None, full: false });
                }
                let id = self.next_lease;
                self.next_lease += 1;
                leases.push(Lease { id, expires: now + lease });
                granted = Grant { lease: Some(id), on_trial: true, ..granted };
            }
            State::Recovering(slow) => {
                if self.undecided >= slow.window {
                    slow.turned_away = Some(now);
                    return Err(Shut { since: slow.since, not_before: None, full: true });
                }
                granted.on_trial = true;
            }
        }
        self.undecided += 1;
        Ok(granted)
    }

    /// Whether [`Breaker::admit`] would let a call through now.
    pub(crate) fn would_admit(&self, now: Instant) -> bool {
        match &self.state {
            State::Closed { .. } => true,
            State::Open { until, .. } => now >= *until,
            State::HalfOpen { leases, .. } => leases.len() < self.policy.probes as usize,
            State::Recovering(slow) => {
                let mut grown = *slow;
                grown.grow(now);
                grown.is_over(now) || self.undecided < grown.window
            }
        }
    }

    /// The verdict: content, or a whole answer. Returns what a later break would take back.
    pub(crate) fn success(
        &mut self,
        now: Instant,
        grant: &Grant,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) -> Option<Counted> {
        self.advance(now, rng, news);
        self.settle(grant).then(|| self.count_success(now, news))
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
        (grant.epoch == self.epoch).then(|| self.count_success(now, news))
    }

    /// The verdict: a fault of `weight`; `first` says that its request had no fault here before.
    pub(crate) fn fault(
        &mut self,
        now: Instant,
        grant: &Grant,
        fault: CountedFault,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.advance(now, rng, news);
        if self.settle(grant) {
            self.count_fault(now, fault, rng, news);
        }
    }

    /// The verdict: nothing is learned about the deployment.
    pub(crate) fn neutral(&mut self, grant: &Grant) {
        self.settle(grant);
    }

    /// A call has its verdict and goes on.
    pub(crate) fn tail_began(&mut self, grant: &Grant) {
        if grant.epoch == self.epoch {
            self.tails += 1;
        }
    }

    /// What followed the verdict is over: finished, or left by the client (`finished: false`).
    pub(crate) fn tail_ended(&mut self, grant: &Grant, finished: bool) {
        if grant.epoch == self.epoch {
            self.tails = self.tails.saturating_sub(1);
            if finished {
                self.breaks.clear();
            }
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
        if grant.epoch != self.epoch {
            return;
        }
        if let Some(counted) = counted.filter(|counted| counted.epoch == self.epoch) {
            self.window.take_back(now, counted.mark);
        }
        self.breaks.add(now, fault.weight);
        self.count_fault(now, fault, rng, news);
        // After the count: the broken call is one of those that flowed.
        if grant.epoch == self.epoch {
            self.tails = self.tails.saturating_sub(1);
        }
    }

    /// State, since when, and when an open one may be probed; nothing is changed. An open breaker
    /// past its time that no one asks is shown as half-open.
    pub(crate) fn shown(&self, now: Instant) -> (BreakerState, Instant, Option<Instant>) {
        match &self.state {
            State::Closed { since } => (BreakerState::Closed, *since, None),
            State::Open { until, .. } if now >= *until => (BreakerState::HalfOpen, *until, None),
            State::Open { since, until } => (BreakerState::Open, *since, Some(*until)),
            State::HalfOpen { since, .. } => (BreakerState::HalfOpen, *since, None),
            State::Recovering(slow) if slow.is_over(now) => (BreakerState::Closed, now, None),
            State::Recovering(slow) => (BreakerState::Recovering, slow.since, None),
        }
    }

    /// Does what was due by now. It ends: each turn leaves a state for a later one, or returns.
    fn advance(&mut self, now: Instant, rng: &mut Rng, news: &mut Vec<Transition>) {
        loop {
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
                    let earliest = leases.iter().map(|lease| lease.expires).min();
                    let Some(expired) = earliest.filter(|expires| *expires <= now) else { return };
                    self.open(expired, Cause::ProbeSilent, rng, news);
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

    /// Takes the call out of the undecided ones. `false`: it is of an older epoch.
    fn settle(&mut self, grant: &Grant) -> bool {
        if grant.epoch != self.epoch {
            return false;
        }
        self.undecided = self.undecided.saturating_sub(1);
        if let (Some(id), State::HalfOpen { leases, .. }) = (grant.lease, &mut self.state) {
            leases.retain(|lease| lease.id != id);
        }
        true
    }

    fn count_success(&mut self, now: Instant, news: &mut Vec<Transition>) -> Counted {
        let mark = self.window.success(now);
        self.row.clear();
        match &mut self.state {
            State::HalfOpen { successes, .. } => {
                *successes += 1;
                if *successes >= self.policy.success_threshold {
                    let window = self.policy.probes.max(1);
                    let slow = SlowStart { since: now, window, grown_at: now, turned_away: None };
                    self.enter(State::Recovering(slow), now, Cause::ProbesSucceeded, news);
                }
            }
            State::Recovering(slow) => slow.window = slow.window.saturating_add(1),
            State::Closed { .. } | State::Open { .. } => {}
        }
        Counted { epoch: self.epoch, mark }
    }

    fn count_fault(
        &mut self,
        now: Instant,
        fault: CountedFault,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.window.fault(now, fault.weight, fault.first);
        if fault.first {
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
        };
        if let Some(cause) = evidence.trips(now) {
            self.open(now, cause, rng, news);
        }
    }

    fn open(&mut self, at: Instant, cause: Cause, rng: &mut Rng, news: &mut Vec<Transition>) {
        if let State::Closed { .. } = self.state {
            let forgotten = self.last_closed.is_none_or(|closed| at - closed > self.policy.window);
            if forgotten {
                self.reopenings = 0;
            }
        } else if self.policy.can_lengthen(self.reopenings) {
            self.reopenings += 1;
        }
        // Jitter, so that replicas that opened together do not probe together.
        let until = at + rng.scaled(self.policy.open_time(self.reopenings), 0.8, 1.2);
        self.epoch += 1;
        self.undecided = 0;
        self.tails = 0;
        self.window.clear();
        self.row.clear();
        self.breaks.clear();
        self.enter(State::Open { since: at, until }, at, cause, news);
    }

    fn enter(&mut self, state: State, at: Instant, cause: Cause, news: &mut Vec<Transition>) {
        let from = self.state.name();
        self.state = state;
        let until = match self.state {
            State::Open { until, .. } => Some(until),
            State::Closed { .. } | State::HalfOpen { .. } | State::Recovering(_) => None,
        };
        news.push(Transition { from, to: self.state.name(), at, cause, until });
    }
}

/// A fault as the breaker counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedFault {
    pub(crate) kind: FaultKind,
    pub(crate) weight: Weight,
    /// The request's first fault here: only such count in rows, so that one poisonous request cuts
    /// nobody off.
    pub(crate) first: bool,
}

impl State {
    const fn name(&self) -> BreakerState {
        match self {
            Self::Closed { .. } => BreakerState::Closed,
            Self::Open { .. } => BreakerState::Open,
            Self::HalfOpen { .. } => BreakerState::HalfOpen,
            Self::Recovering(_) => BreakerState::Recovering,
        }
    }
}
