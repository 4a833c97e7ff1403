//! Answers, as types.

use std::collections::VecDeque;
use std::future::poll_fn;

use bytes::Bytes;
use sanso_wire::ir::{self, Part, StreamEvent};
use sanso_wire::sse::Decoder;
use sanso_wire::{Dialect, StreamDecoder};

use crate::error::{Error, ErrorKind};
use crate::exchange::Reply;
use crate::observe::Attempt;
use crate::relay::{Relay, StreamEnd};
use crate::served::Served;

/// A complete answer, and who gave it.
#[derive(Clone, Debug)]
pub struct Answer {
    answer: ir::Answer,
    json: Bytes,
    served: Served,
}

impl Answer {
    pub(crate) fn read(json: Bytes, served: Served) -> Result<Self, Error> {
        let answer = Dialect::OpenAiChat.read_answer(&json).map_err(|failure| {
            Error::new(ErrorKind::Upstream, 502, failure.message)
                .with(|inner| inner.served = Some(Box::new(served.clone())))
        })?;
        Ok(Self { answer, json, served })
    }

    /// The text of the first candidate; empty where it only calls tools.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = self.answer.choices.first().map_or(&[][..], |choice| &choice.parts);
        let texts = parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Image(_)
            | Part::File { .. }
            | Part::Reasoning { .. }
            | Part::Refusal(_)
            | Part::ToolCall(_)
            | Part::ToolResult { .. } => None,
        });
        texts.collect()
    }

    /// The tool calls of the first candidate.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ir::ToolCall> {
        let parts = self.answer.choices.first().map_or(&[][..], |choice| &choice.parts);
        parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            Part::Text(_)
            | Part::Image(_)
            | Part::File { .. }
            | Part::Reasoning { .. }
            | Part::Refusal(_)
            | Part::ToolResult { .. } => None,
        })
    }

    /// The model by the provider's own word: who asks for one and gets another can see it.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.answer.model
    }

    /// Tokens used, where the provider says.
    #[must_use]
    pub fn usage(&self) -> Option<ir::Usage> {
        self.answer.usage
    }

    /// Everything, in neutral form.
    #[must_use]
    pub fn parts(&self) -> &ir::Answer {
        &self.answer
    }

    /// OpenAI's JSON.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// `provider/model` of the deployment that answered.
    #[must_use]
    pub fn served_by(&self) -> &str {
        self.served.served_by.as_deref().unwrap_or_default()
    }

    /// Every call that was made for it, in order.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.served.attempts
    }

    /// Who served it, in full.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }
}

/// A streamed answer: a sequence of events, of which the first content is at hand.
///
/// Dropping it before its end stops the call.
#[derive(Debug)]
pub struct AnswerStream {
    source: Source,
    decoder: Decoder,
    events: StreamDecoder,
    ready: VecDeque<StreamEvent>,
    /// Why there is no more after what is ready.
    broken: Option<Error>,
}

#[derive(Debug)]
enum Source {
    Whole(Option<Bytes>, Box<Served>),
    Relay(Box<Relay>),
}

/// Our own events are small; this only bounds a bug.
const EVENT_BYTES: usize = 64 * 1024 * 1024;

impl AnswerStream {
    pub(crate) fn new(reply: Reply) -> Self {
        let source = match reply {
            Reply::Whole { body, served } => Source::Whole(Some(body), served),
            Reply::Stream(relay) => Source::Relay(relay),
        };
        Self {
            source,
            decoder: Decoder::new(EVENT_BYTES),
            events: Dialect::OpenAiChat.stream_decoder(),
            ready: VecDeque::new(),
            broken: None,
        }
    }

    /// Who serves it.
    #[must_use]
    pub fn served(&self) -> &Served {
        match &self.source {
            Source::Whole(_, served) => served,
            Source::Relay(relay) => relay.served(),
        }
    }

    /// The next event; `None` after the last of a complete answer.
    ///
    /// # Errors
    /// The answer broke: what came before is not all of it. Said again where it is asked again.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if let Some(error) = &self.broken {
                return Err(error.clone());
            }
            match self.chunk().await {
                Some(chunk) => self.broken = self.read(chunk).err(),
                None if self.is_broken() => self.broken = Some(broken("the stream broke")),
                None => return Ok(None),
            }
        }
    }

    /// Takes in events up to the first that tells of a break.
    fn read(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.decoder.push(chunk);
        while let Some(event) = self.decoder.next_event() {
            let event = event.map_err(|error| broken(&error.to_string()))?;
            let mut events = Vec::new();
            let read = self.events.push(&event, &mut events);
            self.ready.extend(events);
            read.map_err(|failure| broken(&failure.message))?;
        }
        Ok(())
    }

    fn is_broken(&self) -> bool {
        match &self.source {
            Source::Whole(..) => false,
            Source::Relay(relay) => relay.end() == Some(StreamEnd::Broken),
        }
    }

    async fn chunk(&mut self) -> Option<Bytes> {
        match &mut self.source {
            Source::Whole(body, _) => body.take(),
            Source::Relay(relay) => poll_fn(|cx| relay.poll_chunk(cx)).await,
        }
    }
}

fn broken(message: &str) -> Error {
    Error::new(ErrorKind::Broken, 502, message.to_owned())
}
