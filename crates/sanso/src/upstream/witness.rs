//! Hearing of a connection before its answer: one that stands says that its host is there again, and an
//! answer may take a minute.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper_util::client::legacy::connect::CaptureConnection;

use super::connector::Used;

/// Sees to it that a call that finds out about its host is heard of as soon as it has. The call and
/// whoever polls it hold the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness(Arc<AtomicBool>);

impl Witness {
    /// Whether a fresh connection stands.
    pub(crate) fn has_seen_it(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sends a request, and looks at the connection that it is given. One that stood before says nothing
    /// of a host that has gone since.
    pub(super) async fn watch<F: Future>(
        &self,
        sending: F,
        mut captured: CaptureConnection,
    ) -> F::Output {
        let next = Used::next();
        let watching = async {
            let is_fresh = {
                let connection = captured.wait_for_connection_metadata().await;
                let used = connection.as_ref().and_then(Used::of);
                used.is_some_and(|used| used.number() >= next)
            };
            self.0.store(is_fresh, Ordering::Relaxed);
            pending().await
        };
        tokio::select! {
            sent = sending => sent,
            never = watching => never,
        }
    }
}
