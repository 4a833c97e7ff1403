//! The checked configuration: what the gateway runs on. Nothing here can be invalid, and every
//! default is filled in.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use super::domain::Domain;
pub use sanso_core::FallbackOn;
pub use sanso_core::RetriesByKind;
pub use sanso_core::{Needs, Preflight, Price};
use sanso_wire::Dialect;
use secrecy::SecretString;
use serde_json::Value as Json;

use super::{Admin, Alerts, Checks, Degrade, Diagnostic, History, Trust};

/// Position of a [`Group`] in [`Config::groups`].
pub type GroupIndex = usize;
/// Position of a [`Deployment`] in [`Config::deployments`].
pub type DeploymentIndex = usize;

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything that can be called, in the order of the file.
    pub deployments: Vec<Deployment>,
    /// Everything that can be asked for or fallen back to: the file's model groups by first
    /// appearance, then those that only fallback lists and tasks name, then one for each task.
    pub groups: Vec<Group>,
    /// Kinds of work, each with an order of models of its own.
    pub tasks: Vec<Task>,
    /// Other names for groups: LiteLLM's `model_group_alias`.
    pub aliases: BTreeMap<String, Alias>,
    /// The list of groups without one of their own; its first also serves unknown models.
    pub default_fallbacks: Vec<GroupIndex>,
    /// What holds for every group that says nothing else.
    pub policy: Policy,
    /// Sizes and counts that bound everything.
    pub limits: Limits,
    /// What is logged.
    pub log: Log,
    /// Where what happens can be looked at.
    pub admin: Admin,
    /// Where it is kept; `None` keeps it nowhere.
    pub history: Option<History>,
    /// Whose certificates hold.
    pub trust: Trust,
    /// Who is told of alerts, and from which line on.
    pub alerts: Alerts,
    /// The key that clients must send; `None` leaves the gateway open.
    pub master_key: Option<SecretString>,
    /// Severity warning: the gateway runs, but see to these.
    pub warnings: Vec<Diagnostic>,
    /// Severity note.
    pub notes: Vec<Diagnostic>,
}

/// A kind of work (`tasks.md`): the groups that serve it, and what their order goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What requests call it.
    pub name: String,
    /// What the order of its groups goes by.
    pub strategy: Strategy,
    /// Its groups, as listed.
    pub legs: Vec<GroupIndex>,
    /// `fallback: deny`: the first leg or an error. By quality, that of the highest given score.
    pub deny_fallback: bool,
    /// The entry of [`Config::groups`] that stands for it, with the policy of its requests.
    pub group: GroupIndex,
}

/// What the order of a task's groups goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// As listed.
    Order,
    /// The highest quality first: as it is given, lowered by soft faults where another may answer.
    Quality,
    /// The lowest expected price of the request first.
    Cost,
    /// The quickest first.
    Latency,
}

impl Strategy {
    /// As the file writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Quality => "quality",
            Self::Cost => "cost",
            Self::Latency => "latency",
        }
    }

    /// In words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Order => "in this order",
            Self::Quality => "the highest quality first",
            Self::Cost => "the lowest expected price first",
            Self::Latency => "the quickest first",
        }
    }
}

/// Another name of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The group that answers.
    pub group: GroupIndex,
    /// Kept out of the list of models.
    pub hidden: bool,
}

/// A model group: what a client asks for, or a fallback names.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its `model_name`; for a leg that exists only as a fallback target, the target as written.
    pub name: String,
    /// What it consists of. Empty where all its deployments were left out.
    pub deployments: Vec<DeploymentIndex>,
    /// Where its name comes from.
    pub origin: Origin,
    /// Where a request goes that it could not serve.
    pub fallbacks: Fallbacks,
    /// How requests that ask for it are treated. Its `breaker` and `timeouts` are those of its
    /// deployments that say nothing else.
    pub policy: Policy,
}

/// Where a group's name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `model_list`.
    Listed,
    /// `model_list`, and the name holds a `*` that stands for any text.
    Wildcard,
    /// A fallback list, which names one deployment's id, a model that only a wildcard matches, or an
    /// alias with a list of its own. It is not in the list of models, but who knows its name may ask
    /// for it, as in LiteLLM.
    Target,
    /// A task, by the name of `task/NAME`. It has no deployments of its own.
    Task,
}

/// The lists of one group, by the kind of fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallbacks {
    /// For every fault without a list of its own; `None` where the group has none, and
    /// [`Config::default_fallbacks`] stand in.
    pub plain: Option<Vec<GroupIndex>>,
    /// For a prompt that is too long.
    pub context_window: Listing,
    /// For a refusal by the provider's filter.
    pub content_policy: Listing,
}

/// What one of LiteLLM's special fallback settings says about a group. The difference between the
/// first two decides whether the plain list may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The setting is not used at all.
    Absent,
    /// The setting is used, for other groups only.
    Elsewhere,
    /// The group's own list.
    To(Vec<GroupIndex>),
}

/// One entry of `model_list`: something that can be called.
#[derive(Clone)]
pub struct Deployment {
    /// `model_info.id`, else a hash of the entry as it is written, secrets apart: stable over a
    /// reload and over a change of key.
    pub id: String,
    /// The `model_name` it stands under.
    pub group: String,
    /// The provider's name, as in `provider/model`.
    pub provider: String,
    /// The wire format to call it in.
    pub dialect: Dialect,
    /// The provider's name of the model. With a wildcard, it may hold a `*` for what was matched.
    pub model: String,
    /// The base URL, without a slash at its end.
    pub api_base: String,
    /// The key, if one is needed.
    pub api_key: Option<SecretString>,
    /// The variable or file that the key came from.
    pub key_name: Option<String>,
    /// Further headers of every call.
    pub headers: Vec<(String, SecretString)>,
    /// Parameters that every call to it gets, unless the request sets them itself.
    pub params: BTreeMap<String, Json>,
    /// What decides among siblings.
    pub weights: Weights,
    /// Siblings of a lower order go first; those without an order last.
    pub order: Option<u32>,
    /// Retries for a request that does not set them, where they differ from the group's.
    pub num_retries: Option<u32>,
    /// Its breaker.
    pub breaker: Breaker,
    /// Its limits of time.
    pub timeouts: Timeouts,
    /// Longest prompt, in tokens, where it is known.
    pub max_input_tokens: Option<u64>,
    /// What its tokens cost, where that is known.
    pub price: Option<Price>,
    /// How good its answers are, from 0 to 100, where someone says.
    pub quality: Option<f64>,
    /// What it cannot do, by its dialect and by what the file says of it.
    pub lacks: Needs,
    /// What it shares with others that can fail for all of them at once.
    pub domain: Domain,
    /// It runs on a local server (loopback, private address, or a provider that is one by nature).
    pub local: bool,
    /// It thinks before it speaks, whatever the request says.
    pub thinks: bool,
    /// A canned answer, or one of LiteLLM's magic strings that fail; no provider is called.
    pub mock_response: Option<String>,
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters and headers by name only: their values are the operator's affair.
        f.debug_struct("Deployment")
            .field("id", &self.id)
            .field("group", &self.group)
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("api_base", &self.api_base)
            .field("api_key", &self.api_key.as_ref().map(|_| Masked))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("params", &self.params.keys().collect::<Vec<_>>())
            .field("weights", &self.weights)
            .field("order", &self.order)
            .field("num_retries", &self.num_retries)
            .field("breaker", &self.breaker)
            .field("timeouts", &self.timeouts)
            .field("max_input_tokens", &self.max_input_tokens)
            .field("price", &self.price)
            .field("quality", &self.quality)
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}

struct Masked;

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::source::MASK)
    }
}

/// The signals of LiteLLM's `simple-shuffle`, in the order in which they count: the first that any
/// sibling has above zero decides, and is zero for those without it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weights {
    /// `weight`.
    pub weight: Option<f64>,
    /// Requests per minute.
    pub rpm: Option<f64>,
    /// Tokens per minute.
    pub tpm: Option<f64>,
}

/// How requests are treated.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Tier 1.
    pub retry: Retry,
    /// Refusals of the first leg that lead to the plain fallbacks.
    pub fallback_on: FallbackOn,
    /// What answers are looked at for.
    pub checks: Checks,
    /// The breakers of the deployments.
    pub breaker: Breaker,
    /// Limits of time.
    pub timeouts: Timeouts,
    /// What streams are given.
    pub streams: Streams,
    /// While a smaller share of a chain's deployments than this can be called, requests whose body
    /// `priority` is above 0 are turned away. `None`: none are.
    pub shed_below: Option<f64>,
    /// The most calls in flight that came to the group by fallback. `None`: any number.
    pub inflow_cap: Option<u32>,
    /// What becomes of deployments that cannot do what a request asks.
    pub preflight: Preflight,
    /// What a caller gets where no deployment answers.
    pub degrade: Degrade,
}

/// Tier 1: trying again within a leg.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Attempts of a leg after its first; `None` where nothing sets it, and
    /// [`super::defaults::NUM_RETRIES`] holds.
    pub num_retries: Option<u32>,
    /// The same by kind of fault, where it differs.
    pub by_kind: RetriesByKind,
    /// Attempts of one request over all legs; `None` where nothing sets it. See
    /// [`Config::max_attempts`].
    pub max_attempts: Option<u32>,
    /// Least wait before a deployment is called again.
    pub retry_after: Duration,
    /// Blind backoff a request may spend in a leg while another deployment could serve it.
    pub patience: Duration,
    /// The same where the provider named the time.
    pub patience_hinted: Duration,
    /// Tokens of each deployment's retry budget; `None` where it is switched off.
    pub budget: Option<u32>,
}

/// What streams are given (`chain.md`, *Streams*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// After so much silence headers and comments go out, though no content has come.
    pub commit_by: Duration,
    /// `buffer: full`: the whole answer is held before any of it goes out.
    pub buffer_full: bool,
    /// `on_break: continue`: another carries on a plain text that breaks.
    pub continues: bool,
    /// Plain calls are streamed upstream and put together here.
    pub upstream_stream: bool,
}

/// When a breaker opens, and how it closes again.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// `false` counts, but lets every call through (`cooldown_time: 0`, `disable_cooldowns`).
    pub enabled: bool,
    /// How long it stays open at first.
    pub cooldown: Duration,
    /// Weighted faults in the window above which it opens. `None` goes by the fault rate.
    pub allowed_fails: Option<u32>,
    /// Share of the calls that the faults must reach for `allowed_fails` to count.
    pub min_rate: f64,
    /// What it remembers.
    pub window: Duration,
    /// Calls in the window below which a fault rate says nothing.
    pub min_calls: u32,
    /// Fault rate that opens it without `allowed_fails`.
    pub fault_rate: f64,
    /// Calls without a verdict that it lets through at once when half-open.
    pub probes: u32,
    /// Successes after which it starts to recover.
    pub success_threshold: u32,
    /// It opens when the window is far slower than the last hour, too.
    pub slow: bool,
}

/// Limits of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeouts {
    /// One plain attempt, up to its whole answer.
    pub timeout: Duration,
    /// Whether the file sets it.
    pub timeout_is_set: bool,
    /// One streamed attempt, up to its first content.
    pub stream_timeout: Duration,
    /// The request up to its first content. Of a group's policy; a deployment has none of its own.
    pub deadline: Duration,
    /// DNS, TCP and TLS.
    pub connect: Duration,
    /// First content of a stream, for an empty prompt.
    pub first_token: Duration,
    /// What every 10,000 prompt tokens add to it.
    pub first_token_per_10k: Duration,
    /// `first_token` of models that think before they speak, and of local servers.
    pub first_token_patient: Duration,
    /// Between two contents of a stream.
    pub gap: Duration,
    /// The same for models that think.
    pub gap_patient: Duration,
}

/// Sizes and counts that bound everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Head of an upstream answer, in bytes.
    pub head: usize,
    /// One event of an upstream stream, in bytes.
    pub event: usize,
    /// An upstream answer, in bytes.
    pub answer: usize,
    /// Stored answers in all, in bytes.
    pub stored: usize,
    /// A client's request body, in bytes.
    pub body: usize,
    /// How deep fallback lists may nest.
    pub max_fallbacks: u32,
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least level.
    pub level: Level,
    /// The shape of a line.
    pub format: LogFormat,
}

/// Levels of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the usual levels under their usual names")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Shapes of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}
