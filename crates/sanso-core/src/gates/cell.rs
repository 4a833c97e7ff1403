//! The state of one deployment across requests, behind one mutex.

use std::sync::{Arc, PoisonError};

use super::permit::Permit;
use super::quota::{Quota, QuotaSlot};
use super::{Entry, Gate, Refusal};
use crate::breaker::{Breaker, BreakerPolicy, BreakerState, Transition};
use crate::rng::Rng;
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
    pub(super) quota: Quota,
    pub(super) usual: UsualTimes,
    /// Calls that have not ended, with a verdict or without.
    pub(super) in_flight: u32,
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
    /// Until when the quota gate is shut.
    pub quota_shut_until: Option<Instant>,
    /// Calls in flight.
    pub in_flight: u32,
}

impl Cell {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        let inner = Inner {
            latest: Instant::ORIGIN,
            breaker: Breaker::new(policy),
            quota: Quota::default(),
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
    fn look(&self, now: Instant) -> (MutexGuard<'_, Inner>, Instant) {
        let inner = self.lock();
        let now = now.max(inner.latest);
        (inner, now)
    }

    /// Asks every gate in the order of `chain.md`'s table.
    pub(super) fn acquire(
        self: &Arc<Self>,
        entry: &Entry,
        now: Instant,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) -> Result<Permit, Refusal> {
        let (mut inner, now) = self.step(now);
        if let Err(shut) = inner.quota.admit(now, entry.slot) {
            let not_before = Some(shut.not_before);
            return Err(Refusal { gate: Gate::Quota, since: shut.since, not_before });
        }
        let usual = inner.usual.get(entry.class);
        let lease = entry.probe_lease(usual);
        let grant = inner.breaker.admit(now, lease, rng, news).map_err(|shut| {
            let gate = if shut.full { Gate::SlowStart } else { Gate::Breaker };
            Refusal { gate, since: shut.since, not_before: shut.not_before }
        })?;
        inner.in_flight += 1;
        let quota = inner.quota.epoch();
        drop(inner);
        // A plain call of a slow start has its own limits only: its verdict is its whole answer.
        let bounded = grant.is_probe() || (grant.is_slow_start() && entry.class.stream);
        let lease = bounded.then_some(lease);
        Ok(Permit::new(Arc::clone(self), grant, quota, entry, now, lease, usual))
    }

    pub(super) fn admits(&self, now: Instant) -> bool {
        let (inner, now) = self.look(now);
        inner.quota.would_admit(now) && inner.breaker.would_admit(now)
    }

    /// Whether the quota gate is the only one that is shut.
    pub(super) fn is_shut_by_quota_alone(&self, now: Instant) -> bool {
        let (inner, now) = self.look(now);
        !inner.quota.would_admit(now) && inner.breaker.would_admit(now)
    }

    pub(super) fn line_up(&self, now: Instant, latest: Instant) -> Option<QuotaSlot> {
        let (mut inner, now) = self.step(now);
        inner.quota.line_up(now, latest)
    }

    pub(super) fn set_policy(&self, policy: BreakerPolicy) {
        self.lock().breaker.set_policy(policy);
    }

    pub(super) fn usual(&self, class: Class) -> Option<Duration> {
        self.lock().usual.get(class)
    }

    pub(super) fn view(&self, now: Instant) -> GateView {
        let (inner, now) = self.look(now);
        let (breaker, since, probe_at) = inner.breaker.shown(now);
        GateView {
            breaker,
            since,
            probe_at,
            quota_shut_until: inner.quota.shut(now).map(|shut| shut.not_before),
            in_flight: inner.in_flight,
        }
    }
}
