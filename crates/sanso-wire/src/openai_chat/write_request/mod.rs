//! A neutral request as the body of a chat completion, for clients that speak another dialect.

mod shapes;

use super::completion::{CompletionCall, data_url};
use crate::failure::Failure;
use crate::ir::{Media, Message, Part, Request, Role};
use shapes::{
    Body, Content, Piece, StreamOptions, WireChoice, WireFile, WireFormat, WireMessage,
    WireSampling, WireTool, effort_word,
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
