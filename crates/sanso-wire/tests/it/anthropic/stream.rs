//! Streamed answers.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use sanso_core::FaultKind;
use sanso_wire::Failure;
use sanso_wire::anthropic::StreamDecoder;
use sanso_wire::ir::{FinishReason, StreamEvent, ToolCall, Usage};
use sanso_wire::sse::Event;
use serde_json::{Value, json};

/// An event under the name that its data has.
fn event(data: &Value) -> Event {
    let name = data["type"].as_str().unwrap_or_default().to_owned();
    Event { name, data: Bytes::from(data.to_string()) }
}

fn raw(name: &str, data: &'static str) -> Event {
    Event { name: name.to_owned(), data: Bytes::from_static(data.as_bytes()) }
}

/// All that a stream of these events says.
fn decode(events: &[Value]) -> Vec<StreamEvent> {
    let (mut decoder, mut out) = (StreamDecoder::new(), Vec::new());
    for data in events {
        decoder.push(&event(data), &mut out).unwrap();
    }
    out
}

fn start() -> Value {
    let usage = json!({"input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 1});
    let message = json!({"id": "msg_1", "model": "claude-test-1", "usage": usage});
    json!({"type": "message_start", "message": message})
}

fn begin(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn ended(reason: &str) -> Value {
    let usage = json!({"output_tokens": 9});
    json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage})
}

fn message_stop() -> Value {
    json!({"type": "message_stop"})
}

fn text(text: &str) -> StreamEvent {
    StreamEvent::Text { choice: 0, text: text.to_owned() }
}

fn thought(text: &str) -> StreamEvent {
    StreamEvent::Reasoning { choice: 0, text: text.to_owned() }
}

fn signature(signature: &str) -> StreamEvent {
    StreamEvent::ReasoningSignature { choice: 0, signature: signature.to_owned() }
}

fn call(index: u32, id: &str) -> StreamEvent {
    let call = ToolCall {
        id: id.to_owned(),
        name: "weather".to_owned(),
        arguments: String::new(),
        signature: None,
    };
    StreamEvent::ToolCall { choice: 0, index, call }
}

fn arguments(index: u32, fragment: &str) -> StreamEvent {
    StreamEvent::ToolArguments { choice: 0, index, fragment: fragment.to_owned() }
}

fn tool_use(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "weather", "input": {}})
}

fn input(fragment: &str) -> Value {
    json!({"type": "input_json_delta", "partial_json": fragment})
}

#[test]
fn a_plain_stream_is_read_whole() {
    let events = decode(&[
        start(),
        json!({"type": "ping"}),
        begin(0, json!({"type": "text", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "Ray"})),
        json!({"type": "ping"}),
        delta(0, json!({"type": "text_delta", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "leigh."})),
        stop(0),
        ended("end_turn"),
        message_stop(),
    ]);
    let usage = Usage { prompt: 14, completion: 9, cached: Some(4), ..Usage::default() };
    assert_eq!(
        events,
        [
            StreamEvent::Start {
                id: "msg_1".to_owned(),
                model: "claude-test-1".to_owned(),
                created: None,
            },
            text("Ray"),
            text("leigh."),
            StreamEvent::Finish { choice: 0, reason: FinishReason::Stop },
            StreamEvent::Usage(usage),
            StreamEvent::End,
        ]
    );
    assert!(!events[0].is_content() && events[1].is_content());
}

#[test]
fn later_counts_replace_earlier_ones() {
    let last = json!({
        "type": "message_delta",
        "delta": {"stop_reason": "max_tokens"},
        "usage": {
            "input_tokens": 20,
            "cache_creation_input_tokens": 5,
            "output_tokens": 30,
            "output_tokens_details": {"thinking_tokens": 25},
        },
    });
    let events = decode(&[start(), last]);
    let usage = Usage {
        prompt: 29,
        completion: 30,
        cached: Some(4),
        cache_write: Some(5),
        reasoning: Some(25),
    };
    assert_eq!(
        events[1..],
        [
            StreamEvent::Finish { choice: 0, reason: FinishReason::Length },
            StreamEvent::Usage(usage),
        ]
    );
}

#[test]
fn calls_are_counted_apart_from_other_blocks() {
    let server =
        json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}});
    let events = decode(&[
        begin(0, json!({"type": "text", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "Let me see."})),
        stop(0),
        begin(1, server),
        delta(1, input(r#"{"query": "x"}"#)),
        stop(1),
        begin(
            2,
            json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}),
        ),
        stop(2),
        begin(3, tool_use("a")),
        delta(3, input("")),
        delta(3, input(r#"{"city": "#)),
        delta(3, input(r#""Kyoto"}"#)),
        stop(3),
        begin(4, tool_use("b")),
        delta(4, input("{}")),
        stop(4),
    ]);
    assert_eq!(
        events,
        [
            text("Let me see."),
            call(0, "a"),
            arguments(0, r#"{"city": "#),
            arguments(0, r#""Kyoto"}"#),
            call(1, "b"),
            arguments(1, "{}"),
        ]
    );
}

#[test]
fn a_call_without_fragments_gets_its_arguments_at_its_end() {
    let whole =
        json!({"type": "tool_use", "id": "b", "name": "weather", "input": {"city": "Kyoto"}});
    let events =
        decode(&[begin(0, tool_use("a")), delta(0, input("")), stop(0), begin(1, whole), stop(1)]);
    assert_eq!(
        events,
        [call(0, "a"), arguments(0, "{}"), call(1, "b"), arguments(1, r#"{"city":"Kyoto"}"#)]
    );
}

#[test]
fn a_call_that_is_never_closed_is_complete_before_the_finish() {
    let events = decode(&[begin(0, tool_use("a")), ended("tool_use"), message_stop()]);
    assert_eq!(
        events,
        [
            call(0, "a"),
            arguments(0, "{}"),
            StreamEvent::Finish { choice: 0, reason: FinishReason::ToolCalls },
            StreamEvent::Usage(Usage { completion: 9, ..Usage::default() }),
            StreamEvent::End,
        ]
    );
}

#[test]
fn thoughts_come_with_their_proof() {
    let thinking = || json!({"type": "thinking", "thinking": "", "signature": ""});
    let signed = || json!({"type": "signature_delta", "signature": "c2ln"});
    let events = decode(&[
        begin(0, thinking()),
        delta(0, json!({"type": "thinking_delta", "thinking": "Hm."})),
        delta(0, signed()),
        stop(0),
        begin(1, json!({"type": "redacted_thinking", "data": "aGlkZGVu"})),
        stop(1),
        begin(2, thinking()),
        delta(2, json!({"type": "thinking_delta", "thinking": ""})),
        delta(2, signed()),
        stop(2),
    ]);
    assert_eq!(
        events,
        [thought("Hm."), signature("c2ln"), signature("aGlkZGVu"), signature("omitted:c2ln")]
    );
}

#[test]
fn content_at_the_start_of_a_block_counts() {
    let events = decode(&[
        begin(0, json!({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"})),
        stop(0),
        begin(1, json!({"type": "text", "text": "Rayleigh."})),
    ]);
    assert_eq!(events, [thought("Hm."), signature("c2ln"), text("Rayleigh.")]);
}

#[test]
fn what_is_newer_than_this_code_is_ignored() {
    let events = decode(&[
        json!({"type": "from_the_future", "delta": 7}),
        begin(0, json!({"type": "from_the_future", "text": {}})),
        delta(0, json!({"type": "from_the_future_delta", "text": 7})),
        delta(0, json!({"type": "citations_delta", "citation": {}})),
        stop(0),
        stop(99),
    ]);
    assert_eq!(events, []);
}

#[test]
fn a_finish_is_told_once_and_counts_are_kept_without_one() {
    let usage = json!({"output_tokens": 2});
    let counts = json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": usage});
    let bare = json!({"type": "message_delta", "usage": {"output_tokens": 3}});
    let events = decode(&[counts, bare, ended("end_turn"), ended("end_turn")]);
    let finishes =
        events.iter().filter(|event| matches!(event, StreamEvent::Finish { .. })).count();
    assert_eq!((finishes, events.len()), (1, 5));
}

#[test]
fn data_may_be_padded_unnamed_or_openais_marker() {
    let (mut decoder, mut out) = (StreamDecoder::new(), Vec::new());
    for event in [
        raw("", "{\"type\":\"message_stop\"          }   "),
        raw("data", "[DONE]"),
        raw("ping", ""),
    ] {
        decoder.push(&event, &mut out).unwrap();
    }
    assert_eq!(out, [StreamEvent::End]);
}

fn failure(decoder: &mut StreamDecoder, event: &Event) -> Failure {
    let mut out = Vec::new();
    let failure = decoder.push(event, &mut out).unwrap_err();
    assert_eq!(out, []);
    failure
}

#[test]
fn an_error_event_is_an_error() {
    let mut decoder = StreamDecoder::new();
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    failure(&mut decoder, &raw("error", overloaded));
    failure(&mut decoder, &raw("", overloaded));
    for data in ["upstream reset", r#"{"error":{"message":"no type"}}"#] {
        let failure = failure(&mut decoder, &raw("error", data));
        assert!(!failure.message.contains("cannot be read"), "{}", failure.message);
    }
}

#[test]
fn a_malformed_event_leaves_the_decoder_usable() {
    let mut decoder = StreamDecoder::new();
    for data in [
        "{",
        "[]",
        "{}",
        "\"text\"",
        r#"{"type":"message_start"}"#,
        r#"{"type":"content_block_start","index":0}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"text":"no type"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}"#,
    ] {
        let failure = failure(&mut decoder, &raw("message", data));
        assert_eq!(failure.fault.kind, FaultKind::Malformed, "{data}");
    }
    let mut out = Vec::new();
    let words = delta(0, json!({"type": "text_delta", "text": "Still here."}));
    decoder.push(&event(&words), &mut out).unwrap();
    assert_eq!(out, [text("Still here.")]);
}

proptest! {
    /// However a model's arguments are cut, they arrive whole, and in the right call.
    #[test]
    fn arguments_survive_any_cut(
        cuts in vec(vec("[a-z{}\":é ]{0,4}", 0..6), 0..4),
    ) {
        let mut events = vec![start()];
        for (index, cut) in (0_u64..).zip(&cuts) {
            events.push(begin(index, tool_use("a")));
            events.extend(cut.iter().map(|fragment| delta(index, input(fragment))));
            events.push(stop(index));
        }
        let mut got = vec![String::new(); cuts.len()];
        for event in decode(&events) {
            if let StreamEvent::ToolArguments { index, fragment, .. } = event {
                got[index as usize].push_str(&fragment);
            }
        }
        for (got, cut) in got.iter().zip(&cuts) {
            let whole = cut.concat();
            prop_assert_eq!(got.as_str(), if whole.is_empty() { "{}" } else { whole.as_str() });
        }
    }

    /// No bytes make it panic.
    #[test]
    fn any_bytes_are_survived(
        name in "error|ping|",
        data in vec(any::<u8>(), 0..64),
    ) {
        let mut out = Vec::new();
        let _ = StreamDecoder::new().push(&Event { name, data: Bytes::from(data) }, &mut out);
    }
}
