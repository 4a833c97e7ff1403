//! Prometheus metrics, with the names and labels of `monitoring.md`.
//!
//! Labels come from the configuration alone, so a hostile client cannot make series. What every
//! request touches is looked up once, when the configuration is read.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use sanso_core::{BreakerState, DeploymentId, Event, Gate, GroupId, Instant};

use super::record::Record;
use super::trail::outcome_name;
use crate::checks::reason_name;
use crate::served::Degradation;
use crate::snapshot::Snapshot;

#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    /// By group, then by degradation.
    groups: Vec<GroupMetrics>,
    /// By deployment.
    deployments: Vec<DeploymentMetrics>,
    attempts: Family<AttemptLabels, Counter>,
    soft_faults: Family<SoftLabels, Counter>,
    fallbacks: Family<FallbackLabels, Counter>,
    openings: Family<DeploymentLabels, Counter>,
    gates: Family<GateLabels, Gauge>,
    chain_health: Family<GroupLabels, Gauge<f64, AtomicU64>>,
    in_flight: Gauge,
    events_dropped: Family<ViewLabels, Counter>,
}

#[derive(Debug)]
struct GroupMetrics {
    full: Counter,
    partial: Counter,
    degraded: Counter,
    unavailable: Counter,
    cancelled: Counter,
    rejected: Counter,
    duration: Histogram,
    ttft: Histogram,
}

#[derive(Debug)]
struct DeploymentMetrics {
    success: Counter,
    breaker: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    model_group: String,
    task: String,
    degradation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    deployment: String,
    provider: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SoftLabels {
    model_group: String,
    deployment: String,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FallbackLabels {
    model_group: String,
    from: String,
    to: String,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DeploymentLabels {
    deployment: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GateLabels {
    deployment: String,
    gate: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GroupLabels {
    model_group: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ViewLabels {
    view: &'static str,
}

/// Seconds; the span of an LLM's answers, from a cached one to a long thought.
const DURATIONS: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// The gates that have a gauge.
const GATES: [Gate; 5] = [Gate::Credential, Gate::Model, Gate::Quota, Gate::Host, Gate::Breaker];

type HistogramFamily = Family<GroupLabels, Histogram, fn() -> Histogram>;

fn histograms() -> HistogramFamily {
    Family::new_with_constructor(|| Histogram::new(DURATIONS))
}

/// A metric under its name.
fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let mut registry = Registry::with_prefix("sanso");
        let r = &mut registry;
        let requests: Family<RequestLabels, Counter> = add(r, "requests", "Finished requests");
        let attempts: Family<AttemptLabels, Counter> =
            add(r, "attempts", "Upstream calls by how they ended");
        let soft_faults = add(r, "soft_faults", "Answers that were not what was wanted");
        let fallbacks = add(r, "fallbacks", "Requests answered by another leg");
        let breakers: Family<DeploymentLabels, Gauge> =
            add(r, "breaker_state", "0 closed, 1 open, 2 half-open, 3 recovering");
        let openings: Family<DeploymentLabels, Counter> =
            add(r, "breaker_openings", "From closed to open");
        let gates = add(r, "gate_shut", "1 while the gate lets no call through");
        let chain_health = add(r, "chain_health", "Share of a chain that can be called");
        let in_flight = add(r, "in_flight", "Upstream calls that have not ended");
        let events_dropped = add(r, "events_dropped", "What a view could not take");
        let (durations, ttfts) = (histograms(), histograms());
        r.register("ttft_seconds", "Until the first content of a request", ttfts.clone());
        r.register("request_duration_seconds", "Until a request's end", durations.clone());

        let groups = snapshot.topology.groups().iter().enumerate().map(|(index, group)| {
            let task = snapshot.config.task_of(index).map(|task| task.name.clone());
            let labels = GroupLabels { model_group: group.name.to_string() };
            let counter = |degradation: Degradation| {
                requests.get_or_create_owned(&RequestLabels {
                    model_group: group.name.to_string(),
                    task: task.clone().unwrap_or_default(),
                    degradation: degradation.as_str(),
                })
            };
            GroupMetrics {
                full: counter(Degradation::Full),
                partial: counter(Degradation::Partial),
                degraded: counter(Degradation::Degraded),
                unavailable: counter(Degradation::Unavailable),
                cancelled: counter(Degradation::Cancelled),
                rejected: counter(Degradation::Rejected),
                duration: durations.get_or_create_owned(&labels),
                ttft: ttfts.get_or_create_owned(&labels),
            }
        });
        let deployments = snapshot.deployments().map(|(_, target)| {
            let deployment = target.id.to_string();
            let provider = target.provider.to_string();
            let labels = DeploymentLabels { deployment: deployment.clone() };
            let _ = openings.get_or_create_owned(&labels);
            DeploymentMetrics {
                success: attempts.get_or_create_owned(&AttemptLabels {
                    deployment,
                    provider,
                    outcome: "success",
                }),
                breaker: breakers.get_or_create_owned(&labels),
            }
        });
        let (groups, deployments) = (groups.collect(), deployments.collect());
        Self {
            registry,
            groups,
            deployments,
            attempts,
            soft_faults,
            fallbacks,
            openings,
            gates,
            chain_health,
            in_flight,
            events_dropped,
        }
    }

    /// A call of `deployment` ended.
    pub(super) fn attempt(&self, deployment: DeploymentId, outcome: &'static str, on: &Snapshot) {
        if outcome == "success" {
            self.deployments[deployment.index()].success.inc();
            return;
        }
        let target = on.target(deployment);
        let labels = AttemptLabels {
            deployment: target.id.to_string(),
            provider: target.provider.to_string(),
            outcome,
        };
        self.attempts.get_or_create(&labels).inc();
    }

    pub(super) fn note(&self, event: &Event, snapshot: &Snapshot) {
        let Event::Breaker { deployment, transition } = event else { return };
        if transition.is_opening() {
            let deployment = snapshot.target(*deployment).id.to_string();
            self.openings.get_or_create(&DeploymentLabels { deployment }).inc();
        }
    }

    pub(super) fn finished(&self, record: &Record<'_>, snapshot: &Snapshot) {
        let asked_for = record.exchange.group();
        for (deployment, end) in record.attempts() {
            self.attempt(deployment, outcome_name(&end), snapshot);
        }
        for (deployment, reason) in &record.soft_faults {
            let labels = SoftLabels {
                model_group: snapshot.topology.group(asked_for).name.to_string(),
                deployment: snapshot.target(*deployment).id.to_string(),
                reason: reason_name(*reason),
            };
            self.soft_faults.get_or_create(&labels).inc();
        }
        let group = &self.groups[asked_for.index()];
        match record.served.degradation {
            Degradation::Full => group.full.inc(),
            Degradation::Partial => group.partial.inc(),
            Degradation::Degraded => group.degraded.inc(),
            Degradation::Unavailable => group.unavailable.inc(),
            Degradation::Cancelled => group.cancelled.inc(),
            Degradation::Rejected => group.rejected.inc(),
        };
        group.duration.observe(record.duration.as_secs_f64());
        if let Some(ttft) = record.ttft {
            group.ttft.observe(ttft.as_secs_f64());
        }
        if let Some((to, reason)) = record.fell_back() {
            let name = |group| snapshot.topology.group(group).name.to_string();
            let labels = FallbackLabels {
                model_group: name(asked_for),
                from: name(record.exchange.first_leg()),
                to: to.to_string(),
                reason,
            };
            self.fallbacks.get_or_create(&labels).inc();
        }
    }

    /// Prometheus text; gauges are read from the gates as they stand.
    pub(super) fn render(
        &self,
        snapshot: &Snapshot,
        now: Instant,
        dropped: &[(&'static str, u64)],
    ) -> String {
        let mut in_flight = 0;
        for (id, target) in snapshot.deployments() {
            let view = snapshot.gates.view(id, now);
            in_flight += i64::from(view.in_flight);
            self.deployments[id.index()].breaker.set(state_number(view.breaker));
            let shut = snapshot.gates.shut(id, now);
            for gate in GATES {
                let deployment = target.id.to_string();
                let labels = GateLabels { deployment, gate: super::gate_name(gate) };
                // A half-open breaker whose probe is out is not shut in an operator's words.
                let said = gate != Gate::Breaker || view.breaker == BreakerState::Open;
                let is_shut = said && shut.iter().any(|shut| shut.gate == gate);
                self.gates.get_or_create(&labels).set(i64::from(is_shut));
            }
        }
        for (index, group) in snapshot.topology.groups().iter().enumerate() {
            let id = GroupId::new(u32::try_from(index).unwrap_or(u32::MAX));
            let health = snapshot.gates.health(&snapshot.topology, id, now);
            let labels = GroupLabels { model_group: group.name.to_string() };
            self.chain_health.get_or_create(&labels).set(health.share());
        }
        self.in_flight.set(in_flight);
        for (view, dropped) in dropped {
            let counter = self.events_dropped.get_or_create_owned(&ViewLabels { view });
            counter.inner().store(*dropped, Ordering::Relaxed);
        }
        let mut text = String::with_capacity(8 * 1024);
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

const fn state_number(state: BreakerState) -> i64 {
    match state {
        BreakerState::Closed => 0,
        BreakerState::Open => 1,
        BreakerState::HalfOpen => 2,
        BreakerState::Recovering => 3,
    }
}
