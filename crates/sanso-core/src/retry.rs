//! Waiting before a deployment is called again.

use crate::fault::FaultKind;
use crate::rng::Rng;
use crate::time::Duration;

/// Backoff of a request's retries at one deployment (`chain.md`, *Retry*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Base and cap after an overload: a provider out of capacity needs longer than a blip.
    pub overload: Exponential,
    /// Base and cap after everything else.
    pub other: Exponential,
    /// A floor under every wait (LiteLLM's `retry_after`); zero by default.
    pub floor: Duration,
}

/// Grows by doubling from `base` up to `cap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential {
    /// The bound of the first wait.
    pub base: Duration,
    /// The bound that it never passes.
    pub cap: Duration,
}

impl Exponential {
    /// `min(cap, base * 2^n)`.
    #[must_use]
    pub fn bound(self, n: u32) -> Duration {
        self.base.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)).min(self.cap)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            overload: Exponential { base: ms(250), cap: ms(8_000) },
            other: Exponential { base: ms(100), cap: ms(2_000) },
            floor: Duration::ZERO,
        }
    }
}

impl Backoff {
    /// Draws the wait, counted from the last fault: full jitter `U(0, min(cap, base * 2^n))`, `n`
    /// being this request's *earlier* faults at the deployment, and never less than the provider's
    /// hint. Full jitter, because it spreads a crowd of clients best (AWS's study of 2015).
    pub fn draw(self, kind: FaultKind, n: u32, hint: Option<Duration>, rng: &mut Rng) -> Duration {
        let exponential = if kind == FaultKind::Overloaded { self.overload } else { self.other };
        let blind = rng.up_to(exponential.bound(n));
        blind.max(self.floor).max(hint.unwrap_or_default())
    }
}

/// How long a request may wait in one leg (`chain.md`, *Patience*).
///
/// A blip is ridden out on the primary, because switching at the first hiccup costs money and
/// quality; an outage is not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Of blind backoff in all, while another deployment could serve.
    pub blind: Duration,
    /// When the provider itself named the time, while another deployment could serve.
    pub hinted: Duration,
    /// With nowhere else to go. A longer hint is answered at once.
    pub alone: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { blind: s(2), hinted: s(3), alone: s(60) }
    }
}

/// LiteLLM's `retry_policy`: retries in a leg by kind of fault; `None` leaves it to `num_retries`.
///
/// The fields carry LiteLLM's names for its errors; [`RetriesByKind::of`] says which kinds they stand
/// for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields carry LiteLLM's names and meaning")]
pub struct RetriesByKind {
    pub bad_request: Option<u32>,
    pub authentication: Option<u32>,
    pub timeout: Option<u32>,
    pub rate_limit: Option<u32>,
    pub content_policy: Option<u32>,
    pub internal_server: Option<u32>,
    pub service_unavailable: Option<u32>,
    pub not_found: Option<u32>,
    pub default: Option<u32>,
}

impl RetriesByKind {
    /// The retries that are set for this kind.
    #[must_use]
    pub fn of(&self, kind: FaultKind) -> Option<u32> {
        let own = match kind {
            FaultKind::BadRequest | FaultKind::ContextWindow => self.bad_request,
            FaultKind::Authentication => self.authentication,
            FaultKind::Timeout(_) => self.timeout,
            FaultKind::RateLimited | FaultKind::QuotaExhausted => self.rate_limit,
            FaultKind::ContentPolicy => self.content_policy,
            FaultKind::Overloaded => self.service_unavailable,
            FaultKind::NotFound => self.not_found,
            FaultKind::ServerError
            | FaultKind::Connection(_)
            | FaultKind::Malformed
            | FaultKind::Broken => self.internal_server,
            FaultKind::Soft(_) | FaultKind::Cancelled => None,
        };
        own.or(self.default)
    }

    /// The most that any kind is given.
    #[must_use]
    pub fn most(&self) -> Option<u32> {
        let all = [
            self.bad_request,
            self.authentication,
            self.timeout,
            self.rate_limit,
            self.content_policy,
            self.internal_server,
            self.service_unavailable,
            self.not_found,
            self.default,
        ];
        all.into_iter().flatten().max()
    }
}
