//! What would become of a request, without calling anyone.
//!
//! * `why.rs`: why a group stands where it does
//! * `text.rs`: the explanation for people

mod text;
mod why;

use std::sync::Arc;

use bytes::Bytes;
use sanso_core::{Chain, DeploymentId, GroupId, Instant, Pace};
use sanso_wire::envelope::Envelope;
use serde::Serialize;

use crate::cost;
use crate::error::Error;
use crate::fail;
use crate::gateway::{Arrival, Gateway};
use crate::plan::{self, Plan};
use crate::preflight;
use crate::snapshot::Snapshot;
use crate::tasks::{self, View};

/// What would become of a request: whom it would be sent to, in which order, at which expected price
/// and pace, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The group that is asked for; of a task `task/NAME`.
    pub model_group: Arc<str>,
    /// The task that is asked for.
    pub task: Option<String>,
    /// What the task's order goes by, as the configuration writes it.
    pub strategy: Option<&'static str>,
    /// Tokens of the prompt, estimated.
    pub input_tokens: u64,
    /// Tokens that the answer is expected to have.
    pub output_tokens: u64,
    /// The groups in their order.
    pub legs: Vec<ExplainedLeg>,
    /// What was said and cannot be followed.
    pub warnings: Vec<String>,
}

/// One group of the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExplainedLeg {
    /// Its name.
    pub model_group: Arc<str>,
    /// When it would be asked.
    pub turn: Turn,
    /// Why it stands where it does.
    pub why: String,
    /// Its score from 0 to 100, lowered by the soft faults of its answers.
    pub quality: Option<f64>,
    /// The share of its answers that were soft faults, from 0 to 1.
    pub soft_fault_rate: f64,
    /// USD that the request is expected to cost there.
    pub cost_usd: Option<f64>,
    /// Milliseconds to the first content of a stream, or to a whole plain answer, as measured.
    pub latency_ms: Option<u64>,
    /// The share of its calls, from 0 to 1, that come to no answer, as measured for an order by
    /// latency.
    pub failure_rate: Option<f64>,
    /// Tokens of an answer per second, as measured.
    pub tokens_per_s: Option<f64>,
    /// Whom it can be sent to.
    pub deployments: Vec<ExplainedDeployment>,
}

/// When a group would be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Turn {
    /// First.
    First,
    /// Not now: none of its deployments can be called.
    PassedOver,
    /// If those before it fail.
    Later,
    /// Never: the request or its task denies fallbacks.
    Denied,
}

/// One deployment of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExplainedDeployment {
    /// LiteLLM's id.
    pub id: Arc<str>,
    /// `provider/model`.
    pub deployment: Arc<str>,
    /// The share of its group's calls that it is asked first, from 0 to 1.
    pub share: f64,
    /// USD that the request is expected to cost there.
    pub cost_usd: Option<f64>,
    /// Why it is not called now; empty where it can be.
    pub not_now: Vec<String>,
}

impl Gateway {
    /// Says what would become of an OpenAI chat body if it came now, and calls no one. Nothing is
    /// taken note of, and no group is tried out: of a task whose order goes by latency, one request in
    /// twenty at most goes first to someone else, to measure them.
    ///
    /// # Errors
    /// Those of a request that no one is asked for: the body is at fault, no such model, no such task.
    pub fn explain(&self, body: Bytes, arrival: &Arrival) -> Result<Explanation, Error> {
        let snapshot = self.shared.snapshot.load_full();
        let envelope = Envelope::read(body)?;
        let now = arrival.at;
        let order = |task, ask: &tasks::Ask| tasks::expected_legs(&snapshot, task, ask, now);
        let plan = plan::make(&snapshot, &envelope, arrival, order)?;
        let task = snapshot.task_index(plan.request.group);
        let ask = tasks::Ask::of(&envelope, &plan.request);
        let view = View::new(&snapshot, task, &ask, now);
        let mut rng = self.shared.clock.rng();
        let chain = Chain::new(Arc::clone(&snapshot.topology), plan.request.clone(), &mut rng);
        let looking = Looking { snapshot: &snapshot, view, chain, plan: &plan, now };
        let of_task = task.map(|task| &snapshot.config.tasks[task]);
        let strategy = of_task.map(|task| task.strategy);
        let mut legs = looking.legs();
        why::tell(&mut legs, strategy, ask.may_fall_back);
        Ok(Explanation {
            model_group: snapshot.group_name(plan.request.group),
            task: of_task.map(|task| task.name.clone()),
            strategy: strategy.map(crate::config::Strategy::as_str),
            input_tokens: envelope.prompt_tokens_estimate,
            output_tokens: view.tokens.output.round() as u64,
            legs,
            warnings: plan.warnings,
        })
    }
}

/// A request before its first call.
struct Looking<'a> {
    snapshot: &'a Snapshot,
    view: View<'a>,
    chain: Chain,
    plan: &'a Plan,
    now: Instant,
}

impl Looking<'_> {
    fn legs(&self) -> Vec<ExplainedLeg> {
        let mut groups = self.chain.plain_legs();
        let may_serve = groups.len();
        if self.plan.request.deny_fallback {
            let denied = self.plan.request.legs.iter().filter(|group| !groups.contains(group));
            groups.extend(denied.copied().collect::<Vec<_>>());
        }
        let mut legs: Vec<_> = groups.into_iter().map(|group| self.leg(group)).collect();
        let can_be_called =
            |leg: &ExplainedLeg| leg.deployments.iter().any(|it| it.not_now.is_empty());
        let first = legs.iter().take(may_serve).position(can_be_called);
        for (place, leg) in legs.iter_mut().enumerate() {
            leg.turn = if place >= may_serve {
                Turn::Denied
            } else if Some(place) == first {
                Turn::First
            } else if can_be_called(leg) {
                Turn::Later
            } else {
                Turn::PassedOver
            };
        }
        legs
    }

    fn leg(&self, group: GroupId) -> ExplainedLeg {
        let pace = self.view.pace(group);
        let of_group = self.snapshot.topology.group(group);
        let speed = |pace: Pace| Some(pace.tokens_per_s).filter(|speed| *speed > 0.0);
        ExplainedLeg {
            model_group: Arc::clone(&of_group.name),
            turn: Turn::Later,
            why: String::new(),
            quality: self.view.score(group).map(|score| score.given - score.lost),
            soft_fault_rate: self.view.soft(group),
            cost_usd: self.view.cost(group).map(cost::shown),
            failure_rate: pace.map(|it| 1.0 - it.answered),
            latency_ms: pace.map(|it| u64::try_from(it.until.as_millis()).unwrap_or(u64::MAX)),
            tokens_per_s: pace.and_then(speed),
            deployments: of_group
                .deployments
                .iter()
                .map(|id| self.deployment(group, *id))
                .collect(),
        }
    }

    fn deployment(&self, group: GroupId, id: DeploymentId) -> ExplainedDeployment {
        let matched = self.plan.matches.of(group);
        let shut = self.snapshot.gates.shut(id, self.now).into_iter();
        let shut = shut.map(|refusal| fail::refused(&refusal, self.now));
        let lack = self.chain.lack(id).filter(|(_, is_passed_over)| *is_passed_over);
        let price = cost::price(self.snapshot, id, matched);
        ExplainedDeployment {
            id: Arc::clone(&self.snapshot.target(id).id),
            deployment: self.snapshot.label_for(id, matched),
            share: self.view.share(group, id),
            cost_usd: price.and_then(|price| price.of(self.view.tokens)).map(cost::shown),
            not_now: lack.iter().map(|(lack, _)| preflight::lacks(lack)).chain(shut).collect(),
        }
    }
}
