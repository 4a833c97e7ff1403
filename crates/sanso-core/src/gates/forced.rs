//! Forced calls: the one way past a shut breaker, for a request with nowhere else to go.

use crate::time::{Duration, Instant};

/// One deployment's forced calls: one at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ForcedCalls {
    /// The one that is out, and until when it holds its place.
    out: Option<(u64, Instant)>,
    /// Not before this, after one that did not succeed.
    not_before: Option<Instant>,
    count: u64,
}

/// After one that failed, or ended without a verdict: callers who give up fast must not make many of
/// them. After one that succeeded the next may go at once.
const APART: Duration = Duration::from_secs(1);

impl ForcedCalls {
    /// The number of the call that may go now; `None` where none may.
    pub(super) fn admit(&mut self, now: Instant, lease: Duration) -> Option<u64> {
        let is_out = self.out.is_some_and(|(_, until)| now < until);
        if is_out || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        self.count += 1;
        self.out = Some((self.count, now + lease));
        Some(self.count)
    }

    /// The call of this number has its verdict, or ended without one; `failed_at` says that it did not
    /// succeed.
    pub(super) fn ended(&mut self, number: u64, failed_at: Option<Instant>) {
        self.out = self.out.filter(|(out, _)| *out != number);
        if let Some(at) = failed_at {
            self.not_before = Some(at + APART);
        }
    }
}
