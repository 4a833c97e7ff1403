//! Faults with no success between them.

use crate::rule::Weight;
use crate::time::{Duration, Instant};

/// A row of faults: its weight, and when it began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    halves: u32,
    since: Option<Instant>,
}

impl Row {
    pub(super) fn add(&mut self, now: Instant, weight: Weight) {
        self.halves = self.halves.saturating_add(weight.halves());
        self.since.get_or_insert(now);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether the row weighs at least `faults` whole faults.
    pub(super) fn weighs(&self, faults: u32) -> bool {
        self.halves >= faults * Weight::FULL.halves()
    }

    pub(super) fn whole_faults(&self) -> u32 {
        self.halves / Weight::FULL.halves()
    }

    pub(super) fn lasted(&self, now: Instant) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now - since)
    }
}
