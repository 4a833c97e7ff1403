//! Gemini `generateContent`: <https://ai.google.dev/api/generate-content>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{self, Answer, Chunk, Content, Events, Finish};
use super::ask::{Ask, Tool, count, count_tokens, wants_tool};
use super::errors::{self, Invalid};
use super::{Problem, Vendor};

/// Gemini sends several tokens in each event.
const TOKENS_PER_EVENT: usize = 5;

const THOUGHT_TOKENS: u32 = 32;
/// Opaque base64 to all but Gemini itself.
const THOUGHT_SIGNATURE: &str = "c2ltdWxhdGVkIHRob3VnaHQ=";

pub(super) fn read(model: &str, stream: bool, body: &Value) -> Result<Ask, Invalid> {
    let Some(contents) = body.get("contents").and_then(Value::as_array) else {
        return Err(Invalid::new("* GenerateContentRequest.contents: contents is not specified\n"));
    };
    let limit = body.get("generationConfig").and_then(|config| count(config, "maxOutputTokens"));
    Ok(Ask {
        model: model.to_owned(),
        stream,
        include_usage: true,
        prompt_tokens: count_tokens(contents),
        max_tokens: limit,
        tool: tool(body, contents),
    })
}

fn tool(body: &Value, contents: &[Value]) -> Option<Tool> {
    let offered = body.pointer("/tools/0/functionDeclarations/0")?;
    // Without a role the content is the user's. A function's result has no text of its own.
    let last = contents.last().filter(|content| content["role"] != "model")?;
    let parts = last["parts"].as_array()?;
    let text: String = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    let brings_result = parts.iter().any(|part| part.get("functionResponse").is_some());
    let mode = body.pointer("/toolConfig/functionCallingConfig/mode").and_then(Value::as_str);
    let name = offered.get("name").and_then(Value::as_str)?;
    let schema = offered.get("parametersJsonSchema").or_else(|| offered.get("parameters"));
    (mode != Some("NONE") && !brings_result && wants_tool(&text)).then(|| Tool::new(name, schema))
}

pub(super) fn plain(answer: &Answer) -> Value {
    let said = answer.completion_tokens();
    match &answer.content {
        Content::Text(tokens) => response(answer, text_part(tokens), said, true),
        Content::Tool { tool, .. } => function_call(answer, tool),
    }
}

pub(super) fn events(answer: &Answer) -> Events {
    let error = errors::body(Vendor::Gemini, &Problem::Overloaded, &answer.model);
    let mut events = Events { error: event(&error), ..Events::default() };
    match &answer.content {
        Content::Text(tokens) => {
            let mut said = 0;
            let mut pieces = tokens.chunks(TOKENS_PER_EVENT).peekable();
            while let Some(piece) = pieces.next() {
                let count = answer::count(piece.len());
                said += count;
                let last = pieces.peek().is_none();
                let bytes = event(&response(answer, text_part(piece), said, last));
                // The last piece carries the finish reason: to send it is to end the answer.
                let to = if last { &mut events.ending } else { &mut events.content };
                to.push(Chunk { bytes, tokens: count });
            }
            if tokens.is_empty() {
                let bytes = event(&response(answer, None, 0, true));
                events.ending.push(Chunk { bytes, tokens: 0 });
            }
        }
        Content::Tool { tool, .. } => {
            // A function call arrives whole.
            let bytes = event(&function_call(answer, tool));
            events.ending.push(Chunk { bytes, tokens: answer.completion_tokens() });
        }
    }
    events
}

fn text_part(tokens: &[String]) -> Option<Value> {
    (!tokens.is_empty()).then(|| json!({ "text": tokens.concat() }))
}

/// Gemini thinks before it calls a function: the part brings a signature of that thought, which the
/// client must send back with the call's result, and the thought is counted and paid for.
fn function_call(answer: &Answer, tool: &Tool) -> Value {
    let part = json!({
        "functionCall": { "name": tool.name, "args": tool.arguments },
        "thoughtSignature": THOUGHT_SIGNATURE,
    });
    let said = answer.completion_tokens();
    let mut response = response(answer, Some(part), said, true);
    // The reason is STOP for calls, too; the message alone tells them from a text.
    response["candidates"][0]["finishMessage"] = Value::from("Model generated function call(s).");
    let usage = &mut response["usageMetadata"];
    usage["thoughtsTokenCount"] = Value::from(THOUGHT_TOKENS);
    let total = answer.prompt_tokens.saturating_add(said).saturating_add(THOUGHT_TOKENS);
    usage["totalTokenCount"] = Value::from(total);
    response
}

/// One `GenerateContentResponse`; `said` is the count of tokens up to and with this one.
fn response(answer: &Answer, part: Option<Value>, said: u32, last: bool) -> Value {
    let mut content = json!({ "role": "model" });
    if let Some(part) = part {
        content["parts"] = json!([part]);
    }
    let mut candidate = json!({ "content": content, "index": 0 });
    if last {
        candidate["finishReason"] = Value::from(finish_reason(answer.finish));
    }
    let mut usage = json!({
        "promptTokenCount": answer.prompt_tokens,
        "totalTokenCount": answer.prompt_tokens.saturating_add(said),
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": answer.prompt_tokens }],
        "serviceTier": "standard",
    });
    if said > 0 {
        usage["candidatesTokenCount"] = Value::from(said);
    }
    json!({
        "candidates": [candidate], "usageMetadata": usage,
        "modelVersion": answer.model, "responseId": answer.id,
    })
}

/// Gemini ends its lines with CRLF.
fn event(data: &Value) -> Bytes {
    Bytes::from(format!("data: {data}\r\n\r\n"))
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCall => "STOP",
        Finish::Length => "MAX_TOKENS",
    }
}
