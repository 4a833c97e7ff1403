//! Prometheus metrics, with the names and labels of `monitoring.md`, and LiteLLM's beside them.
//!
//! Labels come from the configuration alone, so a hostile client cannot make series. What every
//! request touches is looked up once, when the configuration is read.

mod deployments;
mod groups;
mod labels;
mod litellm;

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use sanso_core::{
    BreakerState, CallEnd, DeploymentId, Event, FaultKind, Gate, GateView, GroupId, Instant,
    Refusal,
};

use super::record::Record;
use super::trail::outcome_name;
use crate::checks::reason_name;
use crate::snapshot::Snapshot;
use deployments::Deployments;
use groups::Groups;
use litellm::LiteLlm;

#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    groups: Groups,
    deployments: Deployments,
    litellm: LiteLlm,
    soft_faults: Family<labels::SoftFaults, Counter>,
    fallbacks: Family<labels::Fallbacks, Counter>,
    overhead: Histogram,
    gates: Family<labels::Gate, Gauge>,
    chain_health: Family<labels::Group, Gauge<f64, AtomicU64>>,
    in_flight: Gauge,
    events_dropped: Family<labels::View, Counter>,
}

/// Seconds; the span of an LLM's answers, from a cached one to a long thought.
const DURATIONS: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Seconds; the span of our own work, from a request that passes to a body of megabytes.
const OVERHEADS: [f64; 14] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 1.0,
];

/// The gates that have a gauge.
const GATES: [Gate; 5] = [Gate::Credential, Gate::Model, Gate::Quota, Gate::Host, Gate::Breaker];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

fn histograms<L: Clone + Hash + Eq>() -> Histograms<L> {
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
        let overhead = Histogram::new(OVERHEADS);
        let help = "Time of a request that neither an upstream call nor a wait took";
        r.register("overhead_seconds", help, overhead.clone());
        Self {
            groups: Groups::new(r, snapshot),
            deployments: Deployments::new(r, snapshot),
            litellm: LiteLlm::new(snapshot),
            soft_faults: add(r, "soft_faults", "Answers that were not what was wanted"),
            fallbacks: add(r, "fallbacks", "Requests answered by another leg"),
            overhead,
            gates: add(r, "gate_shut", "1 while the gate lets no call through"),
            chain_health: add(r, "chain_health", "Share of a chain that can be called"),
            in_flight: add(r, "in_flight", "Upstream calls that have not ended"),
            events_dropped: add(r, "events_dropped", "What a view could not take"),
            registry,
        }
    }

    /// A call ended that is in no request's record.
    pub(super) fn rest(&self, deployment: DeploymentId, end: &CallEnd, on: &Snapshot) {
        self.deployments.attempt(deployment, outcome_name(end), on);
        self.litellm.rest(deployment, end);
    }

    /// Something happened to a request, whose `last` fault was this.
    pub(super) fn note(&self, event: &Event, last: Option<FaultKind>) {
        if let Event::Breaker { deployment, transition } = event
            && transition.is_opening()
        {
            self.deployments.of(*deployment).openings.inc();
        }
        self.litellm.note(event, last);
    }

    /// A quota gate shut, which is an event of its own.
    pub(super) fn quota_shut(&self, deployment: DeploymentId) {
        self.litellm.cooled_down(deployment, Some(FaultKind::RateLimited));
    }

    pub(super) fn finished(&self, record: &Record<'_>, snapshot: &Snapshot) {
        let asked_for = record.exchange.group();
        for (deployment, end) in record.attempts() {
            self.deployments.attempt(deployment, outcome_name(&end), snapshot);
        }
        for (deployment, reason) in &record.soft_faults {
            let labels = labels::SoftFaults {
                model_group: snapshot.topology.group(asked_for).name.to_string(),
                deployment: snapshot.target(*deployment).id.to_string(),
                reason: reason_name(*reason),
            };
            self.soft_faults.get_or_create(&labels).inc();
        }
        self.groups.finished(asked_for, record);
        self.overhead.observe(record.overhead.as_secs_f64());
        if let Some(by) = record.by {
            let own = self.deployments.of(by.deployment);
            if let Some(usage) = record.facts.usage {
                own.input.inc_by(usage.prompt);
                own.output.inc_by(usage.completion);
            }
            own.cost.inc_by(record.cost_usd.unwrap_or_default());
        }
        if let Some((to, reason)) = record.fell_back() {
            let name = |group| snapshot.topology.group(group).name.to_string();
            let labels = labels::Fallbacks {
                model_group: name(asked_for),
                from: name(record.exchange.first_leg()),
                to: to.to_string(),
                reason,
            };
            self.fallbacks.get_or_create(&labels).inc();
        }
        self.litellm.finished(record, snapshot);
    }

    /// Prometheus text; gauges are read from the gates as they stand.
    pub(super) fn render(
        &self,
        snapshot: &Snapshot,
        now: Instant,
        dropped: &[(&'static str, u64)],
    ) -> String {
        let mut in_flight = 0;
        for (id, _) in snapshot.deployments() {
            let (view, shut) = (snapshot.gates.view(id, now), snapshot.gates.shut(id, now));
            in_flight += i64::from(view.in_flight);
            self.show(id, &view, &shut, snapshot);
        }
        self.in_flight.set(in_flight);
        for (index, group) in snapshot.topology.groups().iter().enumerate() {
            let id = GroupId::new(u32::try_from(index).unwrap_or(u32::MAX));
            let health = snapshot.gates.health(&snapshot.topology, id, now);
            let labels = labels::Group { model_group: group.name.to_string() };
            self.chain_health.get_or_create(&labels).set(health.share());
        }
        for (view, dropped) in dropped {
            let counter = self.events_dropped.get_or_create_owned(&labels::View { view });
            counter.inner().store(*dropped, Ordering::Relaxed);
        }
        let mut text = String::with_capacity(16 * 1024);
        // Writing to a string cannot fail.
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_registry(&mut text, self.litellm.registry());
        let _ = encode_eof(&mut text);
        text
    }

    /// Sets a deployment's gauges.
    fn show(&self, id: DeploymentId, view: &GateView, shut: &[Refusal], on: &Snapshot) {
        let own = self.deployments.of(id);
        own.breaker.set(state_number(view.breaker));
        if let (Some(gauge), Some(left)) = (&own.retry_budget, view.retry_budget) {
            gauge.set(i64::from(left));
        }
        let mut any = false;
        for gate in GATES {
            // A half-open breaker whose probe is out is not shut in an operator's words.
            let said = gate != Gate::Breaker || view.breaker == BreakerState::Open;
            let is_shut = said && shut.iter().any(|shut| shut.gate == gate);
            any |= is_shut;
            let deployment = on.target(id).id.to_string();
            let labels = labels::Gate { deployment, gate: super::gate_name(gate) };
            self.gates.get_or_create(&labels).set(i64::from(is_shut));
        }
        self.litellm.show(id, any, view.breaker);
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
