//! What is remembered of a task from one request to the next.

use super::settle::{Figure, settle};
use super::steady::Steady;
use super::{KNOWN_FROM, Pace, mixed};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// What is known of a task's groups, in the order of the file; `None` is unknown.
#[derive(Clone, Copy, Debug)]
pub enum Figures<'a> {
    /// Nothing counts.
    Listed,
    /// How good it is.
    Quality(&'a [Option<Score>]),
    /// What the request will cost.
    Cost(&'a [Option<f64>]),
    /// The paces for the request's class of calls, and when each group was last heard of.
    Latency(&'a [Option<Pace>], &'a [Option<Instant>]),
}

/// How good a group's answers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// As it was given, from 0 to 100.
    pub given: f64,
    /// Points of it that are lost by what is measured.
    pub lost: f64,
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
    output: Option<Output>,
    /// The points that count as lost, of each group.
    lost: Vec<Steady>,
    /// For each class of calls.
    standing: [Standing; Class::COUNT],
}

/// Tokens of a task's answers.
#[derive(Clone, Copy, Debug)]
struct Output {
    mean: f64,
    answers: u32,
    expected: Steady,
}

/// The last order, and when each group was tried out.
#[derive(Clone, Debug, Default)]
struct Standing {
    order: Vec<usize>,
    tried: Vec<Tried>,
}

/// When a group was last tried out, and how often it was since it was last known.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    last: Option<Instant>,
    in_vain: u32,
}

/// So many points must be lost before they count, and so many more, or fewer, before those do: what is
/// measured is no finer than that.
const POINT: f64 = 1.0;
/// Below this it counts as nothing: a score comes back whole.
const NOTHING: f64 = 0.5;
/// A pace is better from a fifth on: less is within what one provider varies by from minute to minute, and
/// more than one slow answer can do (see [`Pace`]).
const FIFTH: f64 = 0.2;
/// The length of an answer is expected to be another one from a fifth on.
const OTHER_LENGTH: f64 = 0.2;
/// A length has this weight at least: lengths differ by factors, and their average is to stand still.
const NEW_LENGTH: f64 = 0.02;
/// The share of requests that goes out to measure someone: enough to notice a recovery within
/// minutes, too little to move a task's figures.
const EXPLORING: f64 = 0.05;
/// A group that was not heard of for so long is measured again.
const IDLE: Duration = Duration::from_secs(30);
/// One of which nothing is known is tried again after this, so that a few requests make it known; if
/// they do not, after twice as long each time.
const UNKNOWN: Duration = Duration::from_secs(2);
/// The longest such wait is 2 s doubled so often: some quarter of an hour.
const DOUBLED_AT_MOST: u32 = 9;

impl TaskMemory {
    /// A task of so many groups, of which nothing is known.
    #[must_use]
    pub fn new(groups: usize) -> Self {
        let standing =
            || Standing { order: (0..groups).collect(), tried: vec![Tried::default(); groups] };
        Self {
            groups,
            output: None,
            lost: vec![Steady::default(); groups],
            standing: std::array::from_fn(|_| standing()),
        }
    }

    /// An answer had so many tokens.
    pub fn note_output(&mut self, tokens: u64) {
        let tokens = tokens as f64;
        let first = Output { mean: tokens, answers: 0, expected: Steady::new(tokens) };
        let known = self.output.get_or_insert(first);
        known.answers = known.answers.saturating_add(1);
        // The plain mean of the first few.
        let weight = (1.0 / f64::from(known.answers)).max(NEW_LENGTH);
        known.mean = mixed(known.mean, tokens, weight);
        let margin = known.expected.value() * OTHER_LENGTH;
        known.expected = known.expected.after(known.mean, margin);
    }

    /// Tokens that an answer is expected to have: a slow average of those before it, which counts as
    /// another one from a fifth on. Else chance would move the order of prices that are close.
    #[must_use]
    pub fn output(&self) -> Option<f64> {
        self.output.map(|known| known.expected.value())
    }

    /// The order for one request.
    ///
    /// What is noise moves nothing: of a pace, who stood first stays first until another one is better
    /// by a fifth; of a quality, what is measured counts by whole points. Scores as they are given and
    /// prices are exact, and any difference counts. Where latency decides, a share of the requests goes
    /// to someone who has not been heard of for a while, if `may_try` says so of its place.
    pub fn order(
        &mut self,
        figures: Figures<'_>,
        class: Class,
        now: Instant,
        rng: &mut Rng,
        may_try: impl Fn(usize) -> bool,
    ) -> Order {
        if let Figures::Quality(scores) = figures {
            self.lost = self.points_lost(scores);
        }
        let mut places = self.settled(figures, class);
        self.standing[class.index()].order.clone_from(&places);
        let due = match figures {
            Figures::Latency(paces, last) => self.due(paces, last, class, now),
            Figures::Listed | Figures::Quality(_) | Figures::Cost(_) => Vec::new(),
        };
        // The first is measured by everyone.
        let is_other = |place: &usize| places.first() != Some(place);
        let mut due: Vec<usize> = due.into_iter().filter(is_other).collect();
        let explores = !due.is_empty() && rng.unit() < EXPLORING;
        due.retain(|place| explores && may_try(*place));
        let drawn = rng.weighted(&vec![1.0; due.len()]).map(|drawn| due[drawn]);
        if let Some(drawn) = drawn {
            let tried = &mut self.standing[class.index()].tried[drawn];
            *tried = Tried { last: Some(now), in_vain: tried.in_vain.saturating_add(1) };
            places.retain(|place| *place != drawn);
            places.insert(0, drawn);
        }
        Order { places, explores: drawn.is_some() }
    }

    /// The order that the figures make, without taking note of it or trying anyone out.
    #[must_use]
    pub fn settled(&self, figures: Figures<'_>, class: Class) -> Vec<usize> {
        let standing = &self.standing[class.index()].order;
        let listed: Vec<usize> = (0..self.groups).collect();
        let only = |first: f64| first.is_finite().then_some(Figure { first, then: None });
        let each = |of: &dyn Fn(usize) -> Option<Figure>| listed.iter().map(|it| of(*it)).collect();
        match figures {
            Figures::Listed => listed,
            Figures::Quality(scores) => {
                let lost = self.points_lost(scores);
                let worth = |it| Some(known(scores, it)?.given - lost[it].value());
                let figures: Vec<_> = each(&|it| only(100.0 - worth(it)?));
                settle(&listed, &figures, 0.0)
            }
            Figures::Cost(prices) => {
                let figures: Vec<_> = each(&|it| only(known(prices, it)?));
                settle(&listed, &figures, 0.0)
            }
            Figures::Latency(paces, _) => {
                let figures: Vec<_> = each(&|it| Some(of_pace(known(paces, it)?)));
                settle(standing, &figures, FIFTH)
            }
        }
    }

    /// The points that count as lost once these scores are known.
    fn points_lost(&self, scores: &[Option<Score>]) -> Vec<Steady> {
        let of = |(place, counted): (usize, &Steady)| match known(scores, place) {
            Some(score) if score.lost >= NOTHING => counted.after(score.lost, POINT),
            Some(_) | None => Steady::default(),
        };
        self.lost.iter().enumerate().map(of).collect()
    }

    /// Who is to be measured.
    fn due(
        &mut self,
        paces: &[Option<Pace>],
        last: &[Option<Instant>],
        class: Class,
        now: Instant,
    ) -> Vec<usize> {
        let mut due = Vec::new();
        for (place, tried) in self.standing[class.index()].tried.iter_mut().enumerate() {
            let (heard, every) = if known(paces, place).is_some() {
                tried.in_vain = 0;
                (known(last, place), IDLE)
            } else {
                let doubled = tried.in_vain.saturating_sub(KNOWN_FROM).min(DOUBLED_AT_MOST);
                (None, UNKNOWN * 2_u32.pow(doubled))
            };
            if heard.max(tried.last).is_none_or(|heard| now - heard >= every) {
                due.push(place);
            }
        }
        due
    }
}

/// The figure of a place.
fn known<T: Copy>(figures: &[Option<T>], place: usize) -> Option<T> {
    figures.get(place).copied().flatten()
}

/// Seconds until there is an answer, then seconds per token.
fn of_pace(pace: Pace) -> Figure {
    let per_token = (pace.tokens_per_s > 0.0).then(|| 1.0 / pace.tokens_per_s);
    Figure { first: pace.until_answered(), then: per_token }
}
