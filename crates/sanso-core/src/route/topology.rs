//! Model groups, their deployments and their fallbacks, as the configuration lists them.

use std::sync::Arc;

use super::limits::DeploymentLimits;
use super::preflight::{Capabilities, Preflight};
use crate::breaker::BreakerPolicy;
use crate::budget;
use crate::retry::{Backoff, Patience, RetriesByKind};

/// A deployment's number in its [`Topology`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId(u32);

/// A model group's number in its [`Topology`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(u32);

impl DeploymentId {
    /// The deployment at this place of the list.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The place in the list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl GroupId {
    /// The group at this place of the list.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The place in the list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One entry of `model_list`, as far as decisions need to know it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// LiteLLM's deployment id: stable across a reload, so that state outlives one.
    pub key: Arc<str>,
    /// LiteLLM's `weight` (or `rpm`, or `tpm`) for the shuffle among siblings.
    pub weight: f64,
    /// LiteLLM's `order`: lower ones first.
    pub order: u32,
    /// When its breaker opens and how it comes back.
    pub breaker: BreakerPolicy,
    /// What bounds its calls.
    pub limits: DeploymentLimits,
    /// Names the credential (provider, origin and key) that it shares with others, without giving
    /// the key away; `None`: it shares none.
    pub credential: Option<Arc<str>>,
    /// `host:port` that it is called at; `None`: it is called nowhere.
    pub host: Option<Arc<str>>,
    /// Names of the failure domains that it shares with others (its vendor, its host): when one of
    /// those is out, it is more cautious.
    pub domains: Vec<Arc<str>>,
    /// Tokens of its retry budget; `None`: it has none, and every retry is allowed.
    pub retry_budget: Option<u32>,
    /// What it can do, as far as is known.
    pub capabilities: Capabilities,
}

impl Deployment {
    /// A deployment with this key and every default.
    #[must_use]
    pub fn new(key: impl Into<Arc<str>>) -> Self {
        Self {
            key: key.into(),
            weight: 0.0,
            order: 0,
            breaker: BreakerPolicy::default(),
            limits: DeploymentLimits::default(),
            credential: None,
            host: None,
            domains: Vec::new(),
            retry_budget: Some(budget::FULL),
            capabilities: Capabilities::default(),
        }
    }
}

/// What a client asks for: deployments that share a `model_name`, and where to go when they fail.
#[derive(Clone, Debug)]
pub struct Group {
    /// The `model_name`.
    pub name: Arc<str>,
    /// The siblings, in the order of the file.
    pub deployments: Vec<DeploymentId>,
    /// Of a task, which has no deployments of its own: the groups that its requests pass through, as
    /// listed. No list of theirs opens. Empty: a model group.
    pub legs: Arc<[GroupId]>,
    /// `num_retries`: calls of one leg beyond the first. `None` where nothing sets it.
    pub num_retries: Option<u32>,
    /// The same by the kind of the last fault, for requests that do not set `num_retries`.
    pub retries_by_kind: RetriesByKind,
    /// Attempts in all of a request that asks for this group, where it differs from [`Rules`].
    pub max_attempts: Option<u32>,
    /// Waiting before a deployment of this leg is called again, where it differs from [`Rules`].
    pub backoff: Option<Backoff>,
    /// How long a request may wait in this leg, where it differs from [`Rules`].
    pub patience: Option<Patience>,
    /// The most calls in flight that came to this leg by fallback; `None`: any number.
    pub inflow: Option<u32>,
    /// `fallbacks`; `None` where the configuration lists none for this group.
    pub fallbacks: Option<Vec<GroupId>>,
    /// `context_window_fallbacks`; `None` where that setting is absent altogether (the plain ones
    /// stand in), empty where it is set but names other groups only (the error goes to the client).
    pub context_window_fallbacks: Option<Vec<GroupId>>,
    /// `content_policy_fallbacks`; absent and empty mean the same: to the client.
    pub content_policy_fallbacks: Vec<GroupId>,
    /// `fallback_on`, for requests that ask for this group.
    pub fallback_on: FallbackOn,
    /// `shed_below`: while a smaller share of the chain than this admits, requests of low priority
    /// are turned away. `None`: none are.
    pub shed_below: Option<f64>,
    /// What becomes of deployments that cannot do what a request for this group asks.
    pub preflight: Preflight,
}

/// Faults of the first leg that go to the plain fallbacks only where that is said: another model
/// would be asked to do what the first one refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FallbackOn {
    /// [`BadRequest`](crate::FaultKind::BadRequest).
    pub bad_request: bool,
    /// [`ContentPolicy`](crate::FaultKind::ContentPolicy), where no list of its own stands for it.
    pub content_policy: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            name: "".into(),
            deployments: Vec::new(),
            legs: Arc::default(),
            num_retries: None,
            retries_by_kind: RetriesByKind::default(),
            max_attempts: None,
            backoff: None,
            patience: None,
            inflow: None,
            fallbacks: None,
            context_window_fallbacks: None,
            content_policy_fallbacks: Vec::new(),
            fallback_on: FallbackOn::default(),
            shed_below: None,
            preflight: Preflight::default(),
        }
    }
}

/// All groups and deployments of one configuration.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    groups: Vec<Group>,
    deployments: Vec<Deployment>,
    default_fallbacks: Option<Vec<GroupId>>,
    rules: Rules,
}

/// The rules of retry and fallback that hold for every request of a topology.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Waiting before a deployment is called again.
    pub backoff: Backoff,
    /// How long a request may wait in one leg.
    pub patience: Patience,
    /// `num_retries` where nothing sets it.
    pub num_retries: u32,
    /// Attempts of one request in all. `None`: six, or more where set `num_retries` promise more.
    pub max_attempts: Option<u32>,
    /// `max_fallbacks`: lists of fallbacks open within each other.
    pub max_fallbacks: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            patience: Patience::default(),
            num_retries: 2,
            max_attempts: None,
            max_fallbacks: 5,
        }
    }
}

impl Topology {
    /// A topology, whose groups and deployments name each other by their place in these lists. The
    /// breaker of a deployment without sibling and fallback becomes a lone one.
    #[must_use]
    pub fn new(
        groups: Vec<Group>,
        deployments: Vec<Deployment>,
        default_fallbacks: Option<Vec<GroupId>>,
        rules: Rules,
    ) -> Self {
        let mut topology = Self { groups, deployments, default_fallbacks, rules };
        for index in 0..topology.deployments.len() {
            topology.deployments[index].breaker.lone = topology.is_lone(index);
        }
        topology
    }

    /// A deployment is lone where no group that holds it has anyone else to turn to.
    fn is_lone(&self, deployment: usize) -> bool {
        let holds = |group: &Group| group.deployments.iter().any(|d| d.index() == deployment);
        let is_leg = |task: &Group| task.legs.iter().any(|leg| holds(self.group(*leg)));
        if self.groups.iter().any(|group| group.legs.len() > 1 && is_leg(group)) {
            return false;
        }
        self.groups.iter().enumerate().filter(|(_, group)| holds(group)).all(|(index, group)| {
            // A group may well be its own default fallback: that leads nowhere.
            let elsewhere = |fallback: &GroupId| fallback.index() != index;
            let has_fallback =
                self.plain_list(group).is_some_and(|list| list.iter().any(elsewhere));
            group.deployments.len() == 1 && !has_fallback
        })
    }

    fn plain_list<'a>(&'a self, group: &'a Group) -> Option<&'a Vec<GroupId>> {
        group.fallbacks.as_ref().or(self.default_fallbacks.as_ref())
    }

    /// Every deployment, by its number.
    #[must_use]
    pub fn deployments(&self) -> &[Deployment] {
        &self.deployments
    }

    /// Every group, by its number.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// One deployment.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> &Deployment {
        &self.deployments[id.index()]
    }

    /// One group.
    #[must_use]
    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.index()]
    }

    /// The longest prompt that some deployment of a group takes, in tokens; `None` unless that is
    /// known of all of them.
    #[must_use]
    pub fn window(&self, group: GroupId) -> Option<u64> {
        let windows = self.group(group).deployments.iter();
        let known: Option<Vec<u64>> =
            windows.map(|id| self.deployment(*id).capabilities.window).collect();
        known?.into_iter().max()
    }

    /// `default_fallbacks`, which stand in where the asked-for group has no list.
    #[must_use]
    pub fn default_fallbacks(&self) -> Option<&[GroupId]> {
        self.default_fallbacks.as_deref()
    }

    /// The rules of retry and fallback.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
}
