//! Answers, read, written and glanced at.

use sanso_wire::ir::{Answer, Choice, FinishReason, Part, Usage};
use sanso_wire::openai_chat::{glance, read_answer, write_answer};
use serde_json::{Value, json};

use super::call;

#[test]
fn an_answer_is_written_as_openai_writes_it() {
    let answer = Answer {
        model: "m".into(),
        choices: vec![Choice {
            index: 0,
            parts: vec![
                Part::Reasoning { text: "hm".into(), signature: None },
                Part::ToolCall(call("1", "f", "{}")),
            ],
            finish: Some(FinishReason::ToolCalls),
        }],
        usage: Some(Usage { prompt: 5, completion: 7, cached: Some(1), ..Usage::default() }),
        ..Answer::default()
    };
    let written: Value = serde_json::from_slice(&write_answer(&answer, "chatcmpl-1", 9)).unwrap();
    assert_eq!(
        written,
        json!({"id":"chatcmpl-1","object":"chat.completion","created":9,"model":"m",
            "choices":[{"index":0,"logprobs":null,"finish_reason":"tool_calls","message":{
                "role":"assistant","content":null,"refusal":null,"reasoning_content":"hm",
                "tool_calls":[{"id":"1","type":"function",
                    "function":{"name":"f","arguments":"{}"}}]}}],
            "usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,
                "prompt_tokens_details":{"cached_tokens":1}}})
    );
}

#[test]
fn careless_answers_are_read() {
    let body = br#"{"id":null,"created":0,"choices":[{"message":{"content":[
        {"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"x"}],
        "tool_calls":[{"id":"","function":{"name":"f","arguments":{"a":1}}}]},
        "finish_reason":"eos"}],"usage":{"prompt_tokens":3.0,"completion_tokens":null}}"#;
    let answer = read_answer(body).unwrap();
    assert_eq!((answer.id.as_str(), answer.created), ("", None));
    let choice = &answer.choices[0];
    assert_eq!(choice.finish, Some(FinishReason::Stop));
    assert_eq!(choice.parts[0], Part::Reasoning { text: "hm".into(), signature: None });
    assert_eq!(choice.parts[1], Part::Text("x".into()));
    let Part::ToolCall(call) = &choice.parts[2] else { panic!("{:?}", choice.parts) };
    assert_eq!(call.arguments, r#"{"a":1}"#);
    assert!(call.id.starts_with("call_") && call.id.len() <= 40, "{}", call.id);
    assert_eq!(answer.usage, Some(Usage { prompt: 3, ..Usage::default() }));
}

#[test]
fn reasoning_counted_in_the_total_alone_is_completion() {
    let usage = |completion: u64| {
        let body = json!({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":completion,
            "total_tokens":35,"completion_tokens_details":{"reasoning_tokens":20}}});
        read_answer(body.to_string().as_bytes()).unwrap().usage.unwrap().completion
    };
    assert_eq!((usage(5), usage(25)), (25, 25));
}

#[test]
fn what_is_no_answer_is_malformed_at_both_readers() {
    for body in
        ["", "<html>", "[]", "7", "{}", r#"{"id":"x"}"#, r#"{"choices":7}"#, "{\"choices\":"]
    {
        assert!(read_answer(body.as_bytes()).is_err(), "{body}");
        assert!(glance::answer(body.as_bytes()).is_err(), "{body}");
    }
    assert!(glance::answer(b"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}").is_err());
    for error in [
        r#"{"error":{"message":"x"},"choices":[{"message":{"content":"x"}}]}"#,
        r#"{"error":"x"}"#,
        r#"{"object":"error","message":"x","code":400}"#,
        r#"[{"error":{"code":400}}]"#,
    ] {
        assert!(read_answer(error.as_bytes()).is_err(), "{error}");
        assert!(glance::answer(error.as_bytes()).is_err(), "{error}");
        assert!(glance::event(error.as_bytes()).is_err(), "{error}");
    }
}

#[test]
fn an_answer_is_told_from_an_empty_one() {
    let glance = |message: Value| {
        let body = json!({"model":"m","error":null,"choices":[{"message":message,
            "finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})
        .to_string();
        let glance = glance::answer(body.as_bytes()).unwrap();
        assert_eq!((&*glance.model, glance.finish), ("m", Some(FinishReason::Length)));
        assert_eq!(glance.usage, Some(Usage { prompt: 1, completion: 2, ..Usage::default() }));
        glance.has_content
    };
    for full in [
        json!({"content":"x"}),
        json!({"content":"\n"}),
        json!({"content":null,"refusal":"no"}),
        json!({"content":"","tool_calls":[{}]}),
        json!({"reasoning":"hm"}),
        json!({"reasoning_content":"hm"}),
        json!({"audio":{"id":"x"}}),
        json!({"content":[{"type":"text","text":"x"}]}),
    ] {
        assert!(glance(full.clone()), "{full}");
    }
    for empty in [
        json!({}),
        json!(null),
        json!({"role":"assistant","content":"","refusal":null,"tool_calls":[]}),
        json!({"content":[],"annotations":[{}]}),
    ] {
        assert!(!glance(empty.clone()), "{empty}");
    }
    assert!(!glance::answer(b"{\"choices\":[]}").unwrap().has_content);
}

/// The glance counts without decoding; it must come to what the decoder would.
#[test]
fn characters_are_counted_as_they_are_read() {
    for (written, characters) in
        [(r#""one""#, 3), (r#""\u3042\n\"\\\/""#, 5), (r#""あé😀""#, 3), (r#""""#, 0), ("null", 0)]
    {
        let event = format!(r#"{{"choices":[{{"delta":{{"content":{written}}}}}]}}"#);
        let glance = glance::event(event.as_bytes()).unwrap();
        assert_eq!(glance.characters, characters, "{written}");
        let said: Option<String> = serde_json::from_str(written).unwrap();
        assert_eq!(said.unwrap_or_default().chars().count(), characters);
    }
    let thinks = r#"{"choices":[{"delta":{"reasoning":"hm"}},{"delta":{"content":"so"}}]}"#;
    assert_eq!(glance::event(thinks.as_bytes()).unwrap().characters, 4);
    let whole = r#"{"choices":[{"message":{"content":"all"}}]}"#;
    assert_eq!(glance::event(whole.as_bytes()).unwrap().characters, 0, "not of a stream");
}

#[test]
fn events_are_told_apart_at_a_glance() {
    let event = |data: &'static str| glance::event(data.as_bytes()).unwrap();
    assert!(event(" [DONE] ").is_done);
    assert_eq!(event(""), glance::EventGlance::default());
    assert!(!event(r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#).has_content);
    assert!(!event(r#"{"choices":[{"finish_reason":null}]}"#).has_content);
    assert!(event(r#"{"choices":[{"delta":{"content":"x"}}]}"#).has_content);
    assert!(event(r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#).has_content);
    let finish = event(r#"{"model":"m","choices":[{"delta":{},"finish_reason":"stop"}]}"#);
    assert_eq!((finish.finish, &*finish.model), (Some(FinishReason::Stop), "m"));
    let usage = Some(Usage { prompt: 1, completion: 2, ..Usage::default() });
    assert_eq!(
        event(r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#).usage,
        usage
    );
    assert_eq!(
        event(r#"{"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#).usage,
        usage
    );
    for bad in
        [&b"{"[..], b"<html>", b"\"x\"", b"{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}"]
    {
        assert!(glance::event(bad).is_err());
    }
}
