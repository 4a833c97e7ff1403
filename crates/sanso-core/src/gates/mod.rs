//! The gates of all deployments: what can shut one, across requests.
//!
//! One call, [`Gates::acquire`], asks them all in the order of `chain.md`'s table and returns a
//! [`Permit`] or a [`Refusal`]. Each deployment has one cell behind one mutex; there is no global
//! lock, and none is held across a call. A later gate (credential, model, host) is one more question
//! in `Cell::acquire` and one more arm in `Permit::report`.

mod cell;
mod permit;
mod quota;

pub use cell::GateView;
pub use permit::{Abandoned, Permit, Tail};
pub(crate) use quota::HINT_CAP;
pub use quota::QuotaSlot;

use std::collections::HashMap;
use std::sync::Arc;

use cell::Cell;

use crate::breaker::Transition;
use crate::rng::Rng;
use crate::route::{Deployment, DeploymentId, Topology};
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// The gates of every deployment of one topology.
#[derive(Clone, Debug)]
pub struct Gates {
    cells: Vec<(Arc<str>, Arc<Cell>)>,
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
    /// Not before this instant, where that is known.
    pub not_before: Option<Instant>,
}

/// The gates, by what shuts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// A rate limit.
    Quota,
    /// The breaker is open, or its probes are out.
    Breaker,
    /// The breaker is recovering and its window is full.
    SlowStart,
}

impl Gates {
    /// Fresh gates, all admitting.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        Self { cells: Vec::new() }.renewed(topology)
    }

    /// The gates of a reloaded topology: a deployment whose key is unchanged keeps its state.
    #[must_use]
    pub fn renewed(&self, topology: &Topology) -> Self {
        let old: HashMap<&str, &Arc<Cell>> =
            self.cells.iter().map(|(key, cell)| (&**key, cell)).collect();
        let renew = |deployment: &Deployment| {
            let policy = deployment.breaker.clone();
            let cell = match old.get(&*deployment.key) {
                Some(cell) => {
                    cell.set_policy(policy);
                    Arc::clone(cell)
                }
                None => Arc::new(Cell::new(policy)),
            };
            (Arc::clone(&deployment.key), cell)
        };
        Self { cells: topology.deployments().iter().map(renew).collect() }
    }

    /// Asks every gate of a deployment for one call. `news` collects changes of its breaker.
    ///
    /// # Errors
    /// The first gate that is shut.
    pub fn acquire(
        &self,
        deployment: DeploymentId,
        entry: &Entry,
        now: Instant,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) -> Result<Permit, Refusal> {
        self.cell(deployment).acquire(entry, now, rng, news)
    }

    /// Whether [`Gates::acquire`] would let a call through now.
    #[must_use]
    pub fn admits(&self, deployment: DeploymentId, now: Instant) -> bool {
        self.cell(deployment).admits(now)
    }

    /// Whether the quota gate, and no other, shuts a deployment.
    #[must_use]
    pub fn is_shut_by_quota_alone(&self, deployment: DeploymentId, now: Instant) -> bool {
        self.cell(deployment).is_shut_by_quota_alone(now)
    }

    /// A place in the line before a shut quota gate; `None` where it is not shut, or where the place
    /// would be later than `latest`.
    #[must_use]
    pub fn line_up(
        &self,
        deployment: DeploymentId,
        now: Instant,
        latest: Instant,
    ) -> Option<QuotaSlot> {
        self.cell(deployment).line_up(now, latest)
    }

    /// The deployment's median time to the verdict; `None` while unknown.
    #[must_use]
    pub fn usual(&self, deployment: DeploymentId, class: Class) -> Option<Duration> {
        self.cell(deployment).usual(class)
    }

    /// What an operator sees.
    #[must_use]
    pub fn view(&self, deployment: DeploymentId, now: Instant) -> GateView {
        self.cell(deployment).view(now)
    }

    /// A topology numbers its deployments from zero, and gates are made from a topology: an id of
    /// another topology is a bug of the caller.
    fn cell(&self, deployment: DeploymentId) -> &Arc<Cell> {
        &self.cells[deployment.index()].1
    }
}
