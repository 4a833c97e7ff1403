//! Monotonic time as a value.
//!
//! The core never reads a clock: every decision takes `now` as an argument, so the same code runs
//! on real sockets and through a simulated year. [`Instant`] is our own type rather than
//! `std::time::Instant` because that one cannot be built from a number, which a simulation must do.

use std::ops::{Add, Sub};
pub use std::time::Duration;

/// A point on the monotonic clock, counted from an origin that the driver chooses.
///
/// Arithmetic saturates: a clock that steps backwards yields zero durations, never a panic.
///
/// ```
/// use sanso_core::{Duration, Instant};
/// let start = Instant::ORIGIN + Duration::from_secs(1);
/// assert_eq!(start + Duration::from_millis(5) - start, Duration::from_millis(5));
/// assert_eq!(start - (start + Duration::from_secs(9)), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The origin of the clock.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The instant that lies `since_origin` after the origin.
    #[must_use]
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Time since the origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        self.0.saturating_sub(rhs.0)
    }
}
