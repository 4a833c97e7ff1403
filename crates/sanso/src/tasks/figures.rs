//! What is known of a group, for one request.

use std::time::Duration;

use sanso_core::{DeploymentId, GroupId, Instant, Pace, Score, Tokens, Unknown, of_group};

use super::{Ask, Measured};
use crate::config;
use crate::snapshot::Snapshot;

/// One request, as it looks at groups. Each figure is found when it is asked for: an order goes by one
/// or two of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    snapshot: &'a Snapshot,
    class: sanso_core::Class,
    /// What the request is expected to use.
    pub(crate) tokens: Tokens,
    /// Scores count as they are given: see [`Ask::may_fall_back`].
    as_given: bool,
    now: Instant,
}

impl<'a> View<'a> {
    /// `task` is the place of the request's task, where it has one.
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        task: Option<usize>,
        ask: &Ask,
        now: Instant,
    ) -> Self {
        let input = ask.prompt_tokens as f64;
        let output = snapshot.tasks.output(task, ask);
        let tokens = Tokens { input, output, ..Tokens::default() };
        let as_given = !ask.may_fall_back;
        Self { snapshot, class: ask.class, tokens, as_given, now }
    }

    /// Its score, and what the soft faults of its answers cost it: nothing where no one else may
    /// answer.
    pub(crate) fn score(&self, group: GroupId) -> Option<Score> {
        let given = self.mean(group, Unknown::Spreads, |id| self.config(id).quality)?;
        let lowered = self.mean(group, Unknown::Spreads, |id| {
            let score = self.config(id).quality?;
            if self.as_given {
                return Some(score);
            }
            let lowered = self.measured(id, |it| it.soft.lowers(score, self.now));
            Some(lowered.unwrap_or(score))
        })?;
        Some(Score { given, lost: given - lowered })
    }

    /// The share of its answers that were soft faults.
    pub(crate) fn soft(&self, group: GroupId) -> f64 {
        let share = |id| self.measured(id, |it| it.soft.share(self.now));
        self.mean(group, Unknown::IsPassedOver, share).unwrap_or_default()
    }

    /// USD that the request is expected to cost there.
    pub(crate) fn cost(&self, group: GroupId) -> Option<f64> {
        self.mean(group, Unknown::Spreads, |id| self.config(id).price?.of(self.tokens))
    }

    /// How quick it is, for calls like the request's.
    pub(crate) fn pace(&self, group: GroupId) -> Option<Pace> {
        let mean = |of: fn(Pace) -> Option<f64>| {
            let pace = |id| self.measured(id, |it| it.paces.get(self.class)).flatten();
            self.mean(group, Unknown::IsPassedOver, |id| of(pace(id)?))
        };
        let seconds = mean(|pace| Some(pace.until.as_secs_f64()))?;
        let answered = mean(|pace| Some(pace.answered))?;
        let speed = mean(|pace| Some(pace.tokens_per_s).filter(|it| *it > 0.0));
        let until = Duration::try_from_secs_f64(seconds).ok()?;
        Some(Pace { until, answered, tokens_per_s: speed.unwrap_or_default() })
    }

    /// When such a call last told something of it.
    pub(crate) fn last_heard(&self, group: GroupId) -> Option<Instant> {
        let members = &self.snapshot.topology.group(group).deployments;
        let last = |id: &DeploymentId| self.measured(*id, |it| it.paces.last(self.class)).flatten();
        members.iter().filter_map(last).max()
    }

    /// Someone there can be called now.
    pub(crate) fn admits(&self, group: GroupId) -> bool {
        let members = &self.snapshot.topology.group(group).deployments;
        members.iter().any(|id| self.snapshot.gates.shut(*id, self.now).is_empty())
    }

    /// The share of its first calls that a deployment has, gates not asked.
    pub(crate) fn share(&self, group: GroupId, of: DeploymentId) -> f64 {
        let share = |id| Some(f64::from(u8::from(id == of)));
        self.mean(group, Unknown::Spreads, share).unwrap_or_default()
    }

    fn mean(
        &self,
        group: GroupId,
        unknown: Unknown,
        figure: impl Fn(DeploymentId) -> Option<f64>,
    ) -> Option<f64> {
        of_group(&self.snapshot.topology, group, unknown, figure)
    }

    fn config(&self, id: DeploymentId) -> &'a config::Deployment {
        &self.snapshot.config.deployments[id.index()]
    }

    fn measured<T>(&self, id: DeploymentId, of: impl FnOnce(&Measured) -> T) -> Option<T> {
        self.snapshot.tasks.measured(id).map(|measured| of(&measured))
    }
}
