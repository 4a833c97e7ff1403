//! Chunks put together to a plain answer.

use sanso_wire::openai_chat::Fold;
use serde_json::{Value, json};

fn folded(chunks: &[Value]) -> Value {
    let mut fold = Fold::default();
    for chunk in chunks {
        fold.push(chunk.to_string().as_bytes());
    }
    fold.push(b"[DONE]");
    serde_json::from_slice(&fold.finish()).unwrap()
}

fn delta(index: u32, delta: Value, finish: Option<&str>) -> Value {
    json!({
        "id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{ "index": index, "delta": delta, "finish_reason": finish }],
    })
}

#[test]
fn text_refusal_and_reasoning_go_on_and_what_is_unknown_stays() {
    let usage = json!({ "id": "a", "choices": [], "usage": { "total_tokens": 7 }, "extra": true });
    let answer = folded(&[
        delta(0, json!({ "role": "assistant", "content": "" }), None),
        delta(0, json!({ "content": "Hel", "reasoning_content": "hm" }), None),
        delta(0, json!({ "content": "lo", "reasoning_content": "m", "odd": 1 }), None),
        delta(0, json!({}), Some("stop")),
        usage,
    ]);
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(
        (&answer["id"], &answer["model"], &answer["extra"]),
        (&json!("a"), &json!("m"), &json!(true))
    );
    assert_eq!(answer["usage"]["total_tokens"], 7);
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(
        choice["message"],
        json!({ "role": "assistant", "content": "Hello", "reasoning_content": "hmm", "odd": 1 })
    );
    assert_eq!(choice.get("delta"), None);
}

#[test]
fn tool_calls_are_joined_by_their_index() {
    let call = |index, id: Option<&str>, name: Option<&str>, arguments: &str| {
        let mut call = json!({ "index": index, "function": { "arguments": arguments } });
        if let Some(id) = id {
            call["id"] = id.into();
            call["type"] = "function".into();
            call["function"]["name"] = name.into();
        }
        delta(0, json!({ "tool_calls": [call] }), None)
    };
    let answer = folded(&[
        call(0, Some("c1"), Some("f"), ""),
        call(0, None, None, "{\"a\":"),
        call(1, Some("c2"), Some("g"), "{}"),
        call(0, None, None, "1}"),
        delta(0, json!({}), Some("tool_calls")),
    ]);
    assert_eq!(
        answer["choices"][0]["message"]["tool_calls"],
        json!([
            { "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } },
            { "id": "c2", "type": "function", "function": { "name": "g", "arguments": "{}" } },
        ])
    );
    assert_eq!(answer["choices"][0]["message"]["content"], Value::Null);
}

/// The name was lost, and the arguments were cut.
#[test]
fn a_function_call_of_old_is_joined() {
    let answer = folded(&[
        delta(0, json!({ "function_call": { "name": "f", "arguments": "" } }), None),
        delta(0, json!({ "function_call": { "arguments": "{\"a\":" } }), None),
        delta(0, json!({ "function_call": { "arguments": "1}" } }), Some("function_call")),
    ]);
    let call = json!({ "name": "f", "arguments": "{\"a\":1}" });
    assert_eq!(answer["choices"][0]["message"]["function_call"], call);
}

#[test]
fn sound_and_its_transcript_go_on() {
    let answer = folded(&[
        delta(0, json!({ "audio": { "id": "s", "transcript": "Hel" } }), None),
        delta(0, json!({ "audio": { "id": "s", "data": "AAAA" } }), None),
        delta(0, json!({ "audio": { "data": "BBBB", "transcript": "lo" } }), None),
        delta(0, json!({ "audio": { "expires_at": 9 } }), Some("stop")),
    ]);
    let audio = json!({ "id": "s", "data": "AAAABBBB", "transcript": "Hello", "expires_at": 9 });
    assert_eq!(answer["choices"][0]["message"]["audio"], audio);
}

/// Two calls became one of the name "fg".
#[test]
fn tool_calls_without_an_index_are_told_apart() {
    let call = |call: Value| delta(0, json!({ "tool_calls": [call] }), None);
    let answer = folded(&[
        call(json!({ "id": "c1", "function": { "name": "f", "arguments": "{\"a\":" } })),
        call(json!({ "id": "c1", "function": { "name": "f", "arguments": "1" } })),
        call(json!({ "function": { "arguments": "}" } })),
        call(json!({ "id": "c2", "function": { "name": "g", "arguments": "{}" } })),
    ]);
    assert_eq!(
        answer["choices"][0]["message"]["tool_calls"],
        json!([
            { "id": "c1", "function": { "name": "f", "arguments": "{\"a\":1}" } },
            { "id": "c2", "function": { "name": "g", "arguments": "{}" } },
        ])
    );
}

#[test]
fn candidates_come_in_order_and_log_probabilities_one_after_the_other() {
    let mut first = delta(1, json!({ "content": "b" }), Some("length"));
    first["choices"][0]["logprobs"] = json!({ "content": [{ "token": "b" }] });
    let mut more = delta(1, json!({ "content": "c" }), None);
    more["choices"][0]["logprobs"] = json!({ "content": [{ "token": "c" }], "refusal": null });
    let answer = folded(&[first, delta(0, json!({ "content": "a" }), None), more]);
    let texts: Vec<_> =
        answer["choices"].as_array().unwrap().iter().map(|it| &it["message"]["content"]).collect();
    assert_eq!(texts, ["a", "bc"]);
    let probs = answer["choices"][1]["logprobs"]["content"].as_array().unwrap();
    assert_eq!(probs.len(), 2);
    assert_eq!(answer["choices"][1]["finish_reason"], "length");
}

#[test]
fn what_is_no_chunk_does_no_harm() {
    let answer = folded(&[json!([]), json!({ "choices": [1, null] }), json!({ "choices": 3 })]);
    assert_eq!(answer, json!({ "object": "chat.completion", "choices": [] }));
    let absurd = delta(0, json!({ "tool_calls": [{ "index": u64::MAX }, 3] }), None);
    assert_eq!(folded(&[absurd])["choices"][0]["message"]["tool_calls"], json!([{}]));
}
