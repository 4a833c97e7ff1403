//! One deployment's way through all gates, its own and those that it shares.

use std::sync::Arc;

use super::cell::{Cell, Inner};
use super::latch::{LatchShut, Word};
use super::permit::{Granted, Permit};
use super::shared::{Passage, Shared};
use super::{Entry, Gate, News, Refusal};
use crate::breaker::{BreakerState, Grant};
use crate::budget::price;
use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Which gates stand before a deployment.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) key: Arc<str>,
    pub(super) cell: Arc<Cell>,
    pub(super) credential: Option<(Arc<str>, Arc<Shared>)>,
    pub(super) host: Option<(Arc<str>, Arc<Shared>)>,
}

impl Slot {
    /// Asks every gate in the order of `chain.md`'s table. What an earlier one granted is given back
    /// where a later one refuses. No two locks are held at once.
    pub(super) fn acquire(
        &self,
        entry: &Entry,
        now: Instant,
        rng: &mut Rng,
        news: &mut News,
    ) -> Result<Permit, Refusal> {
        let pass = |shared: &Option<(Arc<str>, Arc<Shared>)>, gate| {
            let admit = |(_, latch): &(_, Arc<Shared>)| latch.admit(now, entry.first_token);
            shared.as_ref().map(admit).transpose().map_err(|shut| refusal(gate, shut))
        };
        let credential = pass(&self.credential, Gate::Credential)?;
        // Its turn is after the cell's own gates; its lock is not taken under theirs.
        let host = pass(&self.host, Gate::Host);
        let (mut inner, now) = self.cell.step(now);
        let model = inner.model.admit(now, entry.first_token);
        let model = model.map_err(|shut| refusal(Gate::Model, shut))?;
        let usual = inner.usual.get(entry.class);
        let lease = entry.probe_lease(usual);
        let passed = own_gates(&mut inner, now, entry, lease, host, (rng, news));
        let (grant, host) = match passed {
            Ok(passed) => passed,
            Err(refusal) => {
                inner.model.hear(now, model, Word::Nothing);
                return Err(refusal);
            }
        };
        inner.in_flight += 1;
        if let Some(kind) = entry.retry_after {
            inner.budget.pay(price(kind));
            inner.retries += 1;
        }
        let quota = inner.quota.epoch();
        drop(inner);
        // A plain call of a slow start has its own limits only: its verdict is its whole answer.
        let bounded = grant.is_probe() || (grant.is_slow_start() && entry.class.stream);
        let lease = bounded.then_some(lease);
        let granted = Granted { grant, quota, credential, host, model };
        Ok(Permit::new(Arc::clone(&self.cell), granted, entry, now, lease, usual))
    }

    /// One call past a shut breaker and a shut host, where none of that kind is out; the other gates
    /// hold.
    pub(super) fn acquire_forced(&self, entry: &Entry, now: Instant) -> Option<Permit> {
        let credential = match &self.credential {
            Some((_, latch)) => Some(latch.admit(now, entry.first_token).ok()?),
            None => None,
        };
        let (mut inner, now) = self.cell.step(now);
        if inner.model.refusal(now).is_some()
            || !inner.quota.would_admit(now)
            || inner.breaker.has_probe_out(now)
        {
            return None;
        }
        let usual = inner.usual.get(entry.class);
        let lease = entry.probe_lease(usual);
        let number = inner.forced.admit(now, lease)?;
        let model = inner.model.admit(now, entry.first_token).ok()?;
        let grant = inner.breaker.admit_forced(number);
        inner.in_flight += 1;
        let quota = inner.quota.epoch();
        drop(inner);
        let host = self.host.as_ref().map(|(_, latch)| latch.passed_by());
        let granted = Granted { grant, quota, credential, host, model };
        Some(Permit::new(Arc::clone(&self.cell), granted, entry, now, Some(lease), usual))
    }

    /// Every gate that is shut, in the order of the table.
    pub(super) fn shut(&self, now: Instant) -> Vec<Refusal> {
        let shared = |shared: &Option<(Arc<str>, Arc<Shared>)>, gate| {
            shared.as_ref().and_then(|(_, latch)| Some(refusal(gate, latch.refusal(now)?)))
        };
        let credential = shared(&self.credential, Gate::Credential);
        let host = shared(&self.host, Gate::Host);
        let (inner, now) = self.cell.look(now);
        let model = inner.model.refusal(now).map(|shut| refusal(Gate::Model, shut));
        let quota = inner.quota.shut(now).map(|shut| Refusal {
            gate: Gate::Quota,
            since: shut.since,
            by: None,
            not_before: Some(shut.not_before),
        });
        let breaker = (!inner.breaker.would_admit(now)).then(|| {
            let (state, since, not_before) = inner.breaker.shown(now);
            let slow = state == BreakerState::Recovering;
            Refusal {
                gate: if slow { Gate::SlowStart } else { Gate::Breaker },
                since,
                by: None,
                not_before,
            }
        });
        [credential, model, quota, host, breaker].into_iter().flatten().collect()
    }

    pub(super) fn admits(&self, now: Instant) -> bool {
        let open = |shared: &Option<(Arc<str>, Arc<Shared>)>| {
            shared.as_ref().is_none_or(|(_, latch)| latch.refusal(now).is_none())
        };
        if !open(&self.credential) || !open(&self.host) {
            return false;
        }
        let (inner, now) = self.cell.look(now);
        inner.model.refusal(now).is_none()
            && inner.quota.would_admit(now)
            && inner.breaker.would_admit(now)
    }
}

/// The budget is looked at before the breaker, and paid from after it: see [`Slot::acquire`].
fn pay_for_retry(inner: &Inner, now: Instant, kind: FaultKind) -> Result<(), Refusal> {
    let refuse = |gate| Err(Refusal { gate, since: now, by: None, not_before: None });
    if !inner.budget.can_pay(price(kind)) {
        return refuse(Gate::Budget);
    }
    if inner.takes_a_retry() { Ok(()) } else { refuse(Gate::RetryCap) }
}

/// Quota, host and breaker, once the model gate has let the call through.
fn own_gates(
    inner: &mut Inner,
    now: Instant,
    entry: &Entry,
    lease: Duration,
    host: Result<Option<Passage>, Refusal>,
    (rng, news): (&mut Rng, &mut News),
) -> Result<(Grant, Option<Passage>), Refusal> {
    inner.quota.admit(now, entry.slot).map_err(|shut| Refusal {
        gate: Gate::Quota,
        since: shut.since,
        by: None,
        not_before: Some(shut.not_before),
    })?;
    let host = host?;
    if let Some(kind) = entry.retry_after {
        pay_for_retry(inner, now, kind)?;
    }
    let grant = inner.breaker.admit(now, lease, rng, &mut news.breaker).map_err(|shut| {
        let gate = if shut.full { Gate::SlowStart } else { Gate::Breaker };
        Refusal { gate, since: shut.since, by: None, not_before: shut.not_before }
    })?;
    Ok((grant, host))
}

const fn refusal(gate: Gate, shut: LatchShut) -> Refusal {
    Refusal { gate, since: shut.since, by: Some(shut.by), not_before: shut.not_before }
}
