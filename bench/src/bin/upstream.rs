//! A provider that costs next to nothing: a fixed answer, or tokens at an interval.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use sanso_bench::args::Args;
use sanso_bench::chat::{self, Ask};
use sanso_bench::serve::{MAX_BODY, serve};
use sanso_bench::{Outcome, on_one_thread};
use tokio::time::{Instant, Sleep};

/// More tokens than any real answer has; a request cannot make a stream longer.
const MAX_TOKENS: u32 = 100_000;

fn main() -> Outcome {
    let args = Args::read(&["port", "answer-bytes", "tokens", "interval-ms"])?;
    let provider = Provider {
        answer: chat::answer(args.get("answer-bytes", 1024)?),
        tokens: args.get("tokens", 100)?,
        interval: Duration::from_millis(args.get("interval-ms", 10)?),
    };
    let port = args.get("port", 0)?;
    on_one_thread(serve(port, move |request| reply(provider.clone(), request)))
}

#[derive(Clone)]
struct Provider {
    answer: Bytes,
    tokens: u32,
    interval: Duration,
}

type Reply = Response<Either<Full<Bytes>, Tokens>>;

async fn reply(provider: Provider, request: Request<Incoming>) -> Outcome<Reply> {
    if request.method() == Method::GET {
        return Ok(whole(StatusCode::OK, Bytes::from_static(b"{}")));
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await?.to_bytes();
    let Ok(ask) = serde_json::from_slice::<Ask>(&body) else {
        let error = br#"{"error":{"message":"not a chat","type":"invalid_request_error"}}"#;
        return Ok(whole(StatusCode::BAD_REQUEST, Bytes::from_static(error)));
    };
    if !ask.stream {
        return Ok(whole(StatusCode::OK, provider.answer));
    }
    let left = ask.max_tokens.unwrap_or(provider.tokens).min(MAX_TOKENS);
    let mut reply = Response::new(Either::Right(Tokens::new(left, provider.interval)));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // What real providers send so that nginx passes each chunk on as it comes.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(reply)
}

fn whole(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// The body of a stream: the first token at once, each other an interval later, then the end.
struct Tokens {
    left: u32,
    ended: bool,
    interval: Duration,
    due: Pin<Box<Sleep>>,
}

impl Tokens {
    fn new(left: u32, interval: Duration) -> Self {
        Self { left, ended: false, interval, due: Box::pin(tokio::time::sleep(Duration::ZERO)) }
    }

    fn next(&mut self, now: Instant) -> Option<Bytes> {
        if self.left > 0 {
            self.left -= 1;
            // From when it was due, not from now: lateness must not stretch the stream.
            let last_due = self.due.deadline().max(now - self.interval);
            self.due.as_mut().reset(last_due + self.interval);
            return Some(chat::chunk());
        }
        let end = Bytes::from_static(chat::STREAM_END.as_bytes());
        (!std::mem::replace(&mut self.ended, true)).then_some(end)
    }
}

impl Body for Tokens {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // The timer counts whole milliseconds, so what is due already must not ask it.
        let now = Instant::now();
        if self.left > 0 && self.due.deadline() > now {
            ready!(self.due.as_mut().poll(context));
        }
        Poll::Ready(self.next(now).map(|bytes| Ok(Frame::data(bytes))))
    }
}
