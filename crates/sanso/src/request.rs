//! A chat request, built by hand or from JSON.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A chat request in OpenAI's terms.
///
/// The common things have a method; everything else that the API knows is set by its name.
///
/// ```
/// use sanso::ChatRequest;
/// let request = ChatRequest::new("main-model")
///     .system("Answer in one word.")
///     .user("What colour is the sky?")
///     .set("temperature", 0)
///     .set("num_retries", 1);
/// ```
#[derive(Clone, Debug)]
pub struct ChatRequest {
    members: Map<String, Value>,
    messages: Vec<Value>,
}

impl ChatRequest {
    /// A request for a model group, still without a message.
    #[must_use]
    pub fn new(model: &str) -> Self {
        let members = Map::from_iter([("model".to_owned(), Value::from(model))]);
        Self { members, messages: Vec::new() }
    }

    /// A request from OpenAI's JSON. What is wrong with it is said when it is asked.
    #[must_use]
    pub fn from_json(body: Value) -> Self {
        let mut members = match body {
            Value::Object(members) => members,
            other => Map::from_iter([("messages".to_owned(), other)]),
        };
        let messages = match members.remove("messages") {
            Some(Value::Array(messages)) => messages,
            Some(other) => vec![other],
            None => Vec::new(),
        };
        Self { members, messages }
    }

    /// Adds what the operator says.
    #[must_use]
    pub fn system(self, text: &str) -> Self {
        self.message(json!({"role": "system", "content": text}))
    }

    /// Adds what the user says.
    #[must_use]
    pub fn user(self, text: &str) -> Self {
        self.message(json!({"role": "user", "content": text}))
    }

    /// Adds what the model said before.
    #[must_use]
    pub fn assistant(self, text: &str) -> Self {
        self.message(json!({"role": "assistant", "content": text}))
    }

    /// Adds any message, in OpenAI's JSON.
    #[must_use]
    pub fn message(mut self, message: Value) -> Self {
        self.messages.push(message);
        self
    }

    /// Sets any member of the body by its name.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn into_body(mut self, stream: bool) -> Bytes {
        self.members.insert("messages".to_owned(), Value::Array(self.messages));
        self.members.insert("stream".to_owned(), Value::Bool(stream));
        Value::Object(self.members).to_string().into()
    }
}
