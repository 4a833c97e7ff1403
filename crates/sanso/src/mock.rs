//! LiteLLM's `mock_response`: a deployment that answers from the configuration, and calls no one.
//!
//! Its retries, fallbacks and breaker are those of any other, so that a chain can be tried out
//! without a provider.

use bytes::Bytes;
use sanso_core::FaultKind;
use sanso_wire::Failure;
use sanso_wire::ir::{self, Choice, FinishReason, Part, StreamEvent, Usage};
use sanso_wire::openai_chat::{StreamEncoder, write_answer};

use crate::ask::Asked;
use crate::call::{self, Facts, Report, Whole};

/// What LiteLLM counts for a canned answer, whatever it says.
const USAGE: Usage =
    Usage { prompt: 10, completion: 20, cached: None, cache_write: None, reasoning: None };

/// `said` as the answer of `model`, or as the failure that it names.
pub(crate) fn answer(said: &str, model: &str, asked: &Asked) -> Report {
    if let Some(failure) = failure(said) {
        return Report::Failed(failure);
    }
    let (answer, whole) = spoken(said, model, USAGE, asked);
    call::judged(whole, Some(&answer), asked)
}

/// `said` as a complete answer, plain or as a stream, as it was asked for.
pub(crate) fn spoken(said: &str, model: &str, usage: Usage, asked: &Asked) -> (ir::Answer, Whole) {
    let facts =
        Facts { content: !said.is_empty(), finish: Some(FinishReason::Stop), usage: Some(usage) };
    let answer = neutral(said, model, usage);
    let body = if asked.envelope.stream {
        stream(said, model, usage, asked)
    } else {
        write_answer(&answer, &asked.answer_id, asked.created)
    };
    (answer, Whole { body: Bytes::from(body), facts })
}

/// The texts that stand for failures, as LiteLLM has them.
fn failure(said: &str) -> Option<Failure> {
    let (kind, status, code, message) = match said {
        "litellm.RateLimitError" => {
            (FaultKind::RateLimited, 429, "rate_limit_exceeded", "a mock rate limit")
        }
        "litellm.ContextWindowExceededError" => {
            (FaultKind::ContextWindow, 400, "context_length_exceeded", "a mock of a long prompt")
        }
        "litellm.InternalServerError" => {
            (FaultKind::ServerError, 500, "internal_server_error", "a mock server error")
        }
        said if said.starts_with("Exception: content_filter_policy") => {
            (FaultKind::ContentPolicy, 400, "content_filter", "a mock refusal by a filter")
        }
        // It fails before its first chunk there, so that it can be rescued here.
        said if said.starts_with("Exception: mock_streaming_error") => {
            (FaultKind::Overloaded, 529, "overloaded_error", "a mock of a stream that fails")
        }
        _ => return None,
    };
    let mut failure = Failure::new(kind, format!("{message} (`mock_response`)"));
    failure.fault = failure.fault.with_status(status);
    failure.code = Some(code.to_owned());
    Some(failure)
}

fn neutral(said: &str, model: &str, usage: Usage) -> ir::Answer {
    let choice = Choice {
        index: 0,
        parts: vec![Part::Text(said.to_owned())],
        finish: Some(FinishReason::Stop),
    };
    ir::Answer {
        model: model.to_owned(),
        choices: vec![choice],
        usage: Some(usage),
        ..ir::Answer::default()
    }
}

/// All events at once: there is no one to wait for.
fn stream(said: &str, model: &str, usage: Usage, asked: &Asked) -> Vec<u8> {
    let include_usage = asked.envelope.include_usage;
    let mut encoder = StreamEncoder::new(&asked.answer_id, asked.created, model, include_usage);
    let words = said.split_inclusive(' ');
    let texts = words.map(|word| StreamEvent::Text { choice: 0, text: word.to_owned() });
    let end = [
        StreamEvent::Finish { choice: 0, reason: FinishReason::Stop },
        StreamEvent::Usage(usage),
        StreamEvent::End,
    ];
    let mut out = Vec::new();
    texts.chain(end).for_each(|event| encoder.push(&event, &mut out));
    out
}
