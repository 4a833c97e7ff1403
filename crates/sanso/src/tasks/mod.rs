//! The order of a task's groups for one request, and what later orders learn from it.
//!
//! The core decides (`route/strategy/` there); here are the figures that it is given.
//!
//! * `figures.rs`: what is known of a group
//! * `measure.rs`: what a finished request tells
//! * `unmeasured.rs`: the order that the file alone makes

mod figures;
mod measure;
mod unmeasured;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanso_core::{
    Class, DeploymentId, Figures, GroupId, Instant, Order, Paces, Request, Rng, SoftRate,
    TaskMemory,
};
use sanso_wire::envelope::Envelope;

pub(crate) use figures::View;
pub(crate) use measure::learn;
pub(crate) use unmeasured::{TYPICAL, unmeasured_order};

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
    /// Another leg may answer where the first does not. Where none may, the point is that it is the best
    /// model or an error: its soft faults are not to hand its requests on to another one unseen, so
    /// scores count as they are given.
    pub(crate) may_fall_back: bool,
}

/// The legs of a request for a task, best first.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) legs: Arc<[GroupId]>,
    /// The first leg is there to be measured: the best one is the second.
    pub(crate) explores: bool,
}

impl Ask {
    /// `request` as far as it is known before it has legs.
    pub(crate) fn of(envelope: &Envelope, request: &Request) -> Self {
        Self {
            class: request.class,
            prompt_tokens: envelope.prompt_tokens_estimate,
            max_tokens: envelope.max_tokens,
            may_fall_back: !request.deny_fallback && request.max_fallbacks != Some(0),
        }
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

/// The legs of a request for a task. `task` is its place in the configuration.
///
/// No one is tried out where the client would get an error for it: where no one else may answer, and
/// of those who cannot be called. That they are shut moves no one.
pub(crate) fn legs(
    snapshot: &Snapshot,
    task: usize,
    ask: &Ask,
    now: Instant,
    rng: &mut Rng,
) -> Ordered {
    let (strategy, listed) = listed(snapshot, task);
    if strategy == Strategy::Order || listed.len() < 2 {
        return Ordered { legs: Arc::clone(listed), explores: false };
    }
    let view = View::new(snapshot, Some(task), ask, now);
    let order = with_figures(strategy, &view, listed, |figures| {
        if strategy == Strategy::Quality && !ask.may_fall_back {
            // What a task remembers of lost points is for its other requests.
            let places = snapshot.tasks.task(task).settled(figures, ask.class);
            return Order { places, explores: false };
        }
        let may_try = |place: usize| ask.may_fall_back && view.admits(listed[place]);
        snapshot.tasks.task(task).order(figures, ask.class, now, rng, may_try)
    });
    Ordered { legs: in_order(listed, &order.places), explores: order.explores }
}

/// The same, without taking note of it and without trying anyone out.
pub(crate) fn expected_legs(snapshot: &Snapshot, task: usize, ask: &Ask, now: Instant) -> Ordered {
    let (strategy, listed) = listed(snapshot, task);
    let view = View::new(snapshot, Some(task), ask, now);
    let places = with_figures(strategy, &view, listed, |figures| {
        snapshot.tasks.task(task).settled(figures, ask.class)
    });
    Ordered { legs: in_order(listed, &places), explores: false }
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
    match strategy {
        Strategy::Order => with(Figures::Listed),
        Strategy::Quality => with(Figures::Quality(&each(groups, |it| view.score(it)))),
        Strategy::Cost => with(Figures::Cost(&each(groups, |it| view.cost(it)))),
        Strategy::Latency => {
            let paces = each(groups, |it| view.pace(it));
            let last = each(groups, |it| view.last_heard(it));
            with(Figures::Latency(&paces, &last))
        }
    }
}

fn each<T>(groups: &[GroupId], of: impl Fn(GroupId) -> Option<T>) -> Vec<Option<T>> {
    groups.iter().map(|group| of(*group)).collect()
}
