//! Wall-clock time as a value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the Unix epoch, UTC. In JSON: RFC 3339 with milliseconds.
///
/// It is wall-clock time and may step, backwards too. Differences saturate at zero, so a step back
/// makes nothing older than it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// The last millisecond of the year 9999, which is the last that RFC 3339 can write.
const LAST: u64 = 253_402_300_799_999;
const SECOND: u64 = 1000;
const DAY: u64 = 24 * 3600 * SECOND;

impl Millis {
    /// Milliseconds since `earlier`; zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This much later.
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This much earlier, not before the epoch.
    #[must_use]
    pub const fn minus(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }

    /// `14:38:40`, in UTC.
    #[must_use]
    pub fn clock(self) -> String {
        let seconds = self.0.min(LAST) % DAY / SECOND;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.min(LAST);
        let (year, month, day) = civil(at / DAY);
        let clock = Self(at).clock();
        write!(f, "{year:04}-{month:02}-{day:02}T{clock}.{:03}Z", at % SECOND)
    }
}

/// A timestamp that is not `YYYY-MM-DDTHH:MM:SS[.fff]Z`, or before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time as RFC 3339 writes it in UTC, such as 2026-11-24T05:52:08.000Z")]
pub struct NotATime;

impl FromStr for Millis {
    type Err = NotATime;

    /// Reads what [`Display`](fmt::Display) writes; the fraction may be missing, longer or shorter.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let (date, clock) =
            text.strip_suffix('Z').and_then(|t| t.split_once('T')).ok_or(NotATime)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let is_day = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        if year < 1970 || !is_day || hour > 23 || minute > 59 || second > 59 {
            return Err(NotATime);
        }
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotATime);
        }
        let millis = fraction.bytes().chain([b'0'; 3]).take(3);
        let millis = millis.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let seconds = (hour * 60 + minute) * 60 + second;
        Ok(Self(days(year, month, day) * DAY + seconds * SECOND + millis))
    }
}

/// Three numbers of exactly so many digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Result<[u64; 3], NotATime> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits).ok_or(NotATime)?;
        if !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotATime);
        }
        *number = part.parse().map_err(|_| NotATime)?;
    }
    if parts.next().is_some() { Err(NotATime) } else { Ok(numbers) }
}

/// A day's date. Years are counted from March, so that the leap day is a year's last: then the
/// months' lengths are one line of arithmetic.
const fn civil(days_since_epoch: u64) -> (u64, u64, u64) {
    let days = days_since_epoch + 719_468; // since the 1st of March of the year 0
    let (era, day) = (days / 146_097, days % 146_097); // 400 years
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // since March
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

/// The inverse of [`civil`].
const fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
