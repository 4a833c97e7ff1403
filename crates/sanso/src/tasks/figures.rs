//! What is known of each of a task's groups, for one request.

use std::time::Duration;

use sanso_core::{DeploymentId, GroupId, Instant, Pace, Tokens, Unknown, of_group};

use super::Ask;
use crate::config;
use crate::snapshot::Snapshot;

/// What is known of one group. All but `score` and `soft` is what an order goes by.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "`score` and `soft` are for the explanation of an order")]
pub(crate) struct Known {
    /// Its score as it is worth: lowered by `soft`.
    pub(crate) quality: Option<f64>,
    /// Its score by the file or the catalogue.
    pub(crate) score: Option<f64>,
    /// The share of its answers that were soft faults.
    pub(crate) soft: f64,
    /// USD that the request is expected to cost.
    pub(crate) cost: Option<f64>,
    /// How quick it is, for the request's class of calls.
    pub(crate) pace: Option<Pace>,
    /// When a call of that class last told something.
    pub(crate) last_heard: Option<Instant>,
}

/// What is known of the groups of a task, as listed.
pub(crate) fn known(snapshot: &Snapshot, task: usize, ask: &Ask, now: Instant) -> Vec<Known> {
    let group = Snapshot::group_of(&snapshot.config.tasks[task]);
    let input = ask.prompt_tokens as f64;
    let output = snapshot.tasks.output(task, ask);
    let tokens = Tokens { input, output, ..Tokens::default() };
    let legs = snapshot.topology.group(group).legs.iter();
    legs.map(|leg| of_leg(snapshot, *leg, tokens, ask, now)).collect()
}

fn of_leg(snapshot: &Snapshot, leg: GroupId, tokens: Tokens, ask: &Ask, now: Instant) -> Known {
    let mean = |unknown, figure: &dyn Fn(DeploymentId) -> Option<f64>| {
        of_group(&snapshot.topology, leg, unknown, figure)
    };
    let config =
        |id: DeploymentId| -> &config::Deployment { &snapshot.config.deployments[id.index()] };
    let measured = |id| snapshot.tasks.measured(id);
    let paced = |of: &dyn Fn(Pace) -> Option<f64>| {
        mean(Unknown::IsPassedOver, &|id| of(measured(id)?.paces.get(ask.class)?))
    };
    let until = paced(&|pace| Some(pace.until.as_secs_f64()));
    let speed = paced(&|pace| Some(pace.tokens_per_s).filter(|it| *it > 0.0)).unwrap_or_default();
    let members = snapshot.topology.group(leg).deployments.iter();
    Known {
        quality: mean(Unknown::Spreads, &|id| {
            let score = config(id).quality?;
            Some(measured(id).map_or(score, |it| it.soft.lowers(score, now)))
        }),
        score: mean(Unknown::Spreads, &|id| config(id).quality),
        soft: mean(Unknown::IsPassedOver, &|id| Some(measured(id)?.soft.share(now)))
            .unwrap_or_default(),
        cost: mean(Unknown::Spreads, &|id| config(id).price?.of(tokens)),
        pace: until.and_then(|seconds| {
            let until = Duration::try_from_secs_f64(seconds).ok()?;
            Some(Pace { until, tokens_per_s: speed })
        }),
        last_heard: members.filter_map(|id| measured(*id)?.paces.last(ask.class)).max(),
    }
}
