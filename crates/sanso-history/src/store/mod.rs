//! The file: opened, written, kept small. SQLite's words are in this folder and in `query/` alone.

mod identity;
mod migrations;
pub(crate) mod sums;
mod sweep;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{StoreError, Trouble};
use crate::settings::Settings;
use identity::Identity;

pub(crate) use sweep::Swept;

/// An open file that can be written to.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    identity: Identity,
}

/// Above [`Settings::max_bytes`], so that there is room to work in while old rows are given up.
const ROOM: (u64, u64) = (5, 4);
/// What a new file is made with.
const PAGE: u32 = 4096;
/// Bytes that the write-ahead log is cut down to after a checkpoint.
const WAL_BYTES: u32 = 16 << 20;

impl Store {
    /// Opens the file or makes one, and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being written to; among it [`Trouble::Newer`].
    pub(crate) fn open(settings: &Settings) -> Result<Self, StoreError> {
        let path = &settings.path;
        identity::create(path).map_err(|error| StoreError::io(path, &error))?;
        let identity = Identity::of(path).map_err(|error| StoreError::io(path, &error))?;
        let connection = prepared(settings).map_err(|error| StoreError::sqlite(path, &error))??;
        Ok(Self { connection, path: path.clone(), identity })
    }

    /// Whether the path still leads to the file that is open. Of a file that was deleted SQLite does
    /// not tell: it goes on writing to where no one can read.
    ///
    /// # Errors
    ///
    /// [`Trouble::Deleted`] if it does not.
    pub(crate) fn still_there(&self) -> Result<(), StoreError> {
        let same = Identity::of(&self.path).is_ok_and(|identity| identity == self.identity);
        if same {
            return Ok(());
        }
        let what = "was deleted or replaced while it was open; what it held is gone";
        Err(StoreError::new(Trouble::Deleted, &self.path, what))
    }

    /// SQLite has one word for a full disk and for its own limit; what is left under that tells.
    fn error(&self, error: &rusqlite::Error) -> StoreError {
        let error = StoreError::sqlite(&self.path, error);
        let is_short = || self.room().is_ok_and(|room| room < write::EVENT_BYTES);
        if error.kind == Trouble::Full && is_short() {
            let what = "its largest size leaves no room";
            return StoreError::new(Trouble::Limit, &self.path, what);
        }
        error
    }
}

fn prepared(settings: &Settings) -> rusqlite::Result<Result<Connection, StoreError>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&settings.path, flags)?;
    connection.busy_timeout(settings.busy)?;
    // Before anything is written, so that a newer file is left as it is.
    if let Err(newer) = migrations::version(&connection)? {
        return Ok(Err(of_newer(&settings.path, &newer)));
    }
    // Of a new file only; before its first table.
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    // The mode is a property of the file, and answers with a row.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // A power cut may cost the last moments, and never the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    let page: u64 =
        connection.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?.into();
    let pages = settings.max_bytes / page.max(1) / ROOM.1 * ROOM.0;
    let pages = u32::try_from(pages).unwrap_or(u32::MAX - 1).max(1);
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Err(newer) = migrations::migrate(&transaction)? {
        return Ok(Err(of_newer(&settings.path, &newer)));
    }
    transaction.commit()?;
    Ok(Ok(connection))
}

fn of_newer(path: &Path, newer: &migrations::Newer) -> StoreError {
    let (found, ours) = (newer.0, migrations::OURS);
    let what = format!("its tables are of version {found}, and this sanso knows up to {ours}");
    StoreError::new(Trouble::Newer, path, &what)
}

/// Opens the file to look at.
///
/// # Errors
///
/// Whatever keeps it from being read.
pub(crate) fn reader(settings: &Settings) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Result<Connection, StoreError>> {
        // Readers of a write-ahead log note where they read, so they cannot be read-only.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&settings.path, flags)?;
        connection.busy_timeout(settings.busy)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(match migrations::version(&connection)? {
            Ok(migrations::OURS) => Ok(connection),
            Ok(_) => Err(StoreError::new(Trouble::Missing, &settings.path, "has no tables yet")),
            Err(newer) => Err(of_newer(&settings.path, &newer)),
        })
    };
    open().map_err(|error| StoreError::sqlite(&settings.path, &error))?
}

#[cfg(test)]
impl Store {
    /// From now on what is written fails as on a full disk, until the file is opened anew: a table
    /// that may not grow has to take in a copy.
    pub(crate) fn fill_disk(&self) {
        let sql = "CREATE TEMP TABLE disk (x);
             CREATE TEMP TRIGGER copy AFTER INSERT ON main.moment
             BEGIN INSERT INTO disk VALUES (zeroblob(100000)); END;
             PRAGMA temp.max_page_count = 1;";
        self.connection.execute_batch(sql).unwrap();
    }
}
