//! The retry budget of one deployment: what stops its retries from becoming a storm.
//!
//! A token bucket in the shape of the AWS SDK's of 2026: a retry costs what the fault before it
//! suggests, an answer gives it back, and what is gone is earned again by calls that succeed at their
//! first try. In a brownout, where requests are answered in the end, nothing is spent; in an outage
//! the bucket is empty after a few dozen retries, and every request then moves on at once.

use crate::fault::FaultKind;

/// Tokens of a full bucket, unless it is set otherwise.
pub(crate) const FULL: u32 = 500;
/// What calling someone else costs the one that is left. It never refuses the move.
const MOVE: u32 = 2;
/// What a success at the first try earns.
const FIRST_TRY: u32 = 1;

/// See the module. `None` of a deployment's size switches it off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    tokens: u32,
    size: Option<u32>,
}

/// What a retry costs after a fault of this kind.
pub(crate) const fn price(last: FaultKind) -> u32 {
    match last {
        FaultKind::Timeout(_) => 20,
        FaultKind::Overloaded | FaultKind::RateLimited => 10,
        FaultKind::QuotaExhausted
        | FaultKind::ServerError
        | FaultKind::Connection(_)
        | FaultKind::Malformed
        | FaultKind::Broken
        | FaultKind::ContextWindow
        | FaultKind::ContentPolicy
        | FaultKind::Authentication
        | FaultKind::NotFound
        | FaultKind::BadRequest
        | FaultKind::Soft(_)
        | FaultKind::Cancelled => 14,
    }
}

impl Budget {
    /// A full bucket.
    pub(crate) fn new(size: Option<u32>) -> Self {
        Self { tokens: size.unwrap_or_default(), size }
    }

    /// Takes a reloaded size; what is spent stays spent.
    pub(crate) fn resize(&mut self, size: Option<u32>) {
        if size != self.size {
            let spent = self.size.unwrap_or_default().saturating_sub(self.tokens);
            *self = Self { tokens: size.unwrap_or_default().saturating_sub(spent), size };
        }
    }

    /// Tokens that are left; `None` where it is switched off.
    pub(crate) fn left(&self) -> Option<u32> {
        self.size.map(|_| self.tokens)
    }

    pub(crate) fn can_pay(&self, price: u32) -> bool {
        self.size.is_none() || self.tokens >= price
    }

    /// Pays for a retry; `false`, and nothing is taken, where there is too little.
    pub(crate) fn pay(&mut self, price: u32) -> bool {
        let can = self.can_pay(price);
        if can {
            self.tokens = self.tokens.saturating_sub(price);
        }
        can
    }

    /// A request moved on from here.
    pub(crate) fn moved(&mut self) {
        self.tokens = self.tokens.saturating_sub(MOVE);
    }

    /// A request whose retries here cost so much was answered.
    pub(crate) fn refund(&mut self, paid: u32) {
        self.earn(paid);
    }

    /// A request was answered at its first try.
    pub(crate) fn first_try(&mut self) {
        self.earn(FIRST_TRY);
    }

    fn earn(&mut self, tokens: u32) {
        self.tokens = self.tokens.saturating_add(tokens).min(self.size.unwrap_or_default());
    }
}
