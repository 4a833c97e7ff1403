//! What stands, for whoever watches: the configured chains, and the deployments as their gates are.

use std::collections::BTreeSet;
use std::sync::Arc;

use sanso_core::{DeploymentId, Forced, Gate, Instant};
use sanso_watch::{
    LiveBreaker, LiveDeployment, LiveGate, Plan, PlannedChain, PlannedDeployment, PlannedLeg,
};

use super::happened::{gate_name, millis};
use crate::config::{Config, GroupIndex, Origin, Strategy};
use crate::snapshot::Snapshot;

/// The chains of everything that can be asked for by its name.
pub(crate) fn plan(snapshot: &Snapshot) -> Plan {
    let config = &snapshot.config;
    // A task's models are there for it, the first as well: the task is what is asked for.
    let is_own = |group| usize::from(config.task_of(group).is_none());
    let stands_in: BTreeSet<GroupIndex> = asked_for(config)
        .flat_map(|group| config.chain(group).into_iter().skip(is_own(group)))
        .collect();
    let chains = asked_for(config).map(|group| {
        let task = config.task_of(group);
        let legs = config.chain(group);
        PlannedChain {
            model_group: config.groups[group].name.as_str().into(),
            task: task.map(|task| task.name.as_str().into()),
            strategy: task.map_or(Strategy::Order, |task| task.strategy).as_str().into(),
            denied: task.is_some_and(|task| task.deny_fallback),
            spare: legs.len() == 1 && stands_in.contains(&group),
            legs: legs.into_iter().map(|leg| planned_leg(snapshot, leg)).collect(),
        }
    });
    let tasks = config.tasks.iter().map(|task| task.name.as_str().into());
    Plan { chains: chains.collect(), tasks: tasks.collect() }
}

fn asked_for(config: &Config) -> impl Iterator<Item = GroupIndex> {
    let groups = config.groups.iter().enumerate();
    groups.filter(|(_, group)| group.origin != Origin::Target).map(|(index, _)| index)
}

fn planned_leg(snapshot: &Snapshot, leg: GroupIndex) -> PlannedLeg {
    let group = &snapshot.config.groups[leg];
    let deployments = group.deployments.iter().map(|index| {
        let deployment = &snapshot.config.deployments[*index];
        PlannedDeployment {
            deployment: deployment.id.as_str().into(),
            provider: deployment.provider.as_str().into(),
            model: deployment.model.as_str().into(),
            region: deployment.domain.region.as_deref().map(Into::into),
            key_name: deployment.key_name.as_deref().map(Into::into),
        }
    });
    PlannedLeg { model_group: group.name.as_str().into(), deployments: deployments.collect() }
}

/// Every deployment as its gates are now.
pub(crate) fn live(snapshot: &Snapshot, now: Instant) -> Vec<LiveDeployment> {
    let deployments = snapshot.deployments();
    deployments
        .map(|(id, target)| {
            let view = snapshot.gates.view(id, now);
            LiveDeployment {
                deployment: Arc::clone(&target.id),
                breaker: LiveBreaker {
                    state: view.breaker.into(),
                    since: millis(view.since, now),
                    next_probe: view.probe_at.map(|at| millis(at, now)),
                    window: view.window,
                    forced: forced(view.forced),
                },
                gates: gates(snapshot, id, now),
                in_flight: view.in_flight,
            }
        })
        .collect()
}

fn gates(snapshot: &Snapshot, deployment: DeploymentId, now: Instant) -> Vec<LiveGate> {
    let shut = snapshot.gates.shut(deployment, now).into_iter();
    shut.filter_map(|refusal| {
        let quota = || snapshot.gates.view(deployment, now).quota_dimension.map(Into::into);
        Some(LiveGate {
            gate: gate_name(refusal.gate)?,
            dimension: if refusal.gate == Gate::Quota { quota() } else { None },
            since: millis(refusal.since, now),
            not_before: refusal.not_before.map(|at| millis(at, now)),
        })
    })
    .collect()
}

const fn forced(forced: Forced) -> Option<sanso_watch::Forced> {
    match forced {
        Forced::Not => None,
        Forced::Open => Some(sanso_watch::Forced::Open),
        Forced::Closed => Some(sanso_watch::Forced::Closed),
        Forced::MetricsOnly => Some(sanso_watch::Forced::MetricsOnly),
    }
}

/// What an operator sets a breaker to, in the core's word.
pub(crate) const fn to_core(forced: Option<sanso_watch::Forced>) -> Forced {
    match forced {
        None => Forced::Not,
        Some(sanso_watch::Forced::Open) => Forced::Open,
        Some(sanso_watch::Forced::Closed) => Forced::Closed,
        Some(sanso_watch::Forced::MetricsOnly) => Forced::MetricsOnly,
    }
}
