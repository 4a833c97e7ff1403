//! What is too old or too much is given up.

use std::sync::atomic::{AtomicU64, Ordering};

use sanso_history::{Fill, History};
use sanso_watch::{BreakerMoved, BreakerState, Event, Millis};

use crate::support::{DAY, Dir, HOUR, NOW, SECOND, finished, note, plan};

fn opened(at: Millis) -> Event {
    Event::Breaker(BreakerMoved {
        deployment: "main-a".into(),
        at,
        from: BreakerState::Closed,
        to: BreakerState::Open,
        kind: None,
        forced: false,
        next_probe: None,
        window: None,
    })
}

#[test]
fn by_age_at_each_level_and_not_a_day_early() {
    static CLOCK: AtomicU64 = AtomicU64::new(NOW.0);
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.clock = || Millis(CLOCK.load(Ordering::Relaxed));
    let history = History::start(settings, plan()).unwrap();
    note(&history, &[finished("first", NOW)]);
    history.note(opened(NOW));
    history.flush().unwrap();
    let rows = |sql: &str| dir.number(&format!("SELECT count(*) FROM {sql}"));
    let left = |days: u64, hours: u64| {
        CLOCK.store(NOW.0 + days * DAY + hours * HOUR, Ordering::Relaxed);
        history.flush().unwrap();
        let sums = |span: u64| {
            let of = |table: &str| rows(&format!("{table} WHERE span_s = {span}"));
            assert_eq!(of("served"), of("attempt"));
            of("served")
        };
        [rows("request"), sums(60), rows("moment"), sums(3600), sums(86_400)]
    };
    assert_eq!(left(0, 0), [1, 1, 1, 1, 1]);
    assert_eq!(left(2, 23), [1, 1, 1, 1, 1]);
    assert_eq!(left(3, 1), [1, 0, 1, 1, 1]);
    assert_eq!(left(6, 23), [1, 0, 1, 1, 1]);
    assert_eq!(left(7, 1), [0, 0, 1, 1, 1]);
    assert_eq!(left(89, 23), [0, 0, 1, 1, 1]);
    assert_eq!(left(90, 2), [0, 0, 0, 0, 1]);
    assert_eq!(left(730, 23), [0, 0, 0, 0, 1]);
    assert_eq!(left(732, 0), [0, 0, 0, 0, 0]);
}

#[test]
fn by_size_the_oldest_requests_first_and_the_sums_stay() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.max_bytes = 8 << 20;
    let history = History::start(settings, plan()).unwrap();
    // About 20 MB, a tenth of it in each transaction.
    let requests: Vec<_> = (0..10_000_u64)
        .map(|n| {
            let mut request = finished(&format!("r{n:05}"), NOW.minus(DAY).plus(n * 1000));
            request.warnings = vec!["x".repeat(1200).into()];
            request
        })
        .collect();
    for batch in requests.chunks(1000) {
        note(&history, batch);
        history.flush().unwrap();
    }
    drop(history);
    let (count, oldest) = {
        let oldest = "SELECT CAST(substr(min(id), 2) AS INTEGER) FROM request";
        (dir.number("SELECT count(*) FROM request"), dir.number(oldest))
    };
    assert_eq!(count + oldest, 10_000, "the newest are there, without a gap");
    assert!((2000..7000).contains(&count), "{count}");
    assert_eq!(dir.number("SELECT sum(full) FROM served WHERE span_s = 60"), 10_000);
    let size = std::fs::metadata(dir.path("history.db")).unwrap().len();
    assert!(size <= (8 << 20) / 4 * 5, "{size} bytes");
}

#[test]
fn where_sums_alone_are_too_much_the_oldest_go_and_new_ones_are_written() {
    let dir = Dir::new();
    let mut settings = dir.settings();
    let hours: Vec<_> = (0..200).map(|n| finished("", NOW.minus(n * HOUR))).collect();
    Fill::open(settings.clone(), plan()).unwrap().add(hours.iter().map(|hour| (hour, 1))).unwrap();
    settings.max_bytes = 64 * 1024;
    let history = History::start(settings, plan()).unwrap();
    // Each flush is a step more.
    (0..400).for_each(|_| history.flush().unwrap());
    note(&history, &[finished("new", NOW)]);
    history.flush().unwrap();
    let of_hours = |what: &str| {
        dir.number(&format!("SELECT {what} FROM served WHERE span_s = 3600 ORDER BY start_s DESC"))
    };
    let left = of_hours("count(*) OVER ()");
    assert!((1..200).contains(&left), "{left} hours");
    assert_eq!((of_hours("start_s") as u64 * SECOND, of_hours("full")), (NOW.0 / HOUR * HOUR, 2));
    let days = dir.number("SELECT count(*) FROM served WHERE span_s = 86400");
    assert_eq!((days, history.dropped()), (10, 0), "days are the last to go");
}

#[test]
fn space_that_is_no_longer_needed_goes_back_to_the_disk() {
    static CLOCK: AtomicU64 = AtomicU64::new(NOW.0);
    let dir = Dir::new();
    let mut settings = dir.settings();
    settings.clock = || Millis(CLOCK.load(Ordering::Relaxed));
    let history = History::start(settings, plan()).unwrap();
    for n in 0..8000 {
        let mut request = finished(&format!("r{n}"), NOW.minus(n * SECOND));
        request.warnings = vec!["x".repeat(1500).into()];
        note(&history, &[request]);
    }
    history.flush().unwrap();
    let pages = || dir.number("PRAGMA page_count");
    let before = pages();
    CLOCK.store(NOW.0 + 8 * DAY, Ordering::Relaxed);
    // Each flush is a step more.
    let steps = (0..200).take_while(|_| history.flush().is_ok() && pages() > 1600).count();
    assert_eq!(dir.number("SELECT count(*) FROM request"), 0);
    assert!(before > 3000 && steps < 200, "{before} pages became {}", pages());
}
