//! A streamed answer, by OpenAI's reference.

use std::collections::BTreeMap;

use sanso_wire::sse::Event;
use serde_json::Value;

use super::completion::{check_call, check_finish, check_usage};

/// One choice as its chunks tell it.
#[derive(Default)]
struct Choice {
    chunks: usize,
    /// Null until it ends.
    finish: Value,
    /// The heads of its calls, with the arguments so far.
    calls: Vec<(Value, String)>,
}

/// Checks the chunks of a stream whose usage was asked for.
pub(super) fn check(id: &str, events: &[Event], has_usage: bool) {
    let (done, events) = events.split_last().unwrap();
    assert_eq!(done.text(), "[DONE]", "{id}");
    let parse = |event: &Event| serde_json::from_slice(&event.data).unwrap();
    let mut chunks: Vec<Value> = events.iter().map(parse).collect();
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk", "{id}");
        for key in ["id", "created", "model"] {
            assert_eq!(chunk[key], chunks[0][key], "{id}: {key}");
        }
    }
    assert!(chunks[0]["id"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
    if has_usage {
        let last = chunks.pop().unwrap();
        assert_eq!(last["choices"], serde_json::json!([]), "{id}");
        check_usage(id, &last["usage"]);
    }
    let mut choices: BTreeMap<u64, Choice> = BTreeMap::new();
    for chunk in &chunks {
        assert!(chunk.get("usage").is_some_and(Value::is_null), "{id}");
        let choice = &chunk["choices"][0];
        choices.entry(choice["index"].as_u64().unwrap()).or_default().take(id, choice);
    }
    assert!(!choices.is_empty(), "{id}");
    for choice in choices.values() {
        check_finish(id, &choice.finish);
        for (head, arguments) in &choice.calls {
            check_call(id, head, arguments, choice.finish == "length");
        }
    }
}

impl Choice {
    fn take(&mut self, id: &str, choice: &Value) {
        assert!(self.finish.is_null(), "{id}: nothing follows the finish");
        let delta = choice["delta"].as_object().unwrap();
        // The role is on the first and no other.
        let role = delta.get("role").map(|role| role.as_str().unwrap());
        assert_eq!(role, (self.chunks == 0).then_some("assistant"), "{id}");
        self.chunks += 1;
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.take_call(id, call);
        }
        self.finish = choice.get("finish_reason").unwrap().clone();
    }

    /// The first piece of a call has its head, the others its index alone.
    fn take_call(&mut self, id: &str, call: &Value) {
        let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
        let piece = call["function"]["arguments"].as_str().unwrap();
        if index == self.calls.len() {
            self.calls.push((call.clone(), piece.to_owned()));
        } else {
            assert!(call.get("id").is_none() && call["function"].get("name").is_none(), "{id}");
            self.calls[index].1.push_str(piece);
        }
    }
}
