//! Latencies as counts on a logarithmic scale: small, and exact to add up.

use crate::varint;

/// Milliseconds, counted in buckets.
///
/// Below 16 ms a bucket is one millisecond. Above, each doubling is cut into 8 equal buckets and a
/// bucket stands for its middle: a quantile is at most 1/16 (6.25 %) off. Two histograms add up
/// without loss, in any order, which averages and quantiles do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// Counts by bucket; the last one is not 0.
    counts: Vec<u64>,
}

/// Doublings cut into `1 << FINE` buckets.
const FINE: u32 = 3;
/// Values below this are a bucket each.
const EXACT: u64 = 2 << FINE;
/// 2^27 ms, a day and a half: no request lasts longer. What does is counted in the last bucket.
const LONGEST: u64 = (1 << 27) - 1;

impl Histogram {
    /// Counts a latency so many times.
    pub(crate) fn record(&mut self, ms: u64, times: u64) {
        self.add(bucket(ms), times);
    }

    /// Adds another's counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (bucket, &count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.add(bucket, count);
        }
    }

    fn add(&mut self, bucket: usize, count: u64) {
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(sum) = self.counts.get_mut(bucket) {
            *sum = sum.saturating_add(count);
        }
    }

    /// How many latencies it holds.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The latency that this share of all does not exceed, in milliseconds; `None` of nothing.
    pub(crate) fn quantile(&self, share: f64) -> Option<u64> {
        let count = self.count();
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut below = 0_u64;
        let found = self.counts.iter().position(|&count| {
            below = below.saturating_add(count);
            below >= rank
        });
        found.map(middle)
    }

    /// As it is stored: for each bucket that is not empty, how many empty ones stand before it, and
    /// its count.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut empty = 0;
        for &count in &self.counts {
            if count == 0 {
                empty += 1;
            } else {
                varint::write(&mut bytes, empty);
                varint::write(&mut bytes, count);
                empty = 0;
            }
        }
        bytes
    }

    /// Adds what [`encode`](Self::encode) wrote, without taking it apart first. Of something else it
    /// adds what it can read, and says so.
    #[must_use]
    pub(crate) fn merge_encoded(&mut self, mut bytes: &[u8]) -> bool {
        let mut bucket = 0_usize;
        while !bytes.is_empty() {
            let empty = varint::read(&mut bytes).and_then(|empty| usize::try_from(empty).ok());
            let at = empty.and_then(|empty| bucket.checked_add(empty));
            let Some((at, count)) = at.zip(varint::read(&mut bytes)) else { return false };
            if at > bucket_of_longest() {
                return false;
            }
            self.add(at, count);
            bucket = at + 1;
        }
        true
    }
}

fn bucket_of_longest() -> usize {
    bucket(LONGEST)
}

/// The bucket of a latency. From 16 ms on: the number of its doubling, and its three bits after the
/// first.
fn bucket(ms: u64) -> usize {
    let ms = ms.min(LONGEST);
    if ms < EXACT {
        return ms as usize;
    }
    let doubling = ms.ilog2() - FINE;
    (u64::from(doubling) * (1 << FINE) + (ms >> doubling)) as usize
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT {
        return bucket;
    }
    let doubling = bucket / (1 << FINE) - 1;
    let from = (bucket - doubling * (1 << FINE)) << doubling;
    from + (1 << doubling) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_at_most_a_sixteenth_off() {
        for ms in (0..40_000).chain([100_000, 3_600_000, LONGEST]) {
            let mut one = Histogram::default();
            one.record(ms, 1);
            let told = one.quantile(0.5).unwrap();
            assert!(told.abs_diff(ms) * 16 <= ms, "{ms} ms is told as {told} ms");
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for ms in 1..1_000_000_u64 {
            let step = bucket(ms) - bucket(ms - 1);
            assert!(step <= 1, "{ms}");
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut ten = Histogram::default();
        (1..=10).for_each(|ms| ten.record(ms, 1));
        let told = [0.0, 0.1, 0.5, 0.95, 1.0].map(|share| ten.quantile(share).unwrap());
        assert_eq!(told, [1, 1, 5, 10, 10]);
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn what_is_stored_is_read_again_and_nonsense_is_not() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut all = Histogram::default();
        for _ in 0..300 {
            let most = 1 << rng.u32(1..40);
            all.record(rng.u64(0..most), 1);
        }
        let read = |bytes: &[u8]| {
            let mut read = Histogram::default();
            read.merge_encoded(bytes).then_some(read)
        };
        assert_eq!(read(&all.encode()), Some(all.clone()));
        assert_eq!(read(&[]), Some(Histogram::default()));
        assert_eq!(read(&[0x05]), None, "a gap without its count");
        assert_eq!(read(&[0xff; 12]), None, "a number without an end");
        assert_eq!(read(&[0xff, 0x7f, 0x01]), None, "a bucket that does not exist");
    }

    #[test]
    fn absurd_latencies_are_counted_in_the_last_bucket() {
        let mut one = Histogram::default();
        one.record(u64::MAX, 1);
        assert_eq!((one.count(), one.counts.len()), (1, bucket_of_longest() + 1));
    }
}
