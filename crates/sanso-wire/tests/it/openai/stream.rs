//! Streams, decoded and encoded.

use sanso_wire::Failure;
use sanso_wire::ir::{FinishReason, Media, StreamEvent, Usage};
use sanso_wire::openai_chat::{StreamDecoder, StreamEncoder, write_error};
use sanso_wire::sse::Event;
use serde_json::{Value, json};

use super::{call, decode, encode};

fn delta(delta: Value) -> Value {
    json!({"id":"a","choices":[{"index":0,"delta":delta}]})
}

/// The tool calls of a stream, put together: index, id, name and arguments.
fn calls(chunks: &[Value]) -> Vec<(u32, String, String, String)> {
    let mut calls: Vec<(u32, String, String, String)> = Vec::new();
    for event in decode(chunks) {
        match event {
            StreamEvent::ToolCall { index, call, .. } => {
                calls.push((index, call.id, call.name, call.arguments));
            }
            StreamEvent::ToolArguments { index, fragment, .. } => {
                calls[index as usize].3.push_str(&fragment);
            }
            _ => {}
        }
    }
    calls
}

#[test]
fn careless_streams_are_read() {
    let usage = json!({"prompt_tokens":1,"completion_tokens":2});
    let events = decode(&[
        json!({"id":"","model":"","created":0,"choices":[]}),
        json!({"id":"a","model":"m","created":5,"choices":[{"index":0,"finish_reason":null}]}),
        delta(json!({"role":"assistant","content":null,"reasoning":"hm"})),
        delta(json!({"content":[{"type":"thinking","thinking":[{"type":"text","text":"so"}]}]})),
        delta(json!({"content":"x","tool_calls":null})),
        json!({"choices":[{"delta":{"content":"y"},"finish_reason":"stop"}],"usage":usage}),
        json!({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}),
        json!({"choices":[],"x_groq":{"usage":usage}}),
        json!("[DONE]"),
        json!("[DONE]"),
    ]);
    let usage = StreamEvent::Usage(Usage { prompt: 1, completion: 2, ..Usage::default() });
    let text = |text: &str| StreamEvent::Text { choice: 0, text: text.into() };
    let reasoning = |text: &str| StreamEvent::Reasoning { choice: 0, text: text.into() };
    assert_eq!(
        events,
        [
            StreamEvent::Start { id: "a".into(), model: "m".into(), created: Some(5) },
            reasoning("hm"),
            reasoning("so"),
            text("x"),
            text("y"),
            StreamEvent::Finish { choice: 0, reason: FinishReason::Stop },
            usage.clone(),
            usage,
            StreamEvent::End,
        ]
    );
}

#[test]
fn tool_calls_come_in_fragments() {
    let fragment = |index: u32, function: Value| {
        delta(json!({"tool_calls":[
        {"index":index,"id":null,"function":function}]}))
    };
    let begin = |index: u32, id: &str, name: &str| {
        delta(json!({"tool_calls":[
        {"index":index,"id":id,"type":"function","function":{"name":name,"arguments":""}}]}))
    };
    let read = calls(&[
        begin(0, "1", "f"),
        fragment(0, json!({"arguments":"{\"a\""})),
        begin(1, "2", "g"),
        fragment(0, json!({"name":null,"arguments":":1}"})),
        fragment(1, json!({"arguments":"{}"})),
    ]);
    let expected = [(0, "1", "f", "{\"a\":1}"), (1, "2", "g", "{}")]
        .map(|(index, id, name, args)| (index, id.to_owned(), name.to_owned(), args.to_owned()));
    assert_eq!(read, expected);
}

#[test]
fn tool_calls_come_whole_without_index_or_id() {
    let whole = |call: Value| delta(json!({"tool_calls":[call]}));
    let function = |name: &str| json!({"name":name,"arguments":"{}"});
    let without_index = calls(&[
        whole(json!({"id":"1","function":function("f")})),
        whole(json!({"id":"2","function":function("f")})),
    ]);
    assert_eq!(without_index.len(), 2);
    let without_id = calls(&[
        whole(json!({"function":function("f")})),
        whole(json!({"function":{"arguments":"!"}})),
        whole(json!({"function":function("f")})),
    ]);
    assert_eq!(without_id.len(), 2);
    assert_eq!(without_id[0].3, "{}!");
    assert_ne!(without_id[0].1, without_id[1].1);
    let same_index = calls(&[
        whole(json!({"index":0,"id":"1","function":function("f")})),
        whole(json!({"index":0,"id":"2","function":function("g")})),
        whole(json!({"index":0,"function":{"arguments":"!"}})),
    ]);
    assert_eq!(same_index.len(), 2);
    assert_eq!((same_index[0].3.as_str(), same_index[1].3.as_str()), ("{}", "{}!"));
}

#[test]
fn an_error_in_a_stream_leaves_the_decoder_usable() {
    let mut decoder = StreamDecoder::new();
    let mut out = Vec::new();
    let mut push = |data: &str| decoder.push(&Event::unnamed(data.to_owned()), &mut out);
    assert!(push(r#"{"error":{"message":"x"},"choices":[{"delta":{"content":"no"}}]}"#).is_err());
    assert!(push("{oops").is_err());
    assert!(push(r#"{"choices":[{"delta":{"content":"x"}}]}"#).is_ok());
    assert_eq!(out.last(), Some(&StreamEvent::Text { choice: 0, text: "x".into() }));
}

#[test]
fn a_stream_is_written_in_openais_order() {
    let chunks = encode(
        &[
            StreamEvent::Start { id: "a".into(), model: "m".into(), created: Some(5) },
            StreamEvent::Text { choice: 0, text: "x".into() },
            StreamEvent::Usage(Usage { prompt: 1, ..Usage::default() }),
            StreamEvent::ToolCall { choice: 0, index: 0, call: call("1", "f", "") },
            StreamEvent::ToolArguments { choice: 0, index: 0, fragment: "{}".into() },
            StreamEvent::Finish { choice: 0, reason: FinishReason::ToolCalls },
            StreamEvent::Usage(Usage { prompt: 1, completion: 2, ..Usage::default() }),
            StreamEvent::End,
        ],
        true,
    );
    let chunk = |delta: Value, finish: Value| {
        json!({"id":"a","object":"chat.completion.chunk","created":5,"model":"m","usage":null,
            "choices":[{"index":0,"delta":delta,"logprobs":null,"finish_reason":finish}]})
    };
    let null = Value::Null;
    assert_eq!(
        chunks,
        [
            chunk(json!({"role":"assistant","content":"","refusal":null}), null.clone()),
            chunk(json!({"content":"x"}), null.clone()),
            chunk(
                json!({"tool_calls":[{"index":0,"id":"1","type":"function",
                    "function":{"name":"f","arguments":""}}]}),
                null.clone()
            ),
            chunk(json!({"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}), null),
            chunk(json!({}), json!("tool_calls")),
            json!({"id":"a","object":"chat.completion.chunk","created":5,"model":"m","choices":[],
                "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}),
            json!("[DONE]"),
        ]
    );
}

#[test]
fn usage_is_written_only_where_it_was_asked_for() {
    let chunks = encode(
        &[
            StreamEvent::ToolCall { choice: 1, index: 0, call: call("1", "f", "{}") },
            StreamEvent::Usage(Usage::default()),
            StreamEvent::End,
        ],
        false,
    );
    assert_eq!(chunks.len(), 3);
    assert_eq!(chunks[0]["id"], "chatcmpl-0");
    assert_eq!(chunks[0]["model"], "asked");
    assert_eq!(chunks[0]["choices"][0]["delta"]["content"], Value::Null);
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[test]
fn a_signed_thought_is_written_with_its_text() {
    let signed = |signature: &str| StreamEvent::ReasoningSignature {
        choice: 0,
        signature: signature.into(),
    };
    let reasoning = |text: &str| StreamEvent::Reasoning { choice: 0, text: text.into() };
    let events = [reasoning("h"), reasoning("m"), signed("s"), signed("blob")];
    let chunks = encode(&events, false);
    let blocks = |chunk: &Value| chunk["choices"][0]["delta"]["thinking_blocks"].clone();
    assert_eq!(blocks(&chunks[3]), json!([{"type":"thinking","thinking":"hm","signature":"s"}]));
    assert_eq!(blocks(&chunks[4]), json!([{"type":"redacted_thinking","data":"blob"}]));
    let again = decode(&chunks);
    assert_eq!(again[1..], events);
}

/// As a plain answer's `message.images`.
#[test]
fn a_picture_is_written_where_litellm_writes_it() {
    let mut encoder = StreamEncoder::new("fallback", 1, "m", false);
    let picture = Media::Data { media_type: "image/png".into(), base64: "aGk=".into() };
    let mut out = Vec::new();
    encoder.push(&StreamEvent::Image { choice: 0, picture }, &mut out);
    let text = String::from_utf8(out).unwrap();
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let chunk: Value = serde_json::from_str(last).unwrap();
    let url = json!({ "url": "data:image/png;base64,aGk=" });
    let images = json!([{ "type": "image_url", "image_url": url }]);
    assert_eq!(chunk["choices"][0]["delta"], json!({ "images": images }));
}

#[test]
fn a_broken_stream_ends_with_an_error_and_no_marker() {
    let encoder = StreamEncoder::new("a", 1, "m", true);
    let mut out = Vec::new();
    encoder.error(&Failure::malformed("oops"), &mut out);
    let error = json!({"error":{"message":"oops","type":"server_error","param":null,"code":null}});
    let text = String::from_utf8(out).unwrap();
    let written = text.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
    assert_eq!(serde_json::from_str::<Value>(written).unwrap(), error);
    assert_eq!(written.as_bytes(), write_error(&Failure::malformed("oops")));
}
