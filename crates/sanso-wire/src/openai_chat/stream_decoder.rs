//! Chunks of a stream to neutral events.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::begun::Begun;
use super::content;
use super::usage;
use super::wire::{self, Message, Presence, ToolCall, Word};
use crate::failure::Failure;
use crate::ir::{self, Part, StreamEvent};
use crate::sse::Event;

/// Decodes one streamed answer.
///
/// Servers differ, so it takes what comes: chunks without choices, without a delta or with null
/// content; tool calls whole or in fragments, without ids or indices; usage on the last chunk, after
/// it, or in `x_groq`; a finish reason twice.
#[derive(Debug, Default)]
pub struct StreamDecoder {
    id: String,
    is_started: bool,
    is_ended: bool,
    choices: HashMap<u32, Candidate>,
}

/// What is known of one candidate so far.
#[derive(Debug, Default)]
struct Candidate {
    calls: Begun,
    is_finished: bool,
}

impl StreamDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes one event and appends what it says to `out`.
    ///
    /// # Errors
    /// An error event is classed by what it says; what is no JSON object is `Malformed`. The decoder
    /// stays usable.
    pub fn push(&mut self, event: &Event, out: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        let data = event.data.trim_ascii();
        if data.is_empty() || self.is_ended {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.is_ended = true;
            out.push(StreamEvent::End);
            return Ok(());
        }
        let chunk: Chunk<'_> = wire::parse(wire::text(data)?, Chunk::is_error)?;
        self.start(&chunk, out);
        for choice in chunk.choices.unwrap_or_default() {
            self.choice(choice, out);
        }
        let in_groq = || usage::read(chunk.x_groq.as_ref().and_then(|groq| groq.usage));
        out.extend(usage::read(chunk.usage).or_else(in_groq).map(StreamEvent::Usage));
        Ok(())
    }

    /// Azure's first chunk has neither id nor choices, only what its filter says: not a start yet.
    fn start(&mut self, chunk: &Chunk<'_>, out: &mut Vec<StreamEvent>) {
        let is_empty = chunk.id.is_empty() && chunk.choices.as_ref().is_none_or(Vec::is_empty);
        if self.is_started || is_empty {
            return;
        }
        self.is_started = true;
        self.id = chunk.id.0.clone().into_owned();
        out.push(StreamEvent::Start {
            id: self.id.clone(),
            model: chunk.model.0.clone().into_owned(),
            created: chunk.created.map(|seconds| seconds as u64).filter(|seconds| *seconds > 0),
        });
    }

    fn choice(&mut self, choice: WireChoice<'_>, out: &mut Vec<StreamEvent>) {
        let index = choice.index.unwrap_or(0);
        let candidate = self.choices.entry(index).or_default();
        if let Some(delta) = choice.delta {
            candidate.delta(index, delta, &self.id, out);
        }
        if let Some(reason) = wire::finish_reason(&choice.finish_reason.0)
            && !std::mem::replace(&mut candidate.is_finished, true)
        {
            out.push(StreamEvent::Finish { choice: index, reason });
        }
    }
}

impl Candidate {
    fn delta(
        &mut self,
        choice: u32,
        mut delta: Message<'_>,
        answer_id: &str,
        out: &mut Vec<StreamEvent>,
    ) {
        let reasoning = delta.take_reasoning();
        let calls = delta.take_calls();
        if !reasoning.is_empty() {
            out.push(StreamEvent::Reasoning { choice, text: reasoning.into_string() });
        }
        // The text of these blocks has come as reasoning before.
        for block in delta.thinking_blocks.unwrap_or_default() {
            let signature = block.signature().map(str::to_owned);
            out.extend(
                signature.map(|signature| StreamEvent::ReasoningSignature { choice, signature }),
            );
        }
        for part in content::read(delta.content) {
            match part {
                Part::Text(text) => out.push(StreamEvent::Text { choice, text }),
                Part::Reasoning { text, .. } if !text.is_empty() => {
                    out.push(StreamEvent::Reasoning { choice, text });
                }
                Part::Image(picture) => out.push(StreamEvent::Image { choice, picture }),
                // These are not found in content.
                Part::Reasoning { .. }
                | Part::File { .. }
                | Part::Refusal(_)
                | Part::ToolCall(_)
                | Part::ToolResult { .. } => {}
            }
        }
        if !delta.refusal.is_empty() {
            out.push(StreamEvent::Refusal { choice, text: delta.refusal.into_string() });
        }
        for call in calls {
            self.call(choice, call, answer_id, out);
        }
    }

    /// A tool call's first fragment has its name; later ones more of the arguments.
    fn call(
        &mut self,
        choice: u32,
        call: ToolCall<'_>,
        answer_id: &str,
        out: &mut Vec<StreamEvent>,
    ) {
        let arguments = call.function.as_ref().map(|f| f.arguments()).unwrap_or_default();
        let is_named = call.function.as_ref().is_some_and(|f| !f.name.is_empty());
        if let Some(position) = self.calls.position(call.index, call.id.get(), is_named) {
            if !arguments.is_empty() {
                let index = u32::try_from(position).unwrap_or(u32::MAX);
                out.push(StreamEvent::ToolArguments { choice, index, fragment: arguments });
            }
            return;
        }
        let position = self.calls.begin(call.index, &call.id.0);
        let signature = call.signature();
        let id = call
            .id
            .get()
            .map_or_else(|| wire::synthetic_call_id(answer_id, choice, position), str::to_owned);
        let name = call.function.map(|f| f.name.into_string()).unwrap_or_default();
        out.push(StreamEvent::ToolCall {
            choice,
            index: u32::try_from(position).unwrap_or(u32::MAX),
            call: ir::ToolCall { id, name, arguments, signature },
        });
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
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
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

impl Chunk<'_> {
    fn is_error(&self) -> bool {
        self.error.0 || self.object.0 == "error"
    }
}

#[derive(Deserialize)]
struct WireChoice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    finish_reason: Word<'a>,
}

/// Groq's own corner, where older versions put the usage.
#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}
