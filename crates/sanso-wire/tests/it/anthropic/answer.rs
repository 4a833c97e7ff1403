//! Complete answers.

use sanso_core::FaultKind;
use sanso_wire::anthropic::read_answer;
use sanso_wire::ir::{Answer, Choice, FinishReason, Part, ToolCall, Usage};
use serde_json::{Value, json};

/// An answer with this content.
fn body(content: &Value, reason: &str) -> Vec<u8> {
    json!({
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test-1",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 5},
    })
    .to_string()
    .into_bytes()
}

fn parts(content: &Value) -> Vec<Part> {
    read_answer(&body(content, "end_turn")).unwrap().choices.remove(0).parts
}

#[test]
fn a_plain_answer_is_read_whole() {
    let content = json!([{"type": "text", "text": "Rayleigh.", "citations": null}]);
    assert_eq!(
        read_answer(&body(&content, "end_turn")).unwrap(),
        Answer {
            id: "msg_1".to_owned(),
            model: "claude-test-1".to_owned(),
            created: None,
            choices: vec![Choice {
                index: 0,
                parts: vec![Part::Text("Rayleigh.".to_owned())],
                finish: Some(FinishReason::Stop),
            }],
            usage: Some(Usage { prompt: 3, completion: 5, ..Usage::default() }),
        }
    );
}

#[test]
fn blocks_become_parts_in_order() {
    let reasoning = |text: &str, signature: Option<&str>| Part::Reasoning {
        text: text.to_owned(),
        signature: signature.map(str::to_owned),
    };
    assert_eq!(
        parts(&json!([
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "aGlkZGVu"},
            {"type": "thinking", "thinking": "", "signature": "c2ln"},
            {"type": "thinking", "thinking": "Unsigned.", "signature": ""},
            {"type": "thinking", "thinking": ""},
            {"type": "text", "text": ""},
            {"type": "text", "text": "So:"},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Kyoto"}},
        ])),
        [
            reasoning("Hm.", Some("c2ln")),
            reasoning("", Some("aGlkZGVu")),
            reasoning("", Some("omitted:c2ln")),
            reasoning("Unsigned.", None),
            Part::Text("So:".to_owned()),
            Part::ToolCall(ToolCall {
                id: "toolu_1".to_owned(),
                name: "weather".to_owned(),
                arguments: r#"{"city":"Kyoto"}"#.to_owned(),
                signature: None,
            }),
        ]
    );
}

#[test]
fn arguments_keep_the_models_own_writing() {
    let body = br#"{"content":[{"type":"tool_use","id":"a","name":"f","input":{"b": 1.10, "a":2 }}],"stop_reason":"tool_use"}"#;
    let answer = read_answer(body).unwrap();
    let Part::ToolCall(call) = &answer.choices[0].parts[0] else { panic!("{answer:?}") };
    assert_eq!(call.arguments, r#"{"b": 1.10, "a":2 }"#);
    assert_eq!((answer.id.as_str(), answer.usage), ("", None));
}

#[test]
fn a_call_without_input_has_an_empty_object() {
    for input in [json!({}), Value::Null] {
        let calls = parts(&json!([{"type": "tool_use", "id": "a", "name": "f", "input": input}]));
        assert!(
            matches!(&calls[..], [Part::ToolCall(call)] if call.arguments == "{}"),
            "{calls:?}"
        );
    }
}

#[test]
fn the_providers_own_tools_never_surface() {
    assert_eq!(
        parts(&json!([
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"q": 1}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "mcp_tool_use", "id": "x", "name": "y", "server_name": "z", "input": {}},
            {"type": "mcp_tool_result", "tool_use_id": "x", "is_error": false, "content": []},
            {"type": "compaction", "content": "So far."},
            {"type": "from_the_future", "text": {"not": "text"}, "id": 7, "data": []},
            {"type": "text", "text": "Found."},
        ])),
        [Part::Text("Found.".to_owned())]
    );
}

#[test]
fn stop_reasons_have_a_meaning_each() {
    for (word, reason) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("pause_turn", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("refusal", FinishReason::ContentFilter),
        ("from_the_future", FinishReason::Stop),
    ] {
        let answer = read_answer(&body(&json!([]), word)).unwrap();
        assert_eq!(answer.choices[0].finish, Some(reason), "{word}");
        assert!(answer.choices[0].parts.is_empty());
    }
    let silent = read_answer(br#"{"content":[],"stop_reason":null}"#).unwrap();
    assert_eq!(silent.choices[0].finish, None);
}

#[test]
fn usage_counts_the_cache_into_the_prompt() {
    let usage = |usage: Value| {
        let body = json!({"content": [], "usage": usage}).to_string();
        read_answer(body.as_bytes()).unwrap().usage
    };
    assert_eq!(
        usage(json!({
            "input_tokens": 3,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 20,
            "cache_creation": {"ephemeral_5m_input_tokens": 20},
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 40},
            "service_tier": "standard",
        })),
        Some(Usage {
            prompt: 123,
            completion: 50,
            cached: Some(100),
            cache_write: Some(20),
            reasoning: Some(40),
        })
    );
    assert_eq!(
        usage(
            json!({"input_tokens": u64::MAX, "cache_read_input_tokens": 9, "output_tokens": null})
        ),
        Some(Usage { prompt: u64::MAX, cached: Some(9), ..Usage::default() })
    );
    assert_eq!(usage(json!({"input_tokens": "three"})), None);
    assert_eq!(usage(json!({})), None);
    assert_eq!(usage(Value::Null), None);
}

#[test]
fn what_is_no_answer_is_malformed() {
    for body in [
        &b""[..],
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        br#"{"content":null}"#,
        br#"{"content":"text"}"#,
        br#"{"content":[{"text":"no type"}]}"#,
        br#"{"content":[{"type":"tool_use","name":"no id"}]}"#,
        b"\xff\xfe",
    ] {
        let failure = read_answer(body).unwrap_err();
        assert_eq!(failure.fault.kind, FaultKind::Malformed, "{}", String::from_utf8_lossy(body));
        assert!(!failure.message.is_empty());
    }
}

#[test]
fn an_error_with_a_200_is_no_answer() {
    for body in [
        &br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#[..],
        br#"{"error":{"type":"api_error","message":"x"},"content":[]}"#,
        br#"{"error":"x"}"#,
    ] {
        assert!(read_answer(body).is_err());
    }
}
