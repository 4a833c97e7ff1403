//! What a call asks for, whatever its wire format.

use serde_json::{Map, Value, json};

/// A request as far as the simulated answer depends on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// A usage chunk at the end of the stream; only OpenAI makes it depend on the request.
    pub(crate) include_usage: bool,
    pub(crate) prompt_tokens: u32,
    pub(crate) max_tokens: Option<u32>,
    /// The tool to call in place of a text.
    pub(crate) tool: Option<Tool>,
}

/// A call of a tool, with arguments that fit its schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

impl Tool {
    pub(crate) fn new(name: &str, schema: Option<&Value>) -> Self {
        Self { name: name.to_owned(), arguments: plausible(schema.unwrap_or(&Value::Null), "", 0) }
    }
}

/// The one rule for tools: who asks about the weather wants the tool.
pub(crate) fn wants_tool(last_user_text: &str) -> bool {
    last_user_text.to_ascii_lowercase().contains("weather")
}

/// English text has about four characters a token, and each message costs a few more.
pub(crate) fn count_tokens(messages: &[Value]) -> u32 {
    let characters: usize = messages.iter().map(characters).sum();
    let tokens = characters.div_ceil(4) + 4 * messages.len() + 3;
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

/// Characters of the text in a message. Data (images, files) is not text.
fn characters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(parts) => parts.iter().map(characters).sum(),
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| TEXTUAL.contains(&key.as_str()))
            .map(|(_, member)| characters(member))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Members that hold text, or hold what holds text, in any of the wire formats.
const TEXTUAL: [&str; 6] = ["content", "text", "parts", "arguments", "input", "args"];

/// The member `key` as a count. What is not a whole number that fits is as good as absent.
pub(crate) fn count(object: &Value, key: &str) -> Option<u32> {
    object.get(key).and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok())
}

/// A value that fits a JSON Schema well enough for a demonstration.
fn plausible(schema: &Value, name: &str, depth: u32) -> Value {
    if let Some(first) = schema.get("enum").and_then(|choices| choices.get(0)) {
        return first.clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    // Gemini's own schemas write the types in capitals.
    match kind.map(str::to_ascii_lowercase).as_deref() {
        Some("string") => Value::from(word_for(name)),
        Some("integer" | "number") => Value::from(3),
        Some("boolean") => Value::from(true),
        Some("array") => json!([]),
        Some("null") => Value::Null,
        // Schemas may nest as deep as the parser allows; arguments need not.
        Some(_) | None if depth < 4 => Value::Object(members(schema, depth)),
        Some(_) | None => json!({}),
    }
}

fn members(schema: &Value, depth: u32) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), plausible(schema, name, depth + 1)))
        .collect()
}

fn word_for(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    if ["city", "location", "place", "town"].iter().any(|word| name.contains(word)) {
        "Tokyo"
    } else if name.contains("country") {
        "Japan"
    } else if name.contains("date") || name.contains("day") {
        "tomorrow"
    } else if name.contains("unit") {
        "celsius"
    } else {
        "example"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_fit_the_schema() {
        let schema = json!({ "type": "object", "properties": {
            "city": { "type": "string" },
            "unit": { "type": "string", "enum": ["fahrenheit", "celsius"] },
            "days": { "type": ["integer", "null"] },
            "where": { "type": "OBJECT", "properties": { "country": { "type": "STRING" } } },
        }});
        let expected = json!({
            "city": "Tokyo", "unit": "fahrenheit", "days": 3, "where": { "country": "Japan" },
        });
        assert_eq!(Tool::new("get_weather", Some(&schema)).arguments, expected);
        assert_eq!(Tool::new("now", None).arguments, json!({}));
    }

    #[test]
    fn tokens_are_of_text_alone() {
        let text = json!({ "role": "user", "content": "twelve chars" });
        let image = json!({ "role": "user", "content": [
            { "type": "text", "text": "twelve chars" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAAAAAAAAAAAAAA" } },
        ]});
        assert_eq!(count_tokens(&[text]), 10);
        assert_eq!(count_tokens(&[image]), 10);
    }
}
