//! A half-open probe that its request no longer needs, and the breaker does.
//!
//! It was silent, its request moved on and was served by someone else. It runs on without the
//! request, up to its verdict or the end of its lease, so that the breaker learns what it set out to
//! learn.

use super::step::{CallId, Signal};
use crate::event::{CallEnd, Event};
use crate::fault::{Fault, FaultKind, Outcome, Phase};
use crate::gates::{News, Permit};
use crate::rng::Rng;
use crate::route::DeploymentId;
use crate::time::Instant;

/// See the module. Dropped, it frees its place and says nothing.
#[derive(Debug)]
#[must_use = "dropped, the probe ends without a verdict"]
pub struct Rest {
    call: CallId,
    deployment: DeploymentId,
    started: Instant,
    until: Instant,
    permit: Permit,
}

impl Rest {
    pub(super) fn new(
        call: CallId,
        deployment: DeploymentId,
        started: Instant,
        permit: Permit,
    ) -> Self {
        let until = started + permit.lease().unwrap_or_default();
        Self { call, deployment, started, until, permit }
    }

    /// The call that runs on.
    #[must_use]
    pub fn call(&self) -> CallId {
        self.call
    }

    /// Whom it calls.
    #[must_use]
    pub fn deployment(&self) -> DeploymentId {
        self.deployment
    }

    /// When it is to be stopped at the latest, by [`Signal::Limit`].
    #[must_use]
    pub fn until(&self) -> Instant {
        self.until
    }

    /// What became of it. That is its verdict: the driver stops the call, if it still runs.
    #[must_use]
    pub fn end(self, now: Instant, signal: Signal, rng: &mut Rng) -> Vec<Event> {
        let Self { call, deployment, started, mut permit, .. } = self;
        let mut news = News::default();
        let end = match signal {
            Signal::End(Outcome::Finished) => {
                permit.answered(now, rng, &mut news).finished(now, rng, &mut news);
                CallEnd::Finished
            }
            Signal::End(Outcome::Fault(fault)) => {
                permit.failed(now, &fault, rng, &mut news);
                CallEnd::Fault(fault)
            }
            Signal::Connected => {
                permit.connected(now, &mut news);
                CallEnd::Cancelled
            }
            Signal::Content | Signal::MoreThanText | Signal::Spent(_) => {
                drop(permit.answered(now, rng, &mut news));
                CallEnd::Cancelled
            }
            Signal::Limit(_) => {
                permit.overdue(now, Phase::FirstToken, rng, &mut news);
                CallEnd::Fault(Fault::new(FaultKind::Timeout(Phase::FirstToken)))
            }
        };
        let mut events = vec![Event::CallEnded { call, end, after: now - started }];
        events.extend(news.into_events(deployment));
        events
    }
}
