//! A streamed Messages answer.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Block, Counts, finish_reason, parse, proof};
use crate::classify;
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::ir::{StreamEvent, ToolCall};
use crate::sse::Event;

/// Decodes one streamed answer. There is one candidate only, so `choice` is always 0.
#[derive(Debug, Default)]
pub struct StreamDecoder {
    /// Of `message_start`, overridden by `message_delta`.
    counts: Counts,
    /// The client's tool calls begun so far.
    calls: u32,
    /// Blocks that have begun and not ended; in practice one at most.
    open: Vec<Open>,
    finished: bool,
}

#[derive(Debug)]
struct Open {
    /// The provider's number of the block, which counts blocks of all types.
    block: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A thought; whether any of its text came.
    Thinking { visible: bool },
    /// A tool call. `unsent` is what its arguments are if no fragment ever comes.
    Call { index: u32, unsent: Option<String> },
}

/// Any event: `type` says which; the `event:` line only repeats it, and relays leave it out.
#[derive(Debug, Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    index: u64,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
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
    /// An `error` event is classed by what it says; what cannot be parsed is `Malformed`, and
    /// the decoder stays usable. Pings and events of unknown type are neither.
    pub fn push(&mut self, event: &Event, out: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        let data = event.data.trim_ascii();
        // Relays that speak OpenAI's dialect too add OpenAI's terminal marker to ours.
        if data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let wire: Wire<'_> = match serde_json::from_slice(data) {
            Ok(wire) => wire,
            Err(_) if event.name == "error" => {
                return Err(classify::error_in_200(Dialect::Anthropic, data));
            }
            Err(error) => {
                return Err(Failure::malformed(format!(
                    "a stream event that cannot be read: {error}"
                )));
            }
        };
        match wire.r#type.as_ref() {
            "message_start" => self.start(wire.message, out)?,
            "content_block_start" => self.open(wire.index, wire.content_block, out)?,
            "content_block_delta" => self.advance(wire.index, wire.delta, out)?,
            "content_block_stop" => self.close(Some(wire.index), out),
            "message_delta" => self.finish(wire.delta, wire.usage, out)?,
            "message_stop" => {
                self.close(None, out);
                out.push(StreamEvent::End);
            }
            "error" => return Err(classify::error_in_200(Dialect::Anthropic, data)),
            // Ping, and what is newer than this code.
            _ => {}
        }
        Ok(())
    }

    fn start(
        &mut self,
        message: Option<&RawValue>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(default)]
            id: Option<String>,
            #[serde(default)]
            model: Option<String>,
            #[serde(borrow, default)]
            usage: Option<&'a RawValue>,
        }
        let message: Message<'_> = parse(required(message, "message_start")?, "a message_start")?;
        self.counts.update(message.usage);
        out.push(StreamEvent::Start {
            id: message.id.unwrap_or_default(),
            model: message.model.unwrap_or_default(),
            created: None,
        });
        Ok(())
    }

    fn open(
        &mut self,
        block: u64,
        content: Option<&RawValue>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Failure> {
        match Block::read(required(content, "content_block_start")?)? {
            Block::Text(text) => push_text(text, out),
            Block::Thinking { text, signature } => {
                let visible = !text.is_empty();
                self.open.push(Open { block, state: State::Thinking { visible } });
                push_thought(text, out);
                push_signature(signature, visible, out);
            }
            Block::Redacted { data } => {
                out.push(StreamEvent::ReasoningSignature { choice: 0, signature: data });
            }
            Block::ToolUse { id, name, input } => {
                let index = self.calls;
                self.calls += 1;
                self.open.push(Open { block, state: State::Call { index, unsent: Some(input) } });
                let call = ToolCall { id, name, arguments: String::new(), signature: None };
                out.push(StreamEvent::ToolCall { choice: 0, index, call });
            }
            Block::Other => {}
        }
        Ok(())
    }

    fn advance(
        &mut self,
        block: u64,
        delta: Option<&RawValue>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Failure> {
        #[derive(Deserialize)]
        #[serde(tag = "type")]
        enum Delta {
            #[serde(rename = "text_delta")]
            Text { text: String },
            #[serde(rename = "input_json_delta")]
            Input { partial_json: String },
            #[serde(rename = "thinking_delta")]
            Thinking { thinking: String },
            #[serde(rename = "signature_delta")]
            Signature { signature: String },
            /// `citations_delta`, `compaction_delta`, and what is newer than this code.
            #[serde(other)]
            Other,
        }
        let delta: Delta = parse(required(delta, "content_block_delta")?, "a delta")?;
        let state =
            self.open.iter_mut().find(|open| open.block == block).map(|open| &mut open.state);
        match (delta, state) {
            (Delta::Text { text }, _) => push_text(text, out),
            (Delta::Input { partial_json }, Some(State::Call { index, unsent })) => {
                // The first fragment is often empty, and may be the only one.
                if !partial_json.is_empty() {
                    *unsent = None;
                    let index = *index;
                    out.push(StreamEvent::ToolArguments {
                        choice: 0,
                        index,
                        fragment: partial_json,
                    });
                }
            }
            (Delta::Thinking { thinking }, state) => {
                if let Some(State::Thinking { visible }) = state {
                    *visible |= !thinking.is_empty();
                }
                push_thought(thinking, out);
            }
            (Delta::Signature { signature }, Some(State::Thinking { visible })) => {
                push_signature(signature, *visible, out);
            }
            // Input of the provider's own tools, and deltas of blocks that never began.
            (Delta::Input { .. } | Delta::Signature { .. } | Delta::Other, _) => {}
        }
        Ok(())
    }

    /// Ends `block`, or all.
    fn close(&mut self, block: Option<u64>, out: &mut Vec<StreamEvent>) {
        self.open.retain_mut(|open| {
            if block.is_some_and(|block| block != open.block) {
                return true;
            }
            if let State::Call { index, unsent: Some(fragment) } = &mut open.state {
                let (index, fragment) = (*index, std::mem::take(fragment));
                out.push(StreamEvent::ToolArguments { choice: 0, index, fragment });
            }
            false
        });
    }

    fn finish(
        &mut self,
        delta: Option<&RawValue>,
        usage: Option<&RawValue>,
        out: &mut Vec<StreamEvent>,
    ) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Delta<'a> {
            #[serde(borrow, default)]
            stop_reason: Option<Cow<'a, str>>,
        }
        self.counts.update(usage);
        let reason = match delta {
            Some(raw) => parse::<Delta<'_>>(raw, "a message_delta")?.stop_reason,
            None => None,
        };
        if let Some(word) = reason
            && !self.finished
        {
            self.finished = true;
            self.close(None, out);
            out.push(StreamEvent::Finish { choice: 0, reason: finish_reason(&word) });
        }
        out.extend(self.counts.usage().map(StreamEvent::Usage));
        Ok(())
    }
}

fn required<'a>(member: Option<&'a RawValue>, event: &str) -> Result<&'a RawValue, Failure> {
    member.ok_or_else(|| Failure::malformed(format!("a {event} event without its content")))
}

fn push_text(text: String, out: &mut Vec<StreamEvent>) {
    if !text.is_empty() {
        out.push(StreamEvent::Text { choice: 0, text });
    }
}

fn push_thought(text: String, out: &mut Vec<StreamEvent>) {
    if !text.is_empty() {
        out.push(StreamEvent::Reasoning { choice: 0, text });
    }
}

fn push_signature(signature: String, visible: bool, out: &mut Vec<StreamEvent>) {
    if !signature.is_empty() {
        let signature = proof(signature, visible);
        out.push(StreamEvent::ReasoningSignature { choice: 0, signature });
    }
}
