//! The gateway's views that watch: figures and whoever looks on live, and the history.

use std::io;
use std::sync::{Arc, Weak};

use sanso::watch::{Event, Finished, Millis, Row};
use sanso::{Queue, View};
use sanso_history::History;
use serde::Serialize;

use super::Admin;

/// Requests that are told in a second, at most.
const REQUESTS: u32 = 10;

/// Notes events in the watch, and passes them on.
pub(super) fn watch(admin: &Arc<Admin>) -> io::Result<Arc<dyn View>> {
    // The gateway holds its views, and must not hold itself by one of them.
    let admin = Arc::downgrade(admin);
    let mut pace = Pace::default();
    let queue = Queue::spawn("page", move |events| {
        if let Some(admin) = Weak::upgrade(&admin) {
            take(&admin, &mut pace, &events);
        }
    })?;
    Ok(Arc::new(queue))
}

fn take(admin: &Admin, pace: &mut Pace, events: &[Event]) {
    let mut watch = admin.watch();
    events.iter().for_each(|event| watch.note(event));
    drop(watch);
    if !admin.feed().is_watched() {
        return;
    }
    for event in events {
        match event {
            Event::Request(finished) => pace.tell(admin, finished),
            Event::Breaker(moved) => admin.feed().tell("breaker", moved),
            Event::Gate(moved) => admin.feed().tell("gate", moved),
            Event::Mark(mark) => admin.feed().tell("config", mark),
        }
    }
}

/// Of many requests only some are told one by one; the rest are counted.
#[derive(Debug, Default)]
struct Pace {
    second: Millis,
    told: u32,
    skipped: u32,
}

#[derive(Serialize)]
struct OneRequest<'a> {
    request: Row<'a>,
    /// Left out since the one before.
    skipped: u32,
}

impl Pace {
    fn tell(&mut self, admin: &Admin, finished: &Finished) {
        if finished.at.since(self.second) >= 1000 || finished.at < self.second {
            (self.second, self.told) = (finished.at, 0);
        }
        if self.told == REQUESTS {
            self.skipped += 1;
            return;
        }
        self.told += 1;
        let skipped = std::mem::take(&mut self.skipped);
        admin.feed().tell("request", &OneRequest { request: finished.row(), skipped });
    }
}

/// Hands events to the history, which has a queue of its own.
pub(super) fn history(history: &Arc<History>) -> Arc<dyn View> {
    Arc::new(Kept(Arc::clone(history)))
}

#[derive(Debug)]
struct Kept(Arc<History>);

impl View for Kept {
    fn name(&self) -> &'static str {
        "history"
    }

    fn offer(&self, event: &Event) {
        self.0.note(event.clone());
    }

    fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}
