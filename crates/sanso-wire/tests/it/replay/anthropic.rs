//! Recorded requests of the Messages API: as a client of OpenAI's API would send them, and in one
//! spelling.

use serde_json::{Value, json};

use super::client::{self, Assistant};

/// The request as a client's, without the model.
///
/// # Errors
/// What a client has no words for.
pub(super) fn asked(request: &Value) -> Result<Value, String> {
    let mut asked = json!({});
    client::copy(
        request,
        &mut asked,
        &[
            ("max_tokens", "max_tokens"),
            ("temperature", "temperature"),
            ("top_p", "top_p"),
            ("stream", "stream"),
            ("stop_sequences", "stop"),
        ],
    );
    for key in ["mcp_servers", "container"] {
        if request.get(key).is_some() {
            return Err(format!("`{key}`"));
        }
    }
    let mut messages = Vec::new();
    let system: Vec<Value> = client::list(&request["system"]).iter().map(text_of).collect();
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    for message in client::list(&request["messages"]) {
        push_message(message, &mut messages)?;
    }
    asked["messages"] = json!(messages);
    let tools = client::list(&request["tools"]).iter().map(tool).collect::<Result<Vec<_>, _>>()?;
    if !tools.is_empty() {
        asked["tools"] = json!(tools);
    }
    choose(&request["tool_choice"], &mut asked);
    think(request, &mut asked);
    let format = format(request);
    if !format.is_null() {
        asked["response_format"] = client::json_schema(&format["schema"]);
    }
    Ok(asked)
}

/// A text block, from one or from a string.
fn text_of(block: &Value) -> Value {
    client::text(if block.is_string() { block } else { &block["text"] })
}

fn push_message(message: &Value, out: &mut Vec<Value>) -> Result<(), String> {
    let blocks = client::list(&message["content"]);
    match message["role"].as_str() {
        Some("assistant") => out.push(assistant(blocks)?),
        Some("user") => user(blocks, out)?,
        Some(_) | None => return Err("a message without its role".to_owned()),
    }
    Ok(())
}

fn assistant(blocks: &[Value]) -> Result<Value, String> {
    let mut said = Assistant::default();
    for block in blocks {
        match block["type"].as_str().unwrap_or("text") {
            "text" => said.content.push(text_of(block)),
            "thinking" | "redacted_thinking" => said.thinking_blocks.push(block.clone()),
            "tool_use" => said.tool_calls.push(client::call(
                &block["id"],
                &block["name"],
                &block["input"],
                &Value::Null,
            )),
            other => return Err(format!("`{other}` block")),
        }
    }
    Ok(said.message())
}

/// Results become messages of their own.
fn user(blocks: &[Value], out: &mut Vec<Value>) -> Result<(), String> {
    let mut content = Vec::new();
    for block in blocks {
        if block["type"] == "tool_result" {
            assert!(content.is_empty(), "results come first");
            let parts = client::list(&block["content"]).iter().map(part);
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let id = &block["tool_use_id"];
            out.push(json!({"role": "tool", "tool_call_id": id, "content": parts}));
        } else {
            content.push(part(block)?);
        }
    }
    if !content.is_empty() {
        out.push(json!({"role": "user", "content": content}));
    }
    Ok(())
}

fn part(block: &Value) -> Result<Value, String> {
    let source = &block["source"];
    let is_picture = match block["type"].as_str().unwrap_or("text") {
        "text" => return Ok(text_of(block)),
        "image" => true,
        "document" => false,
        other => return Err(format!("`{other}` block")),
    };
    let address = match source["type"].as_str() {
        Some("base64") => client::data_url(&source["media_type"], &source["data"]),
        Some("url") => source["url"].as_str().unwrap().to_owned(),
        Some(_) | None => return Err(format!("source of type {}", source["type"])),
    };
    Ok(client::media(is_picture, &address, block["title"].as_str()))
}

fn tool(tool: &Value) -> Result<Value, String> {
    if let Some(kind) = tool["type"].as_str().filter(|kind| *kind != "custom") {
        return Err(format!("tool of type `{kind}`"));
    }
    Ok(client::tool(json!({
        "name": tool["name"],
        "description": tool["description"],
        "parameters": tool["input_schema"],
        "strict": tool["strict"],
    })))
}

fn choose(choice: &Value, asked: &mut Value) {
    let word = match choice["type"].as_str() {
        Some("any") => json!("required"),
        Some("tool") => json!({"type": "function", "function": {"name": choice["name"]}}),
        Some(same) => json!(same),
        None => return,
    };
    asked["tool_choice"] = word;
    if choice["disable_parallel_tool_use"] == true {
        asked["parallel_tool_calls"] = json!(false);
    }
}

/// The level where there is one; else LiteLLM's way to pass `thinking` on.
fn think(request: &Value, asked: &mut Value) {
    let effort = &request["output_config"]["effort"];
    if effort.is_string() {
        asked["reasoning_effort"] = effort.clone();
    } else {
        client::copy(request, asked, &[("thinking", "thinking")]);
    }
}

/// `output_config.format`, or where it stood in the beta.
fn format(request: &Value) -> &Value {
    let format = &request["output_config"]["format"];
    if format.is_null() { &request["output_format"] } else { format }
}

/// The request with what has two spellings in one.
pub(super) fn meaning(request: &Value) -> Value {
    let mut meaning = client::without_nulls(request.clone());
    let format = format(&meaning).clone();
    let members = meaning.as_object_mut().unwrap();
    members.retain(|key, value| key != "output_format" && (key != "stream" || *value == true));
    if meaning.get("output_config").is_none() {
        meaning["output_config"] = json!({});
    }
    if !format.is_null() {
        meaning["output_config"]["format"] = format;
    }
    let turns = client::list(&meaning["messages"]).iter().map(turn).collect();
    meaning["messages"] = client::joined(turns, "content");
    if let Some(system) = request.get("system") {
        meaning["system"] = instructions(system);
    }
    meaning
}

/// Blocks of instructions are read one after the other; a cache mark is a mark wherever it stands.
fn instructions(system: &Value) -> Value {
    let blocks = client::list(system);
    let texts = blocks.iter().map(|block| block.as_str().or(block["text"].as_str()).unwrap());
    let mut meaning = json!({"text": texts.collect::<Vec<_>>().join("\n\n")});
    if let Some(mark) = blocks.iter().find_map(|block| block.get("cache_control")) {
        meaning["cache_control"] = mark.clone();
    }
    meaning
}

fn turn(message: &Value) -> Value {
    let content: Vec<Value> = client::list(&message["content"]).iter().map(block).collect();
    json!({"role": message["role"], "content": content})
}

/// A string is a block of text, and no result is an error unless it says so.
fn block(block: &Value) -> Value {
    if block.is_string() {
        return json!({"type": "text", "text": block});
    }
    let mut block = block.clone();
    if block["type"] == "tool_result" {
        let content: Vec<Value> = client::list(&block["content"]).iter().map(self::block).collect();
        block["content"] = json!(content);
        block.as_object_mut().unwrap().retain(|key, value| key != "is_error" || *value == true);
    }
    block
}
