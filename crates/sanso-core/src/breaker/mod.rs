//! The circuit breaker of one deployment: closed, open, half-open, recovering.
//!
//! It is a plain value that its cell guards; admission and verdict are two short steps with the call
//! between them. Time passes lazily: each step first does what was due by now ([`Breaker::advance`]),
//! so that nothing needs a timer and nothing can wedge.
//!
//! * `types.rs`: what others see; `policy.rs`: what an operator sets
//! * `state.rs`: the states; `grant.rs`: what a call holds
//! * `verdict.rs`: what calls report, and what that changes
//! * `to_the_end.rs`: after cut streams, a success is the end of an answer
//! * `trip.rs`: the rules for opening, over `window.rs`, `row.rs` and `pace.rs`
//! * `caution.rs`: what deployments of one failure domain tell each other
//! * `forced.rs`: what an administrator sets

mod caution;
mod forced;
mod grant;
mod pace;
mod policy;
mod row;
mod state;
mod to_the_end;
mod trip;
mod types;
mod verdict;
mod window;

pub(crate) use caution::{Domain, Domains};
pub(crate) use grant::{Counted, CountedFault, Grant};
pub use policy::BreakerPolicy;
pub use types::{BreakerState, Cause, Forced, Transition, TripRule};

use grant::{Shut, Trial};
use pace::Pace;
use row::Row;
use state::{Lease, State, expired};
use to_the_end::Flowing;
use window::Window;

use crate::rng::Rng;
use crate::time::{Duration, Instant};

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
    /// Opened by cut streams: a success is the end of an answer.
    to_the_end: bool,
    /// Answers that have begun while it is tried to the end.
    flowing: Vec<Flowing>,
    /// Connections whose loss has been counted, the newest last.
    lost: [Option<u64>; Self::LOST],
    pace: Option<Box<Pace>>,
    domains: Domains,
    forced: Forced,
}

impl Breaker {
    /// Lost connections that are remembered: as many as may well die in one breath.
    const LOST: usize = 8;

    pub(crate) fn new(policy: BreakerPolicy, domains: Domains) -> Self {
        Self {
            pace: policy.slow.then(Box::default),
            domains,
            to_the_end: false,
            flowing: Vec::new(),
            lost: [None; Self::LOST],
            forced: Forced::Not,
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
    pub(crate) fn set_policy(&mut self, policy: BreakerPolicy, domains: Domains) {
        if policy.slow != self.policy.slow {
            self.pace = policy.slow.then(Box::default);
        }
        self.domains = domains;
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
        if let Some(shut) = self.forced_shut() {
            return Err(shut);
        }
        let probes = self.policy.probe_places();
        let trial = match &mut self.state {
            State::Closed { .. } => Trial::None,
            State::Open { since, until } => {
                return Err(Shut { since: *since, not_before: Some(*until), full: false });
            }
            State::HalfOpen { since, leases, .. } => {
                if leases.len() >= probes {
                    return Err(Shut { since: *since, not_before: None, full: false });
                }
                let id = self.next_lease;
                self.next_lease += 1;
                leases.push(Lease { id, expires: Some(now + lease) });
                Trial::Probe(id)
            }
            State::Recovering(slow) => {
                if self.undecided >= slow.window {
                    slow.turned_away = Some(now);
                    return Err(Shut { since: slow.since, not_before: None, full: true });
                }
                Trial::SlowStart
            }
        };
        self.undecided += 1;
        Ok(Grant { epoch: self.epoch, trial })
    }

    /// Lets the forced call of this number through, whatever the state.
    pub(crate) fn admit_forced(&mut self, number: u64) -> Grant {
        self.undecided += 1;
        Grant { epoch: self.epoch, trial: Trial::Forced(number) }
    }

    /// Whether a half-open probe is out.
    pub(crate) fn has_probe_out(&self, now: Instant) -> bool {
        match &self.state {
            State::HalfOpen { leases, .. } => {
                leases.iter().any(|lease| lease.expires.is_none_or(|at| now < at))
            }
            State::Closed { .. } | State::Open { .. } | State::Recovering(_) => false,
        }
    }

    /// Whether [`Breaker::admit`] would let a call through now.
    pub(crate) fn would_admit(&self, now: Instant) -> bool {
        if let Some(settled) = self.with_flows_settled(now) {
            return settled.would_admit(now);
        }
        if self.forced_shut().is_some() {
            return false;
        }
        match &self.state {
            State::Closed { .. } => true,
            State::Open { until, .. } => now >= *until,
            State::HalfOpen { leases, .. } => match expired(leases, now) {
                Some(at) => now >= self.reopened_until(at),
                None => leases.len() < self.policy.probe_places(),
            },
            State::Recovering(slow) => {
                let slow = slow.grown(now);
                slow.is_over(now) || self.undecided < slow.window
            }
        }
    }

    /// Calls that a recovering breaker lets through at once.
    pub(crate) fn window_now(&self, now: Instant) -> Option<u32> {
        match &self.state {
            State::Recovering(slow) => {
                let grown = slow.grown(now);
                (!grown.is_over(now)).then_some(grown.window)
            }
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// State, since when, and when an open one may be probed; nothing is changed. An open breaker
    /// past its time that no one asks is shown as half-open.
    pub(crate) fn shown(&self, now: Instant) -> (BreakerState, Instant, Option<Instant>) {
        if let Some(settled) = self.with_flows_settled(now) {
            return settled.shown(now);
        }
        if let Some(shut) = self.forced_shut() {
            return (BreakerState::Open, shut.since, None);
        }
        let open = |since, until| {
            if now >= until {
                (BreakerState::HalfOpen, until, None)
            } else {
                (BreakerState::Open, since, Some(until))
            }
        };
        match &self.state {
            State::Closed { since } => (BreakerState::Closed, *since, None),
            State::Open { since, until } => open(*since, *until),
            State::HalfOpen { since, leases, .. } => match expired(leases, now) {
                Some(at) => open(at, self.reopened_until(at)),
                None => (BreakerState::HalfOpen, *since, None),
            },
            State::Recovering(slow) if slow.grown(now).is_over(now) => {
                (BreakerState::Closed, now, None)
            }
            State::Recovering(slow) => (BreakerState::Recovering, slow.since, None),
        }
    }

    /// Until when, at the latest, the breaker is open that a probe's silence reopens at `at`: the
    /// next step draws the time, a mere look cannot.
    fn reopened_until(&self, at: Instant) -> Instant {
        at + self.policy.longest_open_time(self.policy.lengthened(self.reopenings))
    }
}
