//! The spans of time that sums are kept for.

use sanso_watch::Millis;

/// How long a span is. Spans begin at multiples of their length since the epoch, in UTC, so an hour
/// is made of whole minutes and a day of whole hours; a month ends with one of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Level {
    /// All, the shortest first.
    pub(crate) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its length in seconds.
    pub(crate) const fn seconds(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 24 * 3600,
        }
    }

    /// The start of the span that a moment falls in, in seconds since the epoch.
    pub(crate) const fn start(self, at: Millis) -> u64 {
        let seconds = at.0 / 1000;
        seconds - seconds % self.seconds()
    }
}
