//! Answers: from the recorded bytes to a client's.

mod chunks;
mod completion;

use jiff::Timestamp;
use sanso_core::FaultKind;
use sanso_wire::Dialect;
use sanso_wire::ir::{FinishReason, StreamEvent, Usage};
use sanso_wire::openai_chat::{StreamEncoder, glance, read_answer, write_answer, write_error};
use sanso_wire::sse::{Decoder, Event};
use serde_json::Value;

use super::recorded::{Answer, Recorded};
use super::said::Said;

/// Far more than any recorded event has.
const MAX_EVENT_BYTES: usize = 4 << 20;

/// Not a divisor of anything: events are cut wherever it hits.
const PIECE_BYTES: usize = 997;

const ID: &str = "chatcmpl-0";
const CREATED: u64 = 1_700_000_000;

/// Reads the recorded answer and checks what a client would get of it.
pub(super) fn replay(exchange: &Recorded) {
    match &exchange.answer {
        Answer::Complete(body) if exchange.is_ok() => complete(exchange, body),
        Answer::Complete(body) => error(exchange, body),
        Answer::Stream(body) => {
            assert!(exchange.is_ok(), "{}", exchange.id);
            stream(exchange, body);
        }
    }
}

/// An error has a name of its own, and a client's library can read it.
fn error(exchange: &Recorded, body: &[u8]) {
    let id = &exchange.id;
    let now = Timestamp::UNIX_EPOCH;
    let failure = exchange.dialect.classify(exchange.status, &exchange.headers, body, now);
    assert_ne!(failure.fault.kind, FaultKind::Malformed, "{id}");
    assert!(!failure.message.is_empty(), "{id}");
    let written: Value = serde_json::from_slice(&write_error(&failure)).unwrap();
    let error = &written["error"];
    assert_eq!(error["message"], failure.message, "{id}");
    assert!(error["type"].is_string(), "{id}");
    for key in ["param", "code"] {
        assert!(error[key].is_null() || error[key].is_string(), "{id}: {key}");
    }
}

fn complete(exchange: &Recorded, body: &[u8]) {
    let id = &exchange.id;
    let answer = exchange.dialect.read_answer(body).unwrap_or_else(|f| panic!("{id}: {f:?}"));
    let said = Said::in_answer(&answer);
    check_content(id, &said);
    let written = write_answer(&answer, ID, CREATED);
    completion::check(id, &serde_json::from_slice(&written).unwrap());
    let again = read_answer(&written).unwrap_or_else(|f| panic!("{id}: {f:?}"));
    assert_eq!(Said::in_answer(&again), said, "{id}");
    if exchange.dialect == Dialect::OpenAiChat {
        let glance = glance::answer(body).unwrap();
        check_glance(id, &said, &glance.model, glance.usage, glance.finish, glance.has_content);
    }
}

fn stream(exchange: &Recorded, body: &str) {
    let id = &exchange.id;
    let recorded = events_of(body.as_bytes());
    let mut events = decode(exchange.dialect, &recorded).unwrap_or_else(|f| panic!("{id}: {f}"));
    let said = Said::in_stream(&events);
    check_content(id, &said);
    if exchange.dialect == Dialect::OpenAiChat {
        glance_at(id, &recorded, &said);
    }
    if exchange.dialect == Dialect::Gemini {
        // Its streams just end; whoever reads them says so.
        assert!(!said.is_ended, "{id}");
        events.push(StreamEvent::End);
    }
    let mut encoder = StreamEncoder::new(ID, CREATED, "asked", true);
    let mut written = Vec::new();
    events.iter().for_each(|event| encoder.push(event, &mut written));
    let written = events_of(&written);
    chunks::check(id, &written, said.usage.is_some());
    let again = decode(Dialect::OpenAiChat, &written).unwrap_or_else(|f| panic!("{id}: {f}"));
    assert_eq!(Said::in_stream(&again), Said { is_ended: true, ..said }, "{id}");
}

/// Something is said, or a reason given why not.
fn check_content(id: &str, said: &Said) {
    assert!(!said.choices.is_empty(), "{id}");
    for choice in said.choices.values() {
        let is_excused = match choice.finish {
            Some(FinishReason::Length | FinishReason::ContentFilter) => true,
            Some(
                FinishReason::Stop
                | FinishReason::ToolCalls
                | FinishReason::Error
                | FinishReason::Overloaded,
            )
            | None => false,
        };
        assert!(is_excused || !choice.is_empty(), "{id}: {choice:?}");
    }
}

fn decode(dialect: Dialect, events: &[Event]) -> Result<Vec<StreamEvent>, String> {
    let mut decoder = dialect.stream_decoder();
    let mut out = Vec::new();
    for event in events {
        decoder.push(event, &mut out).map_err(|failure| format!("{event:?}: {failure:?}"))?;
    }
    Ok(out)
}

fn events_of(stream: &[u8]) -> Vec<Event> {
    let mut decoder = Decoder::new(MAX_EVENT_BYTES);
    let mut events = Vec::new();
    for piece in stream.chunks(PIECE_BYTES) {
        decoder.push(piece.to_vec().into());
        events.extend(std::iter::from_fn(|| decoder.next_event()).map(Result::unwrap));
    }
    events
}

/// What passes through is looked at only; the looks must see what a reading sees.
fn glance_at(id: &str, events: &[Event], said: &Said) {
    let glances: Vec<_> = events.iter().map(|event| glance::event(&event.data).unwrap()).collect();
    let model = glances.iter().map(|glance| &glance.model).find(|model| !model.is_empty());
    check_glance(
        id,
        said,
        model.unwrap(),
        glances.iter().filter_map(|glance| glance.usage).next_back(),
        glances.iter().find_map(|glance| glance.finish),
        glances.iter().any(|glance| glance.has_content),
    );
    assert_eq!(glances.iter().filter(|glance| glance.is_done).count(), 1, "{id}");
    assert!(glances.last().unwrap().is_done && said.is_ended, "{id}");
}

fn check_glance(
    id: &str,
    said: &Said,
    model: &str,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
    has_content: bool,
) {
    assert_eq!(model, said.model, "{id}");
    assert_eq!(usage, said.usage, "{id}");
    assert_eq!(finish, said.choices.values().find_map(|choice| choice.finish), "{id}");
    assert_eq!(has_content, said.choices.values().any(|choice| !choice.is_empty()), "{id}");
}
