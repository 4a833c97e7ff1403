//! The history as the gateway holds it.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use sanso_watch::{Event, Plan};

use crate::error::StoreError;
use crate::health::{Health, Notes};
use crate::plan::CurrentPlan;
use crate::queue::Queue;
use crate::settings::Settings;
use crate::writer::Writer;

/// Keeps what happened, off the request path.
///
/// Nothing that is wrong with the file costs a request, or keeps the gateway from starting: events
/// wait, up to a limit, and those that do not fit are dropped and counted. [`History::health`] says
/// how it does.
///
/// The questions ([`History::requests`] and its like) read the file and take up to some hundred
/// milliseconds: ask them where a thread may block.
pub struct History {
    settings: Settings,
    queue: Arc<Queue>,
    notes: Arc<Notes>,
    plan: Arc<CurrentPlan>,
    writer: Option<JoinHandle<()>>,
}

impl History {
    /// Opens the history, in a thread of its own. The plan says which tasks are configured, and how
    /// series are laid out.
    ///
    /// # Errors
    ///
    /// If the system gives no thread. That the file cannot be opened is not an error here: it is
    /// logged, shown and tried again.
    pub fn start(settings: Settings, plan: Plan) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(settings.queue));
        let notes = Arc::new(Notes::default());
        let plan = Arc::new(CurrentPlan::new(plan));
        let shared = (Arc::clone(&queue), Arc::clone(&notes), Arc::clone(&plan));
        let writer = Writer::new(settings.clone(), shared.0, shared.1, shared.2);
        // Threads do not take over who listens to what is logged.
        let log = tracing::dispatcher::get_default(Clone::clone);
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || tracing::dispatcher::with_default(&log, || writer.run()))?;
        Ok(Self { settings, queue, notes, plan, writer: Some(thread) })
    }

    /// From now on this is what is configured.
    pub fn set_plan(&self, plan: Plan) {
        self.plan.set(plan);
    }

    /// Hands an event over; it never waits. What does not fit into the queue is counted.
    pub fn note(&self, event: Event) {
        if !self.queue.put(event) {
            self.notes.drop_rows(1);
        }
    }

    /// How many events were not written, since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.notes.dropped()
    }

    /// How it does.
    #[must_use]
    pub fn health(&self) -> Health {
        Health {
            store: "sqlite",
            retention_d: self.settings.retention.days.as_secs() / (24 * 3600),
            dropped_rows: self.dropped(),
            waiting_rows: self.queue.len() as u64 + self.notes.held(),
            last_error: self.notes.trouble().map(|error| error.to_string()),
        }
    }

    /// Waits until all that was noted before is in the file, or a try to write it has failed.
    ///
    /// # Errors
    ///
    /// Why it could not be written. It is tried again later.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.queue.flush()
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.plan.get()
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Drop for History {
    /// What waits is written before the process ends, in one try.
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("path", &self.settings.path).finish_non_exhaustive()
    }
}
