//! LiteLLM's metric names, as far as they can be filled truthfully: dashboards that chart them go on
//! to work. `docs/metrics.md` says which.

mod deployments;
mod exception;
mod labels;
mod pairs;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sanso_core::{BreakerState, CallEnd, DeploymentId, Event, FaultKind, GroupId, Topology};

use super::{add, histograms};
use crate::observe::record::Record;
use crate::observe::trail::TrailAttempt;
use crate::served::Degradation;
use crate::snapshot::Snapshot;
use deployments::Named;
use exception::{ALL_SHUT, Exception, status_label};
use pairs::{Answered, Pairs};

/// See the module.
#[derive(Debug)]
pub(super) struct LiteLlm {
    registry: Registry,
    /// By deployment.
    deployments: Vec<Named>,
    /// By group.
    groups: Vec<Group>,
    pairs: Pairs,
    failures: Family<labels::Failures, Counter>,
    cooled_down: Family<labels::CooledDown, Counter>,
    successful_fallbacks: Family<labels::Fallbacks, Counter>,
    failed_fallbacks: Family<labels::Fallbacks, Counter>,
    requests: Family<labels::Requests, Counter>,
    failed_requests: Family<labels::FailedRequests, Counter>,
}

#[derive(Debug)]
struct Group {
    name: String,
    answered: Counter,
    latency: Histogram,
}

/// What nginx calls a client that left; LiteLLM does, too.
const CLIENT_LEFT: u16 = 499;

impl LiteLlm {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let mut registry = Registry::default();
        let r = &mut registry;
        let states: Family<labels::Deployment, Gauge> =
            add(r, "litellm_deployment_state", "0 healthy, 1 failing in part, 2 not called");
        let deployments = snapshot.config.deployments.iter();
        let deployments = deployments.map(|deployment| Named::new(deployment, &states));
        let deployments = deployments.collect();
        let requests = add(r, "litellm_proxy_total_requests_metric", "Requests of clients");
        let latencies = histograms();
        let name = "litellm_request_total_latency_metric";
        r.register(name, "Seconds to the end of answered requests", Family::clone(&latencies));
        Self {
            deployments,
            groups: groups(&snapshot.topology, &requests, &latencies),
            pairs: Pairs::new(r),
            failures: add(r, "litellm_deployment_failure_responses", "Calls that failed"),
            cooled_down: add(r, "litellm_deployment_cooled_down", "Times that a gate shut"),
            successful_fallbacks: add(
                r,
                "litellm_deployment_successful_fallbacks",
                "Requests that a fallback answered",
            ),
            failed_fallbacks: add(
                r,
                "litellm_deployment_failed_fallbacks",
                "Fallbacks that did not answer",
            ),
            requests,
            failed_requests: add(
                r,
                "litellm_proxy_failed_requests_metric",
                "Requests that were answered with an error",
            ),
            registry,
        }
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A call ended that is in no request's record.
    pub(super) fn rest(&self, deployment: DeploymentId, end: &CallEnd) {
        self.deployments[deployment.index()].ended(end);
    }

    /// A breaker opened, or a key, model or host gate shut: a cooldown in LiteLLM's words.
    pub(super) fn note(&self, event: &Event, last: Option<FaultKind>) {
        let (deployment, kind) = match event {
            Event::Breaker { deployment, transition } if transition.to == BreakerState::Open => {
                (*deployment, last)
            }
            Event::Latch { deployment, change } if change.shut_by.is_some() => {
                (*deployment, change.shut_by)
            }
            _ => return,
        };
        self.cooled_down(deployment, kind);
    }

    /// A gate of a deployment shut.
    pub(super) fn cooled_down(&self, deployment: DeploymentId, kind: Option<FaultKind>) {
        let status = kind.and_then(Exception::of).map_or("", |exception| exception.status);
        let labels = self.deployments[deployment.index()].cooled_down(status);
        self.cooled_down.get_or_create(&labels).inc();
    }

    pub(super) fn finished(&self, record: &Record<'_>, snapshot: &Snapshot) {
        let asked_for = record.exchange.group();
        let group = &self.groups[asked_for.index()];
        for attempt in &record.exchange.trail().attempts {
            self.attempt(attempt, asked_for);
        }
        if let Some(by) = record.by {
            self.answered(by, record);
        }
        self.fallbacks(record, snapshot);
        let failed = match record.served.degradation {
            Degradation::Full | Degradation::Partial | Degradation::Degraded => {
                group.answered.inc();
                group.latency.observe(record.duration.as_secs_f64());
                return;
            }
            Degradation::Cancelled => {
                let labels = group.requests(status_label(CLIENT_LEFT));
                self.requests.get_or_create(&labels).inc();
                return;
            }
            Degradation::Unavailable | Degradation::Rejected => self.failed(record),
        };
        let (exception_status, exception_class) = failed;
        self.requests.get_or_create(&group.requests(exception_status)).inc();
        let requested_model = group.name.clone();
        let labels = labels::FailedRequests { requested_model, exception_status, exception_class };
        self.failed_requests.get_or_create(&labels).inc();
    }

    /// The status that the caller was answered with (of a stream that broke: would have been), and
    /// the class of the fault that tells most.
    fn failed(&self, record: &Record<'_>) -> (&'static str, String) {
        let of_call = |attempt: &TrailAttempt, kind| {
            let provider = &self.deployments[attempt.deployment.index()].provider;
            Exception::of(kind).map(|exception| (exception, exception.class(Some(provider))))
        };
        let attempts = &record.exchange.trail().attempts;
        match record.exchange.failed {
            Some(failed) => {
                let told = failed.fault.and_then(|(call, kind)| {
                    of_call(attempts.iter().find(|attempt| attempt.call == call)?, kind)
                });
                let class = told.map(|(_, class)| class);
                let class =
                    class.unwrap_or_else(|| Exception::of_status(failed.status).class(None));
                (status_label(failed.status), class)
            }
            // A stream broke after its commit.
            None => {
                let broke = record.by.and_then(|by| of_call(by, FaultKind::Broken));
                broke.map_or_else(
                    || (status_label(500), Exception::of_status(500).class(None)),
                    |(exception, class)| (exception.status, class),
                )
            }
        }
    }

    fn attempt(&self, attempt: &TrailAttempt, asked_for: GroupId) {
        let Some((end, _)) = attempt.end else { return };
        let named = &self.deployments[attempt.deployment.index()];
        named.ended(&end);
        let requested = &*self.groups[asked_for.index()].name;
        let pair = || self.pairs.of((asked_for, requested), (attempt.deployment, named));
        let exception = match end {
            CallEnd::Finished => {
                let pair = pair();
                pair.total.inc();
                pair.success.inc();
                return;
            }
            CallEnd::Cancelled => return,
            CallEnd::Fault(fault) => Exception::of(fault.kind),
        };
        let Some(exception) = exception else { return };
        pair().total.inc();
        let labels = named.responses(requested);
        let labels = labels::Failures {
            requested_model: labels.requested_model,
            model_group: labels.model_group,
            litellm_model_name: labels.litellm_model_name,
            model_id: labels.model_id,
            api_base: labels.api_base,
            api_provider: labels.api_provider,
            exception_status: exception.status,
            exception_class: exception.class(Some(&named.provider)),
        };
        self.failures.get_or_create(&labels).inc();
    }

    fn answered(&self, by: &TrailAttempt, record: &Record<'_>) {
        let asked_for = record.exchange.group();
        let named = &self.deployments[by.deployment.index()];
        let requested = &*self.groups[asked_for.index()].name;
        let streamed = record.exchange.asked.envelope.stream;
        let pair = self.pairs.of((asked_for, requested), (by.deployment, named));
        pair.answered(Answered {
            took: by.end.map_or(record.now - by.started, |(_, after)| after),
            first_content: by.first_content.filter(|_| streamed),
            overhead: record.overhead,
            tokens: record.facts.usage.map(|usage| (usage.prompt, usage.completion)),
            cost_usd: record.cost_usd,
        });
    }

    /// Each later leg that was called, by whether it answered.
    fn fallbacks(&self, record: &Record<'_>, snapshot: &Snapshot) {
        let trail = record.exchange.trail();
        let standing = trail.standing();
        let mut last = standing;
        for attempt in trail.attempts.iter().filter(|attempt| attempt.leg >= standing) {
            if std::mem::replace(&mut last, attempt.leg) == attempt.leg {
                continue;
            }
            let kind = trail.moved();
            let exception = kind.and_then(Exception::of).unwrap_or(ALL_SHUT);
            // Whose fault it was: the first call's, where there was one before it.
            let first = trail.attempts.first().filter(|first| first.leg != attempt.leg);
            let provider = first.map(|it| &*self.deployments[it.deployment.index()].provider);
            let labels = labels::Fallbacks {
                requested_model: self.groups[record.exchange.group().index()].name.clone(),
                fallback_model: snapshot.group_name(attempt.group).to_string(),
                exception_status: exception.status,
                exception_class: exception.class(provider),
            };
            let answered = record.by.is_some_and(|by| by.leg == attempt.leg);
            let family = if answered { &self.successful_fallbacks } else { &self.failed_fallbacks };
            family.get_or_create(&labels).inc();
        }
    }

    /// Sets a deployment's state.
    pub(super) fn show(&self, id: DeploymentId, any_gate_shut: bool, breaker: BreakerState) {
        self.deployments[id.index()].show(any_gate_shut, breaker);
    }
}

fn groups(
    topology: &Topology,
    requests: &Family<labels::Requests, Counter>,
    latencies: &super::Histograms<labels::Latency>,
) -> Vec<Group> {
    let groups = topology.groups().iter().map(|group| {
        let name = group.name.to_string();
        let latency = labels::Latency { requested_model: name.clone() };
        let answered = labels::Requests { requested_model: name.clone(), status_code: "200" };
        Group {
            answered: requests.get_or_create_owned(&answered),
            latency: latencies.get_or_create_owned(&latency),
            name,
        }
    });
    groups.collect()
}

impl Group {
    fn requests(&self, status_code: &'static str) -> labels::Requests {
        labels::Requests { requested_model: self.name.clone(), status_code }
    }
}
