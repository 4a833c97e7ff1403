//! What one bucket of time holds.

use super::sketch::Sketch;
use crate::event::{Degradation, Soft};
use crate::kind::Kind;
use crate::reason::Reason;

/// Counts by small numbers of which few are in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sparse(Vec<(u16, u32)>);

impl Sparse {
    pub(crate) fn add(&mut self, key: usize, count: u32) {
        let key = u16::try_from(key).unwrap_or(u16::MAX);
        match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(count),
            Err(place) => self.0.insert(place, (key, count)),
        }
    }

    pub(crate) fn get(&self, key: usize) -> u32 {
        let found = self.0.iter().find(|(k, _)| usize::from(*k) == key);
        found.map_or(0, |(_, count)| *count)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(key, count)| self.add(key, count));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.0.iter().map(|(key, count)| (usize::from(*key), *count))
    }

    /// The number with the highest count, of equal ones the first.
    pub(crate) fn most(&self) -> Option<usize> {
        let most = self.iter().max_by_key(|(key, count)| (*count, std::cmp::Reverse(*key)));
        most.map(|(key, _)| key)
    }

    pub(crate) fn total(&self) -> u32 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The same counts under other numbers; what has none is left out.
    pub(crate) fn renumbered(&self, number: impl Fn(usize) -> Option<usize>) -> Self {
        let mut renumbered = Self::default();
        for (key, count) in self.iter() {
            if let Some(key) = number(key) {
                renumbered.add(key, count);
            }
        }
        renumbered
    }
}

/// The requests of one chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ChainCounts {
    /// By [`Degradation`].
    pub(crate) ended: [u32; 6],
    /// By slot: who answered.
    pub(crate) served: Sparse,
    /// By slot: who answered for another leg than the request's first.
    pub(crate) instead: Sparse,
    /// By leg: which one was first for the requests that it did not answer.
    pub(crate) lost_by: Sparse,
    /// Answered by another leg, by a model that the first leg has, too.
    pub(crate) same_model: u32,
    /// By [`Reason`]: what moved requests away from the first leg.
    pub(crate) moved: Sparse,
    /// By slot x reason: why that deployment did not answer for its leg.
    pub(crate) passed_on: Sparse,
    pub(crate) ttft: Sketch,
    pub(crate) duration: Sketch,
    pub(crate) cost_usd: Option<f64>,
}

impl ChainCounts {
    pub(crate) const fn of(&self, degradation: Degradation) -> u32 {
        self.ended[degradation as usize]
    }

    /// Requests that tell of quality. Who left, and who asked for what cannot be, does not.
    pub(crate) const fn asked(&self) -> u32 {
        self.of(Degradation::Full)
            .saturating_add(self.of(Degradation::Partial))
            .saturating_add(self.of(Degradation::Degraded))
            .saturating_add(self.of(Degradation::Unavailable))
    }

    /// Not answered by the first leg.
    pub(crate) const fn lost(&self) -> u32 {
        self.asked().saturating_sub(self.of(Degradation::Full))
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.merge_counts(other);
        self.ttft.merge(&other.ttft);
        self.duration.merge(&other.duration);
    }

    /// All but the latencies, which cost most to add up.
    pub(crate) fn merge_counts(&mut self, other: &Self) {
        for (sum, count) in self.ended.iter_mut().zip(other.ended) {
            *sum = sum.saturating_add(count);
        }
        self.served.merge(&other.served);
        self.instead.merge(&other.instead);
        self.lost_by.merge(&other.lost_by);
        self.same_model = self.same_model.saturating_add(other.same_model);
        self.moved.merge(&other.moved);
        self.passed_on.merge(&other.passed_on);
        self.cost_usd = plus(self.cost_usd, other.cost_usd);
    }

    pub(crate) fn moved_for(&self, reason: Reason) -> u32 {
        self.moved.get(reason.index())
    }
}

/// The attempts of one deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DeploymentCounts {
    pub(crate) attempts: u32,
    /// Answers that were complete.
    pub(crate) successes: u32,
    /// By [`Kind`].
    pub(crate) kinds: Sparse,
    /// Of the timeouts: those of the first token.
    pub(crate) first_token: u32,
    /// By [`Soft`]: answers that were not what was wanted, taken or not.
    pub(crate) soft: Sparse,
    /// By [`Passed`](crate::Passed): requests that passed it over.
    pub(crate) passed_over: Sparse,
    pub(crate) openings: u32,
    /// By [`GateName`](crate::GateName): how often it shut.
    pub(crate) closings: Sparse,
    pub(crate) ttft: Sketch,
}

impl DeploymentCounts {
    pub(crate) fn kind(&self, kind: Kind) -> u32 {
        self.kinds.get(kind.index())
    }

    pub(crate) fn soft(&self, soft: Soft) -> u32 {
        self.soft.get(soft as usize)
    }

    /// Answers that could be looked at: complete ones, and those that a check did not take.
    pub(crate) fn answers(&self) -> u32 {
        self.successes.saturating_add(self.kind(Kind::Soft))
    }

    /// Attempts that the provider, or the way to it, failed.
    pub(crate) fn provider_faults(&self) -> u32 {
        let faults = Kind::ALL.into_iter().filter(|kind| kind.is_providers());
        faults.map(|kind| self.kind(kind)).sum()
    }

    /// Attempts that tell of the provider: a client that left, and a caller's mistake, do not.
    pub(crate) fn judged(&self) -> u32 {
        let neutral = self.kind(Kind::Cancelled) + self.kind(Kind::BadRequest);
        self.attempts.saturating_sub(neutral)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.merge_counts(other);
        self.ttft.merge(&other.ttft);
    }

    /// All but the latencies, which cost most to add up.
    pub(crate) fn merge_counts(&mut self, other: &Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.successes = self.successes.saturating_add(other.successes);
        self.kinds.merge(&other.kinds);
        self.first_token = self.first_token.saturating_add(other.first_token);
        self.soft.merge(&other.soft);
        self.passed_over.merge(&other.passed_over);
        self.openings = self.openings.saturating_add(other.openings);
        self.closings.merge(&other.closings);
    }
}

/// Unknown and something is something; unknown and unknown stays unknown.
pub(crate) fn plus(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (known, None) | (None, known) => known,
    }
}
