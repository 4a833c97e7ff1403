//! How quick a deployment is.

use super::{NEW_COUNTS, mixed};
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// How quick a deployment is to begin, and to go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Until the first content of a stream, or the whole of a plain answer.
    pub until: Duration,
    /// Tokens of the answer per second, from there on (of a plain answer: from its start); 0 where
    /// that is unknown.
    pub tokens_per_s: f64,
}

/// The measured paces of one deployment, for each class of calls.
#[derive(Clone, Debug, Default)]
pub struct Paces([Measured; Class::COUNT]);

#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Seconds.
    until: f64,
    tokens_per_s: f64,
    samples: u32,
    last: Option<Instant>,
}

impl Measured {
    /// Below this an average is an accident.
    const KNOWN_FROM: u32 = 3;
    /// What a call costs that failed, however quickly: so long a client waits for a first token that
    /// does not come. Else a quick refusal would make its deployment the quickest.
    const FAILURE: f64 = 10.0;
    /// A value counts as so many times the average at most. One slow answer moves an order little, a
    /// few in a row move it for certain.
    const AT_MOST: f64 = 2.0;
    /// After this time an average is worth little beside a new value.
    const FORGETS: f64 = 120.0;
    /// Below this (1 ms) nobody waits; it also keeps an average from getting stuck at zero.
    const LEAST: f64 = 0.001;

    fn record(&mut self, now: Instant, seconds: f64) {
        let seconds = seconds.max(Self::LEAST);
        let idle = self.last.map_or(f64::INFINITY, |last| (now - last).as_secs_f64());
        let weight = (1.0 - (-idle / Self::FORGETS).exp()).max(NEW_COUNTS);
        self.until = if self.samples < Self::KNOWN_FROM {
            // The plain mean of the first few.
            mixed(self.until, seconds, 1.0 / f64::from(self.samples + 1))
        } else {
            mixed(self.until, seconds.min(self.until * Self::AT_MOST), weight)
        };
        self.samples = self.samples.saturating_add(1);
        self.last = Some(now);
    }
}

impl Paces {
    /// A call was answered `after` it was sent.
    pub fn answered(&mut self, class: Class, now: Instant, after: Duration) {
        self.0[class.index()].record(now, after.as_secs_f64());
    }

    /// A call failed.
    pub fn failed(&mut self, class: Class, now: Instant) {
        self.0[class.index()].record(now, Measured::FAILURE);
    }

    /// An answer brought so many tokens in this time.
    pub fn flowed(&mut self, class: Class, tokens: u64, took: Duration) {
        let pace = tokens as f64 / took.as_secs_f64();
        if tokens > 0 && pace.is_finite() {
            let known = &mut self.0[class.index()].tokens_per_s;
            *known = if *known > 0.0 { mixed(*known, pace, NEW_COUNTS) } else { pace };
        }
    }

    /// The pace of a class of calls; `None` below three samples.
    #[must_use]
    pub fn get(&self, class: Class) -> Option<Pace> {
        let measured = &self.0[class.index()];
        let until = Duration::try_from_secs_f64(measured.until).ok()?;
        let pace = Pace { until, tokens_per_s: measured.tokens_per_s };
        (measured.samples >= Measured::KNOWN_FROM).then_some(pace)
    }

    /// When a call of the class last told something.
    #[must_use]
    pub fn last(&self, class: Class) -> Option<Instant> {
        self.0[class.index()].last
    }
}
