//! The ranges that the page offers.

use serde::{Deserialize, Serialize};

use crate::figures::{DAY, HOUR, MINUTE};

/// How far back the page looks. Live figures reach back a day; the history has the rest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Range {
    #[serde(rename = "15m")]
    Quarter,
    #[default]
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

/// A range that the page does not offer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no range is called {0:?}; there are 15m, 1h, 6h, 24h, 7d and 30d")]
pub struct UnknownRange(String);

impl Range {
    /// Every range, the shortest first.
    pub const ALL: [Self; 6] =
        [Self::Quarter, Self::Hour, Self::SixHours, Self::Day, Self::Week, Self::Month];

    /// In milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        match self {
            Self::Quarter => 15 * MINUTE,
            Self::Hour => HOUR,
            Self::SixHours => 6 * HOUR,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
        }
    }

    /// As a query names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// "in the last ...".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Quarter => "15 minutes",
            Self::Hour => "hour",
            Self::SixHours => "6 hours",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }
}

impl std::str::FromStr for Range {
    type Err = UnknownRange;

    fn from_str(text: &str) -> Result<Self, UnknownRange> {
        let named = Self::ALL.into_iter().find(|range| range.as_str() == text);
        named.ok_or_else(|| UnknownRange(text.chars().take(20).collect()))
    }
}
