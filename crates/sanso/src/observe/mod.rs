//! What happened, turned into views: metrics, the request log, notices of breaker changes.
//!
//! Decisions never read any of it.

mod log;
mod metrics;
pub(crate) mod record;
pub(crate) mod trail;

use std::io::Write;
use std::sync::Arc;

use sanso_core::{BreakerState, CallEnd, DeploymentId, Event, Gate, Instant, LatchChange};
use tokio::sync::broadcast;

use crate::snapshot::Snapshot;
use log::LogWriter;
use metrics::Metrics;
use record::Record;

pub use trail::Attempt;

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

/// The views of one gateway.
#[derive(Debug)]
pub(crate) struct Observer {
    metrics: Metrics,
    log: Option<LogWriter>,
    breakers: broadcast::Sender<BreakerChange>,
}

/// Changes that a slow watcher may be behind by.
const BREAKER_CHANGES: usize = 256;

impl Observer {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let (breakers, _) = broadcast::channel(BREAKER_CHANGES);
        Self { metrics: Metrics::new(snapshot), log: None, breakers }
    }

    /// Writes one JSON line per finished request to `out`.
    pub(crate) fn log_to(&mut self, out: Box<dyn Write + Send>) -> std::io::Result<()> {
        self.log = Some(LogWriter::new(out)?);
        Ok(())
    }

    pub(crate) fn watch_breakers(&self) -> broadcast::Receiver<BreakerChange> {
        self.breakers.subscribe()
    }

    pub(crate) fn note(&self, event: &Event, snapshot: &Snapshot) {
        self.metrics.note(event, snapshot);
        if let Event::Latch { deployment, change } = event {
            return note_latch(&snapshot.target(*deployment).id, change);
        }
        let Event::Breaker { deployment, transition } = event else { return };
        let (from, to) = (transition.from, transition.to);
        let target = snapshot.target(*deployment);
        let label = snapshot.label(*deployment);
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

    /// A call ended that is in no request's record.
    pub(crate) fn attempt(&self, deployment: DeploymentId, end: &CallEnd, on: &Snapshot) {
        self.metrics.attempt(deployment, trail::outcome_name(end), on);
    }

    pub(crate) fn finished(&self, record: &Record, snapshot: &Snapshot) {
        self.metrics.finished(record, snapshot);
        let Some(log) = &self.log else { return };
        if let Ok(mut line) = serde_json::to_vec(record) {
            line.push(b'\n');
            log.write(line);
        }
    }

    /// Prometheus text.
    pub(crate) fn render(&self, snapshot: &Snapshot, now: Instant) -> String {
        let dropped = self.log.as_ref().map_or(0, LogWriter::dropped);
        self.metrics.render(snapshot, now, dropped)
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
