//! Kinds of fault and ends of attempts, by the words of the page.
//!
//! They are few and fixed, so whatever is counted by them is bounded.

use std::fmt;

use sanso_core::{FaultKind, Phase as CorePhase};
use serde::{Deserialize, Serialize};

/// The kind of a fault, as in `chain.md`. A timeout's phase stands beside it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[expect(missing_docs, reason = "the kinds are those of the core, where each is described")]
pub enum Kind {
    RateLimited,
    QuotaExhausted,
    Overloaded,
    ServerError,
    Timeout,
    Connection,
    Malformed,
    Broken,
    ContextWindow,
    ContentPolicy,
    Authentication,
    NotFound,
    BadRequest,
    Soft,
    Cancelled,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout,
        Self::Connection,
        Self::Malformed,
        Self::Broken,
        Self::ContextWindow,
        Self::ContentPolicy,
        Self::Authentication,
        Self::NotFound,
        Self::BadRequest,
        Self::Soft,
        Self::Cancelled,
    ];

    /// Its place in [`Kind::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// As the page and its JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "RateLimited",
            Self::QuotaExhausted => "QuotaExhausted",
            Self::Overloaded => "Overloaded",
            Self::ServerError => "ServerError",
            Self::Timeout => "Timeout",
            Self::Connection => "Connection",
            Self::Malformed => "Malformed",
            Self::Broken => "Broken",
            Self::ContextWindow => "ContextWindow",
            Self::ContentPolicy => "ContentPolicy",
            Self::Authentication => "Authentication",
            Self::NotFound => "NotFound",
            Self::BadRequest => "BadRequest",
            Self::Soft => "Soft",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Reads a kind's name, whatever its case and underscores: a filter may say `rate_limited`, as
    /// the request log does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let text = plain(text);
        Self::ALL.into_iter().find(|kind| plain(kind.as_str()) == text)
    }

    /// The provider or the way to it failed, rather than the request: what its error rate counts.
    #[must_use]
    pub const fn is_providers(self) -> bool {
        match self {
            Self::RateLimited
            | Self::QuotaExhausted
            | Self::Overloaded
            | Self::ServerError
            | Self::Timeout
            | Self::Connection
            | Self::Malformed
            | Self::Broken
            | Self::Authentication
            | Self::NotFound => true,
            // A prompt too long, a filter, a caller's mistake, a client that left; soft failures are
            // the model's, and have a signal of their own.
            Self::ContextWindow
            | Self::ContentPolicy
            | Self::BadRequest
            | Self::Soft
            | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<FaultKind> for Kind {
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::RateLimited => Self::RateLimited,
            FaultKind::QuotaExhausted => Self::QuotaExhausted,
            FaultKind::Overloaded => Self::Overloaded,
            FaultKind::ServerError => Self::ServerError,
            FaultKind::Timeout(_) => Self::Timeout,
            FaultKind::Connection(_) => Self::Connection,
            FaultKind::Malformed => Self::Malformed,
            FaultKind::Broken => Self::Broken,
            FaultKind::ContextWindow => Self::ContextWindow,
            FaultKind::ContentPolicy => Self::ContentPolicy,
            FaultKind::Authentication => Self::Authentication,
            FaultKind::NotFound => Self::NotFound,
            FaultKind::BadRequest => Self::BadRequest,
            FaultKind::Soft(_) => Self::Soft,
            FaultKind::Cancelled => Self::Cancelled,
        }
    }
}

/// The limit that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the phases are those of the core, where each is described")]
pub enum Phase {
    Connect,
    FirstToken,
    Gap,
    Total,
}

impl From<CorePhase> for Phase {
    fn from(phase: CorePhase) -> Self {
        match phase {
            CorePhase::Connect => Self::Connect,
            CorePhase::FirstToken => Self::FirstToken,
            CorePhase::Gap => Self::Gap,
            CorePhase::Total => Self::Total,
        }
    }
}

/// How an attempt ended. In JSON one word: `success`, or the kind of its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "OutcomeWord", into = "OutcomeWord")]
pub enum Outcome {
    /// With a complete answer.
    Success,
    /// With a fault; an attempt that was given up is [`Kind::Cancelled`].
    Fault(Kind),
}

impl Outcome {
    /// The kind of its fault.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Success => None,
            Self::Fault(kind) => Some(kind),
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Success {
    #[serde(rename = "success")]
    Success,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum OutcomeWord {
    Success(Success),
    Fault(Kind),
}

impl From<OutcomeWord> for Outcome {
    fn from(word: OutcomeWord) -> Self {
        match word {
            OutcomeWord::Success(Success::Success) => Self::Success,
            OutcomeWord::Fault(kind) => Self::Fault(kind),
        }
    }
}

impl From<Outcome> for OutcomeWord {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success(Success::Success),
            Outcome::Fault(kind) => Self::Fault(kind),
        }
    }
}
