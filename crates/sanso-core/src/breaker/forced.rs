//! What an administrator sets a breaker to, and takes back.

use super::Breaker;
use super::grant::Shut;
use super::state::State;
use super::types::{Cause, Forced, Transition};
use crate::rng::Rng;
use crate::time::Instant;

impl Breaker {
    /// Sets it, whatever its state; nothing but another call of this changes it back. What was granted
    /// before changes nothing any more.
    ///
    /// Taken back, a breaker that was forced open is probed at once; any other is closed.
    pub(crate) fn force(
        &mut self,
        now: Instant,
        forced: Forced,
        rng: &mut Rng,
        news: &mut Vec<Transition>,
    ) {
        self.advance(now, rng, news);
        if (forced, self.forced) == (Forced::Not, Forced::Not) {
            return;
        }
        let was = std::mem::replace(&mut self.forced, forced);
        self.begin_epoch();
        let state = match (forced, was) {
            (Forced::Open, _) => State::Open { since: now, until: now },
            (Forced::Not, Forced::Open) => {
                State::HalfOpen { since: now, leases: Vec::new(), successes: 0 }
            }
            (Forced::Not | Forced::Closed | Forced::MetricsOnly, _) => State::Closed { since: now },
        };
        if state.name() != self.state.name() {
            self.enter(state, now, Cause::Forced, news);
        }
    }

    /// What an administrator has set.
    pub(crate) fn forced(&self) -> Forced {
        self.forced
    }

    /// Since when it is forced open.
    pub(super) fn forced_shut(&self) -> Option<Shut> {
        match (self.forced, &self.state) {
            (Forced::Open, State::Open { since, .. }) => {
                Some(Shut { since: *since, not_before: None, full: false })
            }
            (Forced::Open | Forced::Not | Forced::Closed | Forced::MetricsOnly, _) => None,
        }
    }

    /// Whether it may open by itself.
    pub(super) fn may_open(&self) -> bool {
        self.policy.enabled && self.forced == Forced::Not
    }
}
