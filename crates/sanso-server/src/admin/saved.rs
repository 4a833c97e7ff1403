//! Open alerts and silences across a restart: a small file beside the history's.

use std::io;
use std::path::{Path, PathBuf};

use sanso::watch::Saved;

/// `sanso-history.db` has `sanso-history.db.alerts` beside it.
pub(super) fn beside(history: &Path) -> PathBuf {
    let mut name = history.as_os_str().to_owned();
    name.push(".alerts");
    name.into()
}

/// What was written before. A file that cannot be read costs repeated alerts, not the start.
pub(super) fn read(path: &Path) -> Option<Saved> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "open alerts cannot be read");
            return None;
        }
    };
    match serde_json::from_slice(&text) {
        Ok(saved) => Some(saved),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "open alerts are not readable");
            None
        }
    }
}

/// Writes it anew, whole or not at all.
pub(super) fn write(path: &Path, saved: &Saved) {
    let new = path.with_extension("alerts.new");
    let written = serde_json::to_vec(saved)
        .map_err(io::Error::other)
        .and_then(|text| std::fs::write(&new, text))
        .and_then(|()| std::fs::rename(&new, path));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "open alerts cannot be written");
    }
}
