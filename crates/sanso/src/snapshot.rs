//! One configuration, ready to serve from.
//!
//! A request keeps the snapshot that it started with, so a reload changes nothing under its feet.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use http::Uri;
use http::uri::Authority;
use sanso_core::{
    BreakerPolicy, BreakerState, Capabilities, DeploymentId, DeploymentLimits, Gates, GroupId,
    Instant, Needs, Topology,
};
use sanso_wire::{Failure, redact};
use secrecy::ExposeSecret;

use crate::config::{self, Config, Listing, Origin, Task};
use crate::matches::Matches;
use crate::observe::trail::TrailAttempt;
use crate::target::Target;
use crate::tasks;

/// See the module.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: Config,
    pub(crate) topology: Arc<Topology>,
    pub(crate) gates: Gates,
    pub(crate) tasks: tasks::Memory,
    targets: Vec<Arc<Target>>,
    labels: Vec<Arc<str>>,
}

impl Snapshot {
    /// # Errors
    /// A deployment whose address or headers cannot be put into a request.
    pub(crate) fn new(config: Config) -> Result<Self, config::Report> {
        let targets = config.deployments.iter().map(Target::new).map(|target| target.map(Arc::new));
        let targets: Vec<_> = targets.collect::<Result<_, _>>()?;
        let topology = Arc::new(topology(&config));
        let gates = Gates::new(&topology);
        let labels = targets.iter().map(|target| target.label().into()).collect();
        let tasks = tasks::Memory::new(&config);
        Ok(Self { config, topology, gates, tasks, targets, labels })
    }

    pub(crate) fn target(&self, deployment: DeploymentId) -> &Arc<Target> {
        &self.targets[deployment.index()]
    }

    /// Every deployment and how to call it.
    pub(crate) fn deployments(&self) -> impl Iterator<Item = (DeploymentId, &Arc<Target>)> {
        self.targets.iter().enumerate().map(|(index, target)| (deployment_id(index), target))
    }

    /// `provider/model`, as the configuration has it.
    pub(crate) fn label(&self, deployment: DeploymentId) -> Arc<str> {
        Arc::clone(&self.labels[deployment.index()])
    }

    /// `provider/model` of a call, with the model that was really asked for.
    pub(crate) fn label_of(&self, attempt: &TrailAttempt, matches: &Matches) -> Arc<str> {
        self.label_for(attempt.deployment, matches.of(attempt.group))
    }

    /// `provider/model`, with what the `*` of a wildcard stands for.
    pub(crate) fn label_for(&self, deployment: DeploymentId, matched: Option<&str>) -> Arc<str> {
        let target = self.target(deployment);
        if target.is_wildcard() {
            let model = target.model_for(matched);
            format!("{}/{model}", target.provider).into()
        } else {
            self.label(deployment)
        }
    }

    /// The group that answers a model's name, and what stands for its `*` where it is a wildcard.
    pub(crate) fn find<'m>(&self, model: &'m str) -> Option<(GroupId, Option<&'m str>)> {
        let found = self.config.find(model)?;
        Some((id(found.group), found.matched))
    }

    pub(crate) fn group_name(&self, group: GroupId) -> Arc<str> {
        Arc::clone(&self.topology.group(group).name)
    }

    /// A provider's error, fit to leave the process: no word of it may hold a key, whoever's it is.
    pub(crate) fn masked(&self, failure: &Failure) -> Failure {
        let secrets: Vec<&str> = self.targets.iter().flat_map(|target| target.secrets()).collect();
        let mask = |text: &str| redact::mask(text, &secrets).into_owned();
        Failure {
            fault: failure.fault,
            message: mask(&failure.message),
            kind: failure.kind.as_deref().map(mask),
            code: failure.code.as_deref().map(mask),
            param: failure.param.as_deref().map(mask),
        }
    }

    pub(crate) fn circuit_state(&self, deployment: DeploymentId, now: Instant) -> BreakerState {
        self.gates.view(deployment, now).breaker
    }

    /// The task that a group stands for, where it is one.
    pub(crate) fn task_of(&self, group: GroupId) -> Option<&Task> {
        self.config.task_of(group.index())
    }

    /// Its place among the tasks.
    pub(crate) fn task_index(&self, group: GroupId) -> Option<usize> {
        self.config.tasks.iter().position(|task| task.group == group.index())
    }

    /// The group that stands for a task.
    pub(crate) fn group_of(task: &Task) -> GroupId {
        id(task.group)
    }

    /// What clients may ask for, in the order of the file; tasks come last.
    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        let of = |origin| {
            let groups = self.config.groups.iter().filter(move |group| group.origin == origin);
            groups.map(|group| group.name.as_str())
        };
        let aliases = self.config.aliases.iter().filter(|(_, alias)| !alias.hidden);
        let aliases = aliases.map(|(name, _)| name.as_str());
        of(Origin::Listed).chain(aliases).chain(of(Origin::Task))
    }
}

/// A configuration as the core sees it.
pub(crate) fn topology(config: &Config) -> Topology {
    let groups = (0..config.groups.len()).map(|index| group(config, index)).collect();
    let deployments = config.deployments.iter().map(|one| deployment(config, one)).collect();
    let defaults = &config.default_fallbacks;
    let defaults = (!defaults.is_empty()).then(|| ids(defaults));
    Topology::new(groups, deployments, defaults, rules(config))
}

fn rules(config: &Config) -> sanso_core::Rules {
    let retry = &config.policy.retry;
    let (backoff, patience) = waits(retry);
    sanso_core::Rules {
        backoff,
        patience,
        num_retries: retry.num_retries.unwrap_or(config::defaults::NUM_RETRIES),
        max_attempts: retry.max_attempts,
        max_fallbacks: config.limits.max_fallbacks,
    }
}

fn waits(retry: &config::Retry) -> (sanso_core::Backoff, sanso_core::Patience) {
    let backoff = sanso_core::Backoff { floor: retry.retry_after, ..Default::default() };
    let patience = sanso_core::Patience {
        blind: retry.patience,
        hinted: retry.patience_hinted,
        ..Default::default()
    };
    (backoff, patience)
}

fn group(config: &Config, index: config::GroupIndex) -> sanso_core::Group {
    let group = &config.groups[index];
    let lists = &group.fallbacks;
    let listed = |listing: &Listing| match listing {
        Listing::Absent => None,
        Listing::Elsewhere => Some(Vec::new()),
        Listing::To(groups) => Some(ids(groups)),
    };
    let (backoff, patience) = waits(&group.policy.retry);
    sanso_core::Group {
        name: group.name.as_str().into(),
        deployments: group.deployments.iter().map(|index| deployment_id(*index)).collect(),
        legs: config.task_of(index).map_or_else(Arc::default, |task| ids(&task.legs).into()),
        num_retries: config.num_retries(index),
        retries_by_kind: group.policy.retry.by_kind,
        max_attempts: group.policy.retry.max_attempts,
        backoff: Some(backoff),
        patience: Some(patience),
        inflow: group.policy.inflow_cap,
        fallbacks: lists.plain.as_deref().map(ids),
        context_window_fallbacks: listed(&lists.context_window),
        content_policy_fallbacks: listed(&lists.content_policy).unwrap_or_default(),
        fallback_on: group.policy.fallback_on,
        shed_below: group.policy.shed_below,
        preflight: group.policy.preflight,
    }
}

fn deployment(config: &Config, deployment: &config::Deployment) -> sanso_core::Deployment {
    let breaker = &deployment.breaker;
    let called = deployment.mock_response.is_none();
    let group = config.groups.iter().find(|group| group.name == deployment.group);
    let retry_budget = group.map_or(config.policy.retry.budget, |group| group.policy.retry.budget);
    let host = host(deployment).filter(|_| called);
    let domains = if called { deployment.domain.names(host.as_deref()) } else { Vec::new() };
    sanso_core::Deployment {
        key: deployment.id.as_str().into(),
        weight: config.weight(deployment),
        order: deployment.order.unwrap_or(u32::MAX),
        breaker: BreakerPolicy {
            enabled: breaker.enabled,
            window: breaker.window,
            min_calls: breaker.min_calls,
            failure_rate: breaker.fault_rate,
            allowed_fails: breaker.allowed_fails,
            min_rate: breaker.min_rate,
            cooldown: breaker.cooldown,
            probes: breaker.probes,
            success_threshold: breaker.success_threshold,
            lone: false,
            slow: breaker.slow,
        },
        limits: limits(deployment),
        credential: called.then(|| credential(deployment)),
        domains: domains.into_iter().map(Arc::from).collect(),
        host,
        retry_budget,
        capabilities: if called { capabilities(deployment) } else { CANNED },
    }
}

/// A canned answer is the same whatever is asked, and goes on from nothing.
const CANNED: Capabilities = Capabilities { lacks: Needs::CONTINUATION, window: None };

fn capabilities(deployment: &config::Deployment) -> Capabilities {
    // LiteLLM's catalogue writes 0 where it does not know.
    let window = deployment.max_input_tokens.filter(|tokens| *tokens > 0);
    Capabilities { lacks: deployment.lacks, window }
}

/// Names provider, origin and key together, and gives the key away to nobody: the hash is keyed with
/// a secret of this process, and 64 bits of it say nothing of a key that is longer.
fn credential(deployment: &config::Deployment) -> Arc<str> {
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let key = deployment.api_key.as_ref().map(ExposeSecret::expose_secret);
    let headers: Vec<_> =
        deployment.headers.iter().map(|(name, value)| (name, value.expose_secret())).collect();
    let origin = deployment.api_base.parse::<Uri>().ok();
    let authority = origin.as_ref().and_then(Uri::authority).map(Authority::as_str);
    let hash = HASHER.hash_one((&deployment.provider, authority, key, headers));
    format!("{hash:016x}").into()
}

/// `host:port`, as it is called.
fn host(deployment: &config::Deployment) -> Option<Arc<str>> {
    let base: Uri = deployment.api_base.parse().ok()?;
    let port = base.port_u16().unwrap_or(if base.scheme_str() == Some("http") { 80 } else { 443 });
    Some(format!("{}:{port}", base.host()?.to_ascii_lowercase()).into())
}

fn limits(deployment: &config::Deployment) -> DeploymentLimits {
    let timeouts = &deployment.timeouts;
    let patient = timeouts.first_token_patient;
    DeploymentLimits {
        connect: timeouts.connect,
        first_token: if deployment.local { patient } else { timeouts.first_token },
        first_token_thinking: patient,
        per_10k_tokens: timeouts.first_token_per_10k,
        gap: timeouts.gap,
        gap_thinking: timeouts.gap_patient,
        timeout: timeouts.timeout,
        stream_timeout: timeouts.stream_timeout,
        thinks: deployment.thinks,
    }
}

fn ids(indices: impl AsRef<[usize]>) -> Vec<GroupId> {
    indices.as_ref().iter().map(|index| id(*index)).collect()
}

/// A configuration is bounded far below 2^32 entries.
fn id(index: usize) -> GroupId {
    GroupId::new(u32::try_from(index).unwrap_or(u32::MAX))
}

fn deployment_id(index: usize) -> DeploymentId {
    DeploymentId::new(u32::try_from(index).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sanso_core::Class;

    use super::*;

    /// Seconds that a request which does not ask to think is given for its first token.
    fn first_token_of(model: &str, info: &str) -> u64 {
        let params = format!("{{ model: {model}, api_key: k }}");
        let text = format!(
            "model_list: [{{ model_name: m, litellm_params: {params}, model_info: {{ {info} }} }}]"
        );
        let environment = BTreeMap::<String, String>::new();
        let config = config::parse(&text, "t.yaml", &environment, config::Options::default());
        let topology = topology(&config.unwrap());
        let class = Class { stream: true, thinks: false };
        topology.deployment(deployment_id(0)).limits.first_token_of(class, 0).as_secs()
    }

    #[test]
    fn a_model_that_thinks_is_not_given_up_after_ten_seconds() {
        for (model, info, seconds) in [
            ("openai/gpt-4.1", "", 10),
            ("openai/gpt-own", "supports_reasoning: true", 60),
            ("openai/o3", "supports_reasoning: true", 60),
            ("openai/o3", "", 60),
            ("openai/o4-mini-2025-04-16", "", 60),
            ("openrouter/openai/o3", "", 60),
            ("gemini/gemini-2.5-pro", "", 60),
            ("openai/o3", "supports_reasoning: false", 10),
            ("openai/omni-moderation", "", 10),
        ] {
            assert_eq!(first_token_of(model, info), seconds, "{model} {info}");
        }
    }

    #[test]
    fn a_model_that_thinks_only_when_asked_is_not_waited_for_unasked() {
        for (model, info, seconds) in [
            ("anthropic/claude-sonnet-4-5", "supports_reasoning: true", 10),
            ("openrouter/anthropic/claude-sonnet-4.5", "supports_reasoning: true", 10),
            ("anthropic/claude-opus-4-8", "", 10),
            ("anthropic/claude-opus-4-8", "supports_reasoning: true", 60),
            ("anthropic/claude-fable-5", "", 60),
        ] {
            assert_eq!(first_token_of(model, info), seconds, "{model} {info}");
        }
    }
}
