//! Chunks of a stream to neutral events.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

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
    /// The tool calls begun, by their position.
    calls: Vec<Slot>,
    is_finished: bool,
}

/// A tool call that has begun.
#[derive(Debug)]
struct Slot {
    /// The server's index, where it gives one.
    index: Option<u32>,
    /// The server's id; empty where it gives none.
    id: String,
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
                // A stream has no event for pictures; the others are not found in content.
                Part::Reasoning { .. }
                | Part::Image(_)
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
        if let Some(position) = self.position(&call) {
            if !arguments.is_empty() {
                let index = u32::try_from(position).unwrap_or(u32::MAX);
                out.push(StreamEvent::ToolArguments { choice, index, fragment: arguments });
            }
            return;
        }
        let position = self.calls.len();
        self.calls.push(Slot { index: call.index, id: call.id.0.clone().into_owned() });
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

    /// Which of the calls begun a fragment belongs to; none where it begins another.
    ///
    /// The index tells, unless a server gives all its calls the same one: then a new id with a name
    /// begins a new call. Without an index a known id tells; a new id or a name begins a call; what
    /// has neither continues the last one.
    fn position(&self, call: &ToolCall<'_>) -> Option<usize> {
        let is_named = call.function.as_ref().is_some_and(|f| !f.name.is_empty());
        let id = call.id.get();
        let by_id = || id.and_then(|id| self.calls.iter().rposition(|slot| slot.id == id));
        if call.index.is_some() {
            let position = self.calls.iter().rposition(|slot| slot.index == call.index)?;
            let is_other =
                id.is_some_and(|id| self.calls.get(position).is_some_and(|s| s.id != id));
            return if is_named && is_other { by_id() } else { Some(position) };
        }
        if id.is_some() {
            return by_id();
        }
        if is_named { None } else { self.calls.len().checked_sub(1) }
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
