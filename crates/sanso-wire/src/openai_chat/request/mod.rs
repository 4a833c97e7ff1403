//! A client's request, read into the neutral form for a provider that speaks another dialect.
//!
//! What the neutral form cannot hold and would change the answer is refused with the member's name;
//! hints (`store`, `service_tier`, `prompt_cache_key`, `verbosity`, unknown members) are left out.

mod message;
mod options;

use serde_json::value::RawValue;

use crate::envelope::RequestError;
use crate::ir::{Request, Sampling};
use crate::object::Object;

/// Reads a chat request. The envelope has validated the body before; this reads all of it.
///
/// # Errors
/// A member of the wrong type, by its path; a member that no other dialect can express.
pub fn read_request(body: &[u8]) -> Result<Request, RequestError> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|error| {
        RequestError::body(format!("The request body is not valid JSON: {error}."))
    })?;
    let body = Object::read(raw.get(), String::new())?;
    refuse_untranslatable(&body)?;
    let mut messages = Vec::new();
    for (path, raw) in body.list("messages")? {
        messages.push(message::read(&Object::read(raw.get(), path)?)?);
    }
    let max_tokens = body.typed("max_completion_tokens", WHOLE)?;
    let max_tokens =
        if max_tokens.is_some() { max_tokens } else { body.typed("max_tokens", WHOLE)? };
    Ok(Request {
        model: body.required_text("model", "name the model that is to answer")?,
        messages,
        tools: options::tools(&body)?,
        tool_choice: options::tool_choice(&body)?,
        parallel_tool_calls: body.typed("parallel_tool_calls", BOOLEAN)?,
        output: options::output(&body)?,
        max_tokens,
        sampling: sampling(&body)?,
        stop: options::stop(&body)?,
        reasoning_effort: options::effort(&body)?,
        user: body.text("user")?.map(Into::into),
        stream: body.typed("stream", BOOLEAN)?.unwrap_or_default(),
        include_usage: match body.object("stream_options")? {
            Some(options) => options.typed("include_usage", BOOLEAN)?.unwrap_or_default(),
            None => false,
        },
    })
}

const WHOLE: &str = "a whole number";
const NUMBER: &str = "a number";
const BOOLEAN: &str = "true or false";

fn sampling(body: &Object<'_>) -> Result<Sampling, RequestError> {
    Ok(Sampling {
        temperature: body.typed("temperature", NUMBER)?,
        top_p: body.typed("top_p", NUMBER)?,
        seed: body.typed("seed", WHOLE)?,
        presence_penalty: body.typed("presence_penalty", NUMBER)?,
        frequency_penalty: body.typed("frequency_penalty", NUMBER)?,
        n: body.typed("n", WHOLE)?,
        logprobs: body.typed("logprobs", BOOLEAN)?,
        top_logprobs: body.typed("top_logprobs", WHOLE)?,
    })
}

/// Refuses what would make another answer of the request if it were left out.
fn refuse_untranslatable(body: &Object<'_>) -> Result<(), RequestError> {
    for key in ["functions", "function_call"] {
        if body.get(key).is_some_and(|raw| raw.get() != "[]") {
            let why = "it is OpenAI's older form; use `tools` and `tool_choice` instead";
            return Err(RequestError::untranslatable(key, why));
        }
    }
    if body.get("logit_bias").is_some_and(has_members) {
        let why = "its keys are tokens of one vocabulary";
        return Err(RequestError::untranslatable("logit_bias", why));
    }
    let modalities: Vec<String> =
        body.typed("modalities", "a list of strings")?.unwrap_or_default();
    if modalities.iter().any(|modality| modality != "text") {
        return Err(RequestError::untranslatable("modalities", "only text can be asked for"));
    }
    for key in ["audio", "web_search_options"] {
        if body.get(key).is_some() {
            return Err(RequestError::untranslatable(key, "it has no counterpart there"));
        }
    }
    Ok(())
}

fn has_members(raw: &RawValue) -> bool {
    raw.get().strip_prefix('{').is_none_or(|rest| !rest.trim_ascii_start().starts_with('}'))
}
