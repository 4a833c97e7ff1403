//! What delivery has of time: a clock, and waiting. Tests have their own.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use sanso::wall_clock;
use sanso::watch::Millis;

type Now = dyn Fn() -> Millis + Send + Sync;
type Wait = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// See the module.
pub(super) struct Time {
    now: Box<Now>,
    wait: Box<Wait>,
}

impl Time {
    /// The system's.
    pub(super) fn system() -> Self {
        let now = Box::new(wall_clock);
        Self { now, wait: Box::new(|wait| Box::pin(tokio::time::sleep(wait))) }
    }

    #[cfg(test)]
    pub(super) fn of(now: Box<Now>, wait: Box<Wait>) -> Self {
        Self { now, wait }
    }

    pub(super) fn now(&self) -> Millis {
        (self.now)()
    }

    pub(super) async fn wait(&self, wait: Duration) {
        (self.wait)(wait).await;
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}
