//! What is counted of each deployment, looked up once.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use sanso_core::DeploymentId;

use super::{add, labels};
use crate::snapshot::Snapshot;
use crate::target::Target;

#[derive(Debug)]
pub(super) struct Deployments {
    /// By deployment.
    own: Vec<Own>,
    attempts: Family<labels::Attempts, Counter>,
}

#[derive(Debug)]
pub(super) struct Own {
    success: Counter,
    pub(super) openings: Counter,
    pub(super) input: Counter,
    pub(super) output: Counter,
    pub(super) cost: Counter<f64, AtomicU64>,
    pub(super) breaker: Gauge,
    /// Where retries are bounded.
    pub(super) retry_budget: Option<Gauge>,
}

/// Outcomes that an operator is told of at their first: a counter that only begins to exist with it
/// would show a rate no increase.
const AT_ONCE: [&str; 3] = ["authentication", "not_found", "quota_exhausted"];

impl Deployments {
    pub(super) fn new(r: &mut Registry, snapshot: &Snapshot) -> Self {
        let attempts: Family<labels::Attempts, Counter> =
            add(r, "attempts", "Upstream calls by how they ended");
        let info: Family<labels::DeploymentInfo, Gauge> =
            add(r, "deployment_info", "1; what a deployment's id stands for");
        let breakers: Family<labels::Deployment, Gauge> =
            add(r, "breaker_state", "0 closed, 1 open, 2 half-open, 3 recovering");
        let openings: Family<labels::Deployment, Counter> =
            add(r, "breaker_openings", "From closed to open");
        let tokens: Family<labels::Tokens, Counter> =
            add(r, "tokens", "Tokens of answers, as providers count them");
        let costs: Family<labels::Deployment, Counter<f64, AtomicU64>> =
            add(r, "cost_usd", "US dollars for answers whose price and tokens are known");
        let budgets: Family<labels::Deployment, Gauge> =
            add(r, "retry_budget", "Tokens left to pay for retries");

        let own = snapshot.deployments().map(|(id, target)| {
            let deployment = || target.id.to_string();
            let labels = labels::Deployment { deployment: deployment() };
            let tokens = |direction| {
                tokens.get_or_create_owned(&labels::Tokens { deployment: deployment(), direction })
            };
            let attempt = |outcome| attempts.get_or_create_owned(&attempt(target, outcome));
            AT_ONCE.into_iter().for_each(|outcome| drop(attempt(outcome)));
            info.get_or_create(&about(snapshot, id, target)).set(1);
            let is_bounded = snapshot.topology.deployment(id).retry_budget.is_some();
            Own {
                success: attempt("success"),
                openings: openings.get_or_create_owned(&labels),
                input: tokens("input"),
                output: tokens("output"),
                cost: costs.get_or_create_owned(&labels),
                breaker: breakers.get_or_create_owned(&labels),
                retry_budget: is_bounded.then(|| budgets.get_or_create_owned(&labels)),
            }
        });
        Self { own: own.collect(), attempts }
    }

    pub(super) fn of(&self, deployment: DeploymentId) -> &Own {
        &self.own[deployment.index()]
    }

    /// A call ended.
    pub(super) fn attempt(&self, deployment: DeploymentId, outcome: &'static str, on: &Snapshot) {
        if outcome == "success" {
            self.of(deployment).success.inc();
        } else {
            self.attempts.get_or_create(&attempt(on.target(deployment), outcome)).inc();
        }
    }
}

fn attempt(target: &Target, outcome: &'static str) -> labels::Attempts {
    labels::Attempts {
        deployment: target.id.to_string(),
        provider: target.provider.to_string(),
        outcome,
    }
}

fn about(on: &Snapshot, id: DeploymentId, target: &Target) -> labels::DeploymentInfo {
    labels::DeploymentInfo {
        deployment: target.id.to_string(),
        provider: target.provider.to_string(),
        model: target.model.to_string(),
        model_group: on.config.deployments[id.index()].group.clone(),
    }
}
