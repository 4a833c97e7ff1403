//! What providers say: limits, money, keys, models, and the caller's own mistakes.

use super::{both, says};
use crate::bodies::{answer, claude_error, gemini_error, refusal};
use crate::row::{Dialect, Expect, Row};
use crate::upstream::Act;

pub(super) fn rows() -> Vec<Row> {
    [limits(), absurd_hints(), operators(), callers(), outages()].concat()
}

fn limits() -> Vec<Row> {
    let once = |headers: &str| {
        let limited = refusal("429 Slow", headers, "rate_limit_exceeded");
        vec![vec![Act::Read, Act::Send(limited)], vec![Act::Read, Act::Send(answer())]]
    };
    let forever = says(refusal("429 Slow", "", "rate_limit_exceeded"));
    let retry_info = r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}"#;
    vec![
        Row::new("G39", "429 once, with a hint of 0.2 s", once("\r\nretry-after-ms: 200"))
            .calls(2)
            .expect(Expect::Answer),
        Row::new("G39", "429 with a hint of 20 s", once("\r\nretry-after: 20")),
        Row::new("G41", "429 for ever, without a hint", forever.clone()).calls(2),
        Row::new("G41", "429 for ever, without a hint", forever).stream().calls(2),
        Row::new(
            "G39",
            "429 with RetryInfo",
            says(gemini_error("429 Slow", "RESOURCE_EXHAUSTED", retry_info)),
        )
        .of(Dialect::Gemini),
    ]
}

/// Whatever is said, the client has its answer; what is beyond all calendars says nothing, and the provider no second call before its time.
fn absurd_hints() -> Vec<Row> {
    let row = |what, headers: &str, calls| {
        Row::new("G40", what, says(refusal("429 Slow", headers, "rate_limit_exceeded")))
            .calls(calls)
    };
    vec![
        row("429, come again in 31 years", "\r\nretry-after: 999999999", 1),
        row("429, come again 1 s ago", "\r\nretry-after: -1", 2),
        row("429, come again in 1e309 s", "\r\nretry-after: 1e309", 2),
        row("429, come again in NaN s", "\r\nretry-after: NaN", 2),
        row("429, come again at an empty time", "\r\nretry-after: ", 2),
        row("429, come again in 1994", "\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT", 2),
        row("429, come again in 9999", "\r\nretry-after: Fri, 31 Dec 9999 23:59:59 GMT", 2),
        row("429, at two times", "\r\nretry-after: 40\r\nretry-after: 1", 1),
    ]
}

/// The operator's affairs: no second call, and never the provider's 401.
fn operators() -> Vec<Row> {
    let mut rows = Vec::new();
    let row = |id, what, bytes: Vec<u8>| Row::new(id, what, says(bytes));
    rows.extend(both(row("G42", "no credit left", refusal("429 No", "", "insufficient_quota"))));
    rows.push(row("G42", "payment required", refusal("402 Pay", "", "billing")));
    rows.extend(both(row("G43", "key refused", refusal("401 No", "", "invalid_api_key"))));
    let claude = claude_error("401 No", "authentication_error");
    rows.extend(both(row("G43", "key refused", claude).of(Dialect::Anthropic)));
    let reason =
        r#"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#;
    let gemini = gemini_error("400 No", "INVALID_ARGUMENT", reason);
    rows.push(row("G43", "key refused", gemini).of(Dialect::Gemini));
    rows.extend(both(row("G44", "model retired", refusal("404 Gone", "", "model_not_found"))));
    rows.push(row("G43", "403 without a word", refusal("403 No", "", "forbidden")));
    rows
}

/// The caller's affairs.
fn callers() -> Vec<Row> {
    let row = |id, what, bytes: Vec<u8>, status| {
        let row = Row::new(id, what, says(bytes));
        if status == 0 { row } else { row.expect(Expect::Status(status)) }
    };
    let long = refusal("400 Bad", "", "context_length_exceeded");
    let filter = refusal("400 Bad", "", "content_filter");
    let bad = refusal("422 Bad", "", "invalid_request_error");
    let quoting = refusal("422 Bad", "", crate::KEY);
    let mut rows = vec![row("G43", "a mistake that quotes the key", quoting, 422)];
    rows.extend(both(row("G45", "prompt too long", long, 0)));
    rows.extend(both(row("G46", "refused by a filter", filter, 400)));
    rows.extend(both(row("G58", "a caller's mistake", bad, 422)));
    rows.push(
        row("G58", "a caller's mistake", claude_error("400 Bad", "invalid_request_error"), 400)
            .of(Dialect::Anthropic),
    );
    rows
}

fn outages() -> Vec<Row> {
    let mut rows = Vec::new();
    let down = |status, code| refusal(status, "", code);
    rows.extend(both(
        Row::new("G51", "500 for ever", says(down("500 Oops", "server_error"))).calls(2),
    ));
    rows.extend(both(
        Row::new("G51", "503 for ever", says(down("503 Busy", "overloaded"))).calls(2),
    ));
    rows.push(
        Row::new(
            "G51",
            "500 once",
            vec![
                vec![Act::Read, Act::Send(down("500 Oops", "server_error"))],
                vec![Act::Read, Act::Send(answer())],
            ],
        )
        .calls(2)
        .expect(Expect::Answer),
    );
    let claude = claude_error("529 Overloaded", "overloaded_error");
    rows.extend(both(
        Row::new("G51", "529 for ever", says(claude)).of(Dialect::Anthropic).calls(2),
    ));
    let gemini = gemini_error("503 Busy", "UNAVAILABLE", "");
    rows.extend(both(Row::new("G51", "UNAVAILABLE", says(gemini)).of(Dialect::Gemini).calls(2)));
    rows
}
