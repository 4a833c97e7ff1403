//! A complete answer, by OpenAI's reference.

use serde_json::Value;

/// Checks a `chat.completion`.
pub(super) fn check(id: &str, completion: &Value) {
    assert_eq!(completion["object"], "chat.completion", "{id}");
    for key in ["id", "model"] {
        assert!(completion[key].as_str().is_some_and(|text| !text.is_empty()), "{id}: {key}");
    }
    assert!(completion["created"].is_u64(), "{id}");
    let choices = completion["choices"].as_array().unwrap();
    assert!(!choices.is_empty(), "{id}");
    for (position, choice) in choices.iter().enumerate() {
        assert_eq!(choice["index"], position, "{id}");
        check_finish(id, &choice["finish_reason"]);
        check_message(id, &choice["message"], choice["finish_reason"] == "length");
    }
    check_usage(id, &completion["usage"]);
}

fn check_message(id: &str, message: &Value, is_cut: bool) {
    assert_eq!(message["role"], "assistant", "{id}");
    for key in ["content", "refusal"] {
        let value = message.get(key).unwrap_or_else(|| panic!("{id}: no {key}"));
        assert!(value.is_null() || value.is_string(), "{id}: {key}");
    }
    if let Some(calls) = message.get("tool_calls") {
        let calls = calls.as_array().unwrap();
        assert!(!calls.is_empty(), "{id}");
        for call in calls {
            check_call(id, call, call["function"]["arguments"].as_str().unwrap(), is_cut);
        }
    }
}

/// Checks the head of a call, and its arguments once they are all there. Only the token limit may
/// cut them.
pub(super) fn check_call(id: &str, call: &Value, arguments: &str, is_cut: bool) {
    assert!(call["id"].as_str().is_some_and(|call| !call.is_empty()), "{id}");
    assert_eq!(call["type"], "function", "{id}");
    let name = call["function"]["name"].as_str();
    assert!(name.is_some_and(|name| !name.is_empty()), "{id}");
    match serde_json::from_str::<Value>(arguments) {
        Ok(parsed) => assert!(parsed.is_object(), "{id}: {arguments}"),
        Err(error) => assert!(is_cut && error.is_eof(), "{id}: {error} in {arguments:?}"),
    }
}

pub(super) fn check_finish(id: &str, reason: &Value) {
    let reason = reason.as_str().unwrap_or_else(|| panic!("{id}: no reason to finish"));
    assert!(["stop", "length", "tool_calls", "content_filter"].contains(&reason), "{id}: {reason}");
}

pub(super) fn check_usage(id: &str, usage: &Value) {
    let count = |key: &str| usage[key].as_u64().unwrap_or_else(|| panic!("{id}: no {key}"));
    let (prompt, completion) = (count("prompt_tokens"), count("completion_tokens"));
    assert_eq!(count("total_tokens"), prompt + completion, "{id}");
    let within = |details: &str, whole: u64| {
        let details = usage.get(details).and_then(Value::as_object).into_iter().flatten();
        let sum: u64 = details.map(|(_, tokens)| tokens.as_u64().unwrap()).sum();
        assert!(sum <= whole, "{id}: {sum} of {whole}");
    };
    within("prompt_tokens_details", prompt);
    within("completion_tokens_details", completion);
}
