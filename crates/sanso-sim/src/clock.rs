//! The only file of this crate that reads a clock.

use jiff::Timestamp;
use sanso_core::Duration;
use tokio::time::Instant;

/// Time since a moment, by tokio's clock, so that a paused runtime pauses it too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this file is the clock of the simulation")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The moment that lies `after` the start.
    pub(crate) fn at(self, after: Duration) -> Instant {
        self.0 + after
    }
}

/// The wall time, which providers put into bodies and rate limit headers.
pub(crate) fn wall_time() -> Timestamp {
    Timestamp::now()
}
