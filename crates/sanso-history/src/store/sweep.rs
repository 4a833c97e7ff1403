//! What is too old or too much is given up, a little at a time.

use std::time::Duration;

use sanso_watch::Millis;

use super::Store;
use super::sums::stored;
use crate::error::StoreError;
use crate::settings::{Retention, Settings};
use crate::tally::Level;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    /// There is more to give up.
    More,
    /// There is not.
    Done,
}

/// Rows given up in one step: some milliseconds, which is how long a batch waits for it.
const ROWS: i64 = 500;
/// Pages given back to the disk in one step, 1 MiB.
const PAGES: u32 = 256;
/// Free pages that are kept: what is deleted each minute is written again in the next.
const SPARE: u64 = 1024;

impl Store {
    /// One step: rows beyond their age, then rows beyond the size, then pages beyond need.
    ///
    /// # Errors
    ///
    /// Whatever the database says.
    pub(crate) fn sweep(&mut self, settings: &Settings, now: Millis) -> Result<Swept, StoreError> {
        self.still_there()?;
        self.step(settings, now).map_err(|error| self.error(&error))
    }

    /// All that is too old or too much, at once; whether that was anything.
    pub(crate) fn make_room(&mut self, settings: &Settings, now: Millis) -> bool {
        let mut made = false;
        while let Ok(Swept::More) = self.sweep(settings, now) {
            made = true;
        }
        made
    }

    fn step(&mut self, settings: &Settings, now: Millis) -> rusqlite::Result<Swept> {
        if self.give_up_old(&settings.retention, now)? || self.give_up_size(settings.max_bytes)? {
            return Ok(Swept::More);
        }
        let (_, free) = self.pages()?;
        if free <= SPARE {
            return Ok(Swept::Done);
        }
        self.vacuum()?;
        // A file that another program made may not give pages back.
        let (_, left) = self.pages()?;
        Ok(if left < free { Swept::More } else { Swept::Done })
    }

    fn give_up_old(&mut self, retention: &Retention, now: Millis) -> rusqlite::Result<bool> {
        let before = |age: Duration| now.minus(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let requests = stored(before(retention.requests).0);
        let mut given_up = self.delete(
            "DELETE FROM request WHERE seq IN
             (SELECT seq FROM request WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
            (requests, ROWS),
        )?;
        let moments = stored(before(retention.hours).0);
        given_up += self.delete(
            "DELETE FROM moment WHERE seq IN
             (SELECT seq FROM moment WHERE at_ms < ? LIMIT ?)",
            (moments, ROWS),
        )?;
        for level in Level::ALL {
            let age = match level {
                Level::Minute => retention.minutes,
                Level::Hour => retention.hours,
                Level::Day => retention.days,
            };
            given_up += self.delete_sums(level, stored(before(age).0 / 1000))?;
        }
        Ok(given_up > 0)
    }

    /// The sums of spans that ended before this second.
    fn delete_sums(&mut self, level: Level, ended_s: i64) -> rusqlite::Result<usize> {
        let span = stored(level.seconds());
        let start = ended_s.saturating_sub(span);
        let mut given_up = 0;
        for (table, key) in [
            ("served", "span_s, start_s, model_group, task, leg_group, deployment"),
            ("attempt", "span_s, start_s, model_group, task, provider, deployment, outcome"),
        ] {
            let sql = format!(
                "DELETE FROM {table} WHERE ({key}) IN
                 (SELECT {key} FROM {table} WHERE span_s = ? AND start_s <= ?
                  ORDER BY start_s LIMIT ?)"
            );
            given_up += self.delete(&sql, (span, start, ROWS))?;
        }
        Ok(given_up)
    }

    /// While the file holds more than it may: the oldest requests, and when there are none, what
    /// takes least of the past with it. Something must go, or nothing new could be written.
    fn give_up_size(&mut self, max_bytes: u64) -> rusqlite::Result<bool> {
        let (used, _) = self.pages()?;
        if used.saturating_mul(self.pragma("page_size")?) <= max_bytes {
            return Ok(false);
        }
        Ok(self.delete_oldest("request")?
            || self.delete_oldest_sums(Level::Minute)?
            || self.delete_oldest("moment")?
            || self.delete_oldest_sums(Level::Hour)?
            || self.delete_oldest_sums(Level::Day)?)
    }

    fn delete_oldest(&mut self, table: &str) -> rusqlite::Result<bool> {
        let sql = format!(
            "DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} ORDER BY at_ms LIMIT ?)"
        );
        Ok(self.delete(&sql, [ROWS])? > 0)
    }

    fn delete_oldest_sums(&mut self, level: Level) -> rusqlite::Result<bool> {
        let span = stored(level.seconds());
        let oldest = "SELECT coalesce(min(start_s), 0) FROM served WHERE span_s = ?";
        let start: i64 = self.connection.query_row(oldest, [span], |row| row.get(0))?;
        Ok(self.delete_sums(level, start.saturating_add(span))? > 0)
    }

    fn delete(&mut self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// Bytes that may still be written before the file is as large as it may become.
    pub(super) fn room(&self) -> rusqlite::Result<u64> {
        let left = self.pragma("max_page_count")?.saturating_sub(self.pages()?.0);
        Ok(left.saturating_mul(self.pragma("page_size")?))
    }

    /// Pages that hold something, and pages that are free.
    fn pages(&self) -> rusqlite::Result<(u64, u64)> {
        let (all, free) = (self.pragma("page_count")?, self.pragma("freelist_count")?);
        Ok((all.saturating_sub(free), free))
    }

    fn pragma(&self, name: &str) -> rusqlite::Result<u64> {
        let sql = format!("PRAGMA {name}");
        let number: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }

    fn vacuum(&self) -> rusqlite::Result<()> {
        // It gives back a page for each row that it is asked for.
        let mut vacuum = self.connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_file_that_gives_no_pages_back_is_not_asked_for_ever() {
        let path = std::env::temp_dir().join(format!("sanso-sweep-{}.db", std::process::id()));
        let made = Connection::open(&path).unwrap();
        made.execute_batch(
            "PRAGMA auto_vacuum = NONE; CREATE TABLE large (x);
             INSERT INTO large VALUES (zeroblob(8000000)); DROP TABLE large;",
        )
        .unwrap();
        drop(made);
        let settings = Settings::new(&path, || Millis(0));
        let mut store = Store::open(&settings).unwrap();
        assert!(store.pages().unwrap().1 > SPARE);
        let swept = store.sweep(&settings, Millis(0)).unwrap();
        drop(store);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(swept, Swept::Done);
    }
}
