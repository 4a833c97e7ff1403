//! Ending without losing a request.
//!
//! Whoever sends requests here learns only a moment later that this process ends. So it goes on
//! accepting for a while, says by its readiness that it should get no more, and closes its door once
//! it is idle or the while is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// How long requests in flight may take to end after SIGTERM. Under Kubernetes' usual grace period
/// of 30 s, so that the end is ours and not a SIGKILL.
pub(crate) const DRAIN: Duration = Duration::from_secs(25);

/// How long new connections are taken while others are in flight: a readiness probe every 2 s has
/// failed twice by then, and an endpoint's removal has reached every node.
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// How long cut streams may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Whether the process ends, and how many requests are in flight. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Drain(Arc<watch::Sender<State>>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    draining: bool,
    /// Streams that still flow are to end with a word.
    cut: bool,
    in_flight: usize,
}

/// A request in flight. Dropping it is its end.
#[derive(Debug)]
pub(crate) struct InFlight(Drain);

impl Drain {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// Counts a request in.
    pub(crate) fn enter(&self) -> InFlight {
        self.0.send_modify(|state| state.in_flight += 1);
        InFlight(self.clone())
    }

    pub(crate) fn begin(&self) {
        self.0.send_modify(|state| state.draining = true);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.borrow().draining
    }

    /// Returns when the end begins.
    pub(crate) async fn begun(&self) {
        self.until(|state| state.draining).await;
    }

    /// Returns when nothing is in flight, or after [`LINGER`].
    pub(crate) async fn linger(&self) {
        // Either way the door closes now.
        let _ = tokio::time::timeout(LINGER, self.until(|state| state.in_flight == 0)).await;
    }

    /// Returns [`DRAIN`] after the beginning of the end, once the streams that flowed on until then have
    /// had a moment to say that they are cut.
    pub(crate) async fn is_over(&self) {
        self.begun().await;
        tokio::time::sleep(DRAIN).await;
        self.0.send_modify(|state| state.cut = true);
        let told = self.until(|state| state.in_flight == 0);
        // Who does not read is not waited for.
        let _ = tokio::time::timeout(LAST_WORDS, told).await;
    }

    /// Returns when streams that still flow are to end.
    pub(crate) async fn cuts(self) {
        self.until(|state| state.cut).await;
    }

    async fn until(&self, holds: impl FnMut(&State) -> bool) {
        let mut states = self.0.subscribe();
        // It fails only when the sender is gone, and `self` holds it.
        let _ = states.wait_for(holds).await;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.in_flight -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of the paused clock that `what` takes.
    async fn seconds(what: impl Future<Output = ()>) -> u64 {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        let mut ticks = 0;
        clock.tick().await;
        tokio::pin!(what);
        loop {
            tokio::select! {
                biased;
                _ = clock.tick() => ticks += 1,
                () = &mut what => return ticks,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_door_closes_at_once_when_idle_and_in_time_when_not() {
        let drain = Drain::new();
        let request = drain.enter();
        drain.begin();
        assert!(drain.has_begun());
        assert_eq!(seconds(drain.linger()).await, LINGER.as_secs());
        drop(request);
        assert_eq!(seconds(drain.linger()).await, 0);
        assert_eq!(seconds(drain.is_over()).await, DRAIN.as_secs());
    }
}
