//! The gateway's views that watch: figures and whoever looks on live, and the history.

use std::io;
use std::sync::Arc;

use sanso::watch::{Event, Finished, Millis, Row};
use sanso::{Queue, View};
use sanso_history::History;
use serde::Serialize;

use super::Seen;

/// Requests that are told in a second, at most.
const REQUESTS: u32 = 10;

/// Notes events in the watch, and passes them on.
pub(super) fn watch(seen: &Arc<Seen>) -> io::Result<Arc<dyn View>> {
    let (seen, mut pace) = (Arc::clone(seen), Pace::default());
    let queue = Queue::spawn("page", move |events| {
        take(&seen, &mut pace, &events);
        0
    })?;
    Ok(Arc::new(queue))
}

fn take(seen: &Seen, pace: &mut Pace, events: &[Event]) {
    let mut watch = seen.watch();
    events.iter().for_each(|event| watch.note(event));
    drop(watch);
    if !seen.feed.is_watched() {
        return;
    }
    for event in events {
        match event {
            Event::Request(finished) => pace.tell(seen, finished),
            Event::Breaker(moved) => seen.feed.tell("breaker", moved),
            Event::Gate(moved) => seen.feed.tell("gate", moved),
            Event::Mark(mark) => seen.feed.tell("config", mark),
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
    fn tell(&mut self, seen: &Seen, finished: &Finished) {
        if finished.at.since(self.second) >= 1000 || finished.at < self.second {
            (self.second, self.told) = (finished.at, 0);
        }
        if self.told == REQUESTS {
            self.skipped += 1;
            return;
        }
        self.told += 1;
        let skipped = std::mem::take(&mut self.skipped);
        seen.feed.tell("request", &OneRequest { request: finished.row(), skipped });
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
