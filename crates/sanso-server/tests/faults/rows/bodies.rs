//! Bodies that are not what they should be, in plain calls and in the place of streams.

use super::{both, says, says_and_holds};
use crate::bodies::{answer, answer_of};
use crate::row::{Expect, Row, TEXT};
use crate::upstream::{Act, json, response};

pub(super) fn rows() -> Vec<Row> {
    let html = response("200 OK", "text/html", "<html><body>Sign in</body></html>");
    let error_in_200 = json(r#"{"error":{"message":"busy","type":"overloaded_error"}}"#);
    let quota_in_200 = json(r#"{"error":{"message":"no","code":"insufficient_quota"}}"#);
    let redirect =
        b"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let zipped =
        response("200 OK", "application/json\r\ncontent-encoding: gzip", [0x1f, 0x8b, 8, 0]);
    let cookie = response("200 OK", "application/json\r\nset-cookie: a=b", answer_of(TEXT));
    let huge_head = format!("application/json\r\nx-huge: {}", "x".repeat(40_000));
    let short =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{\"id\"";
    let deep = format!("{{\"choices\":{}", "[".repeat(200_000));
    let large = format!("{{\"choices\":[{}", " ".repeat(5_000_000));
    let number = format!(r#"{{"choices":[],"created":{}}}"#, "9".repeat(1_000_000));
    let mut rows = Vec::new();
    rows.extend(both(Row::new("G21", "a 200 that says overloaded", says(error_in_200)).calls(2)));
    rows.extend(both(Row::new("G21", "a 200 that says no credit", says(quota_in_200))));
    rows.extend(both(Row::new("G22", "a 200 with a page of HTML", says(html)).calls(2)));
    rows.extend(both(Row::new("G31", "a redirect", says(*redirect)).calls(2)));
    rows.extend(both(Row::new("G30", "a gzip that nobody asked for", says(zipped)).calls(2)));
    let bomb = response("200 OK", "application/json\r\ncontent-encoding: gzip", bomb());
    rows.extend(both(Row::new("G29", "a gzip of 1 kB that holds 1 MiB", says(bomb)).calls(2)));
    rows.push(Row::new("G32", "a cookie", says(cookie)).expect(Expect::Answer));
    let huge = response("200 OK", &huge_head, answer_of(TEXT));
    rows.extend(both(Row::new("G32", "a head beyond the limit", says(huge)).calls(2)));
    rows.push(Row::new("G16", "a body cut short", says(*short)).calls(2));
    rows.push(Row::new("G28", "JSON 200,000 deep", says(json(deep))).calls(2));
    rows.push(Row::new("G28", "a number of a million digits", says(json(number))).calls(2));
    rows.push(Row::new("G26", "a body beyond the limit", says(json(large))).calls(2));
    rows.push(Row::new("G20", "an answer without choices", says(json("{}"))).calls(2));
    rows.push(Row::new("G20", "an answer that is no JSON", says(json("oops"))).calls(2));
    rows.push(Row::new("G48", "an empty answer", says(json(answer_of("")))).calls(2));
    rows.push(
        Row::new(
            "G8",
            "a head, then nothing",
            says_and_holds(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n",
            ),
        )
        .calls(2),
    );
    rows.push(Row::new("G7", "no answer at all", vec![vec![Act::Read, Act::Hold]]).calls(2));
    rows.push(
        Row::new("G25", "an answer byte by byte", vec![vec![Act::Read, Act::Send(answer())]])
            .expect(Expect::Answer),
    );
    rows
}

/// A mebibyte of zeros, as `gzip -9` packs it: a thousandth.
fn bomb() -> Vec<u8> {
    let begin = *b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x08\x5f\xa0";
    let end = *b"\x3e\x03\x1c\xea\x38\xa7\x00\x00\x10\x00";
    let zeros = vec![0; 1051 - begin.len() - end.len()];
    [&begin[..], &zeros, &end].concat()
}
