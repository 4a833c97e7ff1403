//! The request log: one JSON line per finished request, as `GET /admin/requests` shows it.

use std::io::{self, Write};

use sanso_watch::Event;

use super::views::Queue;

/// A view that writes to `out`. Lines that cannot be written are lost, since there is nowhere better to
/// put them; they are counted, and the operator is told once.
pub(super) fn view(mut out: Box<dyn Write + Send>) -> io::Result<Queue> {
    let mut text = Vec::new();
    let mut failed = false;
    Queue::spawn("log", move |events| {
        text.clear();
        let mut lines = 0;
        for event in events {
            let Event::Request(finished) = event else { continue };
            // The types of a row are all JSON's.
            if serde_json::to_writer(&mut text, &finished.row()).is_ok() {
                text.push(b'\n');
                lines += 1;
            }
        }
        let written = out.write_all(&text).and_then(|()| out.flush());
        if let (Err(error), false) = (&written, failed) {
            tracing::error!(%error, "the request log cannot be written; its lines are lost");
        }
        failed = written.is_err();
        if failed { lines } else { 0 }
    })
}
