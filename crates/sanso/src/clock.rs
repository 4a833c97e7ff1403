//! The only reader of the clock and of the operating system's randomness.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use sanso_core::{Duration, Instant, Rng};
use sanso_watch::Millis;
use tokio::time::Instant as TokioInstant;
use uuid::Builder;

/// The time of day, for what is shown and kept.
#[must_use]
pub fn wall_clock() -> Millis {
    Millis(u64::try_from(Clock::wall().as_millisecond()).unwrap_or_default())
}

/// Ten years after the start. A limit may be longer (a configuration may set any); the system's
/// clock cannot count for ever.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The monotonic clock of one gateway, counted from its start.
///
/// It reads tokio's clock rather than the system's, so that a paused runtime pauses it too.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: TokioInstant,
    /// Where the next request's random numbers begin.
    seed: AtomicU64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn start() -> Self {
        // `RandomState` is seeded by the system: randomness without a crate, drawn once.
        let seed = RandomState::new().hash_one("sanso");
        Self { origin: TokioInstant::now(), seed: AtomicU64::new(seed) }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn now(&self) -> Instant {
        Instant::from_origin(TokioInstant::now().saturating_duration_since(self.origin))
    }

    /// The same instant, as tokio's timers take it, which is not beyond [`FAR`].
    pub(crate) fn to_tokio(&self, at: Instant) -> TokioInstant {
        self.origin + at.since_origin().min(FAR)
    }

    /// Wall time, for timestamps and for hints that are dates; no decision is taken on it.
    pub(crate) fn wall() -> Timestamp {
        Timestamp::now()
    }

    /// A UUID of version 7: unique, and in the order of time. Its random bits come from our own
    /// generator, since asking the system would cost a call per request; they need to be different,
    /// not secret.
    pub(crate) fn request_id(&self) -> String {
        let millis = wall_clock().0;
        let mut rng = self.rng();
        let random: [u8; 10] = std::array::from_fn(|_| (rng.unit() * 256.0) as u8);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid().simple().to_string()
    }

    /// Randomness for one request.
    pub(crate) fn rng(&self) -> Rng {
        // An odd step visits every seed before one repeats.
        Rng::from_seed(self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed))
    }
}
