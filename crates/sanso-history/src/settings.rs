//! What a history is told: where it is, how long it keeps what, how large it may become.

use std::path::PathBuf;
use std::time::Duration;

use sanso_watch::Millis;

/// All that a [`History`](crate::History) needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file. Its directory must exist: one that is missing is more often a volume that is not
    /// mounted than a wish for a new one.
    pub path: PathBuf,
    /// How long things are kept.
    pub retention: Retention,
    /// Bytes the file is kept under, by giving up the oldest requests first. Below some megabytes events
    /// may find no room at all; they are then dropped and counted.
    pub max_bytes: u64,
    /// Events that may wait for the writer; more are dropped and counted.
    pub queue: usize,
    /// How long events are gathered into one transaction.
    pub gather: Duration,
    /// How long a statement waits for another process's lock.
    pub busy: Duration,
    /// The first pause after a failed write; each further one is twice as long.
    pub retry_first: Duration,
    /// The longest pause.
    pub retry_most: Duration,
    /// The time of day, for retention and for ranges that end now.
    pub clock: fn() -> Millis,
}

impl Settings {
    /// The defaults, for this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, clock: fn() -> Millis) -> Self {
        Self {
            path: path.into(),
            retention: Retention::default(),
            max_bytes: 1 << 30,
            // With its trail an event takes about 1 kB: 16 MiB at most, and several seconds of a
            // busy gateway.
            queue: 16 * 1024,
            // A crash loses this much at most; a page is not looked at more often than this.
            gather: Duration::from_millis(250),
            busy: Duration::from_secs(2),
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(60),
            clock,
        }
    }
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Requests with their trails.
    pub requests: Duration,
    /// Sums per minute.
    pub minutes: Duration,
    /// Sums per hour, and what breakers, gates and operators did.
    pub hours: Duration,
    /// Sums per day.
    pub days: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Retention {
    /// Requests for 7 days; minutes for 3, hours for 90, days for two years.
    fn default() -> Self {
        Self { requests: DAY * 7, minutes: DAY * 3, hours: DAY * 90, days: DAY * 730 }
    }
}
