//! What outlives a restart beside the history: open alerts and silences, and notices that have not
//! arrived. Small files next to the history's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// `sanso-history.db` has `sanso-history.db.alerts` beside it.
pub(crate) fn beside(history: &Path, what: &str) -> PathBuf {
    with_end(history, what)
}

/// What was written before. A file that cannot be read costs repeated alerts, not the start.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "what was kept of alerts cannot be read");
            return None;
        }
    };
    match serde_json::from_slice(&text) {
        Ok(saved) => Some(saved),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "what was kept of alerts is not readable");
            None
        }
    }
}

/// Writes such files in a thread of its own, since a disk may hang, and whoever ticks must not. Of each
/// file only what is newest waits.
#[derive(Debug)]
pub(crate) struct Shelf(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Desk {
    waiting: BTreeMap<PathBuf, Vec<u8>>,
    writes: bool,
    is_over: bool,
}

impl Shelf {
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        std::thread::Builder::new().name("saved".to_owned()).spawn(move || writer.write_all())?;
        Ok(Self(shared))
    }

    /// Has a file written anew, whole or not at all.
    pub(crate) fn put(&self, path: &Path, saved: &impl Serialize) {
        // What is saved is made of JSON's types.
        if let Ok(text) = serde_json::to_vec(saved) {
            self.0.desk().waiting.insert(path.to_owned(), text);
            self.0.changed.notify_all();
        }
    }

    /// Waits until all that was put is written, or was tried; at most so long.
    pub(crate) fn settle(&self, at_most: Duration) {
        let busy = |desk: &mut Desk| desk.writes || !desk.waiting.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.0.desk(), at_most, busy);
        if waited.is_ok_and(|(_, waited)| waited.timed_out()) {
            tracing::warn!("what is open of alerts was not written: the disk hangs");
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.0.desk().is_over = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self) {
        let mut failed = false;
        while let Some((path, text)) = self.next() {
            let written = write(&path, &text);
            if let (Err(error), false) = (&written, failed) {
                let path = path.display();
                tracing::warn!(%path, %error, "what is open of alerts cannot be written");
            }
            failed = written.is_err();
            self.desk().writes = false;
            self.changed.notify_all();
        }
    }

    /// What is to be written next; `None` at the end.
    fn next(&self) -> Option<(PathBuf, Vec<u8>)> {
        let idle = |desk: &mut Desk| desk.waiting.is_empty() && !desk.is_over;
        let desk = self.changed.wait_while(self.desk(), idle);
        let mut desk = desk.unwrap_or_else(PoisonError::into_inner);
        let next = desk.waiting.pop_first();
        desk.writes = next.is_some();
        next
    }
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = with_end(path, "new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(end);
    name.into()
}
