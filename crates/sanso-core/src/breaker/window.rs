//! Exact counts over the recent past, which age out without traffic.
//!
//! Ten buckets rather than a moving average: a tight burst must weigh the same as a spread one, and
//! a call can be taken back from the bucket that holds it.

use crate::rule::Weight;
use crate::time::{Duration, Instant};

/// Enough that what ages out at once is a tenth of the evidence, and few enough to sum each time.
const BUCKETS: usize = 10;

/// Calls and faults of the window.
#[derive(Clone, Debug)]
pub(super) struct Window {
    bucket: Duration,
    buckets: [Bucket; BUCKETS],
}

/// Which bucket a success was counted in, so that a later break can take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    slice: u64,
    bucket: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// Number of the time slice that the counts belong to; an older one counts as empty.
    slice: u64,
    counts: Counts,
}

/// What the window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) successes: u32,
    pub(super) faults: u32,
    /// Weight of `faults`, in halves.
    pub(super) halves: u32,
    /// Of `faults`: those that were their request's first here.
    pub(super) requests: u32,
    /// Weight of `requests`, in halves.
    pub(super) request_halves: u32,
    /// Of `faults`: those that cut an answer after its first content.
    pub(super) breaks: u32,
}

impl Counts {
    /// Share of weighted faults among the calls; `None` below `min_calls`.
    pub(super) fn rate(&self, min_calls: u32) -> Option<f64> {
        let calls = self.successes + self.faults;
        (calls > 0 && calls >= min_calls).then(|| share(self.halves, calls))
    }

    /// The same, with each request's faults counted once. Zero without calls.
    pub(super) fn request_rate(&self) -> f64 {
        let calls = self.successes + self.requests;
        if calls == 0 { 0.0 } else { share(self.request_halves, calls) }
    }
}

fn share(halves: u32, calls: u32) -> f64 {
    f64::from(halves) / 2.0 / f64::from(calls)
}

impl Window {
    pub(super) fn new(span: Duration) -> Self {
        let bucket = (span / BUCKETS as u32).max(Duration::from_millis(1));
        Self { bucket, buckets: [Bucket::default(); BUCKETS] }
    }

    pub(super) fn clear(&mut self) {
        self.buckets = [Bucket::default(); BUCKETS];
    }

    pub(super) fn success(&mut self, now: Instant) -> Mark {
        let slice = self.slice(now);
        self.at(slice).successes += 1;
        Mark { slice, bucket: self.bucket }
    }

    /// Takes a success back, if it is still in the window: one that has aged out, or that was
    /// counted before a reload changed the span, is there no more.
    pub(super) fn take_back(&mut self, now: Instant, mark: Mark) {
        if mark.bucket == self.bucket && self.in_window(mark.slice, self.slice(now)) {
            let counts = self.at(mark.slice);
            counts.successes = counts.successes.saturating_sub(1);
        }
    }

    /// Counts a fault; `first` says that its request had no fault here before.
    pub(super) fn fault(&mut self, now: Instant, weight: Weight, first: bool) {
        let slice = self.slice(now);
        let counts = self.at(slice);
        counts.faults += 1;
        counts.halves += weight.halves();
        if first {
            counts.requests += 1;
            counts.request_halves += weight.halves();
        }
    }

    /// Of the faults, one was a break.
    pub(super) fn broke(&mut self, now: Instant) {
        let slice = self.slice(now);
        self.at(slice).breaks += 1;
    }

    pub(super) fn counts(&self, now: Instant) -> Counts {
        let current = self.slice(now);
        let mut sum = Counts::default();
        for bucket in self.buckets.iter().filter(|bucket| self.in_window(bucket.slice, current)) {
            sum.successes += bucket.counts.successes;
            sum.faults += bucket.counts.faults;
            sum.halves += bucket.counts.halves;
            sum.requests += bucket.counts.requests;
            sum.request_halves += bucket.counts.request_halves;
            sum.breaks += bucket.counts.breaks;
        }
        sum
    }

    /// Slices count from one, so that a fresh bucket (slice 0) belongs to no time.
    fn slice(&self, now: Instant) -> u64 {
        let slices = now.since_origin().as_nanos() / self.bucket.as_nanos();
        u64::try_from(slices).unwrap_or(u64::MAX - 1) + 1
    }

    fn in_window(&self, slice: u64, current: u64) -> bool {
        slice > 0 && slice <= current && current - slice < BUCKETS as u64
    }

    /// The bucket of `slice`, emptied if it still held an older one.
    fn at(&mut self, slice: u64) -> &mut Counts {
        let bucket = &mut self.buckets[(slice % BUCKETS as u64) as usize];
        if bucket.slice != slice {
            *bucket = Bucket { slice, counts: Counts::default() };
        }
        &mut bucket.counts
    }
}
