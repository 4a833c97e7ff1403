//! The one thread that writes.

use std::sync::Arc;
use std::time::Duration;

use sanso_watch::{Event, Millis, Plan};

use crate::error::{StoreError, Trouble};
use crate::health::Notes;
use crate::plan::CurrentPlan;
use crate::queue::{Queue, Turn};
use crate::settings::Settings;
use crate::store::{Store, Swept};

/// Writes what waits, gives up what is old, and tries again what failed.
#[derive(Debug)]
pub(crate) struct Writer {
    settings: Settings,
    queue: Arc<Queue>,
    notes: Arc<Notes>,
    plan: Arc<CurrentPlan>,
    store: Option<Store>,
    /// Taken off the queue, not yet in the file.
    batch: Vec<Event>,
    /// The pause after the next failure.
    pause: Duration,
    swept: Option<Millis>,
    sweeping: bool,
}

/// Events in one transaction: some tens of milliseconds, for which other gateways on the file wait.
const BATCH: usize = 2000;
/// How often it is looked for what is too old.
const SWEEP: Duration = Duration::from_secs(60);

impl Writer {
    pub(crate) fn new(
        settings: Settings,
        queue: Arc<Queue>,
        notes: Arc<Notes>,
        plan: Arc<CurrentPlan>,
    ) -> Self {
        let pause = settings.retry_first;
        let (store, batch, swept) = (None, Vec::new(), None);
        Self { settings, queue, notes, plan, store, batch, pause, swept, sweeping: false }
    }

    /// Runs until the queue is closed; then writes what is left, in one try.
    pub(crate) fn run(mut self) {
        // Opened at once, so that what is wrong is said at the start and not at the first request.
        let mut outcome = self.work();
        loop {
            let turn = self.next(outcome.is_err());
            self.batch.extend(turn.events);
            outcome = self.work();
            if outcome.is_err() || turn.all {
                self.queue.answer(turn.asked, outcome.clone().err());
                if turn.closed {
                    return self.give_up();
                }
            }
        }
    }

    fn work(&mut self) -> Result<(), StoreError> {
        self.notes.hold(self.batch.len());
        let outcome = self.write().and_then(|()| self.sweep());
        self.notes.hold(self.batch.len());
        self.notes.tried(outcome.clone().err());
        outcome
    }

    /// Waits for work, or for the time to try again.
    fn next(&mut self, failed: bool) -> Turn {
        if failed {
            let turn = self.queue.pause(self.pause);
            self.pause = self.pause.saturating_mul(2).min(self.settings.retry_most);
            // What failed is tried alone: the queue is where the limit is.
            return turn;
        }
        self.pause = self.settings.retry_first;
        let idle = if self.sweeping { Duration::ZERO } else { SWEEP };
        self.queue.turn(idle, self.settings.gather, BATCH)
    }

    /// Writes the batch, in parts where it does not fit at once. After a failure the rest is kept, but
    /// for an event that the file's limit leaves no room for: it would keep out all that come after.
    fn write(&mut self) -> Result<(), StoreError> {
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(Store::open(&self.settings)?),
        };
        let plan = self.plan.get();
        let mut refused = None;
        while !self.batch.is_empty() {
            match write_some(store, &self.batch, &plan, &self.settings) {
                Ok(written) => {
                    self.batch.drain(..written);
                }
                Err(error) if error.kind == Trouble::Limit => {
                    self.batch.remove(0);
                    self.notes.drop_rows(1);
                    refused = Some(error);
                }
                Err(error) if error.kind == Trouble::Full => return Err(error),
                Err(error) => return Err(self.without_store(error)),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Gives up what is too old: a step now and then, or one after another while there is more.
    fn sweep(&mut self) -> Result<(), StoreError> {
        let now = (self.settings.clock)();
        let age = |swept: Millis| Duration::from_millis(now.since(swept));
        // A clock that was set back must not put it off.
        let due = self.swept.is_none_or(|swept| age(swept) >= SWEEP || swept > now);
        let Some(store) = self.store.as_mut().filter(|_| self.sweeping || due) else {
            return Ok(());
        };
        match store.sweep(&self.settings, now) {
            Ok(swept) => {
                self.sweeping = swept == Swept::More;
                self.swept = Some(now);
                Ok(())
            }
            Err(error) => Err(self.without_store(error)),
        }
    }

    /// After an error the file is closed, and opened anew at the next try: it may be another one.
    fn without_store(&mut self, error: StoreError) -> StoreError {
        self.store = None;
        self.sweeping = false;
        error
    }

    fn give_up(&self) {
        let lost = self.batch.len() + self.queue.len();
        self.notes.drop_rows(lost);
        if lost > 0 {
            tracing::warn!("{lost} events were not written to the history before the end");
        }
    }
}

/// Writes as many of the first events as fit into one transaction, and says how many. One that does
/// not fit alone is an error.
fn write_some(
    store: &mut Store,
    events: &[Event],
    plan: &Plan,
    settings: &Settings,
) -> Result<usize, StoreError> {
    let mut part = events;
    loop {
        match store.write(part, plan) {
            Ok(()) => return Ok(part.len()),
            Err(error) if !matches!(error.kind, Trouble::Full | Trouble::Limit) => {
                return Err(error);
            }
            // What is old may be all that is in the way.
            Err(_) if store.make_room(settings, (settings.clock)()) => {}
            Err(error) if part.len() == 1 => return Err(error),
            Err(_) => part = &part[..part.len() / 2],
        }
    }
}

impl Drop for Writer {
    /// However it ended: no one must wait for it.
    fn drop(&mut self) {
        let what = "its writer has ended";
        self.queue.abandon(StoreError::new(Trouble::Other, &self.settings.path, what));
    }
}

#[cfg(test)]
mod tests {
    use sanso_watch::{Mark, MarkKind};

    use super::*;

    #[test]
    fn a_full_disk_costs_no_event_and_no_advice_to_raise_the_limit() {
        let path = std::env::temp_dir().join(format!("sanso-writer-{}.db", std::process::id()));
        let settings = Settings::new(&path, || Millis(0));
        let (queue, notes) = (Arc::new(Queue::new(0)), Arc::new(Notes::default()));
        let plan = Arc::new(CurrentPlan::new(Plan::default()));
        let mut writer = Writer::new(settings, queue, Arc::clone(&notes), plan);
        writer.write().unwrap();
        writer.store.as_ref().unwrap().fill_disk();
        writer.batch.extend((0..5).map(|at| {
            Event::Mark(Mark { at: Millis(at), kind: MarkKind::Start, what: "started".into() })
        }));
        let error = writer.write().unwrap_err();
        assert_eq!((error.kind, writer.batch.len(), notes.dropped()), (Trouble::Full, 5, 0));
        assert!(error.to_string().contains("free some space"), "{error}");
        writer.store = None;
        writer.write().unwrap();
        assert_eq!((writer.batch.len(), notes.dropped()), (0, 0));
        drop(writer);
        std::fs::remove_file(path).unwrap();
    }
}
