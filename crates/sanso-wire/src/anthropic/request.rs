//! A neutral request to the body of a Messages call.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::inexpressible;
use super::model::Model;
use super::thinking::{Mode, Obstacles, Plan};
use super::turns::{Conversation, Turn};
use crate::failure::Failure;
use crate::ir::{OutputFormat, Request, Tool, ToolChoice};

/// Stands in for `response_format: {"type": "json_object"}`.
const JSON_ONLY: &str =
    "Answer with one JSON object and nothing else: no text around it, no code fence.";

/// The schema of a function without parameters; the API requires one.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

#[derive(Debug, Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Function<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Choice<'a> {
    Auto {
        #[serde(skip_serializing_if = "Option::is_none")]
        disable_parallel_tool_use: Option<bool>,
    },
    Any {
        #[serde(skip_serializing_if = "Option::is_none")]
        disable_parallel_tool_use: Option<bool>,
    },
    Tool {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        disable_parallel_tool_use: Option<bool>,
    },
    None,
}

#[derive(Debug, Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema { schema: &'a RawValue },
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

pub(super) fn write(request: &Request, name: &str) -> Result<Vec<u8>, Failure> {
    refuse(request)?;
    let conversation = Conversation::new(&request.messages)?;
    let model = Model::named(name);
    let obstacles = Obstacles {
        forced_call: is_forced(request.tool_choice.as_ref()),
        unproven_turn: conversation.goes_on_unproven(),
    };
    let plan = Plan::new(request.reasoning_effort, model, request.max_tokens, obstacles);
    let (temperature, top_p) = sampling(request, model, &plan);
    let body = Body {
        model: name,
        max_tokens: plan.max_tokens,
        system: system(conversation.system, &request.output),
        messages: conversation.turns,
        tools: request.tools.iter().map(function).collect::<Result<_, _>>()?,
        tool_choice: tool_choice(request),
        temperature,
        top_p,
        stop_sequences: stop_sequences(&request.stop)?,
        thinking: plan.mode,
        output_config: output_config(plan.effort, &request.output),
        metadata: request.user.as_deref().map(|user_id| Metadata { user_id }),
        stream: request.stream,
    };
    serde_json::to_vec(&body).map_err(|error| inexpressible("messages", &error.to_string()))
}

/// Refuses what would change the shape of the answer.
fn refuse(request: &Request) -> Result<(), Failure> {
    let sampling = &request.sampling;
    if sampling.n.is_some_and(|n| n != 1) {
        return Err(inexpressible("n", "it gives one answer per request"));
    }
    if sampling.logprobs == Some(true) {
        return Err(inexpressible("logprobs", "it does not tell them"));
    }
    if sampling.top_logprobs.is_some_and(|top| top > 0) {
        return Err(inexpressible("top_logprobs", "it does not tell them"));
    }
    Ok(())
}

fn system(mut instructions: Vec<&str>, output: &OutputFormat) -> Option<String> {
    match output {
        OutputFormat::JsonObject => instructions.push(JSON_ONLY),
        OutputFormat::Text | OutputFormat::JsonSchema { .. } => {}
    }
    (!instructions.is_empty()).then(|| instructions.join("\n\n"))
}

fn function(tool: &Tool) -> Result<Function<'_>, Failure> {
    Ok(Function {
        name: &tool.name,
        description: tool.description.as_deref(),
        input_schema: input_schema(tool.parameters.as_deref())?,
        // `false` is the default, and older servers do not know the word.
        strict: tool.strict.filter(|strict| *strict),
    })
}

/// The schema as it is, but the API insists on a `type` at its root where OpenAI does not.
fn input_schema(parameters: Option<&RawValue>) -> Result<Cow<'_, RawValue>, Failure> {
    #[derive(Deserialize)]
    struct Root<'a> {
        #[serde(borrow, default)]
        r#type: Option<&'a RawValue>,
    }
    let bad = || inexpressible("tools", "`parameters` must be a JSON Schema object");
    let own = |text: String| RawValue::from_string(text).map(Cow::Owned).map_err(|_| bad());

    let Some(raw) = parameters.filter(|raw| raw.get().trim_ascii() != "null") else {
        return own(NO_PARAMETERS.to_owned());
    };
    let members = raw.get().trim_ascii().strip_prefix('{').ok_or_else(bad)?;
    let root: Root<'_> = serde_json::from_str(raw.get()).map_err(|_| bad())?;
    if root.r#type.is_some() {
        return Ok(Cow::Borrowed(raw));
    }
    if members.trim_ascii_start().starts_with('}') {
        return own(NO_PARAMETERS.to_owned());
    }
    own(format!(r#"{{"type":"object",{members}"#))
}

fn is_forced(choice: Option<&ToolChoice>) -> bool {
    match choice {
        Some(ToolChoice::Required | ToolChoice::Named(_)) => true,
        Some(ToolChoice::Auto | ToolChoice::None) | None => false,
    }
}

/// The choice, with the ban of parallel calls that Anthropic keeps inside it. Neither is taken
/// without tools; a forced choice goes out all the same, for the provider to say what is missing.
fn tool_choice(request: &Request) -> Option<Choice<'_>> {
    let choice = request.tool_choice.as_ref();
    if request.tools.is_empty() && !is_forced(choice) {
        return None;
    }
    let disable_parallel_tool_use = (request.parallel_tool_calls == Some(false)).then_some(true);
    match choice {
        None => disable_parallel_tool_use.map(|_| Choice::Auto { disable_parallel_tool_use }),
        Some(ToolChoice::Auto) => Some(Choice::Auto { disable_parallel_tool_use }),
        Some(ToolChoice::None) => Some(Choice::None),
        Some(ToolChoice::Required) => Some(Choice::Any { disable_parallel_tool_use }),
        Some(ToolChoice::Named(name)) => Some(Choice::Tool { name, disable_parallel_tool_use }),
    }
}

/// `temperature` and `top_p`, as far as the model takes them.
fn sampling(request: &Request, model: Model, plan: &Plan) -> (Option<f64>, Option<f64>) {
    if plan.thinks() || !model.takes_sampling() {
        return (None, None);
    }
    // OpenAI's scale ends at 2. Above 1 there is no counterpart, and 1 is nearest.
    let temperature = request.sampling.temperature.map(|temperature| temperature.clamp(0.0, 1.0));
    let crowded = temperature.is_some() && !model.takes_both_samplings();
    (temperature, request.sampling.top_p.filter(|_| !crowded))
}

/// An empty string would stop nothing. One of whitespace would, but is not taken; without it the
/// answer would run on past the end that the caller relies on.
fn stop_sequences(stop: &[String]) -> Result<Vec<&str>, Failure> {
    let stop: Vec<&str> = stop.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect();
    if stop.iter().any(|stop| stop.trim().is_empty()) {
        return Err(inexpressible("stop", "a stop sequence must not be only whitespace"));
    }
    Ok(stop)
}

fn output_config<'a>(
    effort: Option<&'static str>,
    output: &'a OutputFormat,
) -> Option<OutputConfig<'a>> {
    let format = match output {
        OutputFormat::Text | OutputFormat::JsonObject => None,
        OutputFormat::JsonSchema { schema, .. } => Some(Format::JsonSchema { schema }),
    };
    (effort.is_some() || format.is_some()).then_some(OutputConfig { effort, format })
}
