//! The four states and what each of them holds.

use super::types::BreakerState;
use crate::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub(super) enum State {
    Closed { since: Instant },
    Open { since: Instant, until: Instant },
    HalfOpen { since: Instant, leases: Vec<Lease>, successes: u32 },
    Recovering(SlowStart),
}

impl State {
    pub(super) const fn name(&self) -> BreakerState {
        match self {
            Self::Closed { .. } => BreakerState::Closed,
            Self::Open { .. } => BreakerState::Open,
            Self::HalfOpen { .. } => BreakerState::HalfOpen,
            Self::Recovering(_) => BreakerState::Recovering,
        }
    }
}

/// A probe's place, and when it loses it without a verdict.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) id: u64,
    /// `None`: content has come, and the breaker is tried to the end.
    pub(super) expires: Option<Instant>,
}

/// When the first of the leases that ran out by `now` did so.
pub(super) fn expired(leases: &[Lease], now: Instant) -> Option<Instant> {
    leases.iter().filter_map(|lease| lease.expires).min().filter(|expires| *expires <= now)
}

/// Slow start, like TCP's: the window grows by one with each success, so it doubles each round trip,
/// and doubles by itself after every two seconds without a fault. One caller at a time gets the
/// primary back at once; five thousand waiting ones do not crush it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowStart {
    pub(super) since: Instant,
    /// Calls without a verdict that it lets be.
    pub(super) window: u32,
    /// The last fault, or the last doubling.
    pub(super) grown_at: Instant,
    /// When someone last found the window full.
    pub(super) turned_away: Option<Instant>,
}

impl SlowStart {
    const DOUBLES_EVERY: Duration = Duration::from_secs(2);
    const LASTS_AT_LEAST: Duration = Duration::from_secs(10);
    /// No one turned away for this long: the window holds the whole load.
    const QUIET: Duration = Duration::from_secs(1);
    const WIDE: u32 = 64;

    pub(super) const fn new(now: Instant, window: u32) -> Self {
        Self { since: now, window, grown_at: now, turned_away: None }
    }

    /// Doubles the window for each two seconds without a fault up to `now`.
    pub(super) fn grow(&mut self, now: Instant) {
        while now - self.grown_at >= Self::DOUBLES_EVERY {
            self.grown_at = self.grown_at + Self::DOUBLES_EVERY;
            self.window = self.window.saturating_mul(2);
            if self.window == u32::MAX {
                self.grown_at = now;
            }
        }
    }

    /// The same, grown up to `now`.
    pub(super) fn grown(mut self, now: Instant) -> Self {
        self.grow(now);
        self
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        let quiet = self.turned_away.is_none_or(|at| now - at >= Self::QUIET);
        now - self.since >= Self::LASTS_AT_LEAST && (quiet || self.window >= Self::WIDE)
    }
}
