//! First-token times of a deployment: of its window, and of the last hour.
//!
//! Kept as counts in buckets of which eight make a factor of three, so that a quantile is known to a
//! seventh, whatever the traffic, in a few kilobytes. In doubt it is not slow: the lower edge of the
//! window's bucket is compared with the upper edge of the hour's, so that no ratio up to three opens,
//! and each from 3.45 on does.

use crate::time::{Duration, Instant};

/// Buckets of times. The first ends at 10 ms, the last is beyond half an hour.
const BUCKETS: usize = 91;
const FIRST_MS: f64 = 10.0;
/// Slow: the window's 95th percentile over so many times the hour's median.
const TIMES: f64 = 3.0;
/// So many buckets grow by that factor.
const PER_TIMES: usize = 8;
/// Slices of the hour: what ages out at once is a twelfth.
const SLICES: usize = 12;
const SLICE: Duration = Duration::from_secs(300);
/// A quantile says nothing below so many calls.
const ENOUGH: u32 = 20;

type Counts = [u32; BUCKETS];

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Calls of the window, the newest last.
    window: std::collections::VecDeque<(Instant, u8)>,
    hour: [(u64, Counts); SLICES],
}

/// The window is looked at through this many calls at most: its quantiles need no more.
const WINDOW_AT_MOST: usize = 1_000;

impl Default for Pace {
    fn default() -> Self {
        Self { window: std::collections::VecDeque::new(), hour: [(0, [0; BUCKETS]); SLICES] }
    }
}

impl Pace {
    /// A first token came after `elapsed`.
    pub(super) fn record(&mut self, now: Instant, elapsed: Duration) {
        let bucket = bucket(elapsed);
        if self.window.len() == WINDOW_AT_MOST {
            self.window.pop_front();
        }
        self.window.push_back((now, bucket));
        let slice = slice(now);
        let (of, counts) = &mut self.hour[(slice % SLICES as u64) as usize];
        if *of != slice {
            (*of, *counts) = (slice, [0; BUCKETS]);
        }
        counts[usize::from(bucket)] += 1;
    }

    /// An opening empties the window. The hour stays: it says what is usual.
    pub(super) fn clear_window(&mut self) {
        self.window.clear();
    }

    /// Whether the window's P95 is over 3 x the hour's P50. The hour must hold as many calls from
    /// before the window as a quantile needs: else a provider would be compared with itself.
    pub(super) fn is_slow(&mut self, now: Instant, span: Duration) -> bool {
        while self.window.front().is_some_and(|(at, _)| now - *at > span) {
            self.window.pop_front();
        }
        let mut recent = [0; BUCKETS];
        self.window.iter().for_each(|(_, bucket)| recent[usize::from(*bucket)] += 1);
        let hour = self.hour(now);
        let (of_window, of_hour) = (total(&recent), total(&hour));
        of_window >= ENOUGH
            && of_hour - of_window.min(of_hour) >= ENOUGH
            && quantile(&recent, 0.95) > quantile(&hour, 0.5) + PER_TIMES
    }

    fn hour(&self, now: Instant) -> Counts {
        let current = slice(now);
        let mut sum = [0; BUCKETS];
        let fresh = |of: u64| of > 0 && of <= current && current - of < SLICES as u64;
        for (_, counts) in self.hour.iter().filter(|(of, _)| fresh(*of)) {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        sum
    }
}

/// Slices count from one: a fresh one belongs to no time.
fn slice(now: Instant) -> u64 {
    now.since_origin().as_secs() / SLICE.as_secs() + 1
}

fn bucket(elapsed: Duration) -> u8 {
    let ratio = elapsed.as_secs_f64() * 1e3 / FIRST_MS;
    let bucket = if ratio <= 1.0 { 0.0 } else { ratio.ln() / TIMES.ln() * PER_TIMES as f64 };
    (bucket.ceil() as usize).min(BUCKETS - 1) as u8
}

fn total(counts: &Counts) -> u32 {
    counts.iter().sum()
}

/// The bucket that holds a quantile.
fn quantile(counts: &Counts, q: f64) -> usize {
    let rank = (f64::from(total(counts)) * q).ceil() as u32;
    let mut seen = 0;
    let found = counts.iter().position(|count| {
        seen += count;
        seen >= rank
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(60);

    fn at(secs: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(secs))
    }

    /// `count` first tokens of so many milliseconds, all at one time.
    fn record(pace: &mut Pace, secs: u64, count: u32, ms: u64) {
        (0..count).for_each(|_| pace.record(at(secs), Duration::from_millis(ms)));
    }

    /// Slow calls at `secs`, the usual ones having come at `usual`.
    fn is_slow(usual: (u64, u32), secs: u64, count: u32) -> bool {
        let mut pace = Pace::default();
        record(&mut pace, usual.0, usual.1, 100);
        record(&mut pace, secs, count, 10_000);
        pace.is_slow(at(secs), SPAN)
    }

    #[test]
    fn twenty_calls_on_either_side_are_evidence_and_nineteen_are_none() {
        assert!(is_slow((10, 21), 1_000, 20));
        assert!(!is_slow((10, 100), 1_000, 19));
        assert!(!is_slow((10, 19), 1_000, 60));
        // Most of the window's own calls are as usual: they are no evidence of what was before it.
        let of_usual = |count| {
            let mut pace = Pace::default();
            record(&mut pace, 10, count, 100);
            record(&mut pace, 1_000, 50, 100);
            record(&mut pace, 1_000, 10, 10_000);
            pace.is_slow(at(1_000), SPAN)
        };
        assert!(of_usual(20) && !of_usual(19));
    }

    #[test]
    fn what_is_usual_is_remembered_for_an_hour_by_slices() {
        // The first slice ends at 300 s, and is the twelfth before the last until 3600 s.
        for usual in [0, 299] {
            assert!(is_slow((usual, 100), 3_599, 20), "{usual}");
            assert!(!is_slow((usual, 100), 3_600, 20), "{usual}");
            assert!(!is_slow((usual, 100), 3_900, 20), "{usual}: its place is not taken over");
        }
        // Nor is it where nothing came since.
        let mut pace = Pace::default();
        record(&mut pace, 10, 100, 100);
        record(&mut pace, 3_599, 20, 10_000);
        assert!(pace.is_slow(at(3_599), SPAN) && !pace.is_slow(at(3_600), SPAN));
        assert!(is_slow((300, 100), 3_600, 20));
        // A slice's place is taken over by the one an hour later.
        let mut pace = Pace::default();
        record(&mut pace, 10, 100, 10_000);
        record(&mut pace, 3_610, 100, 100);
        record(&mut pace, 3_910, 20, 10_000);
        assert!(pace.is_slow(at(3_910), SPAN));
    }

    #[test]
    fn the_window_is_as_long_as_it_is_and_an_opening_empties_it() {
        let slow = |after: u64| {
            let mut pace = Pace::default();
            record(&mut pace, 10, 100, 100);
            record(&mut pace, 1_000, 20, 10_000);
            pace.is_slow(at(1_000 + after), SPAN)
        };
        assert!(slow(60) && !slow(61));
        let mut pace = Pace::default();
        record(&mut pace, 10, 100, 100);
        record(&mut pace, 1_000, 20, 10_000);
        pace.clear_window();
        assert!(!pace.is_slow(at(1_000), SPAN));
    }

    #[test]
    fn a_twentieth_of_slow_calls_is_within_the_percentile_and_more_are_not() {
        let mixed = |slow| {
            let mut pace = Pace::default();
            record(&mut pace, 10, 200, 100);
            record(&mut pace, 1_000, 100 - slow, 100);
            record(&mut pace, 1_000, slow, 10_000);
            pace.is_slow(at(1_000), SPAN)
        };
        assert!(!mixed(5) && mixed(6));
    }

    #[test]
    fn no_ratio_up_to_three_is_slow_and_each_from_three_and_a_half_on_is() {
        // Wherever in their buckets the two lie.
        for usual in (11..2_000).step_by(7) {
            let is_slow = |times: f64| {
                let mut pace = Pace::default();
                record(&mut pace, 10, 100, usual);
                record(&mut pace, 1_000, 20, (usual as f64 * times) as u64);
                pace.is_slow(at(1_000), SPAN)
            };
            assert!(!is_slow(2.5) && !is_slow(2.99), "{usual}");
            assert!(is_slow(3.6) && (usual < 100 || is_slow(3.5)), "{usual}");
        }
    }

    #[test]
    fn eight_buckets_grow_by_three_and_they_end_beyond_half_an_hour() {
        let of = |ms: f64| bucket(Duration::from_secs_f64(ms / 1e3));
        assert_eq!([of(0.0), of(10.0), of(11.4), of(11.5), of(29.9), of(30.1)], [0, 0, 1, 2, 8, 9]);
        assert_eq!((of(1_800_000.0), of(1e9)), (89, 90));
        let mut counts = [0; BUCKETS];
        counts[2] = 1;
        counts[4] = 1;
        assert_eq!((quantile(&counts, 0.5), quantile(&counts, 0.95)), (2, 4));
    }
}
