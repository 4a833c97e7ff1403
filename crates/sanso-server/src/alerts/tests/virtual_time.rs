//! Time that passes when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sanso::watch::Millis;
use tokio::sync::{mpsc, oneshot};

use super::soon;
use crate::alerts::time::Time;

/// Holds back everyone who waits.
pub(super) struct Hand {
    now: Arc<AtomicU64>,
    waits: mpsc::UnboundedReceiver<(Duration, oneshot::Sender<()>)>,
}

pub(super) fn new(start: Millis) -> (Time, Hand) {
    let now = Arc::new(AtomicU64::new(start.0));
    let (asks, waits) = mpsc::unbounded_channel();
    let clock = Arc::clone(&now);
    let time = Time::of(
        Box::new(move || Millis(clock.load(Ordering::Relaxed))),
        Box::new(move |wait| {
            let (over, is_over) = oneshot::channel();
            let _ = asks.send((wait, over));
            Box::pin(async move {
                // Held for ever where the test has ended.
                if is_over.await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
        }),
    );
    (time, Hand { now, waits })
}

impl Hand {
    /// Waits until someone waits, and lets that time pass. Who has given up waiting is passed over.
    pub(super) async fn pass(&mut self) -> Duration {
        loop {
            let (wait, over) = soon(self.waits.recv()).await.expect("nobody is left to wait");
            if over.is_closed() {
                continue;
            }
            self.now.fetch_add(u64::try_from(wait.as_millis()).unwrap(), Ordering::Relaxed);
            if over.send(()).is_ok() {
                return wait;
            }
        }
    }

    /// Waits until someone waits, and lets them.
    pub(super) async fn is_asked(&mut self) -> (Duration, oneshot::Sender<()>) {
        loop {
            let (wait, over) = soon(self.waits.recv()).await.expect("nobody is left to wait");
            if !over.is_closed() {
                return (wait, over);
            }
        }
    }
}
