//! What is asked of a file.

use std::sync::Arc;
use std::time::Duration;

use sanso_history::{History, QueryError, Range, Trouble};
use sanso_watch::{Degradation, Event, Filter, Finished, Kind, Mark, MarkKind, Outcome, Soft};

use crate::support::{DAY, Dir, MINUTE, NOW, SECOND, attempt, finished, mixed, note, plain};

fn filter(limit: usize) -> Filter {
    Filter { limit: Some(limit), ..Filter::default() }
}

fn ids(history: &History, filter: &Filter) -> Vec<Arc<str>> {
    let found = history.requests(filter).unwrap();
    found.requests.iter().map(|request| Arc::clone(&request.request_id)).collect()
}

#[test]
fn a_request_comes_back_with_its_whole_trail() {
    let dir = Dir::new();
    let history = dir.history();
    let mut rng = fastrand::Rng::with_seed(3);
    let request = mixed(&mut rng, "one", NOW.minus(DAY), NOW);
    note(&history, std::slice::from_ref(&request));
    history.flush().unwrap();
    assert_eq!(history.request("one").unwrap(), Some(request));
    assert_eq!(history.request("two").unwrap(), None);
}

#[test]
fn a_name_of_any_length_makes_no_row_of_any_length() {
    let dir = Dir::new();
    let history = dir.history();
    let mut request = finished("one", NOW);
    request.task = Some("x\u{e9}".repeat(500_000).into());
    request.attempts[0].model = "m".repeat(100_000).into();
    request.warnings = vec!["w".repeat(100_000).into()];
    note(&history, &[request.clone(), finished("two", NOW)]);
    history.flush().unwrap();
    assert!(dir.number("SELECT max(length(CAST(finished AS BLOB))) FROM request") <= 64 * 1024);
    // It is found, and all else is as it was.
    let kept = history.request("one").unwrap().unwrap();
    let task = kept.task.clone().unwrap();
    assert!(
        request.task.as_ref().unwrap().starts_with(&*task) && (100..=200).contains(&task.len())
    );
    request.task = Some(task);
    request.attempts[0].model = kept.attempts[0].model.clone();
    request.warnings = Vec::new();
    assert_eq!(kept, request);
}

#[test]
fn pages_are_newest_first_and_miss_nothing_at_their_seams() {
    let dir = Dir::new();
    let history = dir.history();
    // Ten at each moment.
    let requests: Vec<Finished> =
        (0..95).map(|n| finished(&format!("r{n}"), NOW.minus(n / 10 * SECOND))).collect();
    note(&history, &requests);
    history.flush().unwrap();
    let mut all = Vec::new();
    let mut page = filter(7);
    loop {
        let found = history.requests(&page).unwrap();
        all.extend(found.requests);
        page.before = found.before;
        if page.before.is_none() {
            break;
        }
    }
    assert!(all.is_sorted_by_key(|request| std::cmp::Reverse(request.at)));
    let mut ids: Vec<_> = all.iter().map(|request| &request.request_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((all.len(), ids.len()), (95, 95));
}

#[test]
fn a_page_goes_on_after_a_request_that_has_no_row() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(10));
    history.flush().unwrap();
    let begun = NOW.minus(6 * SECOND + 1).0;
    let page = Filter { before: Some(format!("{begun:012x}7{}", "a".repeat(19))), ..filter(2) };
    assert_eq!(ids(&history, &page), ["plain-7".into(), "plain-8".into()]);
}

#[test]
fn trouble_is_found_among_many_that_went_well() {
    let dir = Dir::new();
    let history = dir.history();
    let mut requests = plain(300);
    requests[299].degradation = Degradation::Unavailable;
    requests[298].attempts = vec![attempt("main-b", 0, Outcome::Fault(Kind::Timeout))];
    requests[297].soft = Some(Soft::Refusal);
    requests[296].model_group = "small".into();
    note(&history, &requests);
    history.flush().unwrap();
    let any = filter(10);
    let found = |filter: Filter| ids(&history, &filter);
    let level = Filter { degradation_level: Some(Degradation::Unavailable), ..any.clone() };
    assert_eq!(found(level), ["plain-299".into()]);
    assert_eq!(found(Filter { kind: Some(Kind::Timeout), ..any.clone() }), ["plain-298".into()]);
    assert_eq!(found(Filter { q: Some("refused".into()), ..any.clone() }), ["plain-297".into()]);
    assert_eq!(found(Filter { q: Some("kind:soft".into()), ..any.clone() }), ["plain-297".into()]);
    assert_eq!(found(Filter { model_group: Some("small".into()), ..any }), ["plain-296".into()]);
}

#[test]
fn a_search_that_finds_nothing_stops_and_says_where_to_go_on() {
    let dir = Dir::new();
    let history = dir.history();
    let mut requests = plain(20_050);
    requests[20_049].model_group = "small".into();
    for batch in requests.chunks(5000) {
        note(&history, batch);
        history.flush().unwrap();
    }
    let mut page = Filter { model_group: Some("small".into()), ..filter(10) };
    let found = history.requests(&page).unwrap();
    assert!(found.requests.is_empty());
    page.before = found.before;
    assert!(page.before.is_some());
    assert_eq!(ids(&history, &page), ["plain-20049".into()]);
    assert_eq!(history.requests(&page).unwrap().before, None);
}

#[test]
fn questions_out_of_bounds_get_their_own_errors() {
    let dir = Dir::new();
    let history = dir.history();
    history.flush().unwrap();
    for limit in [0, 1001, usize::MAX] {
        let error = history.requests(&filter(limit)).unwrap_err();
        assert!(matches!(error, QueryError::Bounds { name: "limit", .. }), "{error}");
    }
    let page = Filter { before: Some("gone".into()), ..filter(10) };
    let error = history.requests(&page).unwrap_err();
    assert!(error.to_string().starts_with("there is no request \"gone\""), "{error}");
    let hour = Range::last(Duration::from_hours(1), NOW);
    let error = history.series(hour, 140, Some("nobody's")).unwrap_err();
    assert!(error.to_string().starts_with("there is no model group \"nobody's\""), "{error}");
    let future = Range { since: NOW.plus(1), until: None };
    let error = history.series(future, 140, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "since 2026-12-01T00:00:10.001Z is in the future: it is 2026-12-01T00:00:10.000Z; ask for a \
         time before that"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_an_empty_answer() {
    let dir = Dir::new();
    let history = dir.history();
    history.flush().unwrap();
    drop(history);
    std::fs::write(dir.path("history.db"), "no database".repeat(1000)).unwrap();
    let history = dir.history();
    let hour = Range::last(Duration::from_hours(1), NOW);
    let kind = |error| match error {
        QueryError::Store(error) => error.kind,
        other => panic!("{other}"),
    };
    assert_eq!(kind(history.series(hour, 140, None).unwrap_err()), Trouble::Corrupt);
    assert_eq!(kind(history.requests(&filter(1)).unwrap_err()), Trouble::Corrupt);
    assert_eq!(kind(history.request("x").unwrap_err()), Trouble::Corrupt);
}

#[test]
fn looking_does_not_wait_for_a_writer() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &plain(3));
    history.flush().unwrap();
    let other = dir.open();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(ids(&history, &filter(10)).len(), 3);
    history.note(Event::Request(Arc::new(finished("later", NOW))));
    history.flush().expect_err("another writes");
    assert_eq!(ids(&history, &filter(10)).len(), 3);
}

#[test]
fn one_minute_is_one_point() {
    let dir = Dir::new();
    let history = dir.history();
    note(&history, &[finished("a", NOW.minus(2 * MINUTE))]);
    history.flush().unwrap();
    let series = history.series(Range::last(Duration::from_mins(5), NOW), 140, None).unwrap();
    assert_eq!(series.step_s, 60);
    assert_eq!(series.t[3].to_string(), "2026-11-30T23:58:00.000Z");
    // What was before the first of them is not known.
    let requests = [None, None, None, Some(1), Some(0), Some(0)];
    assert_eq!(series.model_groups["main"].requests, requests);
    assert_eq!(series.providers["openai"].attempts, requests);
}

#[test]
fn that_nothing_was_asked_is_known_from_the_start_on() {
    let dir = Dir::new();
    let history = dir.history();
    history.flush().unwrap();
    let requests = || {
        let series = history.series(Range::last(Duration::from_mins(3), NOW), 140, None).unwrap();
        series.model_groups["main"].requests.clone()
    };
    assert_eq!(requests(), [None; 4]);
    let at = NOW.minus(90 * SECOND);
    history.note(Event::Mark(Mark { at, kind: MarkKind::Start, what: "started".into() }));
    history.flush().unwrap();
    assert_eq!(requests(), [None, Some(0), Some(0), Some(0)]);
}
