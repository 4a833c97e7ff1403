//! One upstream call, from the request to its answer or to the first content of its stream.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use sanso_core::{FaultKind, SoftReason, Spent};
use sanso_wire::ir::{Answer, FinishReason, Part, Usage};
use sanso_wire::{Dialect, Failure, openai_chat};

use crate::ask::Asked;
use crate::asking::Asking;
use crate::clock::Clock;
use crate::flow::{Flow, Opened};
use crate::mock;
use crate::target::Target;
use crate::upstream::{Pool, Received, Upstream, Witness};

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Report {
    /// A fault.
    Failed(Failure),
    /// A complete answer, in the client's dialect.
    Whole(Whole),
    /// A complete answer that is not what was wanted.
    Soft(Whole, SoftReason),
    /// A stream that has brought content.
    Flowing(Box<Flow>),
}

/// A report, and the quotas of which the answer's headers say that nothing is left.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) report: Report,
    pub(crate) spent: Vec<Spent>,
}

impl From<Report> for Told {
    fn from(report: Report) -> Self {
        Self { report, spent: Vec::new() }
    }
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Whole {
    /// OpenAI's JSON, or all of a stream's events.
    pub(crate) body: Bytes,
    pub(crate) facts: Facts,
}

/// What is worth knowing of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// Any text, reasoning, refusal or tool call.
    pub(crate) content: bool,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) usage: Option<Usage>,
}

impl Facts {
    /// A complete answer without content is soft, unless the request's own token limit or a filter
    /// ended it (`chain.md`, `Soft(empty)`).
    fn soft(&self, asked: &Asked) -> Option<SoftReason> {
        let excused = match self.finish {
            Some(FinishReason::Length) => asked.limits_tokens(),
            Some(FinishReason::ContentFilter) => true,
            Some(
                FinishReason::Stop
                | FinishReason::ToolCalls
                | FinishReason::Error
                | FinishReason::Overloaded,
            )
            | None => false,
        };
        (asked.no_empty && !self.content && !excused).then_some(SoftReason::Empty)
    }
}

/// Makes the call. Dropping the future stops it.
pub(crate) async fn run(
    upstream: &Upstream,
    (pool, witness): (Pool, Option<&Witness>),
    target: &Target,
    asked: &Asked,
    asking: &Asking,
) -> Told {
    if let Some(said) = &target.mock {
        return mock::answer(said, &target.model, asked).into();
    }
    let stream = asked.outgoing().stream;
    let body = match target.body(asked, asking) {
        Ok(body) => body,
        Err(failure) => return Report::Failed(failure).into(),
    };
    let (uri, headers) = (target.uri(stream), target.headers.clone());
    let sent = upstream.post((pool, witness), uri, headers, body).await;
    let response = match sent {
        Err(failure) => return Report::Failed(failure).into(),
        Ok(response) if !response.status().is_success() => {
            return refused(target, response).await.into();
        }
        Ok(response) => response,
    };
    let spent = sanso_wire::classify::spent(response.headers(), Clock::wall()).collect();
    let report = if stream {
        streamed(target, asked, asking, response).await
    } else {
        plain(target, asked, response).await
    };
    Told { report, spent }
}

async fn refused(target: &Target, response: Response<Received>) -> Report {
    let (head, body) = response.into_parts();
    let body = first_part(body).await;
    let status = head.status.as_u16();
    Report::Failed(target.dialect.classify(status, &head.headers, &body, Clock::wall()))
}

async fn plain(target: &Target, asked: &Asked, response: Response<Received>) -> Report {
    let answer = match collect(response.into_body(), asked.sizes.answer).await {
        Ok(body) => read(target.dialect, asked, body),
        Err(failure) => Err(failure),
    };
    match answer {
        Err(failure) => Report::Failed(failure),
        Ok((whole, answer)) => match whole.facts.finish.and_then(Failure::of_finish) {
            Some(failure) => Report::Failed(failure),
            None => judged(whole, answer.as_ref(), asked),
        },
    }
}

/// A complete answer of which the client has had nothing, as it is or as a soft fault. `answer` is
/// what it says, where there is more of it than facts.
pub(crate) fn judged(whole: Whole, answer: Option<&Answer>, asked: &Asked) -> Report {
    let checked = || asked.checks.as_ref()?.look(answer?, &asked.envelope);
    match whole.facts.soft(asked).or_else(checked) {
        Some(reason) => Report::Soft(whole, reason),
        None => Report::Whole(whole),
    }
}

async fn streamed(
    target: &Target,
    asked: &Asked,
    asking: &Asking,
    response: Response<Received>,
) -> Report {
    if !is_event_stream(&response) {
        let body = collect(response.into_body(), asked.sizes.answer).await;
        let said = body.and_then(|body| read(target.dialect, asked, body));
        return Report::Failed(said.err().unwrap_or_else(|| {
            Failure::malformed("a plain answer in place of the stream that was asked for")
        }));
    }
    match Flow::open(target.dialect, asked, asking.so_far(), response.into_body()).await {
        Opened::Failed(failure) => Report::Failed(failure),
        Opened::Flowing(flow) => Report::Flowing(flow),
        // The one who broke had said all there was to say.
        Opened::Whole(whole) if asking.so_far().is_some() => Report::Whole(whole),
        Opened::Whole(whole) => judged(whole, None, asked),
    }
}

/// Reads a complete answer: passed through where the dialects are the same, translated elsewhere.
/// One that passes is taken apart only where a check wants to know what it says.
fn read(dialect: Dialect, asked: &Asked, body: Bytes) -> Result<(Whole, Option<Answer>), Failure> {
    match dialect {
        Dialect::OpenAiChat => {
            let glance = openai_chat::glance::answer(&body)?;
            let facts =
                Facts { content: glance.has_content, finish: glance.finish, usage: glance.usage };
            let wanted = asked.checks.is_some();
            let answer = wanted.then(|| dialect.read_answer(&body).ok()).flatten();
            Ok((Whole { facts, body }, answer))
        }
        Dialect::Anthropic | Dialect::Gemini => {
            let answer = dialect.read_answer(&body)?;
            let facts = Facts {
                content: answer.choices.iter().any(|choice| choice.parts.iter().any(is_content)),
                finish: FinishReason::most_telling(
                    answer.choices.iter().filter_map(|choice| choice.finish),
                ),
                usage: answer.usage,
            };
            let body = openai_chat::write_answer(&answer, &asked.answer_id, asked.created);
            let body = Bytes::from(body);
            Ok((Whole { body, facts }, Some(answer)))
        }
    }
}

fn is_content(part: &Part) -> bool {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Reasoning { text, .. } => !text.is_empty(),
        Part::ToolCall(_) | Part::Image(_) | Part::File { .. } | Part::ToolResult { .. } => true,
    }
}

/// A missing content type is given the benefit of the doubt: the events will tell.
fn is_event_stream(response: &Response<Received>) -> bool {
    response.headers().get(http::header::CONTENT_TYPE).is_none_or(|value| {
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
}

/// Enough for any provider's error, and all that of a stream of garbage is looked at.
const ERROR_BYTES: usize = 64 * 1024;
/// The status is known already: what the body adds to it must not delay a failover.
const ERROR_WITHIN: Duration = Duration::from_secs(2);

/// What comes of an error's body in good time. Where it breaks off, the status still counts.
pub(crate) async fn first_part(mut body: Received) -> Bytes {
    let mut part = BytesMut::new();
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let data = frame.into_data().unwrap_or_default();
            let room = ERROR_BYTES - part.len();
            part.extend_from_slice(&data[..data.len().min(room)]);
            if part.len() == ERROR_BYTES {
                return;
            }
        }
    };
    // What has come when the time is over is what there is.
    let _ = tokio::time::timeout(ERROR_WITHIN, reading).await;
    part.freeze()
}

/// The whole body, or why not.
async fn collect(mut body: Received, limit: usize) -> Result<Bytes, Failure> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body.broke(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.as_ref().map_or(0, Bytes::len) + rest.len() + data.len() > limit {
            return Err(Failure::new(
                FaultKind::Malformed,
                format!("the answer is larger than {limit} bytes"),
            ));
        }
        match first {
            // Most answers come in one piece, which is passed on as it is.
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    Ok(match first {
        Some(first) if rest.is_empty() => first,
        Some(first) => [first, rest.freeze()].concat().into(),
        None => Bytes::new(),
    })
}
