//! Anthropic Messages: <https://docs.anthropic.com/en/api/messages>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Chunk, Content, Events, Finish, fragments};
use super::ask::{Ask, Tool, count, count_tokens, wants_tool};
use super::errors::{self, Invalid};
use super::openai::text;
use super::{Problem, Vendor};

pub(super) fn read(body: &Value) -> Result<Ask, Invalid> {
    let Some(model) = body.get("model").and_then(Value::as_str) else {
        return Err(Invalid::new("model: Field required"));
    };
    let Some(messages) = body.get("messages").and_then(Value::as_array) else {
        return Err(Invalid::new("messages: Field required"));
    };
    let Some(max_tokens) = count(body, "max_tokens") else {
        return Err(Invalid::new("max_tokens: Field required"));
    };
    Ok(Ask {
        model: model.to_owned(),
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        include_usage: true,
        prompt_tokens: count_tokens(messages),
        max_tokens: Some(max_tokens),
        tool: tool(body, messages),
    })
}

fn tool(body: &Value, messages: &[Value]) -> Option<Tool> {
    let offered = body.pointer("/tools/0")?;
    // A user's message that brings a tool's result asks for the answer, not for the tool.
    let last = messages.last().filter(|message| message["role"] == "user")?;
    let parts = last["content"].as_array().map_or(&[][..], Vec::as_slice);
    let brings_result = parts.iter().any(|part| part["type"] == "tool_result");
    let wanted = body.pointer("/tool_choice/type").and_then(Value::as_str) != Some("none")
        && !brings_result
        && wants_tool(&text(&last["content"]));
    let name = offered.get("name").and_then(Value::as_str)?;
    wanted.then(|| Tool::new(name, offered.get("input_schema")))
}

pub(super) fn plain(answer: &Answer) -> Value {
    let content = match &answer.content {
        Content::Text(tokens) if tokens.is_empty() => json!([]),
        Content::Text(tokens) => json!([{ "type": "text", "text": tokens.concat() }]),
        Content::Tool { id, tool } => json!([{
            "type": "tool_use", "id": format!("toolu_{id}"), "name": tool.name,
            "input": tool.arguments,
        }]),
    };
    let mut message = head(answer, answer.completion_tokens());
    message["content"] = content;
    message["stop_reason"] = Value::from(stop_reason(answer.finish));
    message
}

pub(super) fn events(answer: &Answer) -> Events {
    let start = json!({ "type": "message_start", "message": head(answer, 1) });
    let mut opening = vec![event(&start)];
    let mut blocks = Vec::new();
    match &answer.content {
        Content::Text(tokens) => {
            if !tokens.is_empty() {
                opening.push(block_start(&json!({ "type": "text", "text": "" })));
            }
            for token in tokens {
                blocks.push(chunk(None, &json!({ "type": "text_delta", "text": token })));
            }
        }
        Content::Tool { id, tool } => {
            // The head of the block names the tool: that is content, and comes with the first piece
            // of the arguments, which is always an empty one.
            let mut head = Some(block_start(&json!({
                "type": "tool_use", "id": format!("toolu_{id}"), "name": tool.name, "input": {},
            })));
            let arguments = tool.arguments.to_string();
            for piece in std::iter::once("").chain(fragments(&arguments)) {
                let delta = json!({ "type": "input_json_delta", "partial_json": piece });
                blocks.push(chunk(head.take(), &delta));
            }
        }
    }
    opening.push(event(&json!({ "type": "ping" })));
    let mut ending = Vec::new();
    if !blocks.is_empty() {
        ending.push(event(&json!({ "type": "content_block_stop", "index": 0 })));
    }
    ending.push(event(&json!({
        "type": "message_delta",
        "delta": {
            "stop_reason": stop_reason(answer.finish), "stop_sequence": null, "stop_details": null,
        },
        "usage": {
            "input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens(),
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        },
    })));
    ending.push(event(&json!({ "type": "message_stop" })));
    Events {
        opening,
        content: blocks,
        ending: ending.into_iter().map(|bytes| Chunk { bytes, tokens: 0 }).collect(),
        error: event(&errors::body(Vendor::Anthropic, &Problem::Overloaded, &answer.model)),
    }
}

/// A message before its content.
fn head(answer: &Answer, output_tokens: u32) -> Value {
    json!({
        "id": format!("msg_{}", answer.id), "type": "message", "role": "assistant",
        "model": answer.model, "content": [],
        "stop_reason": null, "stop_sequence": null, "stop_details": null,
        "usage": {
            "input_tokens": answer.prompt_tokens, "output_tokens": output_tokens,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "cache_creation": { "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0 },
            "service_tier": "standard", "inference_geo": "global",
        },
    })
}

fn block_start(block: &Value) -> Bytes {
    event(&json!({ "type": "content_block_start", "index": 0, "content_block": block }))
}

/// One delta, with the start of its block before it if there is one to send.
fn chunk(head: Option<Bytes>, delta: &Value) -> Chunk {
    let delta = event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    let bytes = head.map_or_else(|| delta.clone(), |head| [head, delta.clone()].concat().into());
    Chunk { bytes, tokens: 1 }
}

/// Each event is named after the `type` in its data.
fn event(data: &Value) -> Bytes {
    let name = data["type"].as_str().unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCall => "tool_use",
    }
}
