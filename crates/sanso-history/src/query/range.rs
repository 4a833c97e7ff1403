//! Ranges of time, and the points in them.

use std::time::Duration;

use sanso_watch::Millis;

use crate::error::QueryError;
use crate::settings::Retention;
use crate::tally::Level;

/// A range of time that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub since: Millis,
    /// Where it ends; `None` is now.
    pub until: Option<Millis>,
}

/// Points on a page are a few hundred; more is a mistake or an attack.
const POINTS: u64 = 2000;
/// Longer than anything is kept by default, and short enough to be read in one go.
const DAYS: u64 = 1000;
const DAY_MS: u64 = 24 * 3600 * 1000;

/// Spans that a person can read off an axis, in seconds. Each is made of whole spans of the longest
/// level that is not longer than it.
const STEPS: [u64; 15] = [
    60,
    2 * 60,
    5 * 60,
    10 * 60,
    15 * 60,
    30 * 60,
    3600,
    2 * 3600,
    3 * 3600,
    6 * 3600,
    12 * 3600,
    24 * 3600,
    2 * 24 * 3600,
    7 * 24 * 3600,
    30 * 24 * 3600,
];

/// Points in time, and the sums to make them of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) level: Level,
    pub(super) step_s: u64,
    /// Where the first point's span begins.
    pub(super) start_s: u64,
    pub(super) points: usize,
}

impl Range {
    /// The time from so long ago until now.
    #[must_use]
    pub fn last(length: Duration, now: Millis) -> Self {
        let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self { since: now.minus(length), until: None }
    }

    /// Its two ends.
    ///
    /// # Errors
    ///
    /// If it begins in the future, ends before it begins, or is absurdly long.
    pub(super) fn checked(self, now: Millis) -> Result<(Millis, Millis), QueryError> {
        let (since, until) = (self.since, self.until.unwrap_or(now).min(now));
        if since > now {
            return Err(QueryError::Future { since, now });
        }
        if since >= until {
            return Err(QueryError::Empty { since, until });
        }
        bounds("the range in days", until.since(since) / DAY_MS, 0, DAYS)?;
        Ok((since, until))
    }

    /// At most so many points, or one more where the range does not begin with a span.
    ///
    /// # Errors
    ///
    /// Those of [`checked`](Self::checked), and a number of points out of bounds.
    pub(super) fn grid(
        self,
        points: u64,
        now: Millis,
        retention: &Retention,
    ) -> Result<Grid, QueryError> {
        bounds("points", points, 1, POINTS)?;
        let (since, until) = self.checked(now)?;
        let shortest = shortest_kept(since, now, retention).seconds();
        let seconds = until.since(since).div_ceil(1000);
        let fits = |step: &u64| *step >= shortest && seconds.div_ceil(*step) <= points;
        let longest = STEPS[STEPS.len() - 1];
        let step_s = STEPS.into_iter().find(fits).unwrap_or(longest);
        let start_s = since.0 / 1000 / step_s * step_s;
        let points = (until.0.div_ceil(1000) - start_s).div_ceil(step_s) as usize;
        let level = Level::ALL.into_iter().rev().find(|level| level.seconds() <= step_s);
        Ok(Grid { level: level.unwrap_or(Level::Minute), step_s, start_s, points })
    }
}

impl Grid {
    /// Where the last point's span ends.
    pub(super) const fn end_s(&self) -> u64 {
        self.start_s + self.step_s * self.points as u64
    }

    /// How many points end before a second, or with it.
    pub(super) fn ended_before(&self, second: u64) -> usize {
        let ended = second.saturating_sub(self.start_s) / self.step_s;
        usize::try_from(ended).unwrap_or(usize::MAX).min(self.points)
    }

    /// The point whose span a second is in.
    pub(super) fn point(&self, second: u64) -> Option<usize> {
        let point = second.checked_sub(self.start_s)? / self.step_s;
        usize::try_from(point).ok().filter(|point| *point < self.points)
    }
}

/// The shortest spans that are still kept of the time at which a range begins.
fn shortest_kept(since: Millis, now: Millis, retention: &Retention) -> Level {
    let age = Duration::from_millis(now.since(since));
    if age <= retention.minutes {
        Level::Minute
    } else if age <= retention.hours {
        Level::Hour
    } else {
        Level::Day
    }
}

/// Refuses a number that is out of its bounds.
pub(super) fn bounds(
    name: &'static str,
    value: u64,
    least: u64,
    most: u64,
) -> Result<(), QueryError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(QueryError::Bounds { name, value, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_796_083_210_000);

    fn grid(length: Duration, points: u64) -> Grid {
        Range::last(length, NOW).grid(points, NOW, &Retention::default()).unwrap()
    }

    #[test]
    fn the_ranges_of_the_page() {
        let told = [
            (Duration::from_mins(15), 60, Level::Minute, 16),
            (Duration::from_hours(1), 60, Level::Minute, 61),
            (Duration::from_hours(6), 300, Level::Minute, 73),
            (Duration::from_hours(24), 900, Level::Minute, 97),
            (Duration::from_hours(7 * 24), 7200, Level::Hour, 85),
            (Duration::from_hours(30 * 24), 6 * 3600, Level::Hour, 121),
        ];
        for (length, step_s, level, points) in told {
            let grid = grid(length, 140);
            assert_eq!((grid.step_s, grid.level, grid.points), (step_s, level, points));
        }
    }

    #[test]
    fn a_grid_covers_its_range_and_no_span_more() {
        for (hours, points) in [(1, 1), (1, 140), (5, 7), (24, 140), (71, 2000), (900, 140)] {
            let length = Duration::from_hours(hours);
            let grid = grid(length, points);
            let (since, until) = (NOW.0 / 1000 - length.as_secs(), NOW.0 / 1000);
            assert!(grid.start_s <= since && since < grid.start_s + grid.step_s);
            assert!(until <= grid.end_s() && grid.end_s() - grid.step_s < until);
            assert!(grid.points as u64 <= points + 1, "{grid:?}");
            assert_eq!(grid.start_s % grid.level.seconds(), 0);
            assert_eq!(grid.step_s % grid.level.seconds(), 0);
            assert_eq!(grid.point(grid.start_s), Some(0));
            assert_eq!(grid.point(grid.end_s() - 1), Some(grid.points - 1));
            assert_eq!((grid.point(grid.start_s - 1), grid.point(grid.end_s())), (None, None));
            let all = grid.points;
            assert_eq!([0, grid.start_s + grid.step_s - 1].map(|s| grid.ended_before(s)), [0, 0]);
            assert_eq!([grid.end_s(), u64::MAX].map(|s| grid.ended_before(s)), [all, all]);
            assert_eq!(grid.ended_before(grid.end_s() - 1), all - 1);
        }
    }

    #[test]
    fn where_minutes_are_gone_hours_are_read() {
        let since = NOW.minus(4 * DAY_MS);
        let range = Range { since, until: Some(since.plus(3600 * 1000)) };
        let grid = range.grid(140, NOW, &Retention::default()).unwrap();
        assert_eq!((grid.level, grid.step_s), (Level::Hour, 3600));
        let since = NOW.minus(100 * DAY_MS);
        let range = Range { since, until: Some(since.plus(DAY_MS)) };
        let grid = range.grid(140, NOW, &Retention::default()).unwrap();
        assert_eq!((grid.level, grid.step_s), (Level::Day, 24 * 3600));
    }

    #[test]
    fn absurd_questions_are_refused() {
        let ask = |since, until, points| {
            let range = Range { since: Millis(since), until };
            range.grid(points, NOW, &Retention::default()).unwrap_err()
        };
        let hour_ago = NOW.0 - 3_600_000;
        let bounds = |error| match error {
            QueryError::Bounds { name, value, .. } => (name, value),
            other => panic!("{other}"),
        };
        assert_eq!(bounds(ask(hour_ago, None, 0)), ("points", 0));
        assert_eq!(bounds(ask(hour_ago, None, u64::MAX)), ("points", u64::MAX));
        assert_eq!(bounds(ask(0, None, 140)).0, "the range in days");
        assert!(matches!(ask(NOW.0 + 1, None, 140), QueryError::Future { .. }));
        assert!(matches!(ask(u64::MAX, None, 140), QueryError::Future { .. }));
        assert!(matches!(ask(NOW.0, None, 140), QueryError::Empty { .. }));
        let until = Some(Millis(hour_ago - 1));
        assert!(matches!(ask(hour_ago, until, 140), QueryError::Empty { .. }));
    }
}
