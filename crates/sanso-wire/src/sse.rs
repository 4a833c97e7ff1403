//! Server-sent events: a push decoder with a limit on the size of an event.

use bytes::Bytes;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The `event:` field; empty where there was none.
    pub name: String,
    /// The `data:` lines joined by `\n`, valid UTF-8.
    pub data: Bytes,
}
