//! Neutral events to chunks of a stream, in OpenAI's order.

use std::collections::HashMap;

use serde::Serialize;

use super::completion::{
    CompletionCall, CompletionImage, CompletionThought, CompletionUsage, finish_word,
};
use super::error::write_error;
use crate::failure::Failure;
use crate::ir::{StreamEvent, Usage};
use crate::sse;

/// Writes one streamed answer as server-sent events.
///
/// The first chunk of a candidate has its role, then come its deltas, then an empty delta with the
/// finish reason; at the end the usage, if it was asked for, and `[DONE]`.
///
/// ```
/// use sanso_wire::ir::StreamEvent;
/// use sanso_wire::openai_chat::StreamEncoder;
/// let mut encoder = StreamEncoder::new("chatcmpl-1", 7, "m", false);
/// let mut out = Vec::new();
/// encoder.push(&StreamEvent::Text { choice: 0, text: "Hi".into() }, &mut out);
/// encoder.push(&StreamEvent::End, &mut out);
/// let text = String::from_utf8(out).unwrap();
/// assert_eq!(text.matches("data: ").count(), 3);
/// assert!(text.ends_with("data: [DONE]\n\n"));
/// ```
#[derive(Debug)]
pub struct StreamEncoder {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
    usage: Option<Usage>,
    /// It carries on a stream that has its name and its time.
    is_resumed: bool,
    /// Candidates whose role has been written, with the reasoning that is not signed yet.
    choices: HashMap<u32, String>,
}

impl StreamEncoder {
    /// An encoder at the start of a stream. `id`, `created` (Unix seconds) and `model` stand until
    /// the provider gives its own.
    #[must_use]
    pub fn new(id: &str, created: u64, model: &str, include_usage: bool) -> Self {
        Self {
            id: id.to_owned(),
            created,
            model: model.to_owned(),
            include_usage,
            usage: None,
            is_resumed: false,
            choices: HashMap::new(),
        }
    }

    /// An encoder that carries on a stream of one candidate which has begun: its `id` and `created`
    /// stand, its role has been said, and only the `model` may be another.
    #[must_use]
    pub fn resumed(id: &str, created: u64, model: &str, include_usage: bool) -> Self {
        let choices = HashMap::from([(0, String::new())]);
        Self { is_resumed: true, choices, ..Self::new(id, created, model, include_usage) }
    }

    /// Appends what one event becomes to `out`; nothing, for a start and for usage.
    pub fn push(&mut self, event: &StreamEvent, out: &mut Vec<u8>) {
        match event {
            StreamEvent::Start { id, model, created } => self.start(id, model, *created),
            StreamEvent::Text { choice, text } => {
                self.delta(*choice, Delta { content: Some(text), ..Delta::default() }, out);
            }
            StreamEvent::Reasoning { choice, text } => {
                let delta = Delta { reasoning_content: Some(text), ..Delta::default() };
                self.delta(*choice, delta, out);
                self.choices.entry(*choice).or_default().push_str(text);
            }
            StreamEvent::ReasoningSignature { choice, signature } => {
                let thought = self.choices.get_mut(choice).map(std::mem::take).unwrap_or_default();
                let block = [CompletionThought::new(&thought, signature)];
                let delta = Delta { thinking_blocks: Some(block), ..Delta::default() };
                self.delta(*choice, delta, out);
            }
            StreamEvent::Refusal { choice, text } => {
                self.delta(*choice, Delta { refusal: Some(text), ..Delta::default() }, out);
            }
            StreamEvent::Image { choice, picture } => {
                let images = Some([CompletionImage::new(picture)]);
                self.delta(*choice, Delta { images, ..Delta::default() }, out);
            }
            StreamEvent::ToolCall { choice, index, call } => {
                let call = CompletionCall { index: Some(*index), ..CompletionCall::new(call) };
                let delta = Delta { tool_calls: Some([Call::Begun(call)]), ..Delta::default() };
                self.delta(*choice, delta, out);
            }
            StreamEvent::ToolArguments { choice, index, fragment } => {
                let function = Fragment { arguments: fragment };
                let call = Call::Continued { index: *index, function };
                let delta = Delta { tool_calls: Some([call]), ..Delta::default() };
                self.delta(*choice, delta, out);
            }
            StreamEvent::Finish { choice, reason } => {
                self.role(*choice, false, out);
                self.chunk(*choice, Delta::default(), Some(finish_word(*reason)), out);
            }
            StreamEvent::Usage(usage) => self.usage = Some(*usage),
            StreamEvent::End => self.end(out),
        }
    }

    /// Appends one error event. Nothing may follow it: a stream that broke has no `[DONE]`. Mask
    /// secrets in the failure before.
    pub fn error(&self, failure: &Failure, out: &mut Vec<u8>) {
        sse::write_data(out, &write_error(failure));
    }

    fn start(&mut self, id: &str, model: &str, created: Option<u64>) {
        if !model.is_empty() {
            model.clone_into(&mut self.model);
        }
        if self.is_resumed {
            return;
        }
        if !id.is_empty() {
            id.clone_into(&mut self.id);
        }
        self.created = created.unwrap_or(self.created);
    }

    fn delta(&mut self, choice: u32, delta: Delta<'_>, out: &mut Vec<u8>) {
        self.role(choice, delta.tool_calls.is_some(), out);
        self.chunk(choice, delta, None, out);
    }

    /// The first chunk of a candidate. A candidate that begins with a call has null content.
    fn role(&mut self, choice: u32, is_call: bool, out: &mut Vec<u8>) {
        if self.choices.contains_key(&choice) {
            return;
        }
        self.choices.insert(choice, String::new());
        let first = First { role: "assistant", content: (!is_call).then_some(""), refusal: () };
        self.chunk(choice, first, None, out);
    }

    fn chunk(
        &self,
        index: u32,
        delta: impl Serialize,
        finish_reason: Option<&'static str>,
        out: &mut Vec<u8>,
    ) {
        let choice = ChunkChoice { index, delta, logprobs: (), finish_reason };
        self.write(&[choice], self.include_usage.then_some(None), out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(usage) = self.usage.filter(|_| self.include_usage) {
            self.write::<ChunkChoice<()>>(&[], Some(Some(usage.into())), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    /// `usage` is null on every chunk but the last where usage was asked for, absent elsewhere.
    fn write<C: Serialize>(
        &self,
        choices: &[C],
        usage: Option<Option<CompletionUsage>>,
        out: &mut Vec<u8>,
    ) {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        };
        out.extend_from_slice(b"data: ");
        let length = out.len();
        if serde_json::to_writer(&mut *out, &chunk).is_err() {
            // Strings and numbers alone cannot fail to serialise.
            out.truncate(length);
        }
        out.extend_from_slice(b"\n\n");
    }
}

#[derive(Serialize)]
struct Chunk<'a, C> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [C],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<CompletionUsage>>,
}

#[derive(Serialize)]
struct ChunkChoice<D> {
    index: u32,
    delta: D,
    logprobs: (),
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct First {
    role: &'static str,
    content: Option<&'static str>,
    refusal: (),
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_blocks: Option<[CompletionThought<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<[CompletionImage; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
}

/// Id and name come once; after them only the index says whose arguments go on.
#[derive(Serialize)]
#[serde(untagged)]
enum Call<'a> {
    Begun(CompletionCall<'a>),
    Continued { index: u32, function: Fragment<'a> },
}

#[derive(Serialize)]
struct Fragment<'a> {
    arguments: &'a str,
}
