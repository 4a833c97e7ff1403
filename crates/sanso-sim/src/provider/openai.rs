//! OpenAI Chat Completions: <https://platform.openai.com/docs/api-reference/chat>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Chunk, Content, Events, Finish, event, fragments};
use super::ask::{Ask, Tool, count, count_tokens, wants_tool};
use super::errors::{self, Invalid};
use super::{Problem, Vendor};

pub(super) fn read(body: &Value) -> Result<Ask, Invalid> {
    let Some(model) = body.get("model").and_then(Value::as_str) else {
        return Err(Invalid::new("you must provide a model parameter"));
    };
    let Some(messages) = body.get("messages").and_then(Value::as_array) else {
        return Err(Invalid::new("Missing required parameter: 'messages'."));
    };
    let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    let include_usage = body.pointer("/stream_options/include_usage").and_then(Value::as_bool);
    Ok(Ask {
        model: model.to_owned(),
        stream,
        include_usage: stream && include_usage.unwrap_or(false),
        prompt_tokens: count_tokens(messages),
        max_tokens: count(body, "max_completion_tokens").or_else(|| count(body, "max_tokens")),
        tool: tool(body, messages),
    })
}

fn tool(body: &Value, messages: &[Value]) -> Option<Tool> {
    let offered = body.pointer("/tools/0/function")?;
    let last = messages.last().filter(|message| message["role"] == "user")?;
    let wanted = body["tool_choice"] != "none" && wants_tool(&text(&last["content"]));
    let name = offered.get("name").and_then(Value::as_str)?;
    wanted.then(|| Tool::new(name, offered.get("parameters")))
}

/// The text of a `content`, which is a string or a list of parts. Anthropic has it so too.
pub(super) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

pub(super) fn plain(answer: &Answer) -> Value {
    let mut message = json!({
        "role": "assistant", "content": null, "refusal": null, "annotations": [],
    });
    match &answer.content {
        Content::Text(tokens) => message["content"] = Value::from(tokens.concat()),
        Content::Tool { id, tool } => {
            message["tool_calls"] = json!([{
                "id": format!("call_{id}"), "type": "function",
                "function": { "name": tool.name, "arguments": tool.arguments.to_string() },
            }]);
        }
    }
    json!({
        "id": format!("chatcmpl-{}", answer.id),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [{
            "index": 0, "message": message, "logprobs": null,
            "finish_reason": finish_reason(answer.finish),
        }],
        "usage": usage(answer),
        "service_tier": "default",
        "system_fingerprint": null,
    })
}

pub(super) fn events(answer: &Answer) -> Events {
    let mut events = Events {
        error: event(&errors::body(Vendor::OpenAi, &Problem::Overloaded, &answer.model)),
        ..Events::default()
    };
    let mut say = |delta: Value| {
        let bytes = chunk(answer, json!([choice(delta, None)]), None);
        events.content.push(Chunk { bytes, tokens: 1 });
    };
    match &answer.content {
        Content::Text(tokens) => {
            for token in tokens {
                say(json!({ "content": token }));
            }
            let role = json!({ "role": "assistant", "content": "", "refusal": null });
            events.opening.push(chunk(answer, json!([choice(role, None)]), None));
        }
        Content::Tool { id, tool } => {
            // The role comes with the head of the first tool call.
            say(json!({
                "role": "assistant", "content": null, "refusal": null,
                "tool_calls": [{
                    "index": 0, "id": format!("call_{id}"), "type": "function",
                    "function": { "name": tool.name, "arguments": "" },
                }],
            }));
            for piece in fragments(&tool.arguments.to_string()) {
                say(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] }));
            }
        }
    }
    let finish = json!([choice(json!({}), Some(finish_reason(answer.finish)))]);
    let mut ending = vec![chunk(answer, finish, None)];
    if answer.include_usage {
        ending.push(chunk(answer, json!([]), Some(usage(answer))));
    }
    ending.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events.ending = ending.into_iter().map(|bytes| Chunk { bytes, tokens: 0 }).collect();
    events
}

fn choice(delta: Value, finish_reason: Option<&str>) -> Value {
    json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason })
}

fn chunk(answer: &Answer, choices: Value, usage: Option<Value>) -> Bytes {
    let mut chunk = json!({
        "id": format!("chatcmpl-{}", answer.id),
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": null,
        "choices": choices,
    });
    // Who asks for usage gets the member in every chunk, null in all but the last.
    if answer.include_usage {
        chunk["usage"] = usage.unwrap_or(Value::Null);
    }
    event(&chunk)
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCall => "tool_calls",
    }
}

fn usage(answer: &Answer) -> Value {
    let completion = answer.completion_tokens();
    json!({
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": answer.prompt_tokens.saturating_add(completion),
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}
