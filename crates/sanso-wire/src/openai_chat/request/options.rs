//! Everything of a request but its messages.

use serde_json::value::RawValue;

use crate::envelope::RequestError;
use crate::ir::{Effort, OutputFormat, Tool, ToolChoice};
use crate::object::Object;

/// `tools`. Only functions can be translated: the others run on OpenAI's side.
pub(super) fn tools(body: &Object<'_>) -> Result<Vec<Tool>, RequestError> {
    let mut tools = Vec::new();
    for (path, raw) in body.list("tools")? {
        let tool = Object::read(raw.get(), path)?;
        let function = function_of(&tool)?;
        tools.push(Tool {
            name: function.required_text("name", "the function's name")?,
            description: function.text("description")?.map(Into::into),
            parameters: schema(&function, "parameters")?,
            strict: function.typed("strict", "true or false")?,
        });
    }
    Ok(tools)
}

fn function_of<'a>(tool: &Object<'a>) -> Result<Object<'a>, RequestError> {
    let kind = tool.text("type")?;
    if kind.as_deref().is_some_and(|kind| kind != "function") {
        return Err(RequestError::untranslatable(
            &tool.path_of("type"),
            "only tools of type `function` exist there",
        ));
    }
    tool.object("function")?.ok_or_else(|| {
        RequestError::missing(&tool.path_of("function"), "an object with the function's `name`")
    })
}

/// `tool_choice`: a word, or the one function.
pub(super) fn tool_choice(body: &Object<'_>) -> Result<Option<ToolChoice>, RequestError> {
    let key = "tool_choice";
    let Some(raw) = body.get(key) else { return Ok(None) };
    if raw.get().starts_with('"') {
        return match body.text(key)?.as_deref() {
            Some("auto") => Ok(Some(ToolChoice::Auto)),
            Some("none") => Ok(Some(ToolChoice::None)),
            // `any` is Mistral's word for it.
            Some("required" | "any") => Ok(Some(ToolChoice::Required)),
            Some(_) | None => {
                let why = "must be \"auto\", \"none\", \"required\" or an object";
                Err(RequestError::wrong_value(key, why))
            }
        };
    }
    let Some(choice) = body.object(key)? else { return Ok(None) };
    let name = function_of(&choice)?.required_text("name", "the function to call")?;
    Ok(Some(ToolChoice::Named(name)))
}

/// `response_format`.
pub(super) fn output(body: &Object<'_>) -> Result<OutputFormat, RequestError> {
    let Some(format) = body.object("response_format")? else { return Ok(OutputFormat::Text) };
    match format.required_text("type", "the kind of answer")?.as_str() {
        "text" => Ok(OutputFormat::Text),
        "json_object" => Ok(OutputFormat::JsonObject),
        "json_schema" => {
            let key = "json_schema";
            let what = "an object with a `name` and a `schema`";
            let described = format
                .object(key)?
                .ok_or_else(|| RequestError::missing(&format.path_of(key), what))?;
            json_schema(&described)
        }
        _ => Err(RequestError::wrong_value(
            &format.path_of("type"),
            "must be \"text\", \"json_object\" or \"json_schema\"",
        )),
    }
}

fn json_schema(described: &Object<'_>) -> Result<OutputFormat, RequestError> {
    let schema = schema(described, "schema")?;
    Ok(OutputFormat::JsonSchema {
        name: described.required_text("name", "a name for the schema")?,
        schema: schema.ok_or_else(|| {
            RequestError::missing(&described.path_of("schema"), "the JSON Schema of the answer")
        })?,
        strict: described.typed("strict", "true or false")?,
    })
}

/// A JSON Schema, which must be an object, as the client wrote it.
fn schema(object: &Object<'_>, key: &str) -> Result<Option<Box<RawValue>>, RequestError> {
    match object.get(key) {
        Some(raw) if !raw.get().starts_with('{') => Err(object.wrong_type(key, "an object")),
        raw => Ok(raw.map(RawValue::to_owned)),
    }
}

/// `stop`: a string, or a list of them.
pub(super) fn stop(body: &Object<'_>) -> Result<Vec<String>, RequestError> {
    let key = "stop";
    if body.get(key).is_some_and(|raw| raw.get().starts_with('"')) {
        return Ok(body.text(key)?.map(Into::into).into_iter().collect());
    }
    Ok(body.typed(key, "a string or a list of strings")?.unwrap_or_default())
}

/// `reasoning_effort`; without it OpenRouter's `reasoning.effort`, or Anthropic's `thinking`, which
/// LiteLLM clients send over OpenAI's API.
pub(super) fn effort(body: &Object<'_>) -> Result<Option<Effort>, RequestError> {
    if body.get("reasoning_effort").is_some() {
        return level(body, "reasoning_effort");
    }
    if let Some(reasoning) = body.object("reasoning")?
        && reasoning.get("effort").is_some()
    {
        return level(&reasoning, "effort");
    }
    let Some(thinking) = body.object("thinking")? else { return Ok(None) };
    if thinking.text("type")?.as_deref() == Some("disabled") {
        return Ok(Some(Effort::None));
    }
    let budget: Option<u64> = thinking.typed("budget_tokens", "a whole number")?;
    // LiteLLM's budgets for the levels, read backwards (`low` 1024, `medium` 2048, `high` 4096).
    Ok(Some(match budget {
        Some(..=1024) => Effort::Low,
        Some(1025..=2048) | None => Effort::Medium,
        Some(2049..) => Effort::High,
    }))
}

fn level(object: &Object<'_>, key: &str) -> Result<Option<Effort>, RequestError> {
    let effort = match object.text(key)?.as_deref() {
        None => return Ok(None),
        Some("none") => Effort::None,
        Some("minimal") => Effort::Minimal,
        Some("low") => Effort::Low,
        Some("medium") => Effort::Medium,
        Some("high") => Effort::High,
        Some("xhigh") => Effort::XHigh,
        Some("max") => Effort::Max,
        Some(_) => {
            return Err(RequestError::wrong_value(
                &object.path_of(key),
                "must be none, minimal, low, medium, high, xhigh or max",
            ));
        }
    };
    Ok(Some(effort))
}
