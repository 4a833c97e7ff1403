//! Chunks of a stream put together to the answer that a plain call would have brought.
//!
//! Text members are joined, tool calls and their arguments, sound and its transcript, log probabilities
//! one after the other; of every other member of a chunk, of a choice or of a delta the last value
//! stays, known to us or not.

use serde_json::{Map, Value};

use super::begun::Begun;

/// An answer in the making.
#[derive(Debug, Default)]
pub struct Fold {
    answer: Map<String, Value>,
    choices: Vec<Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    index: u64,
    /// All but its message.
    rest: Map<String, Value>,
    message: Map<String, Value>,
    calls: Vec<Map<String, Value>>,
    begun: Begun,
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
        self.choices.sort_by_key(|choice| choice.index);
        let choices = self.choices.into_iter().map(Choice::finish).collect();
        self.answer.insert("object".to_owned(), "chat.completion".into());
        self.answer.insert("choices".to_owned(), Value::Array(choices));
        Value::Object(self.answer).to_string().into_bytes()
    }

    fn choice(&mut self, choice: Map<String, Value>) {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or_default();
        let known = self.choices.iter().position(|it| it.index == index);
        let place = known.unwrap_or_else(|| {
            self.choices.push(Choice { index, ..Choice::default() });
            self.choices.len() - 1
        });
        self.choices[place].push(choice);
    }
}

impl Choice {
    fn push(&mut self, choice: Map<String, Value>) {
        for (name, value) in choice {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("delta", Value::Object(delta)) => {
                    delta.into_iter().for_each(|(name, value)| self.join(name, value));
                }
                ("logprobs", Value::Object(probs)) => {
                    if let Some(all) = object(&mut self.rest, name) {
                        probs.into_iter().for_each(|(name, value)| extend(all, name, value));
                    }
                }
                (_, value) => {
                    self.rest.insert(name, value);
                }
            }
        }
    }

    /// A member of a delta.
    fn join(&mut self, name: String, value: Value) {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("role", value) => {
                self.message.insert(name, value);
            }
            ("tool_calls", Value::Array(calls)) => {
                calls.into_iter().for_each(|call| self.tool_call(call));
            }
            ("function_call", Value::Object(more)) => {
                goes_on(&mut self.message, name, more, &["arguments"]);
            }
            ("audio", Value::Object(more)) => {
                goes_on(&mut self.message, name, more, &["data", "transcript"]);
            }
            (_, Value::String(text)) => append(&mut self.message, name, &text),
            (_, value) => extend(&mut self.message, name, value),
        }
    }

    fn tool_call(&mut self, call: Value) {
        let Value::Object(mut call) = call else { return };
        // `index` is the stream's; a plain answer has the place in the list instead.
        let index = call.remove("index").and_then(|index| u32::try_from(index.as_u64()?).ok());
        let is_named = !text_of(call.get("function").and_then(|it| it.get("name"))).is_empty();
        let id = Some(text_of(call.get("id"))).filter(|id| !id.is_empty());
        let place = self.begun.position(index, id, is_named).unwrap_or_else(|| {
            self.calls.push(Map::new());
            self.begun.begin(index, id.unwrap_or_default())
        });
        let Some(known) = self.calls.get_mut(place) else { return };
        for (name, value) in call {
            match (name.as_str(), value) {
                ("function", Value::Object(more)) => {
                    goes_on(known, name, more, &["arguments"]);
                }
                (_, value) => put(known, name, value),
            }
        }
    }

    fn finish(mut self) -> Value {
        let message = [("role", "assistant".into()), ("content", Value::Null)];
        for (name, value) in message {
            self.message.entry(name).or_insert(value);
        }
        if !self.calls.is_empty() {
            let calls = self.calls.into_iter().map(Value::Object).collect();
            self.message.insert("tool_calls".to_owned(), Value::Array(calls));
        }
        self.rest.insert("index".to_owned(), self.index.into());
        self.rest.insert("message".to_owned(), Value::Object(self.message));
        Value::Object(self.rest)
    }
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// An object that comes in parts: these members of it are text that goes on.
fn goes_on(of: &mut Map<String, Value>, name: String, more: Map<String, Value>, text: &[&str]) {
    let Some(known) = object(of, name) else { return };
    for (name, value) in more {
        match value.as_str() {
            Some(more) if text.contains(&name.as_str()) => append(known, name, more),
            _ => put(known, name, value),
        }
    }
}

/// The object of this name, empty where there was none.
fn object(of: &mut Map<String, Value>, name: String) -> Option<&mut Map<String, Value>> {
    let value = of.entry(name).or_insert(Value::Null);
    if !value.is_object() {
        *value = Map::new().into();
    }
    value.as_object_mut()
}

fn append(object: &mut Map<String, Value>, name: String, more: &str) {
    match object.get_mut(&name) {
        Some(Value::String(known)) => known.push_str(more),
        Some(_) | None => {
            object.insert(name, more.into());
        }
    }
}

/// The last value stays, but for one that says nothing.
fn put(object: &mut Map<String, Value>, name: String, value: Value) {
    let is_empty = value.is_null() || value == "";
    if !is_empty || !object.contains_key(&name) {
        object.insert(name, value);
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
