//! Sums agree with the rows, to the request.

use std::collections::BTreeMap;

use sanso_watch::{Degradation, Finished, Millis};

use crate::support::{DAY, Dir, NOW, mixed, note};

/// What a span holds, counted here from the requests themselves.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    degradation: [i64; 6],
    soft: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_nano_usd: i64,
    attempts: BTreeMap<String, i64>,
}

/// By the beginning of the span, as the first characters of its RFC 3339 time: day, hour or minute.
fn expected(requests: &[Finished], characters: usize) -> BTreeMap<String, Counts> {
    let mut spans = BTreeMap::<String, Counts>::new();
    for request in requests {
        let start = request.at.to_string()[..characters].to_owned();
        let counts = spans.entry(start).or_default();
        counts.degradation[request.degradation as usize] += 1;
        counts.soft += i64::from(request.soft.is_some());
        counts.input_tokens += request.input_tokens.unwrap_or(0) as i64;
        counts.output_tokens += request.output_tokens.unwrap_or(0) as i64;
        counts.cost_nano_usd += (request.cost_usd.unwrap_or(0.0) * 1e9).round() as i64;
        for attempt in &request.attempts {
            let outcome = attempt.outcome.kind().map_or("success", |kind| kind.as_str());
            *counts.attempts.entry(format!("{} {outcome}", attempt.deployment)).or_default() += 1;
        }
    }
    spans
}

fn stored(dir: &Dir, span: u64, characters: usize) -> BTreeMap<String, Counts> {
    let connection = dir.open();
    let mut spans = BTreeMap::<String, Counts>::new();
    let start = |seconds: i64| Millis(seconds as u64 * 1000).to_string()[..characters].to_owned();
    let mut served = connection
        .prepare(
            "SELECT start_s, full, partial, degraded, unavailable, cancelled, rejected, soft,
             input_tokens, output_tokens, cost_nano_usd FROM served WHERE span_s = ?",
        )
        .unwrap();
    let mut rows = served.query([span as i64]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number = |column: usize| row.get::<_, i64>(column).unwrap();
        let counts = spans.entry(start(number(0))).or_default();
        for (place, sum) in counts.degradation.iter_mut().enumerate() {
            *sum += number(place + 1);
        }
        counts.soft += number(7);
        counts.input_tokens += number(8);
        counts.output_tokens += number(9);
        counts.cost_nano_usd += number(10);
    }
    let sql = "SELECT start_s, deployment, outcome, count FROM attempt WHERE span_s = ?";
    let mut attempts = connection.prepare(sql).unwrap();
    let mut rows = attempts.query([span as i64]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let text = |column: usize| row.get::<_, String>(column).unwrap();
        let counts = spans.entry(start(row.get(0).unwrap())).or_default();
        *counts.attempts.entry(format!("{} {}", text(1), text(2))).or_default() +=
            row.get::<_, i64>(3).unwrap();
    }
    spans
}

#[test]
fn a_thousand_mixed_requests_across_the_end_of_a_month() {
    let mut rng = fastrand::Rng::with_seed(11);
    let dir = Dir::new();
    let history = dir.history();
    let (from, to) = (NOW.minus(DAY), NOW.plus(DAY));
    let mut requests: Vec<Finished> =
        (0..1000).map(|n| mixed(&mut rng, &format!("r{n}"), from, to)).collect();
    // The last and the first millisecond of a month.
    requests[0].at = "2026-11-30T23:59:59.999Z".parse().unwrap();
    requests[1].at = "2026-12-01T00:00:00.000Z".parse().unwrap();
    // In batches of any size, in no order of time; some are sent twice.
    let mut left = &requests[..];
    while !left.is_empty() {
        let (batch, rest) = left.split_at(rng.usize(1..=left.len().min(150)));
        note(&history, batch);
        note(&history, &batch[..batch.len() / 3]);
        history.flush().unwrap();
        left = rest;
    }
    assert_eq!(dir.number("SELECT count(*) FROM request"), 1000);
    for (span, characters) in [(60, 16), (3600, 13), (86_400, 10)] {
        let (expected, stored) = (expected(&requests, characters), stored(&dir, span, characters));
        assert_eq!(stored, expected, "spans of {span} s");
    }
    let days = stored(&dir, 86_400, 10);
    assert!(days.contains_key("2026-11-30") && days.contains_key("2026-12-01"), "{days:?}");
}

#[test]
fn of_a_busy_second_all_is_counted_and_listed_is_what_went_wrong_and_a_hundred_more() {
    let dir = Dir::new();
    let history = dir.history();
    let mut requests: Vec<Finished> =
        (0..1000).map(|n| crate::support::finished(&format!("r{n}"), NOW)).collect();
    requests.iter_mut().step_by(100).for_each(|it| it.degradation = Degradation::Unavailable);
    // Written again, they change nothing.
    for _ in 0..2 {
        note(&history, &requests);
        history.flush().unwrap();
        assert_eq!(dir.number("SELECT count(*) FROM request"), 110);
        assert_eq!(dir.number("SELECT count(*) FROM request WHERE eventful"), 10);
        for span in [60, 3600, 86_400] {
            let sum = |column| format!("SELECT sum({column}) FROM served WHERE span_s = {span}");
            assert_eq!(dir.number(&sum("full")), 990);
            assert_eq!(dir.number(&sum("unavailable")), 10);
        }
    }
}

#[test]
fn a_late_row_is_counted_in_the_span_that_it_belongs_to() {
    let dir = Dir::new();
    let history = dir.history();
    let mut early = crate::support::finished("early", NOW);
    note(&history, &[early.clone()]);
    history.flush().unwrap();
    early.request_id = "late".into();
    early.at = "2026-11-30T23:59:59.999Z".parse().unwrap();
    note(&history, &[early]);
    history.flush().unwrap();
    for (span, characters) in [(60, 16), (3600, 13), (86_400, 10)] {
        let spans = stored(&dir, span, characters);
        let full = |counts: &Counts| counts.degradation[Degradation::Full as usize];
        assert_eq!(spans.values().map(full).collect::<Vec<_>>(), [1, 1], "spans of {span} s");
    }
}

#[test]
fn tasks_that_are_not_configured_make_no_sums_of_their_own() {
    let dir = Dir::new();
    let history = dir.history();
    let mut requests = crate::support::plain(50);
    for (n, request) in requests.iter_mut().enumerate() {
        request.task = Some(format!("hostile-{n}").into());
        request.at = NOW;
    }
    requests[0].task = Some("sum".into());
    note(&history, &requests);
    history.flush().unwrap();
    let spans = "SELECT count(*) FROM served WHERE span_s = 60";
    assert_eq!(dir.number(spans), 2);
    assert_eq!(dir.number("SELECT full FROM served WHERE span_s = 60 AND task = ''"), 49);
    assert_eq!(dir.number("SELECT full FROM served WHERE span_s = 60 AND task = 'sum'"), 1);
}
