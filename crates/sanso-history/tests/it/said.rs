//! What the operator reads in the log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use sanso_history::History;

use crate::support::{Dir, note, plain, plan};

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen<T>(&self, work: impl FnOnce() -> T) -> T {
        let log = self.clone();
        let writer = move || log.clone();
        let lines = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).without_time();
        tracing::subscriber::with_default(lines.finish(), work)
    }

    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn trouble_is_said_once_and_its_end_once() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.path = dir.path("no/history.db");
    settings.queue = 3;
    let log = Log::default();
    let history = log.listen(|| History::start(settings, plan()).unwrap());
    note(&history, &plain(5));
    for _ in 0..4 {
        history.flush().unwrap_err();
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for words in ["WARN", "no/history.db", "create its directory", "Requests are served"] {
        assert!(lines[0].contains(words), "{words:?} is missing: {}", lines[0]);
    }
    std::fs::create_dir(dir.path("no")).unwrap();
    for _ in 0..3 {
        history.flush().unwrap();
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains("INFO"), "{}", lines[1]);
    assert!(lines[1].contains("written again; 2 events were not"), "{}", lines[1]);
    // Trouble of another kind is news.
    std::fs::remove_dir_all(dir.path("no")).unwrap();
    note(&history, &plain(1));
    history.flush().unwrap_err();
    history.flush().unwrap_err();
    let lines = log.lines();
    assert_eq!(lines.len(), 4, "deleted, then missing: {lines:?}");
}

#[test]
fn what_never_fits_is_not_said_to_wait() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.max_bytes = 64 * 1024;
    let log = Log::default();
    let history = log.listen(|| History::start(settings, plan()).unwrap());
    let mut large = plain(1);
    large[0].warnings = vec!["x".repeat(50_000).into()];
    note(&history, &large);
    history.flush().unwrap_err();
    let lines = log.lines();
    let words =
        "raise the history's largest size. Requests are served; what does not fit is dropped, 1";
    assert!(lines.len() == 1 && lines[0].contains(words), "{lines:?}");
}

#[test]
fn what_is_lost_at_the_end_is_said() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.path = dir.path("no/history.db");
    let log = Log::default();
    let history = log.listen(|| History::start(settings, plan()).unwrap());
    note(&history, &plain(5));
    history.flush().unwrap_err();
    note(&history, &plain(2));
    drop(history);
    let lines = log.lines();
    assert!(lines.last().unwrap().contains("7 events were not written"), "{lines:?}");
}

#[test]
fn all_being_well_is_no_news() {
    let dir = Dir::new();
    let log = Log::default();
    let history = log.listen(|| dir.history());
    note(&history, &plain(5));
    history.flush().unwrap();
    drop(history);
    assert_eq!(log.lines(), Vec::<String>::new());
}
