//! What is told to those who look on live.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::broadcast;

/// One event of `GET /admin/events`.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    /// JSON on one line.
    pub(crate) data: Arc<str>,
}

/// Everyone who looks on. Who is too slow misses events, is told so, and asks anew.
#[derive(Debug)]
pub(crate) struct Feed {
    to: broadcast::Sender<Told>,
    count: AtomicU64,
}

/// Events that a reader may be behind by: 20 s at the most there are.
const BEHIND: usize = 256;

impl Default for Feed {
    fn default() -> Self {
        Self { to: broadcast::channel(BEHIND).0, count: AtomicU64::default() }
    }
}

impl Feed {
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Told> {
        self.to.subscribe()
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.to.receiver_count() > 0
    }

    pub(crate) fn tell(&self, name: &'static str, what: &impl Serialize) {
        if !self.is_watched() {
            return;
        }
        if let Ok(data) = serde_json::to_string(what) {
            let told = Told { id: self.next_id(), name, data: data.into() };
            // The last reader may have left.
            let _ = self.to.send(told);
        }
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
}
