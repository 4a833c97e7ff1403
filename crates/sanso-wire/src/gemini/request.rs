//! The body of `generateContent`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::NAME;
use super::contents::{Content, Conversation};
use super::model::{Model, ThinkingConfig};
use super::part::Part;
use crate::failure::Failure;
use crate::ir;

/// How many `stopSequences` Gemini takes.
const MAX_STOP_SEQUENCES: usize = 5;

/// Writes a request for `model`, the provider's own name of it. The model and whether to stream go
/// into the [`path`](super::path); the name decides how [`reasoning_effort`](ir::Effort) is asked for.
///
/// # Errors
/// A `BadRequest` failure that names the parameter which Gemini cannot take.
pub fn write_request(request: &ir::Request, model: &str) -> Result<Vec<u8>, Failure> {
    let model = Model::named(model);
    let conversation = Conversation::from_messages(&request.messages, model)?;
    let body = Body {
        contents: conversation.contents,
        system_instruction: SystemInstruction::from_parts(conversation.system),
        tools: Tools::from_request(&request.tools).into_iter().collect(),
        tool_config: tool_config(request)?,
        generation_config: GenerationConfig::from_request(request, model)?,
    };
    serde_json::to_vec(&body)
        .map_err(|error| Failure::inexpressible(NAME, "messages", &error.to_string()))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<SystemInstruction<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tools<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    generation_config: GenerationConfig<'a>,
}

#[derive(Debug, Serialize)]
struct SystemInstruction<'a> {
    parts: Vec<Part<'a>>,
}

impl<'a> SystemInstruction<'a> {
    fn from_parts(parts: Vec<Part<'a>>) -> Option<Self> {
        (!parts.is_empty()).then_some(Self { parts })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<FunctionDeclaration<'a>>,
}

impl<'a> Tools<'a> {
    fn from_request(tools: &'a [ir::Tool]) -> Option<Self> {
        let function_declarations: Vec<_> = tools
            .iter()
            .map(|tool| FunctionDeclaration {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters_json_schema: tool.parameters.as_deref(),
            })
            .collect();
        (!function_declarations.is_empty()).then_some(Self { function_declarations })
    }
}

/// `parameters` would take an OpenAPI subset only, and refuse `additionalProperties` or `$ref`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionDeclaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: FunctionCallingConfig<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCallingConfig<'a> {
    mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Mode {
    Auto,
    Any,
    None,
}

/// `toolConfig`, which Gemini refuses where there are no functions to choose from: then the choice of
/// none is left out, and a call that must be made cannot be.
fn tool_config(request: &ir::Request) -> Result<Option<ToolConfig<'_>>, Failure> {
    let Some(choice) = &request.tool_choice else { return Ok(None) };
    let (mode, name) = match choice {
        ir::ToolChoice::Auto => (Mode::Auto, None),
        ir::ToolChoice::None => (Mode::None, None),
        ir::ToolChoice::Required => (Mode::Any, None),
        ir::ToolChoice::Named(name) => (Mode::Any, Some(name.as_str())),
    };
    if request.tools.is_empty() {
        return match mode {
            Mode::Auto | Mode::None => Ok(None),
            Mode::Any => Err(Failure::inexpressible(NAME, "tool_choice", "there are no tools")),
        };
    }
    let allowed_function_names = name.map(|name| [name]);
    let function_calling_config = FunctionCallingConfig { mode, allowed_function_names };
    Ok(Some(ToolConfig { function_calling_config }))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
}

impl<'a> GenerationConfig<'a> {
    fn from_request(request: &'a ir::Request, model: Model<'_>) -> Result<Self, Failure> {
        if request.stop.len() > MAX_STOP_SEQUENCES {
            let why = format!("it takes at most {MAX_STOP_SEQUENCES} sequences");
            return Err(Failure::inexpressible(NAME, "stop", &why));
        }
        let sampling = &request.sampling;
        let seed = sampling
            .seed
            .map(i32::try_from)
            .transpose()
            .map_err(|_| Failure::inexpressible(NAME, "seed", "it must fit into 32 bits"))?;
        let (response_mime_type, response_json_schema) = match &request.output {
            ir::OutputFormat::Text => (None, None),
            ir::OutputFormat::JsonObject => (Some("application/json"), None),
            ir::OutputFormat::JsonSchema { schema, .. } => {
                (Some("application/json"), Some(schema.as_ref()))
            }
        };
        Ok(Self {
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            seed,
            presence_penalty: sampling.presence_penalty,
            frequency_penalty: sampling.frequency_penalty,
            candidate_count: sampling.n,
            response_logprobs: sampling.logprobs,
            logprobs: sampling.top_logprobs,
            max_output_tokens: request.max_tokens,
            stop_sequences: &request.stop,
            response_mime_type,
            response_json_schema,
            thinking_config: request.reasoning_effort.and_then(|effort| model.thinking(effort)),
        })
    }
}
