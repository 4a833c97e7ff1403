//! A neutral request as the body of a chat completion, for clients that speak another dialect.

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{CompletionCall, ImageUrl, data_url};
use crate::failure::Failure;
use crate::ir::{
    Effort, Media, Message, OutputFormat, Part, Request, Role, Sampling, Tool, ToolChoice,
};

/// Writes the body of a chat completion.
///
/// Reasoning of earlier turns is left out: OpenAI's chat has no member for it, and refuses others'.
///
/// # Errors
/// A `BadRequest` failure where a message holds what its role cannot: a picture by the assistant, a
/// tool call by the user.
pub fn write_request(request: &Request, model: &str) -> Result<Vec<u8>, Failure> {
    let mut messages = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        push_message(message, &mut messages)?;
    }
    let (old_limit, new_limit) = if takes_completion_tokens(model) {
        (None, request.max_tokens)
    } else {
        (request.max_tokens, None)
    };
    let body = Body {
        model,
        messages,
        tools: request.tools.iter().map(WireTool::from).collect(),
        tool_choice: request.tool_choice.as_ref().map(WireChoice::from),
        parallel_tool_calls: request.parallel_tool_calls,
        response_format: WireFormat::new(&request.output),
        max_tokens: old_limit,
        max_completion_tokens: new_limit,
        sampling: WireSampling::from(&request.sampling),
        stop: &request.stop,
        reasoning_effort: request.reasoning_effort.map(effort_word),
        user: request.user.as_deref(),
        stream: request.stream,
        stream_options: (request.stream && request.include_usage)
            .then_some(StreamOptions { include_usage: true }),
    };
    serde_json::to_vec(&body).map_err(|error| {
        Failure::inexpressible("OpenAI's chat API", "messages", &error.to_string())
    })
}

/// OpenAI's reasoning models refuse `max_tokens`, many compatible servers know nothing else.
fn takes_completion_tokens(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let is_o_series =
        name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_o_series || name.starts_with("gpt-5")
}

/// A tool turn becomes one message per result; every other turn is one message.
fn push_message<'a>(message: &'a Message, out: &mut Vec<WireMessage<'a>>) -> Result<(), Failure> {
    let role = match message.role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => return push_assistant(&message.parts, out),
        Role::Tool => "tool",
    };
    let mut content = Vec::new();
    for part in &message.parts {
        match part {
            Part::ToolResult { id, parts } => {
                let pieces = parts.iter().map(piece).collect::<Result<Vec<_>, _>>()?;
                out.push(WireMessage {
                    tool_call_id: Some(id),
                    content: Some(Content::new(pieces)),
                    ..WireMessage::new("tool")
                });
            }
            Part::Text(_)
            | Part::Image(_)
            | Part::File { .. }
            | Part::Reasoning { .. }
            | Part::Refusal(_)
            | Part::ToolCall(_) => content.push(piece(part)?),
        }
    }
    if message.role != Role::Tool && !content.is_empty() {
        out.push(WireMessage { content: Some(Content::new(content)), ..WireMessage::new(role) });
    }
    Ok(())
}

fn push_assistant<'a>(parts: &'a [Part], out: &mut Vec<WireMessage<'a>>) -> Result<(), Failure> {
    let mut message = WireMessage::new("assistant");
    let mut content = Vec::new();
    for part in parts {
        match part {
            Part::Text(_) => content.push(piece(part)?),
            Part::Refusal(text) => message.refusal = Some(text),
            // Signatures are for the provider that gave them.
            Part::ToolCall(call) => message.tool_calls.push(CompletionCall {
                provider_specific_fields: None,
                ..CompletionCall::new(call)
            }),
            Part::Reasoning { .. } => {}
            Part::Image(_) | Part::File { .. } | Part::ToolResult { .. } => {
                return Err(misplaced("an assistant's message takes text and tool calls only"));
            }
        }
    }
    message.content = (!content.is_empty()).then(|| Content::new(content));
    let says_something = message.content.is_some() || message.refusal.is_some();
    if says_something || !message.tool_calls.is_empty() {
        out.push(message);
    }
    Ok(())
}

fn piece(part: &Part) -> Result<Piece<'_>, Failure> {
    match part {
        Part::Text(text) => Ok(Piece::Text { text }),
        Part::Image(media) => Ok(Piece::ImageUrl { image_url: media.into() }),
        Part::File { media: Media::Url(_), .. } => {
            Err(misplaced("it takes a file's bytes, not its address"))
        }
        Part::File { media, name } => {
            let file = WireFile { filename: name.as_deref(), file_data: data_url(media) };
            Ok(Piece::File { file })
        }
        Part::Reasoning { .. } | Part::Refusal(_) | Part::ToolCall(_) | Part::ToolResult { .. } => {
            Err(misplaced("only the assistant thinks, refuses and calls, only a tool returns"))
        }
    }
}

fn misplaced(why: &str) -> Failure {
    Failure::inexpressible("OpenAI's chat API", "messages", why)
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<WireChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<WireFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(flatten)]
    sampling: WireSampling,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CompletionCall<'a>>,
}

impl WireMessage<'_> {
    const fn new(role: &'static str) -> Self {
        Self { role, tool_call_id: None, content: None, refusal: None, tool_calls: Vec::new() }
    }
}

/// One text is a plain string: the form that every compatible server knows.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Pieces(Vec<Piece<'a>>),
}

impl<'a> Content<'a> {
    fn new(pieces: Vec<Piece<'a>>) -> Self {
        match pieces.as_slice() {
            [] => Self::Text(""),
            [Piece::Text { text }] => Self::Text(text),
            [_, ..] => Self::Pieces(pieces),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
    File { file: WireFile<'a> },
}

#[derive(Serialize)]
struct WireFile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    file_data: String,
}

#[derive(Serialize)]
struct WireTool<'a> {
    r#type: &'static str,
    function: WireFunction<'a>,
}

#[derive(Serialize)]
struct WireFunction<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'a> From<&'a Tool> for WireTool<'a> {
    fn from(tool: &'a Tool) -> Self {
        let function = WireFunction {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: tool.parameters.as_deref(),
            strict: tool.strict,
        };
        Self { r#type: "function", function }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireChoice<'a> {
    Word(&'static str),
    Named { r#type: &'static str, function: ChosenFunction<'a> },
}

#[derive(Serialize)]
struct ChosenFunction<'a> {
    name: &'a str,
}

impl<'a> From<&'a ToolChoice> for WireChoice<'a> {
    fn from(choice: &'a ToolChoice) -> Self {
        match choice {
            ToolChoice::Auto => Self::Word("auto"),
            ToolChoice::None => Self::Word("none"),
            ToolChoice::Required => Self::Word("required"),
            ToolChoice::Named(name) => {
                Self::Named { r#type: "function", function: ChosenFunction { name } }
            }
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: WireSchema<'a> },
}

#[derive(Serialize)]
struct WireSchema<'a> {
    name: &'a str,
    schema: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'a> WireFormat<'a> {
    fn new(output: &'a OutputFormat) -> Option<Self> {
        match output {
            OutputFormat::Text => None,
            OutputFormat::JsonObject => Some(Self::JsonObject),
            OutputFormat::JsonSchema { name, schema, strict } => {
                Some(Self::JsonSchema { json_schema: WireSchema { name, schema, strict: *strict } })
            }
        }
    }
}

#[derive(Serialize)]
struct WireSampling {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u32>,
}

impl From<&Sampling> for WireSampling {
    fn from(sampling: &Sampling) -> Self {
        Self {
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            seed: sampling.seed,
            presence_penalty: sampling.presence_penalty,
            frequency_penalty: sampling.frequency_penalty,
            n: sampling.n,
            logprobs: sampling.logprobs,
            top_logprobs: sampling.top_logprobs,
        }
    }
}

const fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh => "xhigh",
        Effort::Max => "max",
    }
}
