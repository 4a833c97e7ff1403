//! What goes wrong with TLS: certificates, handshakes, goodbyes.

use super::{both, says};
use crate::bodies::{answer, ended, open, whole_events, words};
use crate::row::{Expect, Row, Wire};
use crate::tls::Shown;
use crate::upstream::{Act, ROLE};

pub(super) fn rows() -> Vec<Row> {
    [certificates(), handshakes(), goodbyes()].concat()
}

/// No request is sent to who is not believed: the fallback answers, and where there is none, the
/// client is told what is wrong.
fn certificates() -> Vec<Row> {
    let mut rows = Vec::new();
    for (what, shown, told) in [
        ("has a certificate that has expired", Shown::Expired, "its certificate has expired"),
        ("has one that is not valid yet", Shown::NotYetValid, "its certificate is not valid yet"),
        ("has one of another host", Shown::OfAnother, "its certificate is for another name"),
        ("has one that it signed itself", Shown::SelfSigned, "no authority that is trusted here"),
    ] {
        let row = Row::new("G37", what, says(answer())).over(Wire::Tls(shown)).calls(0);
        rows.extend(both(row.clone().told("=connection_refused@")));
        let alone = Row { alone: true, ..row.expect(Expect::Status(502)) };
        rows.extend(both(alone.told(told)));
    }
    // Two calls of the first request, one of the second, and the host's gate is shut.
    let gated = Row::new("G37", "has one that has expired, asked four times", says(answer()));
    rows.push(
        Row { asks: 4, connections: Some(3), ..gated.over(Wire::Tls(Shown::Expired)) }.calls(0),
    );
    rows
}

fn handshakes() -> Vec<Row> {
    let beneath =
        |what, acts: Vec<Act>| Row::new("G37", what, vec![acts]).over(Wire::BeneathTls).calls(0);
    let alert = vec![0x15, 3, 3, 0, 2, 2, 40];
    let half = vec![0x16, 3, 3, 0, 90, 2, 0];
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let old = vec![0x15, 3, 1, 0, 2, 2, 70];
    let mut rows = Vec::new();
    for (row, told) in [
        (beneath("stalls in the TLS handshake", vec![Act::Hold]), "timeout_connect@"),
        (beneath("closes in the TLS handshake", vec![Act::Send(half)]), "connection_refused@"),
        (
            beneath("speaks no TLS where TLS is spoken", vec![Act::Send(http.clone())]),
            "connection_refused@",
        ),
        (
            beneath("breaks the handshake off with an alert", vec![Act::Send(alert.clone())]),
            "connection_refused@",
        ),
        (beneath("knows TLS 1.0 only", vec![Act::Send(old.clone())]), "connection_refused@"),
    ] {
        rows.extend(both(row.told(told)));
    }
    for (row, told) in [
        (beneath("speaks no TLS where TLS is spoken", vec![Act::Send(http)]), "is no TLS"),
        (
            beneath("breaks the handshake off with an alert", vec![Act::Send(alert)]),
            "HandshakeFailure",
        ),
        (beneath("knows TLS 1.0 only", vec![Act::Send(old)]), "ProtocolVersion"),
    ] {
        rows.push(Row { alone: true, ..row.expect(Expect::Status(502)) }.told(told));
    }
    rows
}

fn goodbyes() -> Vec<Row> {
    let [one, two, _] = words();
    let over =
        |shown, id, what, bytes: Vec<u8>| Row::new(id, what, says(bytes)).over(Wire::Tls(shown));
    let unsized_answer = answer_without_length();
    vec![
        over(Shown::Good, "G37", "speaks TLS as it should", answer()).expect(Expect::Answer),
        over(Shown::Good, "G37", "speaks TLS as it should", ended(&whole_events()))
            .stream()
            .expect(Expect::Answer),
        // An answer that ends with its connection is whole only if TLS says so.
        over(Shown::Good, "G37", "ends its answer with the connection", unsized_answer.clone())
            .expect(Expect::Answer),
        over(Shown::CutOff, "G37", "is cut off where its answer might end", unsized_answer)
            .calls(2),
        over(Shown::CutOff, "G37", "is cut off before any content", open(&[ROLE]))
            .stream()
            .calls(2),
        over(Shown::CutOff, "G37", "is cut off after two words", open(&[ROLE, &one, &two]))
            .stream()
            .expect(Expect::ErrorInStream),
    ]
}

fn answer_without_length() -> Vec<u8> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    [head, crate::bodies::answer_of(crate::row::TEXT).as_bytes()].concat()
}
