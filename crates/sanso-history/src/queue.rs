//! What waits to be written, up to a limit.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sanso_watch::Event;

use crate::error::StoreError;

/// A bounded queue for one writer. Who puts an event in never waits: what does not fit is refused.
#[derive(Debug)]
pub(crate) struct Queue {
    most: usize,
    inner: Mutex<Inner>,
    /// For the writer: the queue is no longer empty, or someone waits for it.
    writer: Condvar,
    /// For those who wait: the writer has tried.
    waiting: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Event>,
    closed: bool,
    /// How often someone asked for all to be written, and how many of these were answered.
    asked: u64,
    answered: u64,
    /// The last answer.
    outcome: Option<StoreError>,
}

/// What the writer should do.
#[derive(Debug)]
pub(crate) struct Turn {
    /// What waited.
    pub(crate) events: Vec<Event>,
    /// Those who wait for an answer up to this number.
    pub(crate) asked: u64,
    /// Nothing is left in the queue.
    pub(crate) all: bool,
    /// Nothing more will come.
    pub(crate) closed: bool,
}

impl Queue {
    pub(crate) fn new(most: usize) -> Self {
        let inner = Mutex::default();
        Self { most, inner, writer: Condvar::new(), waiting: Condvar::new() }
    }

    /// Puts an event in; false if it does not fit.
    pub(crate) fn put(&self, event: Event) -> bool {
        let mut inner = self.lock();
        let fits = inner.events.len() < self.most && !inner.closed;
        if fits {
            inner.events.push_back(event);
            // The writer is woken once for a batch: it then gathers what comes.
            if inner.events.len() == 1 {
                self.writer.notify_one();
            }
        }
        fits
    }

    /// Waits until there is something to do, and takes up to `most` events.
    ///
    /// With nothing to do it returns after `idle`. Events are gathered for as long as `gather`, unless
    /// someone waits for them.
    pub(crate) fn turn(&self, idle: Duration, gather: Duration, most: usize) -> Turn {
        let quiet = |inner: &mut Inner| !inner.is_urgent() && inner.events.is_empty();
        let wait = self.writer.wait_timeout_while(self.lock(), idle, quiet);
        let inner = wait.unwrap_or_else(PoisonError::into_inner).0;
        let wait = self.writer.wait_timeout_while(inner, gather, |inner| {
            !inner.is_urgent() && !inner.events.is_empty() && inner.events.len() < most
        });
        let mut inner = wait.unwrap_or_else(PoisonError::into_inner).0;
        inner.take(most)
    }

    /// Waits this long, or until someone waits; takes nothing.
    pub(crate) fn pause(&self, pause: Duration) -> Turn {
        let wait = self.writer.wait_timeout_while(self.lock(), pause, |inner| !inner.is_urgent());
        let mut inner = wait.unwrap_or_else(PoisonError::into_inner).0;
        inner.take(0)
    }

    /// Tells those who waited up to this number how it went.
    pub(crate) fn answer(&self, asked: u64, outcome: Option<StoreError>) {
        let mut inner = self.lock();
        if inner.answered < asked {
            inner.answered = asked;
            inner.outcome = outcome;
            self.waiting.notify_all();
        }
    }

    /// Waits until the writer has tried to write all that is in now.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.asked = inner.asked.saturating_add(1);
        let mine = inner.asked;
        self.writer.notify_one();
        let wait = self.waiting.wait_while(inner, |inner| inner.answered < mine);
        let inner = wait.unwrap_or_else(PoisonError::into_inner);
        inner.outcome.clone().map_or(Ok(()), Err)
    }

    /// There is no writer any more: nothing is taken in, and no one waits.
    pub(crate) fn abandon(&self, why: StoreError) {
        self.lock().closed = true;
        self.answer(u64::MAX, Some(why));
    }

    /// Takes nothing more in.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.writer.notify_one();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().events.len()
    }

    /// A writer that panicked must not make requests panic.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_urgent(&self) -> bool {
        self.closed || self.answered < self.asked
    }

    fn take(&mut self, most: usize) -> Turn {
        let count = self.events.len().min(most);
        let events = self.events.drain(..count).collect();
        Turn { events, asked: self.asked, all: self.events.is_empty(), closed: self.closed }
    }
}
