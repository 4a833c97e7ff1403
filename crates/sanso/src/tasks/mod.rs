//! The order of a task's groups for one request, and what later orders learn from it.
//!
//! The core decides (`route/strategy/` there); here are the figures that it is given.
//!
//! * `figures.rs`: what is known of a group
//! * `measure.rs`: what a finished request tells

mod figures;
mod measure;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanso_core::{
    Class, DeploymentId, Figures, GroupId, Instant, Paces, Rng, SoftRate, TaskMemory,
};
use sanso_wire::envelope::Envelope;

pub(crate) use figures::View;
pub(crate) use measure::learn;

use crate::config::{Config, Strategy};
use crate::snapshot::Snapshot;

/// What is remembered across requests, for the tasks of one configuration. Each lock is held for a few
/// steps of arithmetic.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// By task.
    tasks: Vec<Mutex<TaskMemory>>,
    /// By deployment; empty where there is no task that could ask.
    deployments: Vec<Mutex<Measured>>,
}

/// What is measured of a deployment.
#[derive(Clone, Debug, Default)]
struct Measured {
    paces: Paces,
    soft: SoftRate,
}

/// A request, as far as the order of a task's groups depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) class: Class,
    /// Estimated, see [`Envelope::prompt_tokens_estimate`](sanso_wire::envelope::Envelope).
    pub(crate) prompt_tokens: u64,
    /// The request's own limit of its answer.
    pub(crate) max_tokens: Option<u64>,
}

impl Ask {
    pub(crate) fn of(envelope: &Envelope, class: Class) -> Self {
        let prompt_tokens = envelope.prompt_tokens_estimate;
        Self { class, prompt_tokens, max_tokens: envelope.max_tokens }
    }
}

/// Tokens of an answer, as long as a task has had none.
const OUTPUT_UNKNOWN: f64 = 500.0;

impl Memory {
    pub(crate) fn new(config: &Config) -> Self {
        let task = |task: &crate::config::Task| Mutex::new(TaskMemory::new(task.legs.len()));
        let needed = if config.tasks.is_empty() { 0 } else { config.deployments.len() };
        Self {
            tasks: config.tasks.iter().map(task).collect(),
            deployments: (0..needed).map(|_| Mutex::default()).collect(),
        }
    }

    fn measured(&self, deployment: DeploymentId) -> Option<MutexGuard<'_, Measured>> {
        self.deployments.get(deployment.index()).map(lock)
    }

    fn task(&self, task: usize) -> MutexGuard<'_, TaskMemory> {
        lock(&self.tasks[task])
    }

    /// Tokens that an answer to the request is expected to have.
    fn output(&self, task: Option<usize>, ask: &Ask) -> f64 {
        let before = task.and_then(|task| self.task(task).output());
        let expected = before.unwrap_or(OUTPUT_UNKNOWN);
        ask.max_tokens.map_or(expected, |most| expected.min(most as f64))
    }
}

/// What holds a lock cannot panic; should it, the figures are as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The legs of a request for a task, best first. `task` is its place in the configuration.
pub(crate) fn legs(
    snapshot: &Snapshot,
    task: usize,
    ask: &Ask,
    now: Instant,
    rng: &mut Rng,
) -> Arc<[GroupId]> {
    let (strategy, listed) = listed(snapshot, task);
    if strategy == Strategy::Order || listed.len() < 2 {
        return Arc::clone(listed);
    }
    let view = View::new(snapshot, Some(task), ask, now);
    let order = with_figures(strategy, &view, listed, |figures| {
        snapshot.tasks.task(task).order(figures, ask.class, now, rng)
    });
    in_order(listed, &order.places)
}

/// The same, without taking note of it and without trying anyone out.
pub(crate) fn expected_legs(
    snapshot: &Snapshot,
    task: usize,
    ask: &Ask,
    now: Instant,
) -> Arc<[GroupId]> {
    let (strategy, listed) = listed(snapshot, task);
    let view = View::new(snapshot, Some(task), ask, now);
    let places = with_figures(strategy, &view, listed, |figures| {
        snapshot.tasks.task(task).settled(figures, ask.class)
    });
    in_order(listed, &places)
}

fn listed(snapshot: &Snapshot, task: usize) -> (Strategy, &Arc<[GroupId]>) {
    let task = &snapshot.config.tasks[task];
    (task.strategy, &snapshot.topology.group(Snapshot::group_of(task)).legs)
}

fn in_order(listed: &[GroupId], places: &[usize]) -> Arc<[GroupId]> {
    places.iter().filter_map(|place| listed.get(*place).copied()).collect()
}

/// Finds the figures before any lock of a task is taken.
fn with_figures<T>(
    strategy: Strategy,
    view: &View<'_>,
    groups: &[GroupId],
    with: impl FnOnce(Figures<'_>) -> T,
) -> T {
    let each = |of: &dyn Fn(GroupId) -> Option<f64>| -> Vec<Option<f64>> {
        groups.iter().map(|group| of(*group)).collect()
    };
    match strategy {
        Strategy::Order => with(Figures::Listed),
        Strategy::Quality => with(Figures::Quality(&each(&|group| view.quality(group)))),
        Strategy::Cost => with(Figures::Cost(&each(&|group| view.cost(group)))),
        Strategy::Latency => {
            let paces: Vec<_> = groups.iter().map(|group| view.pace(*group)).collect();
            let last: Vec<_> = groups.iter().map(|group| view.last_heard(*group)).collect();
            with(Figures::Latency(&paces, &last))
        }
    }
}
