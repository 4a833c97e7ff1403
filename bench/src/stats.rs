//! Samples of time and their percentiles.

use std::time::Duration;

use serde::Serialize;

/// Every sample of one measure, in microseconds. Exact, and small enough: 4 bytes each.
#[derive(Debug, Default)]
pub struct Samples(Vec<u32>);

/// Percentiles in microseconds; nearest rank, so each is a time that did occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half of all samples took at most this.
    pub p50: u32,
    /// Nine in ten took at most this.
    pub p90: u32,
    /// 99 in 100 took at most this.
    pub p99: u32,
    /// The slowest.
    pub max: u32,
}

impl Samples {
    /// Adds a duration; what exceeds an hour and some counts as that (`u32::MAX` microseconds).
    pub fn add(&mut self, sample: Duration) {
        self.0.push(u32::try_from(sample.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes over the samples of another.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their percentiles; `None` without a sample.
    #[must_use]
    pub fn percentiles(mut self) -> Option<Percentiles> {
        self.0.sort_unstable();
        let max = *self.0.last()?;
        let rank = |percent: usize| {
            let index = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
            self.0.get(index).copied().unwrap_or(max)
        };
        Some(Percentiles { p50: rank(50), p90: rank(90), p99: rank(99), max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Option<Percentiles> {
        let mut samples = Samples::default();
        micros.into_iter().for_each(|us| samples.add(Duration::from_micros(us)));
        samples.percentiles()
    }

    #[test]
    fn nearest_rank() {
        assert_eq!(of([]), None);
        assert_eq!(of([7]), Some(Percentiles { p50: 7, p90: 7, p99: 7, max: 7 }));
        assert_eq!(of((1..=100).rev()), Some(Percentiles { p50: 50, p90: 90, p99: 99, max: 100 }));
        assert_eq!(of([1, 2, 3]), Some(Percentiles { p50: 2, p90: 3, p99: 3, max: 3 }));
    }

    #[test]
    fn merging_keeps_all_and_long_times_saturate() {
        let (mut one, mut other) = (Samples::default(), Samples::default());
        one.add(Duration::from_micros(1));
        other.add(Duration::MAX);
        one.merge(other);
        assert_eq!(one.len(), 2);
        assert_eq!(one.percentiles().map(|p| p.max), Some(u32::MAX));
    }
}
