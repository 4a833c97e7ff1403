//! The breaker's tunables.

use crate::rng::{Rng, times};
use crate::time::Duration;

/// When a breaker opens, for how long, and how it comes back (`chain.md`, *Breaker*).
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// `false` (`disable_cooldowns`, or `cooldown_time: 0`): it counts and reports but never opens.
    pub enabled: bool,
    /// The span that rates are taken over.
    pub window: Duration,
    /// Rates say nothing below this many calls in the window.
    pub min_calls: u32,
    /// Opens at this share of faults, where `allowed_fails` is not set.
    pub failure_rate: f64,
    /// LiteLLM's `allowed_fails`: opens when the window holds *more* weighted faults than this.
    pub allowed_fails: Option<u32>,
    /// ... and they are at least this share of its calls. 0 gives LiteLLM's letter.
    pub min_rate: f64,
    /// `cooldown_time`: the first open time. It doubles with each reopening.
    pub cooldown: Duration,
    /// Probes without a verdict at once while half-open, and the first window of the slow start.
    pub probes: u32,
    /// Probe successes that end half-open.
    pub success_threshold: u32,
    /// No sibling and no fallback: opened late, since half an answer is better than none.
    pub lone: bool,
    /// The slow rule: opens where the 95th percentile of the window's first-token times is over 3 x
    /// the median of the last hour. Not for a lone deployment.
    pub slow: bool,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            window: Duration::from_secs(60),
            min_calls: 10,
            failure_rate: 0.5,
            allowed_fails: None,
            min_rate: 0.2,
            cooldown: Duration::from_secs(5),
            probes: 1,
            success_threshold: 2,
            lone: false,
            slow: false,
        }
    }
}

impl BreakerPolicy {
    /// An open time grows up to this, or up to `cooldown` where that is longer. A probe costs one
    /// request a moment; a late return costs every request its model.
    const OPEN_CAP: Duration = Duration::from_secs(12);
    /// An open time is scaled by a factor out of this range.
    const JITTER: (f64, f64) = (0.8, 1.2);

    /// The open time after `reopenings` reopenings, before jitter: `cooldown * 2^k`, capped.
    #[must_use]
    pub fn open_time(&self, reopenings: u32) -> Duration {
        let factor = 1_u32.checked_shl(reopenings).unwrap_or(u32::MAX);
        self.cooldown.saturating_mul(factor).min(self.open_cap())
    }

    /// `k` after one more reopening: it grows no further than the cap.
    pub(super) fn lengthened(&self, reopenings: u32) -> u32 {
        reopenings.saturating_add((self.open_time(reopenings) < self.open_cap()).into())
    }

    /// The open time, jittered, so that replicas that opened together do not probe together.
    pub(super) fn draw_open_time(&self, reopenings: u32, rng: &mut Rng) -> Duration {
        let (low, high) = Self::JITTER;
        rng.scaled(self.open_time(reopenings), low, high)
    }

    /// The longest that [`BreakerPolicy::draw_open_time`] may draw.
    pub(super) fn longest_open_time(&self, reopenings: u32) -> Duration {
        times(self.open_time(reopenings), Self::JITTER.1)
    }

    /// How many probes may be out at once. At least one, whatever is set: with none a breaker that
    /// opened would stay open for good.
    pub(super) fn probe_places(&self) -> usize {
        self.probes.max(1) as usize
    }

    fn open_cap(&self) -> Duration {
        Self::OPEN_CAP.max(self.cooldown)
    }
}
