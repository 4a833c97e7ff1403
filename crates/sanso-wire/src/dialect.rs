//! The wire formats that sanso speaks, behind one name each.

use http::HeaderMap;
use jiff::Timestamp;

use crate::failure::Failure;
use crate::ir;
use crate::sse::Event;
use crate::{anthropic, classify, gemini, openai_chat};

/// A provider's wire format for chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `POST {base}/chat/completions` of OpenAI and of the many that follow it.
    OpenAiChat,
    /// `POST {base}/v1/messages` of Anthropic.
    Anthropic,
    /// `POST {base}/models/{model}:generateContent` of Gemini.
    Gemini,
}

impl Dialect {
    /// The path, with query, under the deployment's base URL.
    #[must_use]
    pub fn path(self, model: &str, stream: bool) -> String {
        match self {
            Self::OpenAiChat => openai_chat::path(),
            Self::Anthropic => anthropic::path(),
            Self::Gemini => gemini::path(model, stream),
        }
    }

    /// The body of an upstream request.
    ///
    /// # Errors
    /// What the dialect cannot express; a `BadRequest` failure that names the parameter.
    pub fn write_request(self, request: &ir::Request, model: &str) -> Result<Vec<u8>, Failure> {
        match self {
            Self::OpenAiChat => openai_chat::write_request(request, model),
            Self::Anthropic => anthropic::write_request(request, model),
            Self::Gemini => gemini::write_request(request, model),
        }
    }

    /// The complete answer in the body of a 200.
    ///
    /// # Errors
    /// An error body is classed by what it says; all else that is not an answer is `Malformed`.
    pub fn read_answer(self, body: &[u8]) -> Result<ir::Answer, Failure> {
        match self {
            Self::OpenAiChat => openai_chat::read_answer(body),
            Self::Anthropic => anthropic::read_answer(body),
            Self::Gemini => gemini::read_answer(body),
        }
    }

    /// A decoder for one streamed answer.
    #[must_use]
    pub fn stream_decoder(self) -> StreamDecoder {
        match self {
            Self::OpenAiChat => StreamDecoder::OpenAiChat(openai_chat::StreamDecoder::new()),
            Self::Anthropic => StreamDecoder::Anthropic(anthropic::StreamDecoder::new()),
            Self::Gemini => StreamDecoder::Gemini(gemini::StreamDecoder::new()),
        }
    }

    /// Names the fault of an answer whose status is not 2xx. `now` is the wall clock, for hints that
    /// are dates.
    #[must_use]
    pub fn classify(
        self,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Failure {
        classify::response(self, status, headers, body, now)
    }
}

/// Turns the server-sent events of one streamed answer into neutral events.
#[derive(Debug)]
#[expect(missing_docs, reason = "one variant per dialect")]
pub enum StreamDecoder {
    OpenAiChat(openai_chat::StreamDecoder),
    Anthropic(anthropic::StreamDecoder),
    Gemini(gemini::StreamDecoder),
}

impl StreamDecoder {
    /// Decodes one event and appends what it says to `out`.
    ///
    /// # Errors
    /// An error event is classed by what it says; what cannot be parsed is `Malformed`. The decoder
    /// stays usable, so that a coherent stream can skip a malformed event.
    pub fn push(&mut self, event: &Event, out: &mut Vec<ir::StreamEvent>) -> Result<(), Failure> {
        match self {
            Self::OpenAiChat(decoder) => decoder.push(event, out),
            Self::Anthropic(decoder) => decoder.push(event, out),
            Self::Gemini(decoder) => decoder.push(event, out),
        }
    }
}
