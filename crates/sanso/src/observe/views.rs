//! The one fan-out: each event goes to every view, and none is waited for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use sanso_watch::Event;

/// Something that is told what happens: a log, a history, alerts, a page.
pub trait View: fmt::Debug + Send + Sync {
    /// Its name, as `sanso_events_dropped_total{view}` has it.
    fn name(&self) -> &'static str;

    /// Takes an event, or drops and counts it. Requests are being served meanwhile: it must not wait.
    fn offer(&self, event: &Event);

    /// How many events it dropped.
    fn dropped(&self) -> u64;
}

/// Every view of one gateway. They may be added while it serves.
#[derive(Debug, Default)]
pub(super) struct Views(ArcSwap<Vec<Arc<dyn View>>>);

impl Views {
    pub(super) fn add(&self, view: &Arc<dyn View>) {
        self.0.rcu(|views| views.iter().chain([view]).cloned().collect::<Vec<_>>());
    }

    /// Whether anybody would be told.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load().is_empty()
    }

    pub(super) fn offer(&self, event: &Event) {
        self.0.load().iter().for_each(|view| view.offer(event));
    }

    /// What each view dropped.
    pub(super) fn dropped(&self) -> Vec<(&'static str, u64)> {
        self.0.load().iter().map(|view| (view.name(), view.dropped())).collect()
    }
}

/// Events that may wait in a [`Queue`]. At 2 kB each this is 16 MiB, and ten seconds of a very busy
/// gateway.
const CAPACITY: usize = 8 * 1024;
/// How long events are gathered: too short for a reader to notice, long enough for a batch.
const GATHER: Duration = Duration::from_millis(20);

/// A view with a thread of its own behind a bounded queue. A slow one costs no request: it costs
/// events, and those are counted.
#[derive(Debug)]
pub struct Queue {
    name: &'static str,
    events: Option<SyncSender<Event>>,
    thread: Option<JoinHandle<()>>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// A view that hands events to `take` in batches, in their order. It returns how many of them it
    /// could not keep, which are counted as dropped.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn spawn(
        name: &'static str,
        take: impl FnMut(Vec<Event>) -> u64 + Send + 'static,
    ) -> std::io::Result<Self> {
        let (events, queue) = sync_channel(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        let thread = std::thread::Builder::new()
            .name(format!("view-{name}"))
            .spawn(move || take_all(&queue, &lost, take))?;
        Ok(Self { name, events: Some(events), thread: Some(thread), dropped })
    }
}

/// While the thread gathers it is not waiting on the queue, so handing an event over wakes nobody: a
/// thread switch per request would cost more than the request's decisions.
fn take_all(queue: &Receiver<Event>, lost: &AtomicU64, mut take: impl FnMut(Vec<Event>) -> u64) {
    while let Ok(event) = queue.recv() {
        std::thread::park_timeout(GATHER);
        let kept_not = take([event].into_iter().chain(queue.try_iter()).collect());
        lost.fetch_add(kept_not, Ordering::Relaxed);
    }
}

impl View for Queue {
    fn name(&self) -> &'static str {
        self.name
    }

    fn offer(&self, event: &Event) {
        let taken = self.events.as_ref().is_some_and(|it| it.try_send(event.clone()).is_ok());
        if !taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Queue {
    /// What is queued is taken before the process ends.
    fn drop(&mut self) {
        drop(self.events.take());
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
