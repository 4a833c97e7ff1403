//! Trying a breaker to the end of an answer.
//!
//! A provider that cuts its streams looks healthy at their first content. So a breaker that cut streams
//! have opened takes the end of an answer for a success, or half a minute of flowing content; until
//! then the call holds its place, and a break is a fault.

use super::grant::{Counted, Grant, How, Trial};
use super::state::State;
use super::types::Transition;
use super::window::Mark;
use super::{Breaker, Cause, TripRule};
use crate::fault::FaultKind;
use crate::time::{Duration, Instant};

/// An answer that has begun, and holds its place until it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flowing {
    number: u64,
    grant: Grant,
    /// It has flowed long enough by then.
    until: Instant,
    /// It has, and is in the window.
    counted: Option<Mark>,
}

/// What an answer was to the breaker when it stopped flowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It held its place, and gives it back.
    Uncounted,
    /// It had flowed long enough.
    Counted(Mark),
}

/// Content that flows for so long is as good as an end.
const LONG: Duration = Duration::from_secs(30);

impl Flowing {
    fn is_due(&self, now: Instant) -> bool {
        self.counted.is_none() && now >= self.until
    }
}

impl Breaker {
    /// Whether a first content is no success yet.
    pub(super) fn is_tried_to_the_end(&self, grant: &Grant) -> bool {
        let on_trial = match grant.trial {
            Trial::Probe(_) | Trial::SlowStart | Trial::Forced(_) => true,
            Trial::None => false,
        };
        let coming_back = match self.state {
            State::HalfOpen { .. } | State::Recovering(_) => true,
            State::Closed { .. } | State::Open { .. } => false,
        };
        self.to_the_end && on_trial && coming_back
    }

    /// First content: the call keeps its place, and the lease's clock stops.
    pub(super) fn flows(&mut self, now: Instant, grant: &Grant) -> Counted {
        if let (Trial::Probe(id), State::HalfOpen { leases, .. }) = (grant.trial, &mut self.state) {
            leases.iter_mut().filter(|lease| lease.id == id).for_each(|lease| lease.expires = None);
        }
        let number = self.next_lease;
        self.next_lease += 1;
        self.flowing.push(Flowing { number, grant: *grant, until: now + LONG, counted: None });
        Counted { epoch: self.epoch, how: How::Flowing(number) }
    }

    /// A call that flowed has ended, or broken.
    pub(super) fn stopped_flowing(&mut self, counted: Option<Counted>) -> Option<Stopped> {
        let Some(Counted { how: How::Flowing(number), .. }) = counted else { return None };
        let place = self.flowing.iter().position(|flow| flow.number == number)?;
        let flow = self.flowing.swap_remove(place);
        if let Some(mark) = flow.counted {
            return Some(Stopped::Counted(mark));
        }
        self.settle(&flow.grant);
        Some(Stopped::Uncounted)
    }

    /// Counts those that have flowed long enough.
    pub(super) fn settle_flows(&mut self, now: Instant, news: &mut Vec<Transition>) {
        while let Some(place) = self.flowing.iter().position(|flow| flow.is_due(now)) {
            let grant = self.flowing[place].grant;
            self.settle(&grant);
            let Counted { how, .. } = self.count_success(now, news);
            if let How::Counted(mark) = how {
                self.flowing[place].counted = Some(mark);
            }
        }
    }

    /// The breaker as it is once those are counted, where there are any: for a mere look.
    pub(super) fn with_flows_settled(&self, now: Instant) -> Option<Self> {
        self.flowing.iter().any(|flow| flow.is_due(now)).then(|| {
            let mut settled = self.clone();
            settled.settle_flows(now, &mut Vec::new());
            settled
        })
    }

    /// Whether an opening or reopening for this cause is one by cut streams.
    pub(super) fn is_by_breaks(&self, now: Instant, cause: Cause) -> bool {
        match cause {
            Cause::Tripped(TripRule::Breaks) => true,
            Cause::Tripped(_) => {
                let counts = self.window.counts(now);
                counts.breaks > counts.faults - counts.breaks.min(counts.faults)
            }
            Cause::ProbeFailed(kind) => kind == FaultKind::Broken,
            Cause::ProbeSilent
            | Cause::OpenTimeOver
            | Cause::ForcedSucceeded
            | Cause::ProbesSucceeded
            | Cause::SlowStartOver
            | Cause::Forced => false,
        }
    }
}
