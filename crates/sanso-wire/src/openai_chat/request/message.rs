//! One message of a request.

use serde_json::value::RawValue;

use super::super::content;
use crate::anthropic::OMITTED;
use crate::envelope::RequestError;
use crate::ir::{Message, Part, Role, ToolCall};
use crate::object::{Object, kind_of};

/// Reads `messages[i]`.
pub(super) fn read(message: &Object<'_>) -> Result<Message, RequestError> {
    let role = message.required_text("role", "who speaks")?;
    let (role, parts) = match role.as_str() {
        "system" => (Role::System, content(message)?),
        "developer" => (Role::Developer, content(message)?),
        "user" => (Role::User, content(message)?),
        "assistant" => (Role::Assistant, said(message)?),
        "tool" => (Role::Tool, vec![tool_result(message)?]),
        "function" => {
            let why =
                "it is OpenAI's older form; use the role `tool` with a `tool_call_id` instead";
            return Err(RequestError::untranslatable(&message.path_of("role"), why));
        }
        _ => {
            let why = "must be system, developer, user, assistant or tool";
            return Err(RequestError::wrong_value(&message.path_of("role"), why));
        }
    };
    Ok(Message { role, parts })
}

/// `content`: a string, a list of parts, or nothing.
fn content(message: &Object<'_>) -> Result<Vec<Part>, RequestError> {
    let Some(raw) = message.get("content") else { return Ok(Vec::new()) };
    match kind_of(raw.get()) {
        "a string" => {
            Ok(message.text("content")?.map(|t| Part::Text(t.into())).into_iter().collect())
        }
        "an array" => message
            .list("content")?
            .into_iter()
            .map(|(path, raw)| part(&Object::read(raw.get(), path)?))
            .collect(),
        _ => Err(message.wrong_type("content", "a string or a list of parts")),
    }
}

/// One of `content`'s parts.
fn part(part: &Object<'_>) -> Result<Part, RequestError> {
    let kind = part.required_text("type", "the kind of part")?;
    match kind.as_str() {
        "text" => Ok(Part::Text(part.required_text("text", "the part's text")?)),
        "refusal" => Ok(Part::Refusal(part.required_text("refusal", "the part's text")?)),
        "image_url" => image(part),
        "file" => file(part),
        "document_url" => document(part),
        "thinking" => thought(part),
        other => {
            let why = format!("parts of type `{other}` have no counterpart there");
            Err(RequestError::untranslatable(&part.path_of("type"), &why))
        }
    }
}

fn image(part: &Object<'_>) -> Result<Part, RequestError> {
    let key = "image_url";
    let url = part.get(key).and_then(|raw| content::image_url(raw.get())).ok_or_else(|| {
        RequestError::missing(&part.path_of(key), "an object with the picture's `url`")
    })?;
    content::media(&url).map(Part::Image).ok_or_else(|| {
        RequestError::wrong_value(
            &part.path_of(key),
            "must be an http(s) address or a base64 `data:` URL",
        )
    })
}

/// `file`: its bytes in `file_data`. An id names a file that lies at OpenAI, where no other provider
/// finds it; but some clients put an address there.
fn file(part: &Object<'_>) -> Result<Part, RequestError> {
    let file = part.object("file")?.ok_or_else(|| {
        RequestError::missing(&part.path_of("file"), "an object with the file's `file_data`")
    })?;
    let name = file.text("filename")?.map(Into::into);
    if let Some(data) = file.text("file_data")? {
        let media = content::media(&data).ok_or_else(|| {
            RequestError::wrong_value(&file.path_of("file_data"), "must be a base64 `data:` URL")
        })?;
        return Ok(Part::File { media, name });
    }
    match file.text("file_id")?.and_then(|id| content::media(&id)) {
        Some(media) => Ok(Part::File { media, name }),
        None => Err(RequestError::untranslatable(
            &part.path_of("file"),
            "only a file whose bytes are in `file_data` can be sent there",
        )),
    }
}

/// A `document_url` part, which is Mistral's way to send a file.
fn document(part: &Object<'_>) -> Result<Part, RequestError> {
    let url = part.required_text("document_url", "the document's address")?;
    let media = content::media(&url).ok_or_else(|| {
        let why = "must be an http(s) address or a base64 `data:` URL";
        RequestError::wrong_value(&part.path_of("document_url"), why)
    })?;
    Ok(Part::File { media, name: part.text("document_name")?.map(Into::into) })
}

/// A `thinking` part, as Mistral has it (a list of text parts) or Anthropic (text and signature).
fn thought(part: &Object<'_>) -> Result<Part, RequestError> {
    let signature = part.text("signature")?.filter(|signature| !signature.is_empty());
    if part.get("thinking").is_some_and(|raw| raw.get().starts_with('[')) {
        let mut text = String::new();
        for (path, raw) in part.list("thinking")? {
            let piece = Object::read(raw.get(), path)?;
            text.push_str(&piece.text("text")?.unwrap_or_default());
        }
        return Ok(Part::Reasoning { text, signature: signature.map(Into::into) });
    }
    let text = part.text("thinking")?.unwrap_or_default().into_owned();
    // Without the mark it would go back to Anthropic as a redacted thought, which it is not.
    let mark = if text.is_empty() { OMITTED } else { "" };
    let signature = signature.map(|signature| format!("{mark}{signature}"));
    Ok(Part::Reasoning { text, signature })
}

/// An assistant's turn: thoughts, content, refusal, calls.
fn said(message: &Object<'_>) -> Result<Vec<Part>, RequestError> {
    if message.get("function_call").is_some() {
        let why = "it is OpenAI's older form; use `tool_calls` instead";
        return Err(RequestError::untranslatable(&message.path_of("function_call"), why));
    }
    let mut parts = thoughts(message)?;
    parts.extend(content(message)?);
    if let Some(refusal) = message.text("refusal")? {
        parts.push(Part::Refusal(refusal.into()));
    }
    for (path, raw) in message.list("tool_calls")? {
        parts.push(Part::ToolCall(tool_call(raw, path)?));
    }
    Ok(parts)
}

/// LiteLLM's `thinking_blocks`, which carry the signature that Anthropic asks back, after what only
/// the bare `reasoning_content` or `reasoning` tells.
fn thoughts(message: &Object<'_>) -> Result<Vec<Part>, RequestError> {
    let mut parts = Vec::new();
    for (path, raw) in message.list("thinking_blocks")? {
        let block = Object::read(raw.get(), path)?;
        match block.text("type")?.as_deref() {
            Some("redacted_thinking") => {
                let data = block.required_text("data", "the hidden thought")?;
                parts.push(Part::Reasoning { text: String::new(), signature: Some(data) });
            }
            Some(_) | None => parts.push(thought(&block)?),
        }
    }
    let reasoning = ["reasoning_content", "reasoning"]
        .into_iter()
        .find_map(|key| message.text(key).ok().flatten().filter(|text| !text.is_empty()));
    let unsigned = content::unsigned(reasoning.as_deref().unwrap_or_default(), &parts);
    if !unsigned.is_empty() {
        parts.insert(0, Part::Reasoning { text: unsigned.to_owned(), signature: None });
    }
    Ok(parts)
}

fn tool_call(raw: &RawValue, path: String) -> Result<ToolCall, RequestError> {
    let call = Object::read(raw.get(), path)?;
    let kind = call.text("type")?;
    if kind.as_deref().is_some_and(|kind| kind != "function") {
        let why = "only calls of functions exist there";
        return Err(RequestError::untranslatable(&call.path_of("type"), why));
    }
    let function = call.object("function")?.ok_or_else(|| {
        RequestError::missing(&call.path_of("function"), "the function's `name` and `arguments`")
    })?;
    Ok(ToolCall {
        id: call.required_text("id", "the id that the tool message answers")?,
        name: function.required_text("name", "the function's name")?,
        arguments: function.text("arguments")?.unwrap_or_default().into_owned(),
        signature: call_signature(&call)?,
    })
}

/// Gemini's signature, where LiteLLM puts it, or where Gemini's own compatible API does.
fn call_signature(call: &Object<'_>) -> Result<Option<String>, RequestError> {
    let google = match call.object("extra_content")? {
        Some(extra) => extra.object("google")?,
        None => None,
    };
    for holder in [call.object("provider_specific_fields")?, google].into_iter().flatten() {
        if let Some(signature) = holder.text("thought_signature")? {
            return Ok(Some(signature.into()));
        }
    }
    Ok(None)
}

/// What a function returned: text and pictures.
fn tool_result(message: &Object<'_>) -> Result<Part, RequestError> {
    let id = message.required_text("tool_call_id", "the id of the call that this answers")?;
    Ok(Part::ToolResult { id, parts: content(message)? })
}
