//! The same request, changed where the gateway means it to be.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Edit, Envelope};
use crate::providers::Prefill;

/// What a request's own token limit is called, now and formerly.
const TOKEN_LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];
/// What vLLM is told, so that it goes on from the last message, whatever the client said of its own.
const FINAL_MESSAGE: [(&str, bool); 2] =
    [("continue_final_message", true), ("add_generation_prompt", false)];

impl Envelope {
    /// The same request with a smaller token limit of its own; one that sets none gets none.
    ///
    /// ```
    /// use sanso_wire::envelope::Envelope;
    /// let body = r#"{"model":"m","max_tokens":900,"messages":[{"role":"user","content":"hi"}]}"#;
    /// let relaxed = Envelope::read(body.into()).unwrap().with_max_tokens(16);
    /// assert!(relaxed.body_for("m", &[]).starts_with(br#"{"model":"m","max_tokens":16,"#));
    /// ```
    #[must_use]
    pub fn with_max_tokens(&self, max_tokens: u64) -> Self {
        let mut changed = self.clone();
        changed.max_tokens = self.max_tokens.map(|_| max_tokens);
        changed.edit(|name, _| TOKEN_LIMITS.contains(&name).then(|| max_tokens.to_string()));
        changed
    }

    /// The same request with `text` as the beginning of the answer, for a model that goes on from it.
    /// Where the client began the answer itself, `text` follows on what it put there. `text` is to end
    /// in no white space: Anthropic refuses that.
    #[must_use]
    pub fn continued(&self, text: &str, prefill: Prefill) -> Self {
        let mut changed = self.clone();
        changed.edit(|name, value| match name {
            "messages" => with_beginning(value, text, prefill),
            _ => None,
        });
        if prefill == Prefill::FinalMessage {
            for (name, value) in FINAL_MESSAGE {
                changed.put(name, value.to_string());
            }
        }
        changed
    }

    /// Sets a member, whether the client has it or not.
    fn put(&mut self, name: &str, json: String) {
        self.edit(|found, _| (found == name).then(|| json.clone()));
        if !self.forwards(name) {
            self.added.push((name.to_owned(), RawValue::from_string(json).unwrap_or_default()));
        }
    }

    /// Puts what `put` gives for a member's name and value in the place of its value.
    fn edit(&mut self, put: impl Fn(&str, &str) -> Option<String>) {
        let names = self.layout.names(&self.body);
        let values = self.layout.values(&self.body);
        for ((name, value), edit) in names.zip(values).zip(&mut self.edits) {
            let value = std::str::from_utf8(value).unwrap_or_default();
            if *edit == Edit::Keep
                && let Some(json) = put(&name, value)
            {
                *edit = Edit::Put(json);
            }
        }
    }
}

/// `messages` with `text` as the beginning of the answer, in a message of its own unless the last one
/// is such a beginning already.
fn with_beginning(messages: &str, text: &str, prefill: Prefill) -> Option<String> {
    // They were read before: a list, and not an empty one.
    let mut messages: Vec<&RawValue> = serde_json::from_str(messages).ok()?;
    let begun = messages.last().and_then(|last| joined(last.get(), text));
    if begun.is_some() {
        messages.pop();
    }
    let mut message =
        begun.map_or_else(|| json!({ "role": "assistant", "content": text }), Value::from);
    if prefill == Prefill::Prefix {
        message["prefix"] = true.into();
    }
    let message = message.to_string();
    let all: Vec<&str> = messages.iter().map(|it| it.get()).chain([message.as_str()]).collect();
    Some(format!("[{}]", all.join(",")))
}

/// The message with `text` at its end, where it is the beginning of an answer.
fn joined(message: &str, text: &str) -> Option<Map<String, Value>> {
    let mut message: Map<String, Value> = serde_json::from_str(message).ok()?;
    if message.get("role")? != "assistant" || message.contains_key("tool_calls") {
        return None;
    }
    match message.get_mut("content")? {
        Value::String(said) => said.push_str(text),
        Value::Array(parts) => parts.push(json!({ "type": "text", "text": text })),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    }
    Some(message)
}
