//! What became of the calls of a provider.

use tokio::sync::watch;

/// Counts of a provider's calls since it started. Each call that arrived is in exactly one of the
/// other four: `calls = completed + failed + cancelled + in_flight`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests that arrived with their head.
    pub calls: u64,
    /// Whole answers handed to the network.
    pub completed: u64,
    /// Calls that the provider ended otherwise: errors, refusals, lost connections.
    pub failed: u64,
    /// Calls that the client left before their end.
    pub cancelled: u64,
    /// Calls that have not ended.
    pub in_flight: u64,
}

/// How the provider ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    Failed,
}

/// A call that has arrived. Dropping it before [`InFlight::end`] means that the client went away:
/// hyper drops the response, or the work on it, when the connection closes.
#[derive(Debug)]
pub(crate) struct InFlight {
    stats: watch::Sender<Stats>,
    ended: bool,
}

impl InFlight {
    /// Counts a call in, and says the how-manieth it is, from 1.
    pub(crate) fn arrive(stats: &watch::Sender<Stats>) -> (u64, Self) {
        let mut number = 0;
        stats.send_modify(|stats| {
            stats.calls += 1;
            stats.in_flight += 1;
            number = stats.calls;
        });
        (number, Self { stats: stats.clone(), ended: false })
    }

    /// The provider has done what it was to do with the call. Only the first ending counts.
    pub(crate) fn end(&mut self, ending: Ending) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.stats.send_modify(|stats| {
            stats.in_flight -= 1;
            match ending {
                Ending::Completed => stats.completed += 1,
                Ending::Failed => stats.failed += 1,
            }
        });
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.ended {
            self.stats.send_modify(|stats| {
                stats.in_flight -= 1;
                stats.cancelled += 1;
            });
        }
    }
}
