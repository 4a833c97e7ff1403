//! The fallback rate over a sliding window, against the lines that sanso alerts at.

use std::collections::VecDeque;

use sanso_core::Duration;

/// Fewer answers than this say nothing about a rate.
const LEAST_ANSWERS: usize = 20;
const WARN_ABOVE: f64 = 0.05;
const CRITICAL_ABOVE: f64 = 0.10;

/// The share of answers that came from another leg than the first, over a sliding window.
///
/// The gateway itself watches it over 5 minutes and over an hour; a demonstration is shorter than
/// that, and its window is the story's own length.
#[derive(Clone, Debug)]
pub struct FallbackRate {
    window: Duration,
    /// When each answer came, oldest first, and whether it was a fallback's.
    answers: VecDeque<(Duration, bool)>,
    fallbacks: usize,
}

/// How bad a fallback rate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// At most 5 %, or too few answers to tell.
    Fine,
    /// Above 5 %.
    Warn,
    /// Above 10 %.
    Critical,
}

impl FallbackRate {
    /// No answers yet.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self { window, answers: VecDeque::new(), fallbacks: 0 }
    }

    /// An answer came at `now`, which is not earlier than any before.
    pub fn record(&mut self, now: Duration, fallback: bool) {
        self.answers.push_back((now, fallback));
        self.fallbacks += usize::from(fallback);
        self.forget(now);
    }

    /// The rate, 0 to 1, over the window that ends at `now`; `None` with fewer than 20 answers.
    pub fn at(&mut self, now: Duration) -> Option<f64> {
        self.forget(now);
        let answers = self.answers.len();
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of a few minutes are far below 2^52"
        )]
        let rate = self.fallbacks as f64 / answers as f64;
        (answers >= LEAST_ANSWERS).then_some(rate)
    }

    fn forget(&mut self, now: Duration) {
        while let Some(&(at, fallback)) = self.answers.front()
            && now.saturating_sub(at) > self.window
        {
            self.answers.pop_front();
            self.fallbacks -= usize::from(fallback);
        }
    }
}

impl Level {
    /// The level of a rate from 0 to 1.
    #[must_use]
    pub fn of(rate: Option<f64>) -> Self {
        match rate {
            Some(rate) if rate > CRITICAL_ABOVE => Self::Critical,
            Some(rate) if rate > WARN_ABOVE => Self::Warn,
            Some(_) | None => Self::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn nineteen_answers_are_no_rate_and_the_lines_themselves_are_not_crossed() {
        let mut rate = FallbackRate::new(WINDOW);
        (0..19).for_each(|n| rate.record(Duration::ZERO, n == 0));
        assert_eq!(rate.at(Duration::ZERO), None);
        rate.record(Duration::ZERO, false);
        assert_eq!(rate.at(Duration::ZERO), Some(0.05));
        assert_eq!(Level::of(Some(0.05)), Level::Fine);
        assert_eq!(Level::of(Some(0.051)), Level::Warn);
        assert_eq!(Level::of(Some(0.1)), Level::Warn);
        assert_eq!(Level::of(Some(0.101)), Level::Critical);
        assert_eq!(Level::of(None), Level::Fine);
    }

    proptest! {
        /// What the window says is what a count over all answers within it says.
        #[test]
        fn the_window_counts_what_is_in_it(
            steps in prop::collection::vec((0_u64..800, any::<bool>()), 1..200),
        ) {
            let mut rate = FallbackRate::new(WINDOW);
            let mut all = Vec::new();
            let mut now = Duration::ZERO;
            for (milliseconds, fallback) in steps {
                now += Duration::from_millis(milliseconds);
                rate.record(now, fallback);
                all.push((now, fallback));
                let within: Vec<_> = all.iter().filter(|(at, _)| now - *at <= WINDOW).collect();
                let fallbacks = within.iter().filter(|(_, fallback)| *fallback).count();
                let expected =
                    (within.len() >= 20).then(|| fallbacks as f64 / within.len() as f64);
                prop_assert_eq!(rate.at(now), expected);
            }
        }
    }
}
