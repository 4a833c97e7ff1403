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
