//! A streamed answer.

use std::collections::BTreeMap;

use super::finish::after_calls;
use super::response::{Candidate, InlineData, Response, parse};
use super::tool_calls::ToolCalls;
use crate::failure::Failure;
use crate::ir::{self, StreamEvent};
use crate::sse::Event;

/// Decodes one streamed answer.
///
/// Every event is a response of its own: text comes in pieces, function calls come whole, the usage
/// is that of all so far. Gemini sends no terminal marker, so this gives no [`StreamEvent::End`]: a
/// stream whose candidates all have a finish reason is complete when it closes.
#[derive(Debug, Default)]
pub struct StreamDecoder {
    /// From the first event on.
    calls: Option<ToolCalls>,
    choices: BTreeMap<u32, Choice>,
}

/// What is known of a candidate.
#[derive(Debug, Default)]
struct Choice {
    calls: u32,
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
    /// Pictures are passed on; other media have no place in a neutral stream.
    ///
    /// # Errors
    /// An error event is classed by what it says. What cannot be parsed is `Malformed`, as is what
    /// holds such media; the rest of that event is in `out` nevertheless.
    pub fn push(&mut self, event: &Event, out: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        let mut has_media = false;
        for response in parse(&event.data)? {
            has_media |= self.push_response(response, out);
        }
        if has_media {
            return Err(Failure::malformed(
                "media that are no picture in a stream, which cannot be passed on",
            ));
        }
        Ok(())
    }

    /// Gives whether there were media.
    fn push_response(&mut self, response: Response, out: &mut Vec<StreamEvent>) -> bool {
        let calls = self.calls.get_or_insert_with(|| {
            let id = response.response_id.clone().unwrap_or_default();
            let calls = ToolCalls::of_answer(&id);
            let model = response.model_version.clone().unwrap_or_default();
            out.push(StreamEvent::Start { id, model, created: response.created() });
            calls
        });
        if response.is_blocked() {
            let choice = self.choices.entry(0).or_default();
            choice.finish(0, ir::FinishReason::ContentFilter, out);
        }
        let mut has_media = false;
        for (position, candidate) in (0..).zip(response.candidates.into_iter().flatten()) {
            let index = candidate.index.unwrap_or(position);
            let choice = self.choices.entry(index).or_default();
            has_media |= choice.push(index, candidate, calls, out);
        }
        out.extend(response.usage_metadata.and_then(|u| u.usage()).map(StreamEvent::Usage));
        has_media
    }
}

impl Choice {
    /// Gives whether there were media.
    fn push(
        &mut self,
        index: u32,
        candidate: Candidate,
        calls: &mut ToolCalls,
        out: &mut Vec<StreamEvent>,
    ) -> bool {
        let mut has_media = false;
        let finish = candidate.finish();
        let before = out.len();
        for part in candidate.into_parts() {
            let is_thought = part.is_thought();
            match part.inline_data.map(InlineData::into_part) {
                Some(ir::Part::Image(picture)) => {
                    out.push(StreamEvent::Image { choice: index, picture });
                }
                Some(_) => has_media = true,
                None => {}
            }
            if let Some(call) = part.function_call {
                let call = calls.next(call, part.thought_signature);
                out.push(StreamEvent::ToolCall { choice: index, index: self.calls, call });
                self.calls = self.calls.saturating_add(1);
            } else if let Some(text) = part.text.filter(|text| !text.is_empty()) {
                out.push(if is_thought {
                    StreamEvent::Reasoning { choice: index, text }
                } else {
                    StreamEvent::Text { choice: index, text }
                });
            }
        }
        // Some relays say `STOP` with every event.
        self.is_finished &= out.len() == before;
        if let Some(reason) = finish {
            self.finish(index, reason, out);
        }
        has_media
    }

    /// Says why the candidate ended: once, and anew where it has gone on.
    fn finish(&mut self, index: u32, reason: ir::FinishReason, out: &mut Vec<StreamEvent>) {
        if !std::mem::replace(&mut self.is_finished, true) {
            let reason = after_calls(reason, self.calls > 0);
            out.push(StreamEvent::Finish { choice: index, reason });
        }
    }
}
