//! The decoder of server-sent events.

use bytes::Bytes;
use proptest::prelude::*;
use sanso_wire::Failure;
use sanso_wire::sse::{Decoder, Event, SseError, write_data};

type Decoded = Vec<Result<Event, SseError>>;

fn decode_chunks<'a>(limit: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Decoded, bool) {
    let mut decoder = Decoder::new(limit);
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event() {
            events.push(event);
        }
    }
    (events, decoder.is_mid_event())
}

fn decode(stream: &str) -> Decoded {
    decode_chunks(1 << 20, [stream.as_bytes()]).0
}

fn data(text: &str) -> Result<Event, SseError> {
    Ok(Event::unnamed(text.to_owned()))
}

fn named(name: &str, text: &str) -> Result<Event, SseError> {
    Ok(Event { name: name.to_owned(), data: text.to_owned().into() })
}

#[test]
fn all_three_line_ends_end_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = "event: a|data: 1||data: 2|data: 3||".replace('|', end);
        assert_eq!(decode(&stream), [named("a", "1"), data("2\n3")], "{end:?}");
    }
    assert_eq!(decode("data: 1\r\n\rdata: 2\n\n"), [data("1"), data("2")]);
}

#[test]
fn one_space_after_the_colon_is_optional() {
    assert_eq!(decode("data:a\n\ndata: b\n\ndata:  c \n\n"), [data("a"), data("b"), data(" c ")]);
}

#[test]
fn comments_ids_and_unknown_fields_say_nothing() {
    let stream = ": PROCESSING\n\n:\nid: 1\nretry: 3\nnonsense\nDATA: x\ndata: a\n: b\n\n";
    assert_eq!(decode(stream), [data("a")]);
}

#[test]
fn an_event_without_data_is_none_but_empty_data_is_data() {
    assert_eq!(decode("event: ping\n\n\n\ndata: a\n\n"), [data("a")]);
    assert_eq!(decode("data\n\ndata:\n\ndata:\ndata:\n\n"), [data(""), data(""), data("\n")]);
}

#[test]
fn a_byte_order_mark_is_skipped_once() {
    assert_eq!(decode("\u{feff}data: a\n\n\u{feff}data: b\n\ndata: c\n\n"), [data("a"), data("c")]);
}

#[test]
fn an_unfinished_event_is_discarded_and_said_to_be() {
    let mid_event = |stream: &str| decode_chunks(1 << 20, [stream.as_bytes()]).1;
    assert!(!mid_event(""));
    assert!(!mid_event("data: a\n\n"));
    assert!(!mid_event("data: a\n\n: comment"));
    assert!(!mid_event("data: a\r\r"));
    assert!(mid_event("data: a\n"));
    assert!(mid_event("data: a"));
    assert!(mid_event("data: a\r"));
    assert_eq!(decode("data: a\n"), []);
}

#[test]
fn data_that_is_not_utf8_spoils_its_own_event_only() {
    let stream = b"data: a\xff\n\ndata: b\n\ndata: \xe3\x81\n\ndata: \xe3\x81\x82\n\n";
    let (events, _) = decode_chunks(100, [stream.as_slice()]);
    assert_eq!(events, [Err(SseError::NotUtf8), data("b"), Err(SseError::NotUtf8), data("あ")]);
}

#[test]
fn an_event_over_the_limit_is_an_error_and_the_next_one_is_read() {
    let too_large = || Err(SseError::TooLarge { limit_bytes: 10 });
    let stream = b"data: aaaaaaaa\nevent: x\ndata: b\n\ndata: c\n\n";
    assert_eq!(decode_chunks(10, [stream.as_slice()]).0, [too_large(), data("c")]);
    let in_lines = b"data: aaa\ndata: bbb\r\ndata: ccc\r\n\r\ndata: c\n\n";
    assert_eq!(decode_chunks(10, [in_lines.as_slice()]).0, [too_large(), data("c")]);
    assert_eq!(
        Failure::from(SseError::NotUtf8),
        Failure::malformed("a server-sent event is not UTF-8")
    );
}

#[test]
fn memory_stays_within_the_limit_while_a_line_never_ends() {
    let mut decoder = Decoder::new(1000);
    let mut errors = 0;
    for _ in 0..10_000 {
        decoder.push(Bytes::from_static(&[b'x'; 100]));
        errors += usize::from(decoder.next_event().is_some());
    }
    assert_eq!(errors, 1);
    assert!(decoder.is_mid_event());
}

#[test]
fn an_event_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: {\"a\":1}\n\n");
    let mut decoder = Decoder::new(100);
    decoder.push(chunk.clone());
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!(event.data.as_ptr(), chunk.slice(6..).as_ptr());
}

#[test]
fn written_data_reads_back() {
    let mut out = Vec::new();
    write_data(&mut out, b"{\"a\":1}");
    assert_eq!(out, b"data: {\"a\":1}\n\n");
    write_data(&mut out, b"1\r\n2\r3\n");
    write_data(&mut out, b"");
    let events = decode_chunks(100, [out.as_slice()]).0;
    assert_eq!(events, [data("{\"a\":1}"), data("1\n2\n3\n"), data("")]);
}

/// Bytes of which many mean something to the decoder.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: &[&[u8]] = &[
        b"data:",
        b"data: ",
        b"event: ",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"x",
        b"\xEF\xBB\xBF",
        b"\xff",
        "あ".as_bytes(),
        b"a somewhat longer piece of data",
    ];
    let token = prop::sample::select(TOKENS);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn the_cut_makes_no_difference(
        stream in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        limit in prop_oneof![Just(1 << 20), 0_usize..80],
    ) {
        let whole = decode_chunks(limit, [stream.as_slice()]);
        let bytewise = decode_chunks(limit, stream.chunks(1));
        prop_assert_eq!(&whole, &bytewise);
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        at.extend([0, stream.len()]);
        at.sort_unstable();
        let chunks = at.windows(2).map(|pair| &stream[pair[0]..pair[1]]);
        prop_assert_eq!(&whole, &decode_chunks(limit, chunks));
    }

    #[test]
    fn what_is_written_is_what_is_read(texts in prop::collection::vec("[a-z\"{}: \n]{0,20}", 0..8)) {
        let mut out = Vec::new();
        for text in &texts {
            write_data(&mut out, text.as_bytes());
        }
        let expected: Decoded = texts.iter().map(|text| data(text)).collect();
        prop_assert_eq!(decode_chunks(1 << 20, [out.as_slice()]).0, expected);
    }

    /// The rules of the standard, written down once more over the whole text.
    #[test]
    fn it_agrees_with_the_standard_read_naively(stream in stream()) {
        let text = String::from_utf8_lossy(&stream).replace('\u{fffd}', "?");
        let decoded: Vec<(String, String)> = decode(&text)
            .into_iter()
            .map(|event| event.map(|e| (e.name.clone(), e.text().to_owned())).unwrap())
            .collect();
        prop_assert_eq!(decoded, naive(&text));
    }
}

fn naive(text: &str) -> Vec<(String, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut name, mut buffer, mut events) = (String::new(), String::new(), Vec::new());
    let whole_lines = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let has_lines = text.contains('\n');
    for line in whole_lines.split('\n').filter(|_| has_lines) {
        if line.is_empty() {
            if let Some(data) = buffer.strip_suffix('\n') {
                events.push((std::mem::take(&mut name), data.to_owned()));
            }
            name.clear();
            buffer.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => buffer.extend([value, "\n"]),
            "event" => name = value.to_owned(),
            _ => {}
        }
    }
    events
}
