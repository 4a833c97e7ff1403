//! Whatever is wrong with the file costs no request; it is counted, said, shown and tried again.

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::time::Duration;

use sanso_history::{History, StoreError, Trouble};
use serde_json::json;

use crate::support::{Dir, NOW, finished, note, number, plain, plan};

/// The trouble that a try to write ends in, which is what the health shows.
fn trouble(history: &History) -> Trouble {
    let error: StoreError = history.flush().expect_err("the file can be written to");
    assert_eq!(history.health().last_error, Some(error.to_string()));
    error.kind
}

/// All is well, and this many requests are there.
fn well(dir: &Dir, history: &History, requests: i64) {
    history.flush().unwrap();
    assert_eq!(history.health().last_error, None);
    assert_eq!(history.dropped(), 0);
    assert_eq!(dir.number("SELECT count(*) FROM request"), requests);
    assert_eq!(dir.number("SELECT sum(full) FROM served WHERE span_s = 60"), requests);
}

#[test]
fn locked_by_another_connection() {
    let dir = Dir::new();
    let history = dir.history();
    history.flush().unwrap();
    let other = dir.open();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    note(&history, &plain(5));
    assert_eq!(trouble(&history), Trouble::Locked);
    assert_eq!(history.health().waiting_rows, 5);
    other.execute_batch("ROLLBACK").unwrap();
    well(&dir, &history, 5);
    assert_eq!(history.health().waiting_rows, 0);
}

#[test]
fn the_page_is_told_what_is_wrong_and_how_much_waits() {
    let dir = Dir::new();
    let history = dir.history();
    history.flush().unwrap();
    let shown = || {
        let shown = sanso_watch::History::from(&history.health());
        serde_json::to_value(&shown).unwrap()
    };
    let other = dir.open();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    note(&history, &plain(5));
    let error = history.flush().unwrap_err().to_string();
    assert_eq!(
        shown(),
        json!({
            "store": "sqlite", "retention_d": 730, "dropped_rows": 0, "waiting_rows": 5,
            "last_error": error,
        })
    );
    assert!(error.contains("locked: end the other process"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    history.flush().unwrap();
    assert_eq!((&shown()["waiting_rows"], &shown()["last_error"]), (&json!(0), &json!(null)));
}

#[test]
fn deleted_while_open() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(5));
    history.flush().unwrap();
    for name in ["history.db", "history.db-wal", "history.db-shm"] {
        std::fs::remove_file(dir.path(name)).unwrap();
    }
    note(&history, &[finished("after", NOW)]);
    assert_eq!(trouble(&history), Trouble::Deleted);
    well(&dir, &history, 1);
}

#[test]
fn replaced_while_open() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(5));
    history.flush().unwrap();
    let other = Dir::new();
    drop(other.history());
    for name in ["history.db-wal", "history.db-shm"] {
        std::fs::remove_file(dir.path(name)).unwrap();
    }
    std::fs::rename(other.path("history.db"), dir.path("history.db")).unwrap();
    note(&history, &[finished("after", NOW)]);
    assert_eq!(trouble(&history), Trouble::Deleted);
    well(&dir, &history, 1);
}

#[test]
fn read_only() {
    let dir = Dir::new();
    drop(dir.history());
    // Rights do not bind root, who may run this. A file whose header says that newer versions alone
    // may write it binds everyone: SQLite then takes it as read-only.
    let write_version = |version: u8| {
        let file = std::fs::File::options().write(true).open(dir.path("history.db")).unwrap();
        file.write_at(&[version], 18).unwrap();
    };
    write_version(9);
    let history = dir.history();
    note(&history, &plain(5));
    assert_eq!(trouble(&history), Trouble::ReadOnly);
    write_version(2);
    well(&dir, &history, 5);
}

#[test]
fn a_directory_that_is_missing() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.path = dir.path("no/history.db");
    let history = History::start(settings, plan()).unwrap();
    note(&history, &plain(5));
    assert_eq!(trouble(&history), Trouble::Missing);
    std::fs::create_dir(dir.path("no")).unwrap();
    history.flush().unwrap();
    assert_eq!(history.health().last_error, None);
}

#[test]
fn not_a_database() {
    let dir = Dir::new();
    std::fs::write(dir.path("history.db"), "listen: 0.0.0.0:4000\n".repeat(300)).unwrap();
    let history = dir.history();
    note(&history, &plain(5));
    assert_eq!(trouble(&history), Trouble::Corrupt);
    std::fs::rename(dir.path("history.db"), dir.path("away")).unwrap();
    well(&dir, &history, 5);
}

#[test]
fn damaged_while_open() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(300));
    history.flush().unwrap();
    dir.open().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let size = std::fs::metadata(dir.path("history.db")).unwrap().len();
    let file = std::fs::File::options().write(true).open(dir.path("history.db")).unwrap();
    // All pages but the first.
    file.write_all_at(&vec![0xA5; size as usize - 4096], 4096).unwrap();
    // Another process writes, so that pages that are in memory are read again.
    let other = dir.open();
    let _ = other.execute_batch("PRAGMA user_version = 2");
    note(&history, &[finished("after", NOW)]);
    assert_eq!(trouble(&history), Trouble::Corrupt);
}

/// A history whose file may be no larger than this.
fn small(dir: &Dir, max_bytes: u64) -> History {
    let mut settings = dir.settings();
    settings.max_bytes = max_bytes;
    let history = History::start(settings, plan()).unwrap();
    history.flush().unwrap();
    history
}

#[test]
fn a_batch_that_is_larger_than_the_file_may_be_does_not_wedge_it() {
    let dir = Dir::new();
    let history = small(&dir, 512 * 1024);
    // Three times that, at once, and nothing older to give up for it.
    let mut requests = plain(1000);
    requests.iter_mut().for_each(|request| request.warnings = vec!["x".repeat(1000).into()]);
    note(&history, &requests);
    history.flush().unwrap();
    note(&history, &[finished("after", NOW)]);
    history.flush().unwrap();
    assert!(history.request("after").unwrap().is_some());
    let health = history.health();
    assert_eq!((health.waiting_rows, health.dropped_rows, health.last_error), (0, 0, None));
    assert_eq!(dir.number("SELECT sum(full) FROM served WHERE span_s = 60"), 1001);
}

#[test]
fn an_event_that_never_fits_is_dropped_and_counted_and_those_after_it_are_written() {
    let dir = Dir::new();
    let history = small(&dir, 64 * 1024);
    let mut large = finished("large", NOW);
    large.warnings = vec!["x".repeat(50_000).into()];
    note(&history, &[finished("before", NOW), large, finished("after", NOW)]);
    assert_eq!(trouble(&history), Trouble::Limit);
    let message = history.health().last_error.unwrap();
    assert!(message.ends_with("raise the history's largest size"), "{message}");
    let health = history.health();
    assert_eq!((health.waiting_rows, health.dropped_rows), (0, 1));
    assert_eq!(dir.number("SELECT count(*) FROM request WHERE id IN ('before', 'after')"), 2);
    assert_eq!(dir.number("SELECT sum(full) FROM served WHERE span_s = 60"), 2);
    history.flush().unwrap();
    assert_eq!(history.health().last_error, None);
}

#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.path = dir.path("no/history.db");
    settings.queue = 10;
    let history = History::start(settings, plan()).unwrap();
    assert_eq!(trouble(&history), Trouble::Missing);
    note(&history, &plain(25));
    assert_eq!((history.dropped(), history.health().waiting_rows), (15, 10));
    std::fs::create_dir(dir.path("no")).unwrap();
    history.flush().unwrap();
    note(&history, &[finished("after", NOW)]);
    history.flush().unwrap();
    let count = number(&dir.path("no/history.db"), "SELECT count(*) FROM request");
    assert_eq!((count, history.health().dropped_rows), (11, 15));
}

#[test]
fn only_its_owner_may_look() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(1));
    history.flush().unwrap();
    for name in ["history.db", "history.db-wal", "history.db-shm"] {
        let mode = std::fs::metadata(dir.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn messages_say_what_where_and_what_to_do() {
    let dir = Dir::new();
    std::fs::write(dir.path("history.db"), "no database".repeat(100)).unwrap();
    let history = dir.history();
    let message = history.flush().unwrap_err().to_string();
    let path = dir.path("history.db");
    let expected = format!(
        "history {}: file is not a database: move the file away, with its -wal and -shm; sanso then \
         begins a new one",
        path.display()
    );
    assert_eq!(message, expected);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever asks the writer would wake it")]
fn what_failed_is_tried_again_without_being_asked() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.gather = Duration::ZERO;
    settings.retry_first = Duration::ZERO;
    settings.retry_most = Duration::ZERO;
    settings.path = dir.path("no/history.db");
    let history = History::start(settings, plan()).unwrap();
    note(&history, &plain(5));
    assert_eq!(trouble(&history), Trouble::Missing);
    std::fs::create_dir(dir.path("no")).unwrap();
    // Half a minute, so that a writer that gave up is a failure and not a test without an end.
    let is_written = |_| {
        std::thread::sleep(Duration::from_millis(1));
        matches!(history.request("plain-0"), Ok(Some(_)))
    };
    assert!((0..30_000).any(is_written), "{:?}", history.health());
    assert_eq!(history.dropped(), 0);
    assert_eq!(number(&dir.path("no/history.db"), "SELECT count(*) FROM request"), 5);
}
