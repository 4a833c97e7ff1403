//! The tables, and how older ones become them.

use rusqlite::{Connection, Transaction};

/// The steps in their order; a file's `user_version` says how many it has been through. A step is
/// never edited once it has been released: it is what other people's files went through.
const STEPS: [&str; 2] = [
    include_str!("../../migrations/0001-tables.sql"),
    include_str!("../../migrations/0002-eventful.sql"),
];

/// The version that this build writes.
pub(crate) const OURS: u32 = STEPS.len() as u32;

/// A file from a newer build, of this version.
pub(crate) struct Newer(pub(crate) u32);

/// Which version a file has; `Newer` if it is above ours. A new file has 0.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<Result<u32, Newer>> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    Ok(if found > OURS { Err(Newer(found)) } else { Ok(found) })
}

/// Takes the steps that a file lacks, all or none of them. Another process may have done so
/// meanwhile, hence the version is read again under the lock.
pub(crate) fn migrate(transaction: &Transaction<'_>) -> rusqlite::Result<Result<(), Newer>> {
    let from = match version(transaction)? {
        Ok(found) => found as usize,
        Err(newer) => return Ok(Err(newer)),
    };
    for step in STEPS.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", OURS)?;
    Ok(Ok(()))
}
