//! First-token times of a deployment: of its window, and of the last hour.
//!
//! Kept as counts in buckets that grow by a quarter each, so that a quantile is known to a quarter,
//! whatever the traffic, in a few kilobytes.

use crate::time::{Duration, Instant};

/// Buckets of times. The first ends at 10 ms, the last is beyond half an hour.
const BUCKETS: usize = 56;
const FIRST_MS: f64 = 10.0;
const GROWTH: f64 = 1.25;
/// Slices of the hour: what ages out at once is a twelfth.
const SLICES: usize = 12;
const SLICE: Duration = Duration::from_secs(300);
/// A quantile says nothing below so many calls.
const ENOUGH: u32 = 20;
/// Slow: the window's 95th percentile over so many times the hour's median.
const TIMES: f64 = 3.0;

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
            && quantile(&recent, 0.95) > TIMES * quantile(&hour, 0.5)
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
    let bucket = if ratio <= 1.0 { 0.0 } else { ratio.ln() / GROWTH.ln() };
    (bucket.ceil() as usize).min(BUCKETS - 1) as u8
}

fn total(counts: &Counts) -> u32 {
    counts.iter().sum()
}

/// The upper end of the bucket that holds a quantile, in milliseconds.
fn quantile(counts: &Counts, q: f64) -> f64 {
    let rank = (f64::from(total(counts)) * q).ceil() as u32;
    let mut seen = 0;
    let found = counts.iter().position(|count| {
        seen += count;
        seen >= rank
    });
    FIRST_MS * GROWTH.powi(found.unwrap_or_default() as i32)
}
