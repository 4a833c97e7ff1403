//! Streamed answers.

use proptest::prelude::*;
use sanso_core::FaultKind;
use sanso_wire::gemini::{StreamDecoder, read_answer};
use sanso_wire::ir::{Choice, FinishReason, Media, Part, StreamEvent, ToolCall, Usage};
use serde_json::{Value, json};

use super::event;

fn decoded(chunks: &[Value]) -> Vec<StreamEvent> {
    let mut decoder = StreamDecoder::new();
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(&event(chunk.to_string()), &mut events).expect("a response");
    }
    events
}

/// A chunk of candidate 0.
fn chunk(parts: Value, finish: Value) -> Value {
    json!({
        "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": finish}],
        "modelVersion": "m", "responseId": "r"
    })
}

fn start() -> StreamEvent {
    StreamEvent::Start { id: "r".to_owned(), model: "m".to_owned(), created: None }
}

fn said(choice: u32, text: &str) -> StreamEvent {
    StreamEvent::Text { choice, text: text.to_owned() }
}

fn finished(choice: u32, reason: FinishReason) -> StreamEvent {
    StreamEvent::Finish { choice, reason }
}

fn called(choice: u32, index: u32, id: &str, name: &str, arguments: &str) -> StreamEvent {
    let call = ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        signature: None,
    };
    StreamEvent::ToolCall { choice, index, call }
}

#[test]
fn thoughts_then_text() {
    let mut last = chunk(json!([{"text": "", "thoughtSignature": "c2ln"}]), json!("STOP"));
    last["usageMetadata"] = json!({"promptTokenCount": 3, "candidatesTokenCount": 4});
    let mut first = chunk(json!([{"text": "Hm.", "thought": true}]), json!(null));
    first["usageMetadata"] = json!({"promptTokenCount": 3});
    first["createTime"] = json!("1970-01-01T00:01:00Z");
    let usage =
        |completion| StreamEvent::Usage(Usage { prompt: 3, completion, ..Usage::default() });
    assert_eq!(
        decoded(&[first, chunk(json!([{"text": "Hel"}, {"text": "lo"}]), json!(null)), last]),
        [
            StreamEvent::Start { id: "r".into(), model: "m".into(), created: Some(60) },
            StreamEvent::Reasoning { choice: 0, text: "Hm.".to_owned() },
            usage(0),
            said(0, "Hel"),
            said(0, "lo"),
            finished(0, FinishReason::Stop),
            usage(4),
        ]
    );
}

#[test]
fn calls_come_whole() {
    let first = json!([{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"}]);
    let second =
        json!([{"functionCall": {"name": "g"}}, {"functionCall": {"id": "x", "name": "h"}}]);
    let events = decoded(&[
        chunk(first, json!(null)),
        chunk(second, json!(null)),
        chunk(json!([]), json!("STOP")),
    ]);
    let mut signed = called(0, 0, "call_r_0", "f", r#"{"a":1}"#);
    if let StreamEvent::ToolCall { call, .. } = &mut signed {
        call.signature = Some("s".to_owned());
    }
    assert_eq!(
        events,
        [
            start(),
            signed,
            called(0, 1, "call_r_1", "g", "{}"),
            called(0, 2, "x", "h", "{}"),
            finished(0, FinishReason::ToolCalls),
        ]
    );
}

#[test]
fn candidates_end_each_for_itself() {
    let part = |index: u32, words: &str, finish: Value| json!({"index": index, "content": {"parts": [{"text": words}]}, "finishReason": finish});
    let call = json!({
        "index": 1,
        "content": {"parts": [{"functionCall": {"name": "f"}}]},
        "finishReason": "STOP"
    });
    let events = decoded(&[
        json!({"candidates": [part(0, "a", json!(null)), part(1, "b", json!(null))],
               "modelVersion": "m", "responseId": "r"}),
        json!({"candidates": [part(0, "c", json!("MAX_TOKENS"))]}),
        json!({"candidates": [call]}),
        json!({"candidates": [{"index": 0, "finishReason": "STOP"}]}),
    ]);
    assert_eq!(
        events,
        [
            start(),
            said(0, "a"),
            said(1, "b"),
            said(0, "c"),
            finished(0, FinishReason::Length),
            called(1, 0, "call_r_0", "f", "{}"),
            finished(1, FinishReason::ToolCalls),
        ]
    );
}

#[test]
fn a_refused_prompt() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r", "modelVersion": "m"});
    assert_eq!(decoded(&[blocked]), [start(), finished(0, FinishReason::ContentFilter)]);
}

#[test]
fn usage_may_come_alone() {
    let events = decoded(&[
        chunk(json!([{"text": "a"}]), json!("STOP")),
        json!({"usageMetadata": {"promptTokenCount": 1}}),
    ]);
    assert_eq!(events.last(), Some(&StreamEvent::Usage(Usage { prompt: 1, ..Usage::default() })));
    assert!(!events.contains(&StreamEvent::End));
}

#[test]
fn a_malformed_event_can_be_skipped() {
    let mut decoder = StreamDecoder::new();
    let mut events = Vec::new();
    for bad in ["", "{", "{}", "[DONE]", "<html>"] {
        let failure = decoder.push(&event(bad), &mut events).expect_err("malformed");
        assert_eq!(failure.fault.kind, FaultKind::Malformed);
    }
    assert_eq!(events, []);
    let good = chunk(json!([{"text": "a"}]), json!("STOP"));
    decoder.push(&event(good.to_string()), &mut events).expect("a response");
    assert_eq!(events, [start(), said(0, "a"), finished(0, FinishReason::Stop)]);
}

#[test]
fn an_error_in_the_stream() {
    for error in [
        r#"{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}"#,
        r#"[{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}]"#,
        r#"[{"error":{"code":503,}}]"#,
    ] {
        let mut events = Vec::new();
        let failure =
            StreamDecoder::new().push(&event(error), &mut events).expect_err("an error event");
        let direct =
            sanso_wire::classify::error_in_200(sanso_wire::Dialect::Gemini, error.as_bytes());
        assert_eq!(failure, direct);
        assert_eq!(events, []);
    }
}

#[test]
fn media_are_not_lost_in_silence() {
    let parts = json!([{"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}, {"text": "a"}]);
    let mut events = Vec::new();
    let failure = StreamDecoder::new()
        .push(&event(chunk(parts, json!("STOP")).to_string()), &mut events)
        .expect_err("media");
    assert_eq!(failure.fault.kind, FaultKind::Malformed);
    assert_eq!(events, [start(), said(0, "a"), finished(0, FinishReason::Stop)]);
}

#[test]
fn a_picture_is_passed_on() {
    let parts = json!([{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]);
    let mut events = Vec::new();
    let end = event(chunk(parts, json!("STOP")).to_string());
    StreamDecoder::new().push(&end, &mut events).expect("a picture is none of the other media");
    let picture = Media::Data { media_type: "image/png".into(), base64: "aGk=".into() };
    let picture = StreamEvent::Image { choice: 0, picture };
    assert!(picture.is_content());
    assert_eq!(events, [start(), said(0, "a"), picture, finished(0, FinishReason::Stop)]);
}

/// Relays that say `STOP` with every event, or first, had their streams taken for broken ones.
#[test]
fn a_candidate_that_goes_on_after_its_end_ends_anew() {
    let mut decoder = StreamDecoder::new();
    let mut events = Vec::new();
    for part in [json!([{"text": "a"}]), json!([{"text": "b"}]), json!([])] {
        let end = event(chunk(part, json!("STOP")).to_string());
        decoder.push(&end, &mut events).expect("a response");
    }
    let stop = || finished(0, FinishReason::Stop);
    assert_eq!(events, [start(), said(0, "a"), stop(), said(0, "b"), stop()]);
}

fn any_part() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,4}".prop_map(|text| json!({"text": text})),
        ".{0,4}".prop_map(|text| json!({"text": text, "thought": true})),
        ("[fg]", "[a-z]{0,2}").prop_map(|(name, id)| {
            json!({"functionCall": {"name": name, "id": id, "args": {"x": 1}}})
        }),
    ]
}

/// The choices that a client would put together from `events`.
fn collected(events: Vec<StreamEvent>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for event in events {
        let index = match &event {
            StreamEvent::Text { choice, .. }
            | StreamEvent::Reasoning { choice, .. }
            | StreamEvent::ToolCall { choice, .. }
            | StreamEvent::Finish { choice, .. } => *choice,
            StreamEvent::Start { .. } => continue,
            other => panic!("{other:?}"),
        };
        if choices.iter().all(|choice| choice.index != index) {
            choices.push(Choice { index, ..Choice::default() });
        }
        let choice = choices.iter_mut().find(|choice| choice.index == index).expect("there");
        match (event, choice.parts.last_mut()) {
            (StreamEvent::Text { text, .. }, Some(Part::Text(before))) => before.push_str(&text),
            (StreamEvent::Text { text, .. }, _) => choice.parts.push(Part::Text(text)),
            (StreamEvent::Reasoning { text, .. }, Some(Part::Reasoning { text: before, .. })) => {
                before.push_str(&text);
            }
            (StreamEvent::Reasoning { text, .. }, _) => {
                choice.parts.push(Part::Reasoning { text, signature: None });
            }
            (StreamEvent::ToolCall { call, .. }, _) => choice.parts.push(Part::ToolCall(call)),
            (StreamEvent::Finish { reason, .. }, _) => choice.finish = Some(reason),
            (other, _) => panic!("{other:?}"),
        }
    }
    choices.sort_by_key(|choice| choice.index);
    choices
}

proptest! {
    /// A stream says the same, ids included, as the array of its chunks.
    #[test]
    fn a_stream_is_its_array(
        chunks in proptest::collection::vec(
            (0_u32..2, proptest::collection::vec(any_part(), 0..3)), 0..6)
    ) {
        let mut body: Vec<Value> = chunks
            .into_iter()
            .map(|(index, parts)| json!({"candidates": [{"index": index, "content": {"parts": parts}}],
                                         "responseId": "r"}))
            .collect();
        body.push(json!({"candidates": [{"index": 0, "finishReason": "STOP"},
                                        {"index": 1, "finishReason": "STOP"}]}));
        let whole = read_answer(&serde_json::to_vec(&body)?).expect("an answer");
        prop_assert_eq!(collected(decoded(&body)), whole.choices);
    }
}
