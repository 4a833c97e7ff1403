//! Chunks of a stream put together to the answer that a plain call would have brought.
//!
//! Text members are joined, tool calls by their index, log probabilities one after the other; of every
//! other member of a chunk, of a choice or of a delta the last value stays, known to us or not.

use serde_json::{Map, Value};

/// An answer in the making.
#[derive(Debug, Default)]
pub struct Fold {
    answer: Map<String, Value>,
    choices: Vec<Map<String, Value>>,
}

impl Fold {
    /// Takes a chunk over: the data of one event. What is no JSON object, such as `[DONE]`, says
    /// nothing.
    pub fn push(&mut self, data: &[u8]) {
        let Ok(Value::Object(chunk)) = serde_json::from_slice(data) else { return };
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("choices", Value::Array(choices)) => {
                    for choice in choices {
                        if let Value::Object(choice) = choice {
                            self.choice(choice);
                        }
                    }
                }
                ("object", _) | (_, Value::Null) => {}
                (_, value) => {
                    self.answer.insert(name, value);
                }
            }
        }
    }

    /// The answer as OpenAI's JSON.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.choices.sort_by_key(index_of);
        let choices = self.choices.into_iter().map(Value::Object).collect();
        self.answer.insert("object".to_owned(), "chat.completion".into());
        self.answer.insert("choices".to_owned(), Value::Array(choices));
        Value::Object(self.answer).to_string().into_bytes()
    }

    fn choice(&mut self, choice: Map<String, Value>) {
        let index = index_of(&choice);
        let known = self.choices.iter().position(|it| index_of(it) == index);
        let place = known.unwrap_or_else(|| {
            let message = serde_json::json!({ "role": "assistant", "content": null });
            let fresh = [("index".to_owned(), index.into()), ("message".to_owned(), message)];
            self.choices.push(Map::from_iter(fresh));
            self.choices.len() - 1
        });
        let into = &mut self.choices[place];
        for (name, value) in choice {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("delta", Value::Object(delta)) => {
                    if let Some(Value::Object(message)) = into.get_mut("message") {
                        delta.into_iter().for_each(|(name, value)| join(message, name, value));
                    }
                }
                ("logprobs", Value::Object(probs)) => {
                    let all = into.entry("logprobs").or_insert_with(|| Map::new().into());
                    if let Value::Object(all) = all {
                        probs.into_iter().for_each(|(name, value)| extend(all, name, value));
                    }
                }
                (_, value) => {
                    into.insert(name, value);
                }
            }
        }
    }
}

fn index_of(object: &Map<String, Value>) -> u64 {
    object.get("index").and_then(Value::as_u64).unwrap_or_default()
}

/// A member of a delta: text goes on, tool calls by their index.
fn join(message: &mut Map<String, Value>, name: String, value: Value) {
    match (name.as_str(), value) {
        (_, Value::Null) => {}
        ("role", value) => {
            message.insert(name, value);
        }
        ("tool_calls", Value::Array(calls)) => {
            let all = message.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(all) = all {
                calls.into_iter().for_each(|call| tool_call(all, call));
            }
        }
        (_, Value::String(text)) => match message.get_mut(&name) {
            Some(Value::String(known)) => known.push_str(&text),
            Some(_) | None => {
                message.insert(name, text.into());
            }
        },
        (_, Value::Array(more)) => extend(message, name, Value::Array(more)),
        (_, value) => {
            message.insert(name, value);
        }
    }
}

fn tool_call(all: &mut Vec<Value>, call: Value) {
    let Value::Object(mut call) = call else { return };
    // `index` is the stream's; a plain answer has the place in the list instead.
    let place = usize::try_from(index_of(&call)).unwrap_or(usize::MAX).min(all.len());
    call.remove("index");
    let Some(Value::Object(known)) = all.get_mut(place) else {
        all.push(Value::Object(call));
        return;
    };
    for (name, value) in call {
        match (known.get_mut(&name), value) {
            (Some(Value::Object(function)), Value::Object(more)) => {
                more.into_iter().for_each(|(name, value)| join(function, name, value));
            }
            (_, Value::Null) => {}
            (_, value) => {
                known.insert(name, value);
            }
        }
    }
}

/// Lists go on; of all else the last value stays.
fn extend(object: &mut Map<String, Value>, name: String, value: Value) {
    match (object.get_mut(&name), value) {
        (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
        (_, Value::Null) => {}
        (_, value) => {
            object.insert(name, value);
        }
    }
}
