//! The gates of all deployments: what can shut one, across requests.
//!
//! One call, [`Gates::acquire`], asks them all in the order of `chain.md`'s table and returns a
//! [`Permit`] or a [`Refusal`]. Each deployment has one cell behind one mutex; there is no global
//! lock, and none is held across a call. A credential and a host are shared by deployments, so they
//! have cells of their own.
//!
//! * `slot.rs`: a deployment's way through all of them; `cell.rs`: what only it has
//! * `latch.rs`: the shape of credential, model and host; `shared.rs`: those with a lock of their own
//! * `inflow.rs`: how many calls a leg takes that come by fallback
//! * `quota.rs`: rate limits; `line.rs`: the line in front of them
//! * `forced.rs`: the last resort's way past them; `health.rs`: how a chain stands
//! * `permit.rs`: what a call holds until its verdict and after it

mod cell;
mod forced;
mod health;
mod inflow;
mod latch;
mod line;
mod permit;
mod quota;
mod shared;
mod slot;

pub use cell::GateView;
pub use health::{Health, HealthWord};
pub use latch::LatchChange;
pub use line::{Line, Place, QuotaSlot};
pub use permit::{Abandoned, Permit, Tail};
pub(crate) use quota::HINT_CAP;

use std::collections::HashMap;
use std::sync::Arc;

use cell::Cell;
use inflow::Inflow;
pub(crate) use inflow::InflowPlace;
use shared::Shared;
use slot::Slot;

use crate::breaker::{Domain, Domains, Forced, Transition};
use crate::budget;
use crate::event::Event;
use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::route::{Deployment, DeploymentId, Group, GroupId, Topology};
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// The gates of every deployment of one topology.
#[derive(Clone, Debug)]
pub struct Gates {
    slots: Vec<Slot>,
    /// The failure domains, by name.
    domains: Vec<(Arc<str>, Arc<Domain>)>,
    /// By group.
    inflows: Vec<(Arc<str>, Arc<Inflow>)>,
}

/// Changes that a step at the gates brought about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// Of the deployment's breaker.
    pub breaker: Vec<Transition>,
    /// Of its credential, model and host gates.
    pub latches: Vec<LatchChange>,
}

impl News {
    /// The changes as events of a deployment, in order.
    pub(crate) fn into_events(self, deployment: DeploymentId) -> impl Iterator<Item = Event> {
        let breaker = self.breaker.into_iter();
        let latches = self.latches.into_iter();
        breaker
            .map(move |transition| Event::Breaker { deployment, transition })
            .chain(latches.map(move |change| Event::Latch { deployment, change }))
    }
}

/// How a call comes to a deployment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// What kind of call it is, for the usual time.
    pub class: Class,
    /// Estimated size of the prompt: a long one may take longer to read.
    pub prompt_tokens: u32,
    /// The first-token limit, the lease of a streamed probe while the usual time is unknown.
    pub first_token: Duration,
    /// This request has had a fault here before: it counts once in rows.
    pub again: bool,
    /// Its place in the line before the quota gate.
    pub slot: Option<QuotaSlot>,
    /// The kind of the last fault here, where this calls the deployment again: that is paid for.
    pub retry_after: Option<FaultKind>,
}

impl Entry {
    /// How long a probe may take until its verdict: `max(3 s, 3 x usual) + 1 s per 10,000 prompt
    /// tokens`; while the usual time is unknown the first-token limit of a stream, 60 s of a plain
    /// call.
    fn probe_lease(&self, usual: Option<Duration>) -> Duration {
        match usual {
            Some(usual) => self.reading_time().saturating_add(three_times(usual)),
            None if self.class.stream => self.first_token,
            None => Duration::from_secs(60),
        }
    }

    fn reading_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.prompt_tokens / 10_000))
    }
}

/// `max(3 s, 3 x usual)`: what a call may take before it is out of the ordinary.
fn three_times(usual: Duration) -> Duration {
    usual.saturating_mul(3).max(Duration::from_secs(3))
}

/// A gate that lets no call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which gate.
    pub gate: Gate,
    /// Since when it is shut.
    pub since: Instant,
    /// The fault that shut a credential, model or host gate.
    pub by: Option<FaultKind>,
    /// Not before this instant, where that is known.
    pub not_before: Option<Instant>,
}

/// The gates, by what shuts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// The operator's key is not accepted, or out of money.
    Credential,
    /// The model or deployment does not exist there.
    Model,
    /// A rate limit.
    Quota,
    /// The host cannot be reached.
    Host,
    /// The breaker is open, or its probes are out.
    Breaker,
    /// The breaker is recovering and its window is full.
    SlowStart,
    /// Not a gate of the deployment: its retry budget is spent.
    Budget,
    /// Not a gate either: too many of its calls in flight are retries.
    RetryCap,
    /// The leg takes no more calls that come by fallback.
    Inflow,
}

impl Gates {
    /// Fresh gates, all admitting.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        Self { slots: Vec::new(), domains: Vec::new(), inflows: Vec::new() }.renewed(topology)
    }

    /// The gates of a reloaded topology: a deployment whose key is unchanged keeps its state, and so
    /// does a credential or a host.
    #[must_use]
    pub fn renewed(&self, topology: &Topology) -> Self {
        let cells: HashMap<&str, &Arc<Cell>> =
            self.slots.iter().map(|slot| (&*slot.key, &slot.cell)).collect();
        let mut domains: HashMap<Arc<str>, Arc<Domain>> = self.domains.iter().cloned().collect();
        let mut renew = |deployment: &Deployment| {
            let of = |name: &Arc<str>| Arc::clone(domains.entry(Arc::clone(name)).or_default());
            let own = Domains::new(deployment.domains.iter().map(of).collect());
            match cells.get(&*deployment.key) {
                Some(cell) => {
                    cell.reload(deployment, own);
                    Arc::clone(cell)
                }
                None => Arc::new(Cell::new(deployment, own)),
            }
        };
        let mut credentials =
            Registry::of(self.slots.iter().filter_map(|it| it.credential.as_ref()));
        let mut hosts = Registry::of(self.slots.iter().filter_map(|it| it.host.as_ref()));
        let slot = |deployment: &Deployment| Slot {
            key: Arc::clone(&deployment.key),
            cell: renew(deployment),
            credential: credentials.get(deployment.credential.as_ref(), &latch::CREDENTIAL),
            host: hosts.get(deployment.host.as_ref(), &latch::HOST),
        };
        let slots = topology.deployments().iter().map(slot).collect();
        let inflow = |group: &Group| {
            let known = self.inflows.iter().find(|(name, _)| *name == group.name);
            let inflow = known.map_or_else(Arc::default, |(_, inflow)| Arc::clone(inflow));
            (Arc::clone(&group.name), inflow)
        };
        let domains = domains.into_iter().collect();
        Self { slots, domains, inflows: topology.groups().iter().map(inflow).collect() }
    }

    /// Asks every gate of a deployment for one call. `news` collects what the question changed.
    ///
    /// # Errors
    /// The first gate that is shut.
    pub fn acquire(
        &self,
        deployment: DeploymentId,
        entry: &Entry,
        now: Instant,
        rng: &mut Rng,
        news: &mut News,
    ) -> Result<Permit, Refusal> {
        self.slot(deployment).acquire(entry, now, rng, news)
    }

    /// Whether [`Gates::acquire`] would let a call through now.
    #[must_use]
    pub fn admits(&self, deployment: DeploymentId, now: Instant) -> bool {
        self.slot(deployment).admits(now)
    }

    /// Every gate of a deployment that is shut now, in the order in which they are asked.
    #[must_use]
    pub fn shut(&self, deployment: DeploymentId, now: Instant) -> Vec<Refusal> {
        self.slot(deployment).shut(now)
    }

    /// The place that [`Gates::line_up`] would give away; it is not taken.
    #[must_use]
    pub fn next_place(
        &self,
        deployment: DeploymentId,
        now: Instant,
        line: Line,
    ) -> Option<QuotaSlot> {
        self.slot(deployment).cell.next_place(now, line)
    }

    /// A place in the line before a shut quota gate; `None` where it is not shut, or where the place
    /// would break one of the line's rules.
    #[must_use]
    pub fn line_up(&self, deployment: DeploymentId, now: Instant, line: Line) -> Option<Place> {
        let cell = &self.slot(deployment).cell;
        Some(Place::new(cell, cell.line_up(now, line)?))
    }

    /// Whether a deployment's budget pays for a retry after this fault.
    #[must_use]
    pub fn can_pay(&self, deployment: DeploymentId, after: FaultKind) -> bool {
        self.slot(deployment).cell.lock().budget.can_pay(budget::price(after))
    }

    /// Whether so few retries of a deployment are out that one more may go.
    pub(crate) fn takes_a_retry(&self, deployment: DeploymentId) -> bool {
        self.slot(deployment).cell.lock().takes_a_retry()
    }

    /// A request moved on from a deployment to someone else.
    pub(crate) fn moved_from(&self, deployment: DeploymentId) {
        self.slot(deployment).cell.lock().budget.moved();
    }

    /// A request was answered whose retries at this deployment cost `paid`.
    pub(crate) fn refund(&self, deployment: DeploymentId, paid: u32) {
        self.slot(deployment).cell.lock().budget.refund(paid);
    }

    /// A request was answered by the first call that it made.
    pub(crate) fn first_try(&self, deployment: DeploymentId) {
        self.slot(deployment).cell.lock().budget.first_try();
    }

    /// A place for a call that comes to `group` by fallback; `None` where `at_most` are in flight.
    pub(crate) fn flow_in(&self, group: GroupId, at_most: u32) -> Option<InflowPlace> {
        self.inflows[group.index()].1.enter(at_most)
    }

    /// A *forced* call, for a request with nowhere else to go: past a shut breaker or host, one at a
    /// time, the next not before 1 s after the end of one that failed. A success counts as a
    /// probe's.
    #[must_use]
    pub fn acquire_forced(
        &self,
        deployment: DeploymentId,
        entry: &Entry,
        now: Instant,
    ) -> Option<Permit> {
        self.slot(deployment).acquire_forced(entry, now)
    }

    /// The deployment's median time to the verdict; `None` while unknown.
    #[must_use]
    pub fn usual(&self, deployment: DeploymentId, class: Class) -> Option<Duration> {
        self.slot(deployment).cell.usual(class)
    }

    /// Sets a deployment's breaker by hand, or leaves it to itself again ([`Forced::Not`]). What was
    /// granted before changes nothing any more.
    pub fn force(
        &self,
        deployment: DeploymentId,
        forced: Forced,
        now: Instant,
        rng: &mut Rng,
        news: &mut News,
    ) {
        let (mut inner, now) = self.slot(deployment).cell.step(now);
        inner.breaker.force(now, forced, rng, &mut news.breaker);
    }

    /// What an operator sees.
    #[must_use]
    pub fn view(&self, deployment: DeploymentId, now: Instant) -> GateView {
        self.slot(deployment).cell.view(now)
    }

    /// A topology numbers its deployments from zero, and gates are made from a topology: an id of
    /// another topology is a bug of the caller.
    fn slot(&self, deployment: DeploymentId) -> &Slot {
        &self.slots[deployment.index()]
    }
}

/// Shared gates by the name of what they guard.
struct Registry(HashMap<Arc<str>, Arc<Shared>>);

impl Registry {
    fn of<'a>(known: impl Iterator<Item = &'a (Arc<str>, Arc<Shared>)>) -> Self {
        Self(known.cloned().collect())
    }

    fn get(
        &mut self,
        name: Option<&Arc<str>>,
        policy: &'static latch::LatchPolicy,
    ) -> Option<(Arc<str>, Arc<Shared>)> {
        let name = name?;
        let fresh = || Arc::new(Shared::new(policy));
        let shared = self.0.entry(Arc::clone(name)).or_insert_with(fresh);
        Some((Arc::clone(name), Arc::clone(shared)))
    }
}
