//! The order of a task's groups for one request, and what later orders learn from it.
//!
//! The core decides (`route/strategy/` there); here are the figures that it is given.
//!
//! * `figures.rs`: what is known of each group
//! * `measure.rs`: what a finished request tells

mod figures;
mod measure;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanso_core::{
    Class, DeploymentId, Figures, GroupId, Instant, Pace, Paces, Rng, SoftRate, TaskMemory,
};

pub(crate) use figures::{Known, known};
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
    pub(crate) fn output(&self, task: usize, ask: &Ask) -> f64 {
        let expected = self.task(task).output().unwrap_or(OUTPUT_UNKNOWN);
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
    let of = &snapshot.config.tasks[task];
    let listed = &snapshot.topology.group(Snapshot::group_of(of)).legs;
    if of.strategy == Strategy::Order || listed.len() < 2 {
        return Arc::clone(listed);
    }
    let known = known(snapshot, task, ask, now);
    let order = with_figures(of.strategy, &known, |figures| {
        snapshot.tasks.task(task).order(figures, ask.class, now, rng)
    });
    order.places.into_iter().filter_map(|place| listed.get(place).copied()).collect()
}

/// The same, without taking note of it and without trying anyone out.
#[expect(dead_code, reason = "for the explanation of an order")]
pub(crate) fn expected(snapshot: &Snapshot, task: usize, ask: &Ask, known: &[Known]) -> Vec<usize> {
    with_figures(snapshot.config.tasks[task].strategy, known, |figures| {
        snapshot.tasks.task(task).settled(figures, ask.class)
    })
}

fn with_figures<T>(strategy: Strategy, known: &[Known], with: impl FnOnce(Figures<'_>) -> T) -> T {
    let each = |of: fn(&Known) -> Option<f64>| known.iter().map(of).collect::<Vec<_>>();
    match strategy {
        Strategy::Order => with(Figures::Listed),
        Strategy::Quality => with(Figures::Quality(&each(|it| it.quality))),
        Strategy::Cost => with(Figures::Cost(&each(|it| it.cost))),
        Strategy::Latency => {
            let paces: Vec<Option<Pace>> = known.iter().map(|it| it.pace).collect();
            let last: Vec<Option<Instant>> = known.iter().map(|it| it.last_heard).collect();
            with(Figures::Latency(&paces, &last))
        }
    }
}
