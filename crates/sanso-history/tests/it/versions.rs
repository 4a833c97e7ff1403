//! Files of older and of newer builds.

use rusqlite::Connection;
use sanso_history::Trouble;

use crate::support::{Dir, NOW, finished, note};

#[test]
fn a_file_of_version_1_is_brought_up_to_date_with_all_that_is_in_it() {
    let dir = Dir::new();
    let old = Connection::open(dir.path("history.db")).unwrap();
    old.execute_batch(include_str!("../fixtures/version-1.sql")).unwrap();
    drop(old);
    let history = dir.history();
    note(&history, &[finished("new", NOW)]);
    history.flush().unwrap();
    assert_eq!(dir.number("PRAGMA user_version"), 2);
    assert_eq!(dir.number("SELECT count(*) FROM request"), 4);
    let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'request_eventful'";
    assert_eq!(dir.number(index), 1);
    for span in [60, 3600, 86_400] {
        let sums = format!("SELECT sum(full + partial) FROM served WHERE span_s = {span}");
        assert_eq!(dir.number(&sums), 4, "spans of {span} s");
    }
}

#[test]
fn a_newer_file_is_left_alone_and_serving_goes_on() {
    let dir = Dir::new();
    drop(dir.history());
    dir.open().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = std::fs::read(dir.path("history.db")).unwrap();
    let history = dir.history();
    note(&history, &[finished("new", NOW)]);
    let error = history.flush().unwrap_err();
    assert_eq!(error.kind, Trouble::Newer);
    let told = error.to_string();
    assert!(told.contains("version 99, and this sanso knows up to 2"), "{told}");
    assert!(told.contains("move the file away"), "{told}");
    drop(history);
    assert_eq!(std::fs::read(dir.path("history.db")).unwrap(), before);
}
