//! What is remembered of a task from one request to the next.

use super::settle::{Figure, Margin, settle};
use super::{NEW_COUNTS, Pace, mixed};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// What is known of a task's groups, in the order of the file; `None` is unknown.
#[derive(Clone, Copy, Debug)]
pub enum Figures<'a> {
    /// Nothing counts.
    Listed,
    /// Quality, from 0 to 100, as measured.
    Quality(&'a [Option<f64>]),
    /// What the request will cost.
    Cost(&'a [Option<f64>]),
    /// The paces for the request's class of calls, and when each group was last heard of.
    Latency(&'a [Option<Pace>], &'a [Option<Instant>]),
}

/// The order of a task's groups for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Their places in the file.
    pub places: Vec<usize>,
    /// The first of them is there to be measured, not for what is known of it.
    pub explores: bool,
}

/// What is remembered of a task.
#[derive(Clone, Debug)]
pub struct TaskMemory {
    groups: usize,
    /// Tokens of its answers.
    output: Option<f64>,
    /// For each class of calls.
    standing: [Standing; Class::COUNT],
}

/// The last order, and when each group was last tried out.
#[derive(Clone, Debug, Default)]
struct Standing {
    order: Vec<usize>,
    tried: Vec<Option<Instant>>,
}

/// A quality is better from this many points on: scores are no finer than that.
const POINTS: Margin = Margin { relative: 0.0, absolute: 1.0 };
/// A pace is better from a fifth on: less is within what one provider varies by from minute to minute, and
/// more than one slow answer can do (see [`Pace`]).
const FIFTH: Margin = Margin { relative: 0.2, absolute: 0.0 };
/// The share of requests that goes out to measure someone: enough to notice a recovery within
/// minutes, too little to move a task's figures.
const EXPLORING: f64 = 0.05;
/// A group that was not heard of for so long is measured again.
const IDLE: Duration = Duration::from_secs(30);
/// One of which nothing is known is tried again after this, so that a few requests make it known.
const UNKNOWN: Duration = Duration::from_secs(2);

impl TaskMemory {
    /// A task of so many groups, of which nothing is known.
    #[must_use]
    pub fn new(groups: usize) -> Self {
        let standing = || Standing { order: (0..groups).collect(), tried: vec![None; groups] };
        Self { groups, output: None, standing: std::array::from_fn(|_| standing()) }
    }

    /// An answer had so many tokens.
    pub fn note_output(&mut self, tokens: u64) {
        let tokens = tokens as f64;
        self.output = Some(self.output.map_or(tokens, |known| mixed(known, tokens, NEW_COUNTS)));
    }

    /// Tokens that an answer is expected to have: a decayed average of those before it.
    #[must_use]
    pub const fn output(&self) -> Option<f64> {
        self.output
    }

    /// The order for one request.
    ///
    /// Who stood first stays first until another one is better by more than a margin: a point of
    /// quality, a fifth of a pace. A price is exact, and has none. Where latency decides, a share of
    /// the requests goes to someone who has not been heard of for a while.
    pub fn order(
        &mut self,
        figures: Figures<'_>,
        class: Class,
        now: Instant,
        rng: &mut Rng,
    ) -> Order {
        let mut places = self.settled(figures, class);
        self.standing[class.index()].order.clone_from(&places);
        let due = match figures {
            Figures::Latency(paces, last) => self.due(paces, last, class, now),
            Figures::Listed | Figures::Quality(_) | Figures::Cost(_) => Vec::new(),
        };
        // The first is measured by everyone.
        let due: Vec<usize> = due.into_iter().filter(|it| places.first() != Some(it)).collect();
        let explores = !due.is_empty() && rng.unit() < EXPLORING;
        if explores {
            let drawn = rng.weighted(&vec![1.0; due.len()]).unwrap_or_default();
            self.standing[class.index()].tried[due[drawn]] = Some(now);
            places.retain(|place| *place != due[drawn]);
            places.insert(0, due[drawn]);
        }
        Order { places, explores }
    }

    /// The order that the figures make, without taking note of it or trying anyone out.
    #[must_use]
    pub fn settled(&self, figures: Figures<'_>, class: Class) -> Vec<usize> {
        let standing = &self.standing[class.index()].order;
        let listed: Vec<usize> = (0..self.groups).collect();
        let only = |first: f64| first.is_finite().then_some(Figure { first, then: None });
        let each = |of: &dyn Fn(usize) -> Option<Figure>| listed.iter().map(|it| of(*it)).collect();
        let at = |figures: &[Option<f64>], place: usize| figures.get(place).copied().flatten();
        match figures {
            Figures::Listed => listed,
            Figures::Quality(scores) => {
                let figures: Vec<_> = each(&|it| only(100.0 - at(scores, it)?));
                settle(standing, &figures, POINTS)
            }
            Figures::Cost(prices) => {
                let figures: Vec<_> = each(&|it| only(at(prices, it)?));
                settle(&listed, &figures, Margin::NONE)
            }
            Figures::Latency(paces, _) => {
                let figures: Vec<_> = each(&|it| Some(of_pace(paces.get(it).copied().flatten()?)));
                settle(standing, &figures, FIFTH)
            }
        }
    }

    /// Who is to be measured.
    fn due(
        &self,
        paces: &[Option<Pace>],
        last: &[Option<Instant>],
        class: Class,
        now: Instant,
    ) -> Vec<usize> {
        let tried = &self.standing[class.index()].tried;
        let is_due = |place: &usize| {
            let is_known = paces.get(*place).copied().flatten().is_some();
            let (heard, every) = if is_known {
                (last.get(*place).copied().flatten(), IDLE)
            } else {
                (None, UNKNOWN)
            };
            let heard = heard.max(tried.get(*place).copied().flatten());
            heard.is_none_or(|heard| now - heard >= every)
        };
        (0..self.groups).filter(is_due).collect()
    }
}

/// Seconds until the answer begins, then seconds per token.
fn of_pace(pace: Pace) -> Figure {
    let per_token = (pace.tokens_per_s > 0.0).then(|| 1.0 / pace.tokens_per_s);
    Figure { first: pace.until.as_secs_f64(), then: per_token }
}
