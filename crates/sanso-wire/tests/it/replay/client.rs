//! Pieces of a request as a client of OpenAI's API writes them.

use serde_json::{Map, Value, json};

pub(super) fn text(text: &Value) -> Value {
    json!({"type": "text", "text": text})
}

/// A picture, or any other file, at an address or in a `data:` URL.
pub(super) fn media(is_picture: bool, address: &str, name: Option<&str>) -> Value {
    if is_picture {
        return json!({"type": "image_url", "image_url": {"url": address}});
    }
    // OpenAI's `file_data` takes no address; LiteLLM's clients put one into `file_id`.
    let key = if address.starts_with("data:") { "file_data" } else { "file_id" };
    let mut file = json!({key: address});
    if let Some(name) = name {
        file["filename"] = json!(name);
    }
    json!({"type": "file", "file": file})
}

pub(super) fn data_url(media_type: &Value, base64: &Value) -> String {
    format!("data:{};base64,{}", media_type.as_str().unwrap(), base64.as_str().unwrap())
}

/// A call, with the provider's proof where it came with one.
pub(super) fn call(id: &Value, name: &Value, arguments: &Value, signature: &Value) -> Value {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    let mut call = json!({"id": id, "type": "function", "function": function});
    if signature.is_string() {
        call["provider_specific_fields"] = json!({"thought_signature": signature});
    }
    call
}

/// A function, with such members as are there.
pub(super) fn tool(function: Value) -> Value {
    json!({"type": "function", "function": without_nulls(function)})
}

pub(super) fn json_schema(schema: &Value) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}})
}

/// What the assistant said in one turn.
#[derive(Default)]
pub(super) struct Assistant {
    pub(super) content: Vec<Value>,
    pub(super) thinking_blocks: Vec<Value>,
    pub(super) reasoning: String,
    pub(super) tool_calls: Vec<Value>,
}

impl Assistant {
    pub(super) fn message(self) -> Value {
        let mut message = json!({"role": "assistant"});
        let lists = [
            ("content", self.content),
            ("thinking_blocks", self.thinking_blocks),
            ("tool_calls", self.tool_calls),
        ];
        for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            message[key] = json!(list);
        }
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = json!(self.reasoning);
        }
        message
    }
}

/// Copies members under OpenAI's names, those that are there.
pub(super) fn copy(from: &Value, to: &mut Value, names: &[(&str, &str)]) {
    for (theirs, openais) in names {
        if let Some(value) = from.get(theirs).filter(|value| !value.is_null()) {
            to[*openais] = value.clone();
        }
    }
}

/// The elements of a list; of what is no list, the one; none of null.
pub(super) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(elements) => elements,
        one => std::slice::from_ref(one),
    }
}

/// An absent member and one that is null mean the same to every provider.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            members.map(|(key, value)| (key, without_nulls(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Joins neighbours of the same role, which are one turn; `content` names the list of what they say.
pub(super) fn joined(turns: Vec<Value>, content: &str) -> Value {
    let mut joined: Vec<Value> = Vec::new();
    for mut turn in turns {
        match joined.last_mut() {
            Some(last) if last["role"] == turn["role"] => {
                let more = turn[content].as_array_mut().unwrap();
                last[content].as_array_mut().unwrap().append(more);
            }
            Some(_) | None => joined.push(turn),
        }
    }
    joined.into()
}
