//! How quick a deployment is.

use super::{KNOWN_FROM, NEW_COUNTS, mixed};
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// How quick a deployment is to begin, and to go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Until the first content of a stream, or the whole of a plain answer.
    pub until: Duration,
    /// The share of its calls that come to such an answer, above 0.
    pub answered: f64,
    /// Tokens of the answer per second, from there on (of a plain answer: from its start); 0 where
    /// that is unknown.
    pub tokens_per_s: f64,
}

impl Pace {
    /// Seconds until an answer if a request goes there first and to others where it fails.
    ///
    /// Of two, asking the one with the lower figure first is the quicker way to an answer: `a` before
    /// `b` takes `a.until + (1 - a.answered) * b.until` on average, and the other way round alike.
    #[must_use]
    pub(super) fn until_answered(self) -> f64 {
        self.until.as_secs_f64() / self.answered
    }
}

/// The measured paces of one deployment, for each class of calls.
#[derive(Clone, Debug, Default)]
pub struct Paces([Measured; Class::COUNT]);

#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Seconds.
    until: f64,
    /// The share of calls that failed.
    failing: f64,
    tokens_per_s: f64,
    /// Calls that told something.
    calls: u32,
    /// Of these: answers.
    answers: u32,
    last: Option<Instant>,
}

impl Measured {
    /// Seconds until an answer of one that has never given one: so long a client waits for a first
    /// token that does not come.
    const NEVER: f64 = 10.0;
    /// A value counts as so many times the average at most. One slow answer moves an order little, a
    /// few in a row move it for certain.
    const AT_MOST: f64 = 2.0;
    /// After this time an average is worth little beside a new value.
    const FORGETS: f64 = 120.0;
    /// Below this (1 ms) nobody waits; it also keeps an average from getting stuck at zero.
    const LEAST: f64 = 0.001;
    /// The share of answers of one that gives none: low enough to stand behind everyone who answers,
    /// however slowly.
    const HOPELESS: f64 = 1e-6;

    /// How much a new value counts.
    fn weight(&self, now: Instant) -> f64 {
        if self.calls < KNOWN_FROM {
            // The plain mean of the first few.
            return 1.0 / f64::from(self.calls + 1);
        }
        let idle = self.last.map_or(f64::INFINITY, |last| (now - last).as_secs_f64());
        (1.0 - (-idle / Self::FORGETS).exp()).max(NEW_COUNTS)
    }

    fn note(&mut self, now: Instant) {
        self.calls = self.calls.saturating_add(1);
        self.last = Some(now);
    }

    fn took(&mut self, now: Instant, seconds: f64) {
        let seconds = seconds.max(Self::LEAST);
        self.until = match self.answers {
            0 => seconds,
            1.. if self.calls < KNOWN_FROM => mixed(self.until, seconds, self.weight(now)),
            1.. => mixed(self.until, seconds.min(self.until * Self::AT_MOST), self.weight(now)),
        };
    }

    /// A call has brought nothing for so long: an answer would have taken longer. Returns whether
    /// that tells something: not where answers take longer anyway.
    fn waited(&mut self, now: Instant, seconds: f64) -> bool {
        let tells = self.answers == 0 || seconds > self.until;
        if tells {
            self.took(now, seconds.max(self.until));
        }
        tells
    }

    fn ended(&mut self, now: Instant, failed: bool) {
        self.failing = mixed(self.failing, f64::from(u8::from(failed)), self.weight(now));
    }
}

impl Paces {
    /// A call was answered `after` it was sent.
    pub fn answered(&mut self, class: Class, now: Instant, after: Duration) {
        let measured = &mut self.0[class.index()];
        measured.took(now, after.as_secs_f64());
        measured.ended(now, false);
        measured.answers = measured.answers.saturating_add(1);
        measured.note(now);
    }

    /// A call failed `after` it was sent. However quick the failure, it makes no one quicker.
    pub fn failed(&mut self, class: Class, now: Instant, after: Duration) {
        let measured = &mut self.0[class.index()];
        measured.waited(now, after.as_secs_f64());
        measured.ended(now, true);
        measured.note(now);
    }

    /// A caller went away from a call that had brought nothing for so long.
    pub fn left(&mut self, class: Class, now: Instant, after: Duration) {
        let measured = &mut self.0[class.index()];
        if measured.waited(now, after.as_secs_f64()) {
            measured.note(now);
        }
    }

    /// An answer brought so many tokens in this time.
    pub fn flowed(&mut self, class: Class, tokens: u64, took: Duration) {
        let pace = tokens as f64 / took.as_secs_f64();
        if tokens > 0 && pace.is_finite() {
            let known = &mut self.0[class.index()].tokens_per_s;
            *known = if *known > 0.0 { mixed(*known, pace, NEW_COUNTS) } else { pace };
        }
    }

    /// The pace of a class of calls; `None` below three calls.
    #[must_use]
    pub fn get(&self, class: Class) -> Option<Pace> {
        let measured = &self.0[class.index()];
        let never = if measured.answers == 0 { Measured::NEVER } else { 0.0 };
        let until = Duration::try_from_secs_f64(measured.until.max(never)).ok()?;
        let answered = (1.0 - measured.failing).max(Measured::HOPELESS);
        let pace = Pace { until, answered, tokens_per_s: measured.tokens_per_s };
        (measured.calls >= KNOWN_FROM).then_some(pace)
    }

    /// When a call of the class last told something.
    #[must_use]
    pub fn last(&self, class: Class) -> Option<Instant> {
        self.0[class.index()].last
    }
}
