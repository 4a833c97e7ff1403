//! Why a request went on from a deployment or a leg, by the words of the page.

use sanso_core::Gate;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// What a deployment was passed over for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Passed {
    #[serde(rename = "credential gate shut")]
    Credential,
    #[serde(rename = "model gate shut")]
    Model,
    #[serde(rename = "quota gate shut")]
    Quota,
    #[serde(rename = "host gate shut")]
    Host,
    #[serde(rename = "breaker open")]
    Breaker,
    #[serde(rename = "window full")]
    Window,
    #[serde(rename = "retry budget spent")]
    Budget,
    #[serde(rename = "retries full")]
    RetryCap,
    #[serde(rename = "fallback inflow full")]
    Inflow,
    /// It cannot do what the request asks.
    #[serde(rename = "unable")]
    Unable,
    /// Less time is left than it usually takes.
    #[serde(rename = "no time")]
    NoTime,
    /// It failed this request before.
    #[serde(rename = "failed before")]
    Failed,
}

impl Passed {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Credential,
        Self::Model,
        Self::Quota,
        Self::Host,
        Self::Breaker,
        Self::Window,
        Self::Budget,
        Self::RetryCap,
        Self::Inflow,
        Self::Unable,
        Self::NoTime,
        Self::Failed,
    ];

    /// As the page writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential gate shut",
            Self::Model => "model gate shut",
            Self::Quota => "quota gate shut",
            Self::Host => "host gate shut",
            Self::Breaker => "breaker open",
            Self::Window => "window full",
            Self::Budget => "retry budget spent",
            Self::RetryCap => "retries full",
            Self::Inflow => "fallback inflow full",
            Self::Unable => "unable",
            Self::NoTime => "no time",
            Self::Failed => "failed before",
        }
    }
}

impl From<Gate> for Passed {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::Credential => Self::Credential,
            Gate::Model => Self::Model,
            Gate::Quota => Self::Quota,
            Gate::Host => Self::Host,
            Gate::Breaker => Self::Breaker,
            Gate::SlowStart => Self::Window,
            Gate::Budget => Self::Budget,
            Gate::RetryCap => Self::RetryCap,
            Gate::Inflow => Self::Inflow,
        }
    }
}

/// Why a request went on to another leg: the fault that moved it, or what its deployments were passed
/// over for. In JSON one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// A fault.
    Fault(Kind),
    /// No call was made.
    Passed(Passed),
}

impl Reason {
    /// How many there are.
    pub const COUNT: usize = Kind::ALL.len() + Passed::ALL.len();

    /// Its number, below [`Reason::COUNT`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Fault(kind) => kind.index(),
            Self::Passed(passed) => Kind::ALL.len() + passed as usize,
        }
    }

    /// Every reason, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        let faults = Kind::ALL.into_iter().map(Self::Fault);
        faults.chain(Passed::ALL.into_iter().map(Self::Passed))
    }

    /// As the page writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fault(kind) => kind.as_str(),
            Self::Passed(passed) => passed.as_str(),
        }
    }

    /// The kind that a cause is worked out from: a gate stands for the faults that shut it. A breaker
    /// or a window does not tell of which, so it says nothing.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Fault(kind) => Some(kind),
            Self::Passed(passed) => match passed {
                Passed::Quota => Some(Kind::RateLimited),
                Passed::Model => Some(Kind::NotFound),
                Passed::Host => Some(Kind::Connection),
                Passed::Credential
                | Passed::Breaker
                | Passed::Window
                | Passed::Budget
                | Passed::RetryCap
                | Passed::Inflow
                | Passed::Unable
                | Passed::NoTime
                | Passed::Failed => None,
            },
        }
    }
}
