//! What waits for one sink, and how that sink fares. Whoever offers a notice never waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanso::watch::Millis;
use tokio::sync::watch;

use super::Message;

/// Notices that may wait for one sink. An alert is well again at the earliest ten minutes after it
/// fired (two windows of five), so that one chain makes at most 432 notices a day (each time: fired,
/// escalated, resolved). This is a day of nine chains that do nothing else, or of hundreds that are
/// merely ill; at 3 kB a notice, shared by all sinks, 12 MiB.
pub(super) const CAPACITY: usize = 4096;
/// What has waited longer is no news any more.
pub(super) const OLDEST: u64 = 24 * 3600 * 1000;

/// One sink's way out.
#[derive(Debug)]
pub(super) struct Lane {
    /// As metrics and messages call it.
    pub(super) name: String,
    state: Mutex<State>,
    /// Changes when something comes.
    pub(super) news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    next: u64,
    /// Counts what came and what went.
    revision: u64,
    dropped: u64,
    failures: u64,
    /// `None`: the last try arrived, or there was none yet.
    last_error: Option<Arc<str>>,
}

/// A notice that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// In the order in which they came.
    pub(super) number: u64,
    pub(super) since: Millis,
    pub(super) message: Message,
}

/// How one sink fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SinkHealth {
    /// Its name.
    pub(crate) sink: String,
    /// Why the last try did not arrive, if it did not.
    pub(crate) last_error: Option<Arc<str>>,
    /// Notices that wait.
    pub(crate) queued: usize,
    /// Notices that were given up.
    pub(crate) dropped: u64,
    /// Tries that did not arrive.
    pub(crate) failures: u64,
}

impl Lane {
    pub(super) fn new(name: String) -> Self {
        Self { name, state: Mutex::default(), news: watch::Sender::new(()) }
    }

    /// Appends a notice that waits since then. Where there is no room, the oldest goes: the newest
    /// says how things are.
    pub(super) fn offer(&self, message: Message, since: Millis) {
        let mut state = self.lock();
        state.revision += 1;
        if state.waiting.len() >= CAPACITY {
            let oldest = state.waiting.pop_front();
            self.lose(&mut state, oldest.as_ref(), "too many wait for this sink");
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(Waiting { number, since, message });
        drop(state);
        self.news.send_replace(());
    }

    /// Who is next. It keeps its place until it is [`done`](Self::done) or given up: nothing
    /// overtakes it.
    pub(super) fn head(&self, now: Millis) -> Option<Waiting> {
        let mut state = self.lock();
        while state.waiting.front().is_some_and(|first| now.since(first.since) > OLDEST) {
            let oldest = state.waiting.pop_front();
            self.lose(&mut state, oldest.as_ref(), "it waited for a day");
            state.revision += 1;
        }
        state.waiting.front().cloned()
    }

    /// It arrived.
    pub(super) fn done(&self, number: u64) {
        self.lock().remove(number);
    }

    /// It will never arrive.
    pub(super) fn give_up(&self, number: u64) {
        let mut state = self.lock();
        let gone = state.remove(number);
        if gone.is_some() {
            self.lose(&mut state, gone.as_ref(), "the sink will not take it");
        }
    }

    /// A notice is lost: it is said, each time, since nobody else will say what it said.
    fn lose(&self, state: &mut State, lost: Option<&Waiting>, why: &str) {
        state.dropped += 1;
        let alert = lost.map(|lost| Arc::clone(&lost.message.notice.alert.id)).unwrap_or_default();
        tracing::error!(sink = self.name, alert = %alert, why, "an alert was not delivered");
    }

    /// Changes when a notice comes or goes.
    pub(super) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// All that waits, in its order.
    pub(super) fn waiting(&self) -> Vec<Waiting> {
        self.lock().waiting.iter().cloned().collect()
    }

    /// A try arrived, or did not. Said in the log when that changes, and once.
    pub(super) fn note(&self, error: Option<&str>) {
        let mut state = self.lock();
        let was_well = state.last_error.is_none();
        state.last_error = error.map(Arc::from);
        state.failures += u64::from(error.is_some());
        let (sink, queued) = (&self.name, state.waiting.len());
        drop(state);
        match error {
            Some(error) if was_well => {
                tracing::error!(sink, error, queued, "alerts cannot be delivered; trying again");
            }
            None if !was_well => tracing::warn!(sink, "alerts are delivered again"),
            Some(_) | None => {}
        }
    }

    pub(super) fn health(&self) -> SinkHealth {
        let state = self.lock();
        SinkHealth {
            sink: self.name.clone(),
            last_error: state.last_error.clone(),
            queued: state.waiting.len(),
            dropped: state.dropped,
            failures: state.failures,
        }
    }

    /// Nothing that is done under the lock can be left half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether it was still there: it may have been dropped for want of room meanwhile.
    fn remove(&mut self, number: u64) -> Option<Waiting> {
        self.revision += 1;
        let place = self.waiting.iter().position(|waiting| waiting.number == number)?;
        self.waiting.remove(place)
    }
}
