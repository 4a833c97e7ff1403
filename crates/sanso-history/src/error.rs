//! What can be wrong with the file, and with a question.

use std::path::Path;
use std::sync::Arc;

use rusqlite::ErrorCode;
use sanso_watch::Millis;

/// The history cannot be written or read. Says what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What kind of trouble it is.
    pub kind: Trouble,
    message: String,
}

/// Kinds of trouble with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No space left on the disk.
    Full,
    /// The file's largest size is too small for what is to be written.
    Limit,
    /// Another process holds its lock.
    Locked,
    /// It cannot be written to.
    ReadOnly,
    /// It is not a database, or a damaged one.
    Corrupt,
    /// It cannot be opened or made.
    Missing,
    /// It was deleted or replaced while it was open.
    Deleted,
    /// A newer sanso has changed its tables.
    Newer,
    /// Anything else.
    Other,
}

impl Trouble {
    const fn advice(self) -> &'static str {
        match self {
            Self::Full => "free some space there, or lower the history's largest size",
            Self::Limit => "raise the history's largest size",
            Self::Locked => {
                "end the other process that holds it, such as a shell with an open transaction"
            }
            Self::ReadOnly => "let the user that runs sanso write to the file and to its directory",
            Self::Corrupt => {
                "move the file away, with its -wal and -shm; sanso then begins a new one"
            }
            Self::Missing => "create its directory, or set another path",
            Self::Deleted => "nothing is to be done; a new one is begun",
            Self::Newer => "run that sanso, or move the file away; sanso then begins a new one",
            Self::Other => "look at the disk; sanso tries again",
        }
    }
}

impl StoreError {
    pub(crate) fn new(kind: Trouble, path: &Path, what: &str) -> Self {
        let message = format!("history {}: {what}: {}", path.display(), kind.advice());
        Self { kind, message }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                Trouble::Missing
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Trouble::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::Full,
            _ => Trouble::Other,
        };
        Self::new(kind, path, &error.to_string())
    }

    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Trouble::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Trouble::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Corrupt,
            Some(ErrorCode::CannotOpen) => Trouble::Missing,
            _ => Trouble::Other,
        };
        Self::new(kind, path, &error.to_string())
    }
}

/// A question that is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The range ends before it begins.
    #[error("the range is empty: it begins at {since} and ends at {until}; let it begin earlier")]
    Empty {
        /// Its beginning.
        since: Millis,
        /// Its end.
        until: Millis,
    },
    /// The range begins in the future.
    #[error("since {since} is in the future: it is {now}; ask for a time before that")]
    Future {
        /// Its beginning.
        since: Millis,
        /// The time now.
        now: Millis,
    },
    /// A number is out of its bounds.
    #[error("{name} is {value}, and must be from {least} to {most}")]
    Bounds {
        /// Which.
        name: &'static str,
        /// What was asked for.
        value: u64,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// A name that nothing has.
    #[error("there is no {what} {name:?}; it may be too old to be kept, or misspelt")]
    Unknown {
        /// What it would name.
        what: &'static str,
        /// The name.
        name: Arc<str>,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
