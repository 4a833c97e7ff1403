//! What the page says the log says: both read `sentences.json` and `causes.json` of `dashboard/test`,
//! the page's side in `sentences.test.ts` there.

use sanso_watch::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    name: String,
    now: Millis,
    range: Range,
    verdict: Verdict,
    label: String,
    sentence: String,
}

#[test]
fn log_and_page_say_the_same() {
    let table = include_str!("../../../../dashboard/test/sentences.json");
    let rows: Vec<Row> = serde_json::from_str(table).unwrap();
    assert!(rows.len() > 20, "the table is read");
    for Row { name, now, range, verdict, label, sentence } in rows {
        assert_eq!(verdict.label(), label, "{name}");
        // The page says once, in its foot, which zone its times are in.
        let said = verdict.sentence(now, range).replace(" UTC", "");
        assert_eq!(said, sentence, "{name}");
    }
}

#[derive(Deserialize)]
struct Why {
    cause: Cause,
    why: String,
    act: String,
}

#[test]
fn log_and_page_name_the_same_cause_and_remedy() {
    let table = include_str!("../../../../dashboard/test/causes.json");
    let rows: Vec<Why> = serde_json::from_str(table).unwrap();
    assert!(rows.len() > 15, "the table is read");
    for Why { cause, why, act } in rows {
        assert_eq!(cause.why(), why);
        assert_eq!(cause.advice().replace('`', ""), act);
    }
}
