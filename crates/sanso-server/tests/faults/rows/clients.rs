//! What clients do: leave, send junk, send too much.

use super::{both, says, says_and_holds};
use crate::bodies::{answer, ended, open, refusal, whole_events, words};
use crate::leaving::Leaves;
use crate::row::{Expect, Row, Wire};
use crate::upstream::{Act, ROLE, STREAM_HEAD};

pub(super) fn rows() -> Vec<Row> {
    [leaving(), junk()].concat()
}

/// Nothing is called after they have left, and what was called sees it.
fn leaving() -> Vec<Row> {
    let leaves = |leaves, what, scripts| {
        Row { leaves: Some(leaves), ..Row::new("G56", what, scripts) }.expect(Expect::Nothing)
    };
    let [one, ..] = words();
    let silent = || vec![vec![Act::Read, Act::Hold]];
    let flows = || says_and_holds(open(&[ROLE, &one]));
    let half =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"id\"";
    let tls = vec![vec![Act::Hold]];
    let later = "\r\nconnection: close\r\nretry-after-ms: ";
    let busy = says_and_holds(refusal("503 Busy", &(later.to_owned() + "3000"), "overloaded"));
    let limited =
        says_and_holds(refusal("429 Slow", &(later.to_owned() + "2500"), "rate_limit_exceeded"));
    // What the one who left is not called for, a later one is answered by.
    let answered = says(ended(&whole_events()));
    let busy = [busy.clone(), busy, answered.clone()].concat();
    let limited = [limited, answered].concat();
    let waits = |row: Row| {
        let calls = row.scripts.as_ref().map_or(0, Vec::len);
        Row { alone: true, early: true, ..row.stream().calls(calls).expect(Expect::Answer) }
    };
    let held = leaves(Leaves::Seen("HTTP/1.1 200"), "is held, and its client leaves", flows());
    let connecting = leaves(Leaves::Connecting, "is called, and its client leaves", tls);
    let mut rows = Vec::from(both(connecting.over(Wire::BeneathTls).calls(0)));
    rows.extend(both(leaves(Leaves::Asked, "is silent, and its client leaves", silent())));
    rows.extend([
        leaves(Leaves::Asked, "sends headers, and its client leaves", says_and_holds(STREAM_HEAD))
            .stream(),
        leaves(Leaves::Seen("one"), "streams, and its client leaves", flows()).stream(),
        leaves(Leaves::Asked, "sends half an answer, and its client leaves", says_and_holds(half)),
        Row { early: true, members: r#","buffer":"full""#, ..held.stream() },
        waits(leaves(Leaves::Waiting, "is busy, and its client leaves", busy)),
        waits(leaves(Leaves::Waiting, "limits, and its client leaves", limited.clone())),
        waits(leaves(Leaves::InLine, "limits, and who waits in the line leaves", limited)),
    ]);
    rows
}

/// None of it reaches a provider.
fn junk() -> Vec<Row> {
    let sends = |what, raw: Vec<u8>, status| {
        let row = Row::new("G58", what, says(answer())).calls(0).expect(Expect::Status(status));
        Row { raw: Some(raw), ..row }
    };
    let post = |headers: &str, body: &str| {
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{headers}\r\n{body}").into_bytes()
    };
    let mut huge = post("content-length: 104857600\r\n", "");
    huge.extend(vec![b'x'; 2 << 20]);
    vec![
        sends(
            "sends a header over two lines",
            post("x-a: 1\r\n  2\r\ncontent-length: 2\r\n", "{}"),
            400,
        ),
        sends("sends a header without a name", post(": x\r\n", ""), 400),
        sends("sends two lengths", post("content-length: 2\r\ncontent-length: 3\r\n", "{}"), 400),
        sends("sends a bare CR", post("x-a: 1\r2\r\ncontent-length: 2\r\n", "{}"), 400),
        sends("sends what is no HTTP", b"hello\r\n\r\n".to_vec(), 400),
        sends("sends no JSON", post("content-length: 4\r\nconnection: close\r\n", "oops"), 400),
        Row { id: "G59", ..sends("sends a prompt of 100 MB", huge, 413) },
    ]
}
