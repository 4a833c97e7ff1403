//! What clients do: leave, send junk, send too much.

use super::{says, says_and_holds};
use crate::bodies::{answer, open, words};
use crate::row::{Expect, Row};
use crate::upstream::{Act, ROLE, STREAM_HEAD};

pub(super) fn rows() -> Vec<Row> {
    [leaving(), junk()].concat()
}

fn leaving() -> Vec<Row> {
    let leaves = |after, what, scripts| {
        Row { leaves: Some(after), ..Row::new("G56", what, scripts) }.expect(Expect::Nothing)
    };
    let [one, ..] = words();
    let silent = vec![vec![Act::Read, Act::Hold]];
    let flows = says_and_holds(open(&[ROLE, &one]));
    vec![
        leaves("", "is silent, and its client leaves", silent.clone()),
        leaves("", "is silent, and its client leaves", silent).stream(),
        leaves("", "sends headers, and its client leaves", says_and_holds(STREAM_HEAD)).stream(),
        leaves("one", "streams, and its client leaves", flows).stream(),
    ]
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
