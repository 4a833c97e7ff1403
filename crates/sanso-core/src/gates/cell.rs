//! The state of one deployment across requests, behind one mutex.

use std::sync::PoisonError;

use super::forced::ForcedCalls;
use super::latch::{self, Latch};
use super::line::{Line, QuotaSlot};
use super::quota::Quota;
use crate::breaker::{Breaker, BreakerState, Domains, Forced, Grant};
use crate::budget::Budget;
use crate::fault::Dimension;
use crate::route::Deployment;
use crate::sync::{Mutex, MutexGuard};
use crate::time::{Duration, Instant};
use crate::usual::{Class, UsualTimes};

/// One deployment's gates. Locked for two short steps of a call, never across it.
#[derive(Debug)]
pub(crate) struct Cell {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    /// The latest time heard of. Threads read the clock before they get the lock, so a step may come
    /// with a time a little before that of the last one: it is taken as the same.
    latest: Instant,
    pub(super) breaker: Breaker,
    pub(super) model: Latch,
    pub(super) quota: Quota,
    pub(super) forced: ForcedCalls,
    pub(super) budget: Budget,
    /// Retries without a verdict.
    pub(super) retries: u32,
    pub(super) usual: UsualTimes,
    /// Calls that have not ended, with a verdict or without.
    pub(super) in_flight: u32,
}

impl Inner {
    /// The latest time heard of.
    pub(super) const fn latest(&self) -> Instant {
        self.latest
    }

    /// Retries without a verdict are at most a fifth of the calls in flight, or three.
    pub(super) fn takes_a_retry(&self) -> bool {
        const AT_LEAST: u32 = 3;
        self.retries < AT_LEAST.max(self.in_flight / 5)
    }

    /// A forced call is over; `failed_at` says that it did not succeed.
    pub(super) fn forced_ended(&mut self, grant: &Grant, failed_at: Option<Instant>) {
        if let Some(number) = grant.forced() {
            self.forced.ended(number, failed_at);
        }
    }
}

/// What an operator sees of one deployment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateView {
    /// The breaker's state.
    pub breaker: BreakerState,
    /// Since when it holds.
    pub since: Instant,
    /// When an open breaker may be probed.
    pub probe_at: Option<Instant>,
    /// Calls that a recovering breaker lets through at once.
    pub window: Option<u32>,
    /// Until when the quota gate is shut.
    pub quota_shut_until: Option<Instant>,
    /// Which quota shut it.
    pub quota_dimension: Option<Dimension>,
    /// Calls in flight.
    pub in_flight: u32,
    /// What an administrator has set the breaker to.
    pub forced: Forced,
    /// Tokens left to pay for retries; `None` where nothing bounds them.
    pub retry_budget: Option<u32>,
}

impl Cell {
    pub(super) fn new(deployment: &Deployment, domains: Domains) -> Self {
        let inner = Inner {
            latest: Instant::ORIGIN,
            breaker: Breaker::new(deployment.breaker.clone(), domains),
            model: Latch::new(&latch::MODEL),
            quota: Quota::default(),
            forced: ForcedCalls::default(),
            budget: Budget::new(deployment.retry_budget),
            retries: 0,
            usual: UsualTimes::default(),
            in_flight: 0,
        };
        Self { inner: Mutex::new(inner) }
    }

    /// A panic while the lock was held leaves counts that are whole: each step is short and does its
    /// arithmetic last. So a poisoned lock is taken as it is.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the cell for a step at `now`, and says what time that is for it.
    pub(super) fn step(&self, now: Instant) -> (MutexGuard<'_, Inner>, Instant) {
        let mut inner = self.lock();
        inner.latest = inner.latest.max(now);
        let now = inner.latest;
        (inner, now)
    }

    /// The same for a mere look.
    pub(super) fn look(&self, now: Instant) -> (MutexGuard<'_, Inner>, Instant) {
        let inner = self.lock();
        let now = now.max(inner.latest);
        (inner, now)
    }

    pub(super) fn next_place(&self, now: Instant, line: Line) -> Option<QuotaSlot> {
        let (inner, now) = self.look(now);
        inner.quota.next_place(now, line)
    }

    pub(super) fn line_up(&self, now: Instant, line: Line) -> Option<QuotaSlot> {
        let (mut inner, now) = self.step(now);
        inner.quota.line_up(now, line)
    }

    /// Takes over what a reloaded configuration says of the deployment.
    pub(super) fn reload(&self, deployment: &Deployment, domains: Domains) {
        let mut inner = self.lock();
        inner.breaker.set_policy(deployment.breaker.clone(), domains);
        inner.budget.resize(deployment.retry_budget);
    }

    pub(super) fn usual(&self, class: Class) -> Option<Duration> {
        self.lock().usual.get(class)
    }

    pub(super) fn view(&self, now: Instant) -> GateView {
        let (inner, now) = self.look(now);
        let (breaker, since, probe_at) = inner.breaker.shown(now);
        let quota = inner.quota.shut_by(now);
        GateView {
            breaker,
            since,
            probe_at,
            window: inner.breaker.window_now(now),
            quota_shut_until: quota.map(|(_, shut)| shut.not_before),
            quota_dimension: quota.map(|(dimension, _)| dimension),
            in_flight: inner.in_flight,
            forced: inner.breaker.forced(),
            retry_budget: inner.budget.left(),
        }
    }
}
