//! What is watched, and of whom.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// A row of the table in `monitoring.md`. In the order in which they tell more: of several alerts of
/// one chain the first speaks for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// No leg answered.
    Unavailable,
    /// A stored or static answer stood in.
    Degraded,
    /// Answered by a leg that is not the first.
    FallbackRate,
    /// A provider refuses a key.
    Authentication,
    /// An account is out of money, or of its daily quota.
    Quota,
    /// A provider does not know a model.
    NotFound,
    /// Answers of a model that are not what was wanted.
    SoftFailureRate,
    /// Attempts that a provider failed.
    ProviderErrorRate,
    /// A breaker went from closed to open.
    BreakerOpenings,
}

impl Signal {
    /// Every signal, in their order.
    pub const ALL: [Self; 9] = [
        Self::Unavailable,
        Self::Degraded,
        Self::FallbackRate,
        Self::Authentication,
        Self::Quota,
        Self::NotFound,
        Self::SoftFailureRate,
        Self::ProviderErrorRate,
        Self::BreakerOpenings,
    ];

    /// As metrics and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Degraded => "degraded",
            Self::FallbackRate => "fallback_rate",
            Self::Authentication => "authentication",
            Self::Quota => "quota",
            Self::NotFound => "not_found",
            Self::SoftFailureRate => "soft_failure_rate",
            Self::ProviderErrorRate => "provider_error_rate",
            Self::BreakerOpenings => "breaker_openings",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unavailable => "unanswered requests",
            Self::Degraded => "stored answers",
            Self::FallbackRate => "fallback rate",
            Self::Authentication => "key refused",
            Self::Quota => "quota exhausted",
            Self::NotFound => "model not found",
            Self::SoftFailureRate => "soft failures",
            Self::ProviderErrorRate => "provider errors",
            Self::BreakerOpenings => "breaker openings",
        }
    }

    /// Of a signal that fires at once: the kind of fault that it is about.
    pub(crate) const fn at_once(self) -> Option<Kind> {
        match self {
            Self::Authentication => Some(Kind::Authentication),
            Self::NotFound => Some(Kind::NotFound),
            Self::Quota => Some(Kind::QuotaExhausted),
            Self::Unavailable
            | Self::Degraded
            | Self::FallbackRate
            | Self::SoftFailureRate
            | Self::ProviderErrorRate
            | Self::BreakerOpenings => None,
        }
    }

    /// It is about the requests of one chain.
    #[must_use]
    pub const fn is_of_chain(self) -> bool {
        matches!(self, Self::Unavailable | Self::Degraded | Self::FallbackRate)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Quality is slipping.
    Warn,
    /// Someone has to look.
    Critical,
}

/// Whom a signal is about: a chain, a provider, a model, a deployment or a key. Names, not numbers, so
/// that an alert outlives a reload and a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The chain's group; of a signal that is not a chain's: the chain that suffers most directly.
    pub model_group: Option<Arc<str>>,
    /// That chain's task.
    pub task: Option<Arc<str>>,
    /// The provider.
    pub provider: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The deployment's id.
    pub deployment: Option<Arc<str>>,
    /// The name of the variable that holds the key.
    pub key_name: Option<Arc<str>>,
}
