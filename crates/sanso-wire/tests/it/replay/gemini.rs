//! Recorded requests of `generateContent`: as a client of OpenAI's API would send them, and in one
//! spelling.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::client::{self, Assistant};

/// The request as a client's, without the model.
///
/// # Errors
/// What a client has no words for.
pub(super) fn asked(request: &Value, stream: bool) -> Result<Value, String> {
    // The same members in one spelling are easier to read.
    let request = meaning(request);
    let mut messages = Vec::new();
    let system: Vec<Value> =
        client::list(&request["systemInstruction"]["parts"]).iter().map(text_of).collect();
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    let mut ids = Ids::default();
    for content in client::list(&request["contents"]) {
        let parts = client::list(&content["parts"]);
        if content["role"] == "model" {
            messages.push(assistant(parts, &mut ids)?);
        } else {
            user(parts, &mut ids, &mut messages)?;
        }
    }
    let mut asked = json!({"messages": messages, "stream": stream});
    let tools = client::list(&request["tools"]).iter().map(tool).collect::<Result<Vec<_>, _>>()?;
    if !tools.is_empty() {
        asked["tools"] = json!(tools);
    }
    choose(&request["toolConfig"]["functionCallingConfig"], &mut asked);
    generate(&request["generationConfig"], &mut asked);
    Ok(asked)
}

fn text_of(part: &Value) -> Value {
    client::text(&part["text"])
}

/// Ids of calls that have none: the client got them from us.
#[derive(Default)]
struct Ids {
    count: u32,
    open: VecDeque<Value>,
}

impl Ids {
    fn of_call(&mut self, call: &Value) -> Value {
        let id = match call.get("id") {
            Some(id) => id.clone(),
            None => json!(format!("call_{}", self.count)),
        };
        self.count += 1;
        self.open.push_back(id.clone());
        id
    }

    /// Results come in the order of the calls.
    fn of_result(&mut self, result: &Value) -> Value {
        let oldest = self.open.pop_front();
        result.get("id").cloned().or(oldest).unwrap_or_default()
    }
}

fn assistant(parts: &[Value], ids: &mut Ids) -> Result<Value, String> {
    let mut said = Assistant::default();
    for part in parts {
        if part["thought"] == true {
            said.reasoning.push_str(part["text"].as_str().unwrap());
        } else if part.get("text").is_some() {
            said.content.push(text_of(part));
        } else if let Some(call) = part.get("functionCall") {
            let (id, signature) = (ids.of_call(call), &part["thoughtSignature"]);
            said.tool_calls.push(client::call(&id, &call["name"], &call["args"], signature));
        } else {
            return Err(unknown(part));
        }
    }
    Ok(said.message())
}

/// Results become messages of their own.
fn user(parts: &[Value], ids: &mut Ids, out: &mut Vec<Value>) -> Result<(), String> {
    let mut content = Vec::new();
    for part in parts {
        if let Some(result) = part.get("functionResponse") {
            assert!(content.is_empty(), "results come first");
            let mut parts = vec![client::text(&json!(result["response"].to_string()))];
            for media in client::list(&result["parts"]) {
                parts.push(said(media)?);
            }
            let id = ids.of_result(result);
            out.push(json!({"role": "tool", "tool_call_id": id, "content": parts}));
        } else {
            content.push(said(part)?);
        }
    }
    if !content.is_empty() {
        out.push(json!({"role": "user", "content": content}));
    }
    Ok(())
}

fn said(part: &Value) -> Result<Value, String> {
    if part.get("text").is_some() {
        return Ok(text_of(part));
    }
    let (media, address) = if let Some(data) = part.get("inlineData") {
        (data, client::data_url(&data["mimeType"], &data["data"]))
    } else if let Some(file) = part.get("fileData") {
        (file, file["fileUri"].as_str().unwrap().to_owned())
    } else {
        return Err(unknown(part));
    };
    let is_picture = media["mimeType"].as_str().is_some_and(|kind| kind.starts_with("image/"));
    Ok(client::media(is_picture, &address, None))
}

fn unknown(part: &Value) -> String {
    let keys: Vec<_> = part.as_object().unwrap().keys().map(String::as_str).collect();
    format!("part of {}", keys.join(", "))
}

fn tool(tool: &Value) -> Result<Value, String> {
    if tool.get("name").is_none() {
        let keys: Vec<_> = tool.as_object().unwrap().keys().map(String::as_str).collect();
        return Err(format!("tool of type `{}`", keys.join(", ")));
    }
    Ok(client::tool(tool.clone()))
}

fn choose(config: &Value, asked: &mut Value) {
    let names = client::list(&config["allowedFunctionNames"]);
    let word = match config["mode"].as_str() {
        Some("ANY") if names.len() == 1 => {
            json!({"type": "function", "function": {"name": names[0]}})
        }
        Some("ANY") => json!("required"),
        Some("NONE") => json!("none"),
        Some(_) => json!("auto"),
        None => return,
    };
    asked["tool_choice"] = word;
}

fn generate(config: &Value, asked: &mut Value) {
    client::copy(
        config,
        asked,
        &[
            ("temperature", "temperature"),
            ("topP", "top_p"),
            ("maxOutputTokens", "max_tokens"),
            ("candidateCount", "n"),
            ("stopSequences", "stop"),
            ("seed", "seed"),
        ],
    );
    if let Some(schema) = config.get("responseJsonSchema") {
        asked["response_format"] = client::json_schema(schema);
    } else if config["responseMimeType"] == "application/json" {
        asked["response_format"] = json!({"type": "json_object"});
    }
    let thinking = &config["thinkingConfig"];
    if let Some(level) = thinking["thinkingLevel"].as_str() {
        asked["reasoning_effort"] = json!(level.to_lowercase());
    } else if thinking["thinkingBudget"] == 0 {
        asked["reasoning_effort"] = json!("none");
    } else if let Some(budget) = thinking.get("thinkingBudget") {
        // LiteLLM's way to pass a budget on.
        asked["thinking"] = json!({"type": "enabled", "budget_tokens": budget});
    }
}

/// The request with what has several spellings in one: JSON's names instead of the protocol's,
/// functions as one list, schemas as JSON Schema, defaults left out.
pub(super) fn meaning(request: &Value) -> Value {
    let mut meaning = client::without_nulls(request.clone());
    let turns = client::list(&meaning["contents"]).iter().map(turn).collect();
    meaning["contents"] = client::joined(turns, "parts");
    if let Some(system) = meaning.get("systemInstruction") {
        meaning["systemInstruction"] = json!({"parts": turn(system)["parts"]});
    }
    let tools: Vec<Value> = client::list(&meaning["tools"]).iter().flat_map(functions).collect();
    meaning["tools"] = json!(tools);
    let config = &mut meaning["generationConfig"];
    if config.is_null() {
        *config = json!({});
    }
    if let Some(config) = config.as_object_mut() {
        if let Some(schema) = config.remove("responseSchema") {
            config.insert("responseJsonSchema".to_owned(), schema);
        }
        if let Some(schema) = config.get_mut("responseJsonSchema") {
            spell_schema(schema);
        }
        if let Some(thinking) = config.get_mut("thinkingConfig").and_then(Value::as_object_mut) {
            thinking.retain(|key, value| key != "includeThoughts" || *value == true);
            if let Some(level) = thinking.get_mut("thinkingLevel") {
                *level = json!(level.as_str().unwrap().to_uppercase());
            }
        }
    }
    let is_empty = |value: &Value| *value == json!([]);
    meaning.as_object_mut().unwrap().retain(|_, value| !is_empty(value));
    meaning
}

fn turn(content: &Value) -> Value {
    let parts: Vec<Value> = client::list(&content["parts"]).iter().map(part).collect();
    json!({"role": content["role"], "parts": parts})
}

fn part(part: &Value) -> Value {
    let mut part = part.clone();
    let members = part.as_object_mut().unwrap();
    members.retain(|key, value| key != "thought" || *value == true);
    if let Some(data) = members.get_mut("inlineData").and_then(Value::as_object_mut)
        && let Some(mime_type) = data.remove("mime_type")
    {
        data.insert("mimeType".to_owned(), mime_type);
    }
    part
}

/// The functions of one tool as `name`, `description` and `parameters`; else the tool as it is.
fn functions(tool: &Value) -> Vec<Value> {
    let Some(declared) = tool.get("functionDeclarations") else { return vec![tool.clone()] };
    let function = |declared: &Value| {
        let mut function = declared.clone();
        let members = function.as_object_mut().unwrap();
        for key in ["parametersJsonSchema", "parameters_json_schema"] {
            if let Some(schema) = members.remove(key) {
                members.insert("parameters".to_owned(), schema);
            }
        }
        if let Some(schema) = members.get_mut("parameters") {
            spell_schema(schema);
        }
        function
    };
    client::list(declared).iter().map(function).collect()
}

/// Types of the older schemas, by their numbers in the protocol.
const TYPES: [&str; 7] = ["", "string", "number", "integer", "boolean", "array", "object"];

/// The older schemas shout their types or number them, and some clients spell members in snake case.
fn spell_schema(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(kind) = members.get_mut("type") {
                if let Some(number) = kind.as_u64() {
                    *kind = json!(TYPES[usize::try_from(number).unwrap()]);
                } else if let Some(word) = kind.as_str() {
                    *kind = json!(word.to_lowercase());
                }
            }
            for (snake, camel) in [("any_of", "anyOf"), ("property_ordering", "propertyOrdering")] {
                if let Some(value) = members.remove(snake) {
                    members.insert(camel.to_owned(), value);
                }
            }
            members.values_mut().for_each(spell_schema);
        }
        Value::Array(elements) => elements.iter_mut().for_each(spell_schema),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
