//! Counts over time: ten-second buckets for the last hour, minutes for the last day.
//!
//! Counting one event touches three buckets. Memory is bounded by the plan: for 30 deployments in 8
//! chains, each with traffic in every bucket of a day, about 20 MB (measured).

pub(crate) mod counts;
mod note;
pub(crate) mod ring;
mod sketch;

pub(crate) use counts::{ChainCounts, DeploymentCounts};
pub use sketch::Sketch;

use crate::index::Index;
use crate::millis::Millis;
use ring::Ring;

pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Short enough to see an outage begin.
pub(crate) const FINE: u64 = 10 * SECOND;
/// How far ahead of the clock a bucket may be: a clock that is corrected by seconds loses nothing.
const SLACK: u64 = MINUTE;

/// All counts.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    fine: Ring<Bucket>,
    minutes: Ring<Bucket>,
    /// What came since it was taken.
    recent: Bucket,
    /// Events that came too late to be counted.
    pub(crate) late: u64,
    /// Requests for groups, and attempts of deployments, that the plan does not have.
    pub(crate) unknown: u64,
}

/// By number of the chain and of the deployment; shorter than the plan where nothing came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    chains: Vec<ChainCounts>,
    deployments: Vec<DeploymentCounts>,
}

/// The element of a list that grows on demand.
fn at<T: Default>(list: &mut Vec<T>, number: usize) -> &mut T {
    if list.len() <= number {
        list.resize_with(number + 1, T::default);
    }
    &mut list[number]
}

impl Bucket {
    pub(crate) fn chain(&self, number: usize) -> ChainCounts {
        self.chains.get(number).cloned().unwrap_or_default()
    }

    pub(crate) fn deployment(&self, number: usize) -> DeploymentCounts {
        self.deployments.get(number).cloned().unwrap_or_default()
    }
}

impl Figures {
    /// How far back the ten-second buckets reach.
    pub(crate) const FINE_SPAN: u64 = HOUR;

    pub(crate) fn new() -> Self {
        // One more than the span, since the running bucket is not whole.
        let fine = Ring::new(FINE, (HOUR / FINE) as usize + 1);
        let minutes = Ring::new(MINUTE, (DAY / MINUTE) as usize + 1);
        Self { fine, minutes, recent: Bucket::default(), late: 0, unknown: 0 }
    }

    /// Takes note of the time. A clock that went back by more than a minute leaves counts of a time
    /// that has not come: they are forgotten. Returns whether it did.
    pub(crate) fn clock(&mut self, now: Millis, before: Millis) -> bool {
        let went_back = before > now.plus(SLACK);
        if went_back {
            self.fine.forget_after(now.plus(SLACK));
            self.minutes.forget_after(now.plus(SLACK));
        }
        went_back
    }

    /// What came since the last time.
    pub(crate) fn take_recent(&mut self) -> Bucket {
        std::mem::take(&mut self.recent)
    }

    /// The ring for a span that ends now: fine buckets while they reach back that far.
    fn ring(&self, from: Millis, to: Millis) -> &Ring<Bucket> {
        if to.since(from) <= Self::FINE_SPAN { &self.fine } else { &self.minutes }
    }

    /// The fewest buckets that a span which ends now is made of: minutes where they lie within it, and
    /// fine ones at its ends. A reader of one sum each second would else read 360 for an hour.
    fn parts(&self, from: Millis, to: Millis) -> impl Iterator<Item = &Bucket> {
        let is_fine = to.since(from) <= Self::FINE_SPAN;
        let begin = Millis(from.0 / FINE * FINE);
        let first = Millis(begin.0.div_ceil(MINUTE) * MINUTE);
        let last = Millis(to.0 / MINUTE * MINUTE);
        let (first, last) = match (is_fine, first < last) {
            (true, true) => (first, last),
            // No whole minute: all of it is the end.
            (true, false) => (begin, begin),
            (false, _) => (from, to.plus(1)),
        };
        let head = (is_fine && begin < first).then(|| self.fine.between(begin, first.minus(1)));
        let whole = (first < last).then(|| self.minutes.between(first, last.minus(1)));
        let tail = is_fine.then(|| self.fine.between(last, to));
        let all = head.into_iter().flatten().chain(whole.into_iter().flatten());
        all.chain(tail.into_iter().flatten()).map(|(_, bucket)| bucket)
    }

    /// One chain's counts over a span that ends now, in parts.
    pub(crate) fn chain_parts(
        &self,
        chain: usize,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = &ChainCounts> {
        self.parts(from, to).filter_map(move |bucket| bucket.chains.get(chain))
    }

    /// One deployment's counts over a span that ends now, in parts.
    pub(crate) fn deployment_parts(
        &self,
        number: usize,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = &DeploymentCounts> {
        self.parts(from, to).filter_map(move |bucket| bucket.deployments.get(number))
    }

    /// One chain's buckets over a span that ends now, each with its beginning.
    pub(crate) fn chain_buckets(
        &self,
        chain: usize,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = (Millis, &ChainCounts)> {
        let buckets = self.ring(from, to).between(from, to);
        buckets.filter_map(move |(at, bucket)| Some((at, bucket.chains.get(chain)?)))
    }

    /// The same in minutes, whatever the span: what a rate over time is looked at by.
    pub(crate) fn chain_minutes(
        &self,
        chain: usize,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = (Millis, &ChainCounts)> {
        let minutes = self.minutes.between(from, to);
        minutes.filter_map(move |(at, bucket)| Some((at, bucket.chains.get(chain)?)))
    }

    /// One deployment's buckets over a span that ends now.
    pub(crate) fn deployment_buckets(
        &self,
        number: usize,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = (Millis, &DeploymentCounts)> {
        let buckets = self.ring(from, to).between(from, to);
        buckets.filter_map(move |(at, bucket)| Some((at, bucket.deployments.get(number)?)))
    }

    /// The same in minutes.
    pub(crate) fn deployment_minutes(
        &self,
        number: usize,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = (Millis, &DeploymentCounts)> {
        let minutes = self.minutes.between(from, to);
        minutes.filter_map(move |(at, bucket)| Some((at, bucket.deployments.get(number)?)))
    }

    /// The sum of one chain's counts over a span that ends now, without latencies.
    pub(crate) fn chain(&self, chain: usize, from: Millis, to: Millis) -> ChainCounts {
        let mut sum = ChainCounts::default();
        self.chain_parts(chain, from, to).for_each(|counts| sum.merge_counts(counts));
        sum
    }

    /// The first contents of some deployments over a span that ends now.
    pub(crate) fn ttft(&self, of: &[usize], from: Millis, to: Millis) -> Sketch {
        let mut sum = Sketch::default();
        for number in of {
            self.deployment_parts(*number, from, to).for_each(|counts| sum.merge(&counts.ttft));
        }
        sum
    }

    /// The sum over some deployments (one, or those of a provider or a model), without latencies.
    pub(crate) fn deployments(&self, of: &[usize], from: Millis, to: Millis) -> DeploymentCounts {
        let mut sum = DeploymentCounts::default();
        for number in of {
            self.deployment_parts(*number, from, to).for_each(|counts| sum.merge_counts(counts));
        }
        sum
    }

    /// The counts under the numbers of another plan. What it does not have is dropped.
    pub(crate) fn renumber(&mut self, old: &Index, new: &Index) {
        let chains: Vec<Option<usize>> = (0..old.plan.chains.len())
            .map(|chain| {
                let planned = &old.plan.chains[chain];
                new.plan.chains.iter().position(|other| {
                    other.model_group == planned.model_group && other.task == planned.task
                })
            })
            .collect();
        let deployments: Vec<Option<usize>> =
            old.deployments.iter().map(|planned| new.deployment(&planned.deployment)).collect();
        let buckets = self.fine.buckets_mut().chain(self.minutes.buckets_mut());
        let buckets = buckets.chain(std::iter::once(&mut self.recent));
        for bucket in buckets {
            let before = std::mem::take(bucket);
            for (number, counts) in before.deployments.into_iter().enumerate() {
                if let Some(number) = deployments[number] {
                    *at(&mut bucket.deployments, number) = counts;
                }
            }
            for (number, counts) in before.chains.into_iter().enumerate() {
                if let Some(chain) = chains[number] {
                    let slot = |slot: usize| {
                        let slot = &old.slots[number][slot];
                        new.slot(chain, deployments[slot.deployment]?, Some(&slot.group))
                    };
                    let leg = |leg: usize| {
                        let group = &old.plan.chains[number].legs[leg].model_group;
                        let legs = &new.plan.chains[chain].legs;
                        legs.iter().position(|other| other.model_group == *group)
                    };
                    *at(&mut bucket.chains, chain) = note::reslotted(counts, slot, leg);
                }
            }
        }
    }
}
