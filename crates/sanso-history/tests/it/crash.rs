//! What is in the file when the process ends without a word.

use sanso_history::History;

use crate::support::{Dir, NOW, finished, note, number, plain, plan};

/// The files as a process leaves them that is killed now: nothing is closed, nothing is carried over
/// from the write-ahead log.
fn killed(dir: &Dir) -> Dir {
    let left = Dir::new();
    for name in ["history.db", "history.db-wal", "history.db-shm"] {
        std::fs::copy(dir.path(name), left.path(name)).unwrap();
    }
    left
}

#[test]
fn what_was_flushed_survives_and_the_rest_leaves_no_trace() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(100));
    history.flush().unwrap();
    note(&history, &[finished("late", NOW)]);
    let left = killed(&dir);
    assert_eq!(left.number("SELECT count(*) FROM request"), 100);
    assert_eq!(left.number("SELECT sum(full) FROM served WHERE span_s = 86400"), 100);
    assert_eq!(left.number("SELECT count(*) FROM request WHERE id = 'late'"), 0);
}

#[test]
fn a_batch_that_is_written_again_counts_once() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(100));
    history.flush().unwrap();
    let left = killed(&dir);
    // Whoever sends it cannot know whether it was written.
    let history = left.history();
    note(&history, &plain(101));
    history.flush().unwrap();
    for span in [60, 3600, 86_400] {
        let sums = left.number(&format!("SELECT sum(full) FROM served WHERE span_s = {span}"));
        let attempts =
            left.number(&format!("SELECT sum(count) FROM attempt WHERE span_s = {span}"));
        assert_eq!((sums, attempts), (101, 101), "spans of {span} s");
    }
}

#[test]
fn what_waits_at_the_end_is_written() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(3));
    drop(history);
    assert_eq!(dir.number("SELECT count(*) FROM request"), 3);
}

#[test]
fn two_gateways_on_one_file_lose_and_double_nothing() {
    let dir = Dir::new();
    let settings = || {
        // Each waits for the other's transaction.
        let mut settings = dir.settings();
        settings.busy = std::time::Duration::from_mins(1);
        settings
    };
    std::thread::scope(|scope| {
        for gateway in ["a", "b"] {
            scope.spawn(move || {
                let history = History::start(settings(), plan()).unwrap();
                for batch in 0..20 {
                    for n in 0..20 {
                        note(&history, &[finished(&format!("{gateway}-{batch}-{n}"), NOW)]);
                    }
                    history.flush().unwrap();
                }
                assert_eq!(history.dropped(), 0);
            });
        }
    });
    let path = dir.path("history.db");
    assert_eq!(number(&path, "SELECT count(*) FROM request"), 800);
    for span in [60, 3600, 86_400] {
        let sql = format!("SELECT sum(full) FROM served WHERE span_s = {span}");
        assert_eq!(number(&path, &sql), 800, "spans of {span} s");
    }
}
