//! What happened, as whoever watches is told it: the type that figures, alerts, the history and the
//! page share.
//!
//! Times are wall-clock time ([`Millis`]), durations whole milliseconds (`_ms`), money US dollars
//! (`_usd`); what is not known is `None`, never 0. Prompts, answers and keys are in none of it.
//!
//! A deployment is named by its id, as in the request log and in the metrics' labels; `provider` and
//! `model` beside it are for people. Groups, tasks, deployments and providers that the
//! [`Plan`](crate::Plan) does not know make no series.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Outcome, Phase};
use crate::millis::Millis;
use crate::reason::{Passed, Reason};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A request ended.
    Request(Arc<Finished>),
    /// A breaker changed its state.
    Breaker(BreakerMoved),
    /// A gate shut or opened.
    Gate(GateMoved),
    /// Something was done to the gateway.
    Mark(Mark),
}

impl Event {
    /// When.
    #[must_use]
    pub fn at(&self) -> Millis {
        match self {
            Self::Request(finished) => finished.at,
            Self::Breaker(moved) => moved.at,
            Self::Gate(moved) => moved.at,
            Self::Mark(mark) => mark.at,
        }
    }
}

/// A finished request. Its JSON names are those of the request log (`monitoring.md`), with the trail;
/// what follows from other fields is added by [`Row`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The gateway's id of it.
    pub request_id: Arc<str>,
    /// When it ended.
    #[serde(rename = "ts")]
    pub at: Millis,
    /// The task that it named.
    pub task: Option<Arc<str>>,
    /// The group that was asked for: the first leg.
    pub model_group: Arc<str>,
    /// How well it was answered.
    #[serde(rename = "degradation_level")]
    pub degradation: Degradation,
    /// Who answered: the provider. `None` where no deployment did.
    pub provider: Option<Arc<str>>,
    /// The model that was called for the answer.
    pub model: Option<Arc<str>>,
    /// The deployment that answered.
    pub deployment: Option<Arc<str>>,
    /// The group of the leg that answered.
    pub answered_by_group: Option<Arc<str>>,
    /// That leg's number in this request's order; 0 is the first.
    pub leg: Option<u32>,
    /// The first leg was tried out, to measure its pace: the second is the one that the request was
    /// meant for, and no fallback.
    #[serde(default)]
    pub explores: bool,
    /// The group that this request was meant for: the asked-for one, or the one that its task's
    /// strategy put first.
    #[serde(default)]
    pub first_group: Option<Arc<str>>,
    /// The same, where another leg answered.
    #[serde(default)]
    pub fallback_from: Option<Arc<str>>,
    /// Why that leg did not answer. `Some` where a later one did, or no one.
    #[serde(rename = "fallback_reason")]
    pub fallback: Option<Reason>,
    /// From arrival to the end.
    pub duration_ms: u64,
    /// From arrival to the first content.
    pub ttft_ms: Option<u64>,
    /// Of the answer.
    pub input_tokens: Option<u64>,
    /// Of the answer.
    pub output_tokens: Option<u64>,
    /// Of the answer. What a call before it cost whose answer was not taken is not in it.
    pub cost_usd: Option<f64>,
    /// What is wrong with the answer that was given.
    #[serde(rename = "soft_fault")]
    pub soft: Option<Soft>,
    /// The answer has the format that was asked for; `None` where none was, or nobody looked.
    pub format_valid: Option<bool>,
    /// The quality that the configuration or the catalogue gives the answering model, 0 to 100.
    #[serde(default)]
    pub quality_score: Option<f64>,
    /// The answering deployment's breaker, at the end.
    pub circuit_state: Option<BreakerState>,
    /// As the caller was told them.
    #[serde(default)]
    pub warnings: Vec<Arc<str>>,
    /// The calls, in their order.
    #[serde(default)]
    pub attempts: Vec<AttemptMade>,
    /// Who was passed over, and why.
    #[serde(default)]
    pub skipped: Vec<Skip>,
}

impl Finished {
    /// A later leg answered than the one that the request was meant for.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.leg.is_some_and(|leg| leg > u32::from(self.explores))
    }

    /// The group that was to answer: a strategy may put another one first for each request. Of a
    /// request that an earlier version kept, it is as much as that tells.
    #[must_use]
    pub fn own_group(&self) -> &str {
        let answered_first = self.answered_by_group.as_ref().filter(|_| self.leg == Some(0));
        let told = self.first_group.as_ref().or(self.fallback_from.as_ref()).or(answered_first);
        told.unwrap_or(&self.model_group)
    }

    /// As `GET /admin/requests` shows it.
    #[must_use]
    pub fn row(&self) -> Row<'_> {
        let is_fallback = self.is_fallback();
        Row {
            event: "request",
            attempt: self.attempts.len(),
            is_fallback,
            failure_kinds: self.attempts.iter().filter_map(|a| a.outcome.kind()).collect(),
            finished: self,
        }
    }
}

/// A finished request with the fields that follow from others.
#[derive(Clone, Debug, Serialize)]
pub struct Row<'a> {
    /// `request`.
    pub event: &'static str,
    /// How many calls were made.
    pub attempt: usize,
    /// Another leg than the first answered.
    pub is_fallback: bool,
    /// The kinds of fault on the way, in their order.
    pub failure_kinds: Vec<Kind>,
    /// The request itself.
    #[serde(flatten)]
    pub finished: &'a Finished,
}

/// How well a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Degradation {
    /// By the leg that it was meant for, or by one that was tried out before it.
    Full,
    /// By another leg.
    Partial,
    /// From store, or by a static answer.
    Degraded,
    /// By no one.
    Unavailable,
    /// The client went away first.
    Cancelled,
    /// The request itself is at fault.
    Rejected,
}

impl Degradation {
    /// As logs, metrics and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    /// Reads what [`Degradation::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Full,
            Self::Partial,
            Self::Degraded,
            Self::Unavailable,
            Self::Cancelled,
            Self::Rejected,
        ];
        all.into_iter().find(|degradation| degradation.as_str() == text)
    }
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the reasons are those of the core, where each is described")]
pub enum Soft {
    Empty,
    Truncated,
    Loop,
    Schema,
    Tools,
    Refusal,
    User,
}

impl Soft {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::Truncated,
        Self::Loop,
        Self::Schema,
        Self::Tools,
        Self::Refusal,
        Self::User,
    ];

    /// As logs, metrics and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Loop => "loop",
            Self::Schema => "schema",
            Self::Tools => "tools",
            Self::Refusal => "refusal",
            Self::User => "user",
        }
    }

    /// As a sentence about answers says it: "19 of 24 were ...".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated => "cut off",
            Self::Loop => "repetitive",
            Self::Schema => "not the JSON asked for",
            Self::Tools => "unusable tool calls",
            Self::Refusal => "refused",
            Self::User => "rejected by your own check",
        }
    }
}

impl From<sanso_core::SoftReason> for Soft {
    fn from(reason: sanso_core::SoftReason) -> Self {
        use sanso_core::SoftReason;
        match reason {
            SoftReason::Empty => Self::Empty,
            SoftReason::Truncated => Self::Truncated,
            SoftReason::Loop => Self::Loop,
            SoftReason::Schema => Self::Schema,
            SoftReason::Tools => Self::Tools,
            SoftReason::Refusal => Self::Refusal,
            SoftReason::User => Self::User,
        }
    }
}

/// One upstream call of a request. What there is not to be said of it is not in its JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptMade {
    /// Whom it went to.
    pub deployment: Arc<str>,
    /// Its provider.
    pub provider: Arc<str>,
    /// The model that was asked for there.
    pub model: Arc<str>,
    /// The leg that it served, in this request's order; 0 is the first.
    pub leg: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The limit that fired, of a timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Of a soft fault: which. It came back as 200 and was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<Soft>,
    /// The provider's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// In the provider's words, masked and cut short by whoever fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
    /// How long the request waited before it.
    pub wait_before_ms: u64,
    /// Since the request's arrival.
    pub start_ms: u64,
    /// From its start to its end.
    pub duration_ms: u64,
    /// From its start to its first content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<u64>,
    /// It was a call past a shut breaker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced_probe: bool,
}

/// A deployment that was passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skip {
    /// Whom.
    pub deployment: Arc<str>,
    /// Why.
    pub gate: Passed,
    /// Since when that gate is shut, of a gate.
    pub since: Option<Millis>,
}

/// A breaker's state as an operator names it; open means no calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the states are those of `chain.md`")]
pub enum BreakerState {
    Closed,
    Open,
    #[serde(alias = "half_open")]
    HalfOpen,
    Recovering,
}

impl From<sanso_core::BreakerState> for BreakerState {
    fn from(state: sanso_core::BreakerState) -> Self {
        match state {
            sanso_core::BreakerState::Closed => Self::Closed,
            sanso_core::BreakerState::Open => Self::Open,
            sanso_core::BreakerState::HalfOpen => Self::HalfOpen,
            sanso_core::BreakerState::Recovering => Self::Recovering,
        }
    }
}

/// A breaker changed its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakerMoved {
    /// Whose.
    pub deployment: Arc<str>,
    /// When.
    pub at: Millis,
    /// The state left.
    pub from: BreakerState,
    /// The state entered.
    pub to: BreakerState,
    /// The kind of fault that opened it: the last one before. `None` for a rule without one (slow
    /// first tokens) or an operator.
    pub kind: Option<Kind>,
    /// An operator did it.
    #[serde(default)]
    pub forced: bool,
    /// Of an opening: when the first probe may go.
    pub next_probe: Option<Millis>,
    /// Of a recovering breaker: calls that it lets through at once.
    pub window: Option<u32>,
}

impl BreakerMoved {
    /// From closed to open; from half-open or recovering it is a *reopening*, which is not counted.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.from == BreakerState::Closed && self.to == BreakerState::Open
    }
}

/// A gate that a deployment has beside its breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the gates are those of `chain.md`")]
pub enum GateName {
    Credential,
    Model,
    Quota,
    Host,
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Dimension {
    #[serde(rename = "requests per minute")]
    Requests,
    #[serde(rename = "tokens per minute")]
    Tokens,
}

impl From<sanso_core::Dimension> for Dimension {
    fn from(dimension: sanso_core::Dimension) -> Self {
        match dimension {
            sanso_core::Dimension::Requests => Self::Requests,
            sanso_core::Dimension::Tokens => Self::Tokens,
        }
    }
}

/// A gate shut or opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateMoved {
    /// The deployment that was called; others may share its credential or host.
    pub deployment: Arc<str>,
    /// When.
    pub at: Millis,
    /// Which.
    pub gate: GateName,
    /// It shut; else it opened.
    pub shut: bool,
    /// The kind of fault that shut it.
    pub kind: Option<Kind>,
    /// Of a quota: which.
    pub dimension: Option<Dimension>,
    /// When it lets a call through again, where that is known.
    pub not_before: Option<Millis>,
}

/// Something was done to the gateway that may explain what follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Millis,
    /// What, in a word.
    pub kind: MarkKind,
    /// What, for people: `config reload, max_tokens of main-model raised from 1,024 to 4,096`.
    pub what: Arc<str>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// The gateway started.
    Start,
    /// The configuration was reloaded.
    Reload,
    /// A deploy was announced.
    Deploy,
    /// A drill began or ended.
    Drill,
}
