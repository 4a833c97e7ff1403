//! Complete answers, read from a provider.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::content;
use super::usage;
use super::wire::{self, Message, Presence, Word};
use crate::failure::Failure;
use crate::ir::{self, Answer, Choice, Part};

/// Reads the body of a 200.
///
/// # Errors
/// An error body is classed by what it says; what is no JSON, or has no `choices`, is `Malformed`.
pub fn read_answer(body: &[u8]) -> Result<Answer, Failure> {
    let body: Body<'_> = wire::parse(wire::text(body)?, Body::is_error)?;
    let Some(choices) = body.choices else {
        return Err(Failure::malformed("the answer has no `choices`"));
    };
    let read = |(position, choice): (usize, WireChoice<'_>)| {
        let index = choice.index.unwrap_or_else(|| u32::try_from(position).unwrap_or(u32::MAX));
        Choice {
            index,
            finish: wire::finish_reason(&choice.finish_reason.0),
            parts: choice.message.map(|m| parts(m, &body.id.0, index)).unwrap_or_default(),
        }
    };
    Ok(Answer {
        choices: choices.into_iter().enumerate().map(read).collect(),
        usage: usage::read(body.usage),
        created: body.created.map(|seconds| seconds as u64).filter(|seconds| *seconds > 0),
        model: body.model.into_string(),
        id: body.id.into_string(),
    })
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    error: Presence,
    #[serde(borrow, default)]
    object: Word<'a>,
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    model: Word<'a>,
    #[serde(default)]
    created: Option<f64>,
    #[serde(borrow, default)]
    choices: Option<Vec<WireChoice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

impl Body<'_> {
    fn is_error(&self) -> bool {
        self.error.0 || self.object.0 == "error"
    }
}

#[derive(Deserialize)]
struct WireChoice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    finish_reason: Word<'a>,
}

/// Reasoning first, as models give it; then content, refusal and calls.
fn parts(mut message: Message<'_>, answer_id: &str, choice: u32) -> Vec<Part> {
    let mut parts = Vec::new();
    let reasoning = message.take_reasoning();
    let calls = message.take_calls();
    let blocks = message.thinking_blocks.unwrap_or_default();
    parts.extend(blocks.into_iter().map(|block| {
        let signature = block.signature().map(str::to_owned);
        Part::Reasoning { text: block.thinking.into_string(), signature }
    }));
    let unsigned = content::unsigned(&reasoning.0, &parts);
    if !unsigned.is_empty() {
        parts.insert(0, Part::Reasoning { text: unsigned.to_owned(), signature: None });
    }
    parts.extend(content::read(message.content));
    if !message.refusal.is_empty() {
        parts.push(Part::Refusal(message.refusal.into_string()));
    }
    for (index, call) in calls.into_iter().enumerate() {
        let signature = call.signature();
        let id = call
            .id
            .get()
            .map_or_else(|| wire::synthetic_call_id(answer_id, choice, index), str::to_owned);
        let function = call.function.unwrap_or_default();
        let arguments = function.arguments();
        let name = function.name.into_string();
        parts.push(Part::ToolCall(ir::ToolCall { id, name, arguments, signature }));
    }
    parts
}
