//! What goes wrong with a stream, before its first content and after it.

use super::{says, says_and_holds, says_and_resets};
use crate::bodies::{
    claude_error_event, claude_start, claude_word, ended, error_event, gemini_word, open,
    whole_events, words,
};
use crate::row::{Dialect, Expect, Row};
use crate::upstream::{Act, DONE, FINISH, LAST_CHUNK, ROLE, STREAM_HEAD, chunk};

pub(super) fn rows() -> Vec<Row> {
    [before_content(), after_content(), coherent()].concat().into_iter().map(Row::stream).collect()
}

/// Nothing has gone out: the fallback answers unseen.
fn before_content() -> Vec<Row> {
    let silent = vec![vec![Act::Read, Act::Hold]];
    let drips = |bytes: Vec<u8>| vec![vec![Act::Read, Act::Drip(bytes)]];
    let in_event = |event: &[u8]| {
        vec![vec![Act::Read, Act::Send(STREAM_HEAD.into()), Act::Drip(chunk(event))]]
    };
    let pings = vec![vec![
        Act::Read,
        Act::Send(STREAM_HEAD.into()),
        Act::Drip(chunk(": ping\n\n").repeat(40)),
    ]];
    let [one, ..] = words();
    let overloaded = error_event("overloaded_error");
    let claude_overloaded = [claude_start(), vec![claude_error_event("overloaded_error")]].concat();
    vec![
        Row::new("G7", "reads the request, never answers", silent.clone()),
        Row::new("G7", "reads the request, never answers", silent.clone()).of(Dialect::Anthropic),
        Row::new("G7", "reads the request, never answers", silent).of(Dialect::Gemini),
        Row::new("G8", "sends headers, then nothing", says_and_holds(STREAM_HEAD)),
        Row::new("G9", "sends its head byte by byte", drips(STREAM_HEAD.into())),
        Row::new("G10", "sends an event byte by byte", in_event(one.as_bytes())),
        Row::new("G11", "sends pings and nothing else", pings),
        Row::new(
            "G12",
            "sends a role, then an error",
            says(ended(&[ROLE, &error_event("api_error")])),
        )
        .calls(2),
        Row::new("G12", "sends roles, then nothing", says_and_holds(open(&[ROLE, ROLE]))),
        Row::new("G19", "begins with an overload", says(ended(&[&overloaded]))).calls(2),
        Row::new("G19", "begins with an overload", says(ended(&claude_overloaded)))
            .of(Dialect::Anthropic)
            .calls(2),
        Row::new("G15", "ends cleanly before any content", says(ended(&[ROLE]))).calls(2),
        Row::new("G15", "sends [DONE] alone", says(ended(&[DONE]))).calls(2),
    ]
}

/// A part has gone out: an error event, and no terminal marker.
fn after_content() -> Vec<Row> {
    let [one, two, _] = words();
    let begun = open(&[ROLE, &one, &two]);
    let breaks = |id, what, scripts| Row::new(id, what, scripts).expect(Expect::ErrorInStream);
    let clean_end = ended(&[ROLE, &one, &two]);
    let error = error_event("server_error");
    let claude = [claude_start(), vec![claude_word("one"), claude_word(" two")]].concat();
    let claude_error = [claude.clone(), vec![claude_error_event("overloaded_error")]].concat();
    let gemini = [gemini_word("one"), gemini_word(" two")];
    vec![
        breaks("G13", "stalls after two words", says_and_holds(begun.clone())),
        breaks("G13", "stalls after two words", says_and_holds(open(&claude)))
            .of(Dialect::Anthropic),
        breaks("G13", "stalls after two words", says_and_holds(open(&gemini))).of(Dialect::Gemini),
        breaks("G14", "resets after two words", says_and_resets(begun.clone())),
        breaks("G15", "ends cleanly after two words", says(clean_end)),
        breaks("G15", "ends cleanly after two words", says(ended(&claude))).of(Dialect::Anthropic),
        breaks("G15", "ends cleanly after two words", says(ended(&gemini))).of(Dialect::Gemini),
        breaks("G16", "breaks the chunked encoding", says([begun, b"zz\r\n".to_vec()].concat())),
        breaks("G20", "says an error after a word", says(ended(&[ROLE, &one, &error]))),
        breaks("G20", "says an error after two words", says(ended(&claude_error)))
            .of(Dialect::Anthropic),
    ]
}

/// Odd, but coherent: the client gets the whole answer.
fn coherent() -> Vec<Row> {
    let whole = |id, what, scripts| Row::new(id, what, scripts).expect(Expect::Answer);
    let mut unmarked = whole_events();
    unmarked.pop();
    let mut more = whole_events();
    more.push(words()[0].clone());
    let mut odd = whole_events();
    odd.insert(2, "data: {\"choices\":[{\n\n".to_owned());
    let mut not_utf8: Vec<Vec<u8>> = whole_events().into_iter().map(String::into_bytes).collect();
    not_utf8
        .insert(2, b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n".to_vec());
    let apart = whole_events().concat();
    let bytes: Vec<Vec<u8>> = apart.bytes().map(|byte| vec![byte]).collect();
    let crlf: Vec<String> =
        whole_events().iter().map(|event| event.replace('\n', "\r\n")).collect();
    let mut flood = whole_events();
    let nothing = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\n".to_owned();
    flood.splice(2..2, std::iter::repeat_n(nothing, 2_000));
    let mut giant = vec![ROLE.to_owned()];
    giant.push(format!("data: {}\n\n", "x".repeat(100_000)));
    let endless = format!("data: {}", "x".repeat(100_000));
    vec![
        whole("G17", "leaves the terminal marker out", says(ended(&unmarked))),
        whole("G17", "gives a finish reason, and holds the line", says_and_holds(open(&unmarked))),
        whole("G18", "goes on after the terminal marker", says(ended(&more))),
        whole("G10", "sends one event that is no JSON", says(ended(&odd))),
        whole("G24", "sends one event that is not UTF-8", says(ended(&not_utf8))),
        whole("G25", "sends each byte in a chunk of its own", says(ended(&bytes))),
        whole("G25", "ends its lines with CR LF", says(ended(&crlf))),
        whole("G27", "sends 2,000 empty events", says(ended(&flood))),
        whole(
            "G23",
            "leaves the content type out",
            says(
                [
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(),
                    whole_events().concat().into(),
                ]
                .concat(),
            ),
        ),
        Row::new("G26", "sends an event beyond the limit", says(ended(&giant))).calls(2),
        Row::new("G26", "sends a line without an end", says_and_holds(open(&[endless]))).calls(2),
        Row::new("G17", "finishes without any content", says(ended(&[ROLE, FINISH, DONE])))
            .calls(2),
        Row::new("G16", "ends its body at once", says([STREAM_HEAD, LAST_CHUNK].concat())).calls(2),
    ]
}
