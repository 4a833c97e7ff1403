//! Takes what waits for one sink to it, in its order, until it has arrived.

use std::sync::Arc;
use std::time::Duration;

use sanso::Courier;
use sanso_core::{Exponential, Rng};
use tokio::sync::watch;

use super::lane::{Lane, Waiting};
use super::outlet::{Fault, Outlet};
use super::time::Time;

/// A notice that its receiver calls malformed is tried so often, in case that was a slip; then it
/// makes way for those behind it.
const REFUSALS: u32 = 5;
/// The bound of the first wait.
const FIRST: Duration = Duration::from_secs(1);

/// Between a try that did not arrive and the next.
struct Rest {
    wait: Duration,
    /// The receiver asked for it, so that nothing may cut it short.
    is_theirs: bool,
}

/// One sink's.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) lane: Arc<Lane>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) time: Arc<Time>,
    /// The process ends: what can be said at once is said.
    pub(super) closing: watch::Receiver<bool>,
    news: watch::Receiver<()>,
    rng: Rng,
    /// Tries that failed, one after the other.
    failed: u32,
    /// Those of them that were the head's own fault.
    refused: u32,
}

impl Worker {
    pub(super) fn new(
        lane: Arc<Lane>,
        outlet: Arc<Outlet>,
        time: Arc<Time>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let (news, rng) = (lane.news.subscribe(), Courier::rng());
        Self { lane, outlet, time, closing, news, rng, failed: 0, refused: 0 }
    }

    pub(super) async fn run(mut self) {
        loop {
            // What comes from here on is news.
            self.news.mark_unchanged();
            let rest = match self.lane.head(self.time.now()) {
                Some(head) => self.deliver(&head).await,
                None if self.is_closing() => return,
                None => self.idle().await,
            };
            if let Some(rest) = rest {
                if self.is_closing() {
                    return;
                }
                self.rest(rest).await;
            }
        }
    }

    /// One try.
    async fn deliver(&mut self, head: &Waiting) -> Option<Rest> {
        let result = self.outlet.put(&head.message, self.time.now()).await;
        match &result {
            Ok(()) => {
                self.lane.done(head.number);
                self.refused = 0;
            }
            Err(fault) if fault.is_the_message => {
                self.refused += 1;
                if self.refused >= REFUSALS {
                    self.lane.give_up(head.number);
                    self.refused = 0;
                }
            }
            Err(_) => {}
        }
        self.note(result)
    }

    /// Nothing waits: until something does, or until what fires is to be said again.
    async fn idle(&mut self) -> Option<Rest> {
        let is_again = tokio::select! {
            // Their senders live as long as the delivery.
            _ = self.news.changed() => false,
            _ = self.closing.wait_for(|closing| *closing) => false,
            () = again(&self.time, self.outlet.again_after()) => true,
        };
        match is_again {
            true => {
                let result = self.outlet.again().await?;
                self.note(result)
            }
            false => None,
        }
    }

    fn note(&mut self, result: Result<(), Fault>) -> Option<Rest> {
        match result {
            Ok(()) => {
                self.failed = 0;
                self.lane.note(None);
                None
            }
            Err(fault) => {
                self.lane.note(Some(&fault.why));
                let rest = self.backoff(fault.retry_after);
                self.failed = self.failed.saturating_add(1);
                Some(rest)
            }
        }
    }

    /// Exponential, with full jitter, so that many gateways do not come back at once; not before the
    /// receiver wants to be asked again, and never more than the longest wait.
    fn backoff(&mut self, retry_after: Option<Duration>) -> Rest {
        let longest = self.outlet.longest_wait();
        let bound = Exponential { base: FIRST, cap: longest }.bound(self.failed);
        let wait = self.rng.up_to(bound).max(retry_after.unwrap_or_default()).min(longest);
        Rest { wait, is_theirs: retry_after.is_some() }
    }

    async fn rest(&mut self, rest: Rest) {
        tokio::select! {
            () = self.time.wait(rest.wait) => {}
            _ = self.closing.wait_for(|closing| *closing) => {}
            // Someone else is in trouble now: an hour's wait may be long over for the receiver.
            _ = self.news.changed(), if !rest.is_theirs => {}
        }
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }
}

async fn again(time: &Time, after: Option<Duration>) {
    match after {
        Some(after) => time.wait(after).await,
        None => std::future::pending().await,
    }
}
