//! How many calls a leg takes that come to it by fallback, so that a dead primary cannot drown a small
//! secondary.

use std::sync::{Arc, PoisonError};

use crate::sync::Mutex;

/// Calls of one group in flight that came by fallback.
#[derive(Debug, Default)]
pub(super) struct Inflow(Mutex<u32>);

/// One of them. Dropped, it makes room.
#[derive(Debug)]
pub(crate) struct InflowPlace(Arc<Inflow>);

impl Inflow {
    pub(super) fn enter(self: &Arc<Self>, at_most: u32) -> Option<InflowPlace> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *count >= at_most {
            return None;
        }
        *count += 1;
        Some(InflowPlace(Arc::clone(self)))
    }
}

impl Drop for InflowPlace {
    fn drop(&mut self) {
        let mut count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
    }
}
