//! The request log: one JSON line per finished request, as `GET /admin/requests` shows it.

use std::io::{self, Write};

use sanso_watch::Event;

use super::views::Queue;

/// A view that writes to `out`.
pub(super) fn view(mut out: Box<dyn Write + Send>) -> io::Result<Queue> {
    let mut lines = Vec::new();
    Queue::spawn("log", move |events| {
        lines.clear();
        for event in events {
            let Event::Request(finished) = event else { continue };
            // The types of a row are all JSON's.
            if serde_json::to_writer(&mut lines, &finished.row()).is_ok() {
                lines.push(b'\n');
            }
        }
        // Lines that cannot be written are lost: there is nowhere better to put them.
        let _ = out.write_all(&lines).and_then(|()| out.flush());
    })
}
