//! What outlives a restart beside the history: open alerts and silences, and notices that have not
//! arrived. Small files next to the history's.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

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

/// Writes it anew, whole or not at all.
pub(crate) fn write(path: &Path, saved: &impl Serialize) {
    let new = with_end(path, "new");
    let written = serde_json::to_vec(saved)
        .map_err(io::Error::other)
        .and_then(|text| std::fs::write(&new, text))
        .and_then(|()| std::fs::rename(&new, path));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "what is open of alerts cannot be written");
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(end);
    name.into()
}
