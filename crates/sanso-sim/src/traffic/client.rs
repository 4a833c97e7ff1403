//! One request over one connection: a minimal OpenAI client.

use std::error::Error;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use sanso_core::Duration;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::reply::{Outcome, Reply};
use crate::clock::Stopwatch;

/// More than any simulated answer, and little enough to hold.
const LARGEST_ANSWER_BYTES: usize = 4 * 1024 * 1024;

type Failure = Box<dyn Error + Send + Sync>;

/// Where the gateway is.
#[derive(Debug)]
pub(super) struct Target {
    authority: String,
    path: String,
    authorization: Option<HeaderValue>,
}

impl Target {
    pub(super) fn parse(base_url: &str, key: Option<&str>) -> io::Result<Self> {
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
        let uri: Uri = base_url.parse().map_err(|_| {
            invalid(format!("`{base_url}` is not a URL of the form http://host/v1"))
        })?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid(format!("`{base_url}` must begin with http:// and name a host")));
        };
        let port = authority.port_u16().unwrap_or(80);
        let authorization = key.map(|key| HeaderValue::from_str(&format!("Bearer {key}")));
        let mut authorization = authorization
            .transpose()
            .map_err(|_| invalid("the key holds characters that no header may hold".to_owned()))?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self {
            authority: format!("{}:{port}", authority.host()),
            path: format!("{}/chat/completions", uri.path().trim_end_matches('/')),
            authorization,
        })
    }
}

/// What to ask.
#[derive(Clone, Debug)]
pub(super) struct Question {
    number: u64,
    stream: bool,
    body: Bytes,
    timeout: Duration,
}

impl Question {
    pub(super) fn new(number: u64, model: &str, timeout: Duration) -> Self {
        let stream = number.is_multiple_of(2);
        let index = usize::try_from(number / 2).unwrap_or(0) % PROMPTS.len();
        let mut body = json!({
            "model": model,
            "messages": [{ "role": "user", "content": PROMPTS[index] }],
        });
        if stream {
            body["stream"] = Value::from(true);
        }
        Self { number, stream, body: body.to_string().into(), timeout }
    }
}

const PROMPTS: [&str; 5] = [
    "Why is the sky blue?",
    "Give me a name for a cat that sleeps on keyboards.",
    "How do I say thank you in three languages?",
    "What keeps a bridge from falling down?",
    "Write one line about the sea.",
];

pub(super) async fn ask(target: &Target, question: Question, started: Stopwatch) -> Reply {
    let clock = Stopwatch::start();
    let mut reply = Reply {
        number: question.number,
        stream: question.stream,
        asked_at: started.elapsed(),
        took: Duration::ZERO,
        first_content: None,
        outcome: Outcome::Answered,
        served_by: None,
        fallback: false,
        attempts: Vec::new(),
    };
    let limit = question.timeout;
    let outcome = timeout(limit, exchange(target, question, clock, &mut reply)).await;
    reply.took = clock.elapsed();
    reply.outcome = match outcome {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(failure)) => Outcome::Unreachable(failure.to_string()),
        Err(_) => Outcome::Unreachable(format!("no answer within {limit:?}")),
    };
    reply
}

async fn exchange(
    target: &Target,
    question: Question,
    clock: Stopwatch,
    reply: &mut Reply,
) -> Result<Outcome, Failure> {
    let stream = TcpStream::connect(&target.authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::post(&target.path)
        .header(HOST, &target.authority)
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(Full::new(question.body))?;
    if let Some(authorization) = &target.authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
    }
    let streamed = question.stream;
    let talk = async move {
        let response = sender.send_request(request).await?;
        reply.read_headers(response.headers());
        if streamed && response.status() == StatusCode::OK {
            Ok(read_stream(response, clock, reply).await)
        } else {
            read_plain(response).await
        }
    };
    // The connection moves the bytes while the talk goes on, and ends with it: when the talk is
    // over its sender is dropped.
    let (outcome, _) = tokio::join!(talk, connection);
    outcome
}

async fn read_plain(response: Response<Incoming>) -> Result<Outcome, Failure> {
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), LARGEST_ANSWER_BYTES);
    let Ok(body) = body.collect().await else {
        return Ok(Outcome::Broken("the answer broke off".to_owned()));
    };
    let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null);
    if status != StatusCode::OK {
        return Ok(Outcome::Refused { status: status.as_u16(), message: error_message(&body) });
    }
    if body.pointer("/choices/0/finish_reason").is_some_and(Value::is_string) {
        return Ok(Outcome::Answered);
    }
    Ok(Outcome::Broken("the answer has no finish reason".to_owned()))
}

async fn read_stream(
    mut response: Response<Incoming>,
    clock: Stopwatch,
    reply: &mut Reply,
) -> Outcome {
    let mut stream = Stream::default();
    while let Some(frame) = response.frame().await {
        let Ok(frame) = frame else {
            return Outcome::Broken("the connection was lost".to_owned());
        };
        let Ok(data) = frame.into_data() else { continue };
        if let Some(outcome) = stream.push(&data) {
            return outcome;
        }
        if stream.has_content && reply.first_content.is_none() {
            reply.first_content = Some(clock.elapsed());
        }
    }
    Outcome::Broken("the stream ended without [DONE]".to_owned())
}

/// Reads server-sent events of one `data` line each, which is all that OpenAI sends.
#[derive(Debug, Default)]
struct Stream {
    line: Vec<u8>,
    has_content: bool,
    has_finish: bool,
}

impl Stream {
    /// Takes some bytes; `Some` is the end.
    fn push(&mut self, bytes: &[u8]) -> Option<Outcome> {
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                if self.line.len() > LARGEST_ANSWER_BYTES {
                    return Some(Outcome::Broken("an event is too large".to_owned()));
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(outcome) = self.read_line(line.trim_ascii_end()) {
                return Some(outcome);
            }
        }
        None
    }

    fn read_line(&mut self, line: &[u8]) -> Option<Outcome> {
        let data = line.strip_prefix(b"data:")?.trim_ascii_start();
        if data == b"[DONE]" {
            return Some(if self.has_finish {
                Outcome::Answered
            } else {
                Outcome::Broken("the stream has no finish reason".to_owned())
            });
        }
        let Ok(event) = serde_json::from_slice::<Value>(data) else {
            return Some(Outcome::Broken("an event is not JSON".to_owned()));
        };
        if event.get("error").is_some() {
            return Some(Outcome::Broken(error_message(&event)));
        }
        let delta = event.pointer("/choices/0/delta");
        let says = |key: &str| {
            delta.and_then(|delta| delta.get(key)).is_some_and(|said| !said.is_null() && said != "")
        };
        self.has_content |= says("content") || says("tool_calls") || says("reasoning_content");
        self.has_finish |=
            event.pointer("/choices/0/finish_reason").is_some_and(|reason| !reason.is_null());
        None
    }
}

fn error_message(body: &Value) -> String {
    body.pointer("/error/message").and_then(Value::as_str).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(text: &str) -> Option<Outcome> {
        // Byte by byte: where the network cuts must not matter.
        let mut stream = Stream::default();
        text.as_bytes().iter().find_map(|&byte| stream.push(&[byte]))
    }

    #[test]
    fn a_stream_is_whole_only_with_finish_reason_and_done() {
        let content = r#"data: {"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}"#;
        let finish = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        let whole = format!(": hello\n\n{content}\n\n{finish}\r\n\r\ndata: [DONE]\n\n");
        assert_eq!(end_of(&whole), Some(Outcome::Answered));
        assert!(matches!(
            end_of(&format!("{content}\n\ndata: [DONE]\n\n")),
            Some(Outcome::Broken(_))
        ));
        assert_eq!(end_of(&format!("{content}\n\n{finish}\n\n")), None);
        assert_eq!(
            end_of("data: {\"error\":{\"message\":\"gone\"}}\n"),
            Some(Outcome::Broken("gone".to_owned()))
        );
    }

    #[test]
    fn streams_and_plain_calls_take_turns() {
        let streams: Vec<bool> =
            (0..4).map(|n| Question::new(n, "m", Duration::ZERO).stream).collect();
        assert_eq!(streams, [true, false, true, false]);
    }
}
