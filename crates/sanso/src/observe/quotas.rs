//! Quota gates, which tell nobody when they shut: whoever meets a rate limit looks whether one has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sanso_core::{DeploymentId, Gate, Instant};
use sanso_watch::{Event, GateMoved, GateName, Kind};

use super::happened::millis;
use crate::snapshot::Snapshot;

/// By deployment, since when its quota gate was shut when that was last told: nanoseconds of the
/// gateway's clock, 0 for never.
#[derive(Debug)]
pub(super) struct Quotas(Vec<AtomicU64>);

impl Quotas {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        Self(snapshot.deployments().map(|_| AtomicU64::default()).collect())
    }

    /// The event of a gate that has shut since the last time; `None` for one that was told.
    pub(super) fn shut_anew(
        &self,
        deployment: DeploymentId,
        on: &Snapshot,
        now: Instant,
    ) -> Option<Event> {
        let shut = on.gates.shut(deployment, now).into_iter().find(|it| it.gate == Gate::Quota)?;
        let since = u64::try_from(shut.since.since_origin().as_nanos()).unwrap_or(u64::MAX);
        if self.0[deployment.index()].swap(since, Ordering::Relaxed) == since {
            return None;
        }
        Some(Event::Gate(GateMoved {
            deployment: Arc::clone(&on.target(deployment).id),
            at: millis(shut.since, now),
            gate: GateName::Quota,
            shut: true,
            kind: Some(Kind::RateLimited),
            dimension: on.gates.view(deployment, now).quota_dimension.map(Into::into),
            not_before: shut.not_before.map(|at| millis(at, now)),
        }))
    }
}
