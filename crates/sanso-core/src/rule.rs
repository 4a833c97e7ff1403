//! The table of faults: what each kind means for the retry, the next leg and the gates.
//!
//! It is the table of `chain.md`, section *Faults*, row by row. Nothing else in sanso branches on a
//! kind to decide any of these three things.

use crate::fault::{ConnectionFault, FaultKind, Phase};

/// What one kind of fault leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether this request may call the same deployment again while another could serve.
    pub again: Again,
    /// Where the request goes when its leg ends with this fault.
    pub next: NextLeg,
    /// Which gate hears of it.
    pub gate: GateRule,
}

/// Whether a deployment may be called again after a fault, *while another could serve*. With nowhere
/// else to go only [`Again::Never`] forbids it, and `num_retries` decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// As often as `num_retries`, patience and the deadline allow.
    Yes,
    /// One more call in this request, whatever kinds follow.
    Once,
    /// Only when no other could serve.
    OnlyAlone,
    /// Not at all: the same call would fail the same way.
    Never,
}

/// Where a request goes when a leg ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextLeg {
    /// On along the chain; a sibling may be tried too.
    Yes,
    /// Of the first leg: the `context_window_fallbacks`; of a later one: its own list, else on.
    ContextList,
    /// Of the first leg: the `content_policy_fallbacks`; of a later one: its own list, else on.
    PolicyList,
    /// Of the first leg: to the caller; of a later one: on along the chain.
    NotFromFirst,
    /// Nowhere: the request is over.
    Never,
}

/// Which gate a fault is reported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateRule {
    /// None: it says nothing about the deployment.
    None,
    /// The breaker, with this weight.
    Breaker(Weight),
    /// The breaker with full weight, and the host gate.
    BreakerAndHost,
    /// The quota gate.
    Quota,
    /// The credential gate.
    Credential,
    /// The model gate.
    Model,
}

/// How much a fault counts for the breaker, in halves so that sums stay exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u32);

impl Weight {
    /// A fault.
    pub const FULL: Self = Self(2);
    /// Half a fault: soft faults, and users who gave up on a silent call.
    pub const HALF: Self = Self(1);

    /// The weight in halves.
    #[must_use]
    pub const fn halves(self) -> u32 {
        self.0
    }
}

impl FaultKind {
    /// What this kind leads to.
    ///
    /// `Timeout(Total)` reads *once* here; that a limit over 60 s forbids it is known only to the
    /// chain, which knows how long the call took.
    #[must_use]
    pub const fn rule(self) -> Rule {
        use Again::{Never, Once, OnlyAlone, Yes};
        const BREAKER: GateRule = GateRule::Breaker(Weight::FULL);
        const SOFT: GateRule = GateRule::Breaker(Weight::HALF);
        const HOST: GateRule = GateRule::BreakerAndHost;
        let (again, next, gate) = match self {
            Self::RateLimited => (Yes, NextLeg::Yes, GateRule::Quota),
            Self::QuotaExhausted => (Never, NextLeg::Yes, GateRule::Credential),
            Self::Overloaded | Self::ServerError => (Yes, NextLeg::Yes, BREAKER),
            Self::Timeout(Phase::Connect) => (Once, NextLeg::Yes, HOST),
            Self::Timeout(Phase::FirstToken | Phase::Gap) => (OnlyAlone, NextLeg::Yes, BREAKER),
            Self::Timeout(Phase::Total) => (Once, NextLeg::Yes, BREAKER),
            Self::Connection(ConnectionFault::Establish) => (Once, NextLeg::Yes, HOST),
            Self::Connection(ConnectionFault::Lost | ConnectionFault::Reused) => {
                (Once, NextLeg::Yes, BREAKER)
            }
            Self::Malformed => (Once, NextLeg::Yes, BREAKER),
            // Before commit a break is any other fault; after it the chain is at its end.
            Self::Broken => (Once, NextLeg::Yes, BREAKER),
            Self::ContextWindow => (Never, NextLeg::ContextList, GateRule::None),
            Self::ContentPolicy => (Never, NextLeg::PolicyList, GateRule::None),
            Self::Authentication => (Never, NextLeg::Yes, GateRule::Credential),
            Self::NotFound => (Never, NextLeg::Yes, GateRule::Model),
            Self::BadRequest => (Never, NextLeg::NotFromFirst, GateRule::None),
            Self::Soft(_) => (Once, NextLeg::Yes, SOFT),
            Self::Cancelled => (Never, NextLeg::Never, GateRule::None),
        };
        Rule { again, next, gate }
    }

    /// The HTTP status when this fault is the final word, given the provider's own status.
    ///
    /// `Authentication` is the operator's key, not the caller's: never the provider's 401.
    /// `NotFound` is 404 only if every leg that was called says so (`everyone`).
    #[must_use]
    pub fn final_status(self, provider: Option<u16>, everyone: bool) -> u16 {
        let client_error = || provider.filter(|status| (400..500).contains(status)).unwrap_or(400);
        match self {
            Self::RateLimited => 429,
            Self::QuotaExhausted | Self::Overloaded => 503,
            Self::ServerError => {
                provider.filter(|status| (500..600).contains(status)).unwrap_or(500)
            }
            Self::Timeout(_) => 504,
            Self::Connection(_) | Self::Malformed | Self::Broken | Self::Soft(_) => 502,
            Self::ContextWindow | Self::ContentPolicy | Self::BadRequest => client_error(),
            Self::Authentication => 502,
            Self::NotFound => {
                if everyone {
                    404
                } else {
                    502
                }
            }
            // nginx's "client closed request": never seen by a client, only by the log.
            Self::Cancelled => 499,
        }
    }
}
