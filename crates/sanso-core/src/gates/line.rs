//! The line in front of a shut quota gate: who may stand in it, and the places that they hold.

use std::sync::Arc;

use super::cell::Cell;
use crate::fault::Dimension;
use crate::time::Instant;

/// When the holder of a place may go. It holds until the gate shuts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaSlot {
    /// When the holder may go.
    pub at: Instant,
    /// When the next one may.
    pub(super) ends: Instant,
    pub(super) dimension: Dimension,
    /// Which shutting of the gate it waits for the end of.
    pub(super) shutting: u32,
}

/// Who may stand in a line.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// No place later than this.
    pub latest: Instant,
    /// The gate reopens by this.
    pub reopens_by: Instant,
    /// No place behind so many others.
    pub at_most: u32,
}

impl Line {
    /// A place at any time up to `latest`.
    #[must_use]
    pub const fn until(latest: Instant) -> Self {
        Self { latest, reopens_by: latest, at_most: u32::MAX }
    }
}

/// A place in a line. Dropped before its time, as by a client that leaves, it is the next one's who
/// asks: a place that no one uses must hold up no one.
#[derive(Debug)]
#[must_use = "dropping a place gives it to the next who asks"]
pub struct Place {
    cell: Arc<Cell>,
    slot: QuotaSlot,
}

impl Place {
    pub(super) fn new(cell: &Arc<Cell>, slot: QuotaSlot) -> Self {
        Self { cell: Arc::clone(cell), slot }
    }

    /// When its holder may go, for [`Entry::slot`](super::Entry::slot).
    #[must_use]
    pub const fn slot(&self) -> QuotaSlot {
        self.slot
    }
}

impl Drop for Place {
    /// Whoever asked the gates at its time has used it: they have heard of that time then.
    fn drop(&mut self) {
        let mut inner = self.cell.lock();
        let now = inner.latest();
        inner.quota.give_back(now, self.slot);
    }
}
