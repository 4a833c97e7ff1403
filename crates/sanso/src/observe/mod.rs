//! What happened, turned into views: metrics, the request log, notices of breaker changes.
//!
//! Decisions never read any of it.

mod finished;
mod happened;
mod log;
mod metrics;
mod overhead;
mod quotas;
pub(crate) mod record;
pub(crate) mod standing;
pub(crate) mod trail;
mod views;

use std::io::Write;
use std::sync::Arc;

use sanso_core::{
    BreakerState, CallEnd, DeploymentId, Event, FaultKind, Gate, Instant, LatchChange, Transition,
};
use tokio::sync::broadcast;

use crate::snapshot::Snapshot;
use metrics::Metrics;
use quotas::Quotas;
use record::Record;
use views::Views;

pub use trail::Attempt;
pub use views::{Queue, View};

/// A change of one deployment's circuit breaker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BreakerChange {
    /// LiteLLM's id of the deployment.
    pub deployment_id: Arc<str>,
    /// `provider/model`.
    pub deployment: Arc<str>,
    /// The state left.
    pub from: BreakerState,
    /// The state entered.
    pub to: BreakerState,
}

/// The views of one gateway. Metrics are counters in memory, and counted at once; whatever takes
/// longer is a [`View`], and told.
#[derive(Debug)]
pub(crate) struct Observer {
    metrics: Metrics,
    views: Views,
    breakers: broadcast::Sender<BreakerChange>,
    quotas: Quotas,
}

/// Changes that a slow watcher may be behind by.
const BREAKER_CHANGES: usize = 256;

impl Observer {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let (breakers, _) = broadcast::channel(BREAKER_CHANGES);
        Self {
            metrics: Metrics::new(snapshot),
            views: Views::default(),
            breakers,
            quotas: Quotas::new(snapshot),
        }
    }

    /// Writes one JSON line per finished request to `out`.
    pub(crate) fn log_to(&self, out: Box<dyn Write + Send>) -> std::io::Result<()> {
        let view: Arc<dyn View> = Arc::new(log::view(out)?);
        self.views.add(&view);
        Ok(())
    }

    /// Tells one more of what happens from now on.
    pub(crate) fn tell(&self, view: &Arc<dyn View>) {
        self.views.add(view);
    }

    /// Something was done to the gateway.
    pub(crate) fn mark(&self, mark: sanso_watch::Mark) {
        self.views.offer(&sanso_watch::Event::Mark(mark));
    }

    pub(crate) fn watch_breakers(&self) -> broadcast::Receiver<BreakerChange> {
        self.breakers.subscribe()
    }

    /// Something happened to a request, whose `last` fault was this.
    pub(crate) fn note(
        &self,
        event: &Event,
        last: Option<FaultKind>,
        snapshot: &Snapshot,
        now: Instant,
    ) {
        self.metrics.note(event, last);
        match event {
            Event::Latch { deployment, change } => {
                note_latch(&snapshot.target(*deployment).id, change);
                if let Some(moved) = happened::gate(*deployment, change, snapshot, now) {
                    self.views.offer(&moved);
                }
            }
            Event::Breaker { deployment, transition } => {
                self.note_breaker(*deployment, transition, snapshot);
                let moved = happened::breaker(*deployment, transition, last, snapshot, now);
                self.views.offer(&moved);
            }
            _ => {}
        }
    }

    fn note_breaker(&self, deployment: DeploymentId, transition: &Transition, on: &Snapshot) {
        let (from, to) = (transition.from, transition.to);
        let target = on.target(deployment);
        let label = on.label(deployment);
        tracing::warn!(
            deployment = %target.id,
            model = %label,
            from = state_name(from),
            to = state_name(to),
            cause = ?transition.cause,
            "circuit breaker"
        );
        let deployment_id = Arc::clone(&target.id);
        // Nobody may be watching.
        let _ = self.breakers.send(BreakerChange { deployment_id, deployment: label, from, to });
    }

    /// A call of `deployment` was told that a quota is spent: its gate may have shut by that.
    pub(crate) fn quota(&self, deployment: DeploymentId, on: &Snapshot, now: Instant) {
        if let Some(moved) = self.quotas.shut_anew(deployment, on, now) {
            self.metrics.quota_shut(deployment);
            self.views.offer(&moved);
        }
    }

    /// A call ended that is in no request's record.
    pub(crate) fn attempt(&self, deployment: DeploymentId, end: &CallEnd, on: &Snapshot) {
        self.metrics.rest(deployment, end, on);
    }

    /// A request ended.
    pub(crate) fn finished(&self, record: &Record<'_>) {
        let exchange = record.exchange;
        self.metrics.finished(record, &exchange.snapshot);
        if !self.views.is_empty() {
            let finished = Arc::new(finished::of(record));
            self.views.offer(&sanso_watch::Event::Request(finished));
        }
    }

    /// Prometheus text.
    pub(crate) fn render(&self, snapshot: &Snapshot, now: Instant) -> String {
        self.metrics.render(snapshot, now, &self.views.dropped())
    }
}

/// A gate that an operator has to see to: a refused key, a model or a host that is not there.
fn note_latch(deployment: &str, change: &LatchChange) {
    let gate = gate_name(change.gate);
    match change.shut_by {
        Some(kind) => {
            let reason = trail::kind_name(kind);
            let for_s = change.until.map_or(0, |until| (until - change.at).as_secs());
            tracing::warn!(deployment, gate, reason, for_s, "gate shut");
        }
        None => tracing::warn!(deployment, gate, "gate open again"),
    }
}

/// A state's name in logs and headers.
pub(crate) const fn state_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
        BreakerState::Recovering => "recovering",
    }
}

/// A gate's name in metrics and messages.
pub(crate) const fn gate_name(gate: Gate) -> &'static str {
    match gate {
        Gate::Credential => "credential",
        Gate::Model => "model",
        Gate::Quota => "quota",
        Gate::Host => "host",
        Gate::Breaker => "breaker",
        Gate::SlowStart => "slow_start",
        Gate::Budget => "retry_budget",
        Gate::RetryCap => "retry_cap",
        Gate::Inflow => "inflow",
    }
}
