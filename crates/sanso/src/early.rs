//! A stream that has begun before it is known who serves it (`chain.md`, *Streams*: `commit_by`).
//!
//! After a while of silence whoever stands between may take the connection for dead. So headers go out
//! and comments keep it alive, while the chain goes on as before: failover is still unseen. What the
//! headers could not say follows as comments before the first content, and a failure is told in the
//! stream, without the terminal marker.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use sanso_wire::sse;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::Error;
use crate::exchange::Reply;
use crate::relay::{Relay, StreamEnd};
use crate::served::Served;

type Run = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send>>;

/// See the module. Poll it for the client's bytes; dropping it before its end is the client going away.
pub struct Early {
    request_id: String,
    state: State,
    /// How far apart comments are.
    pace: Duration,
    timer: Pin<Box<Sleep>>,
}

enum State {
    Waiting(Run),
    Flowing(Box<Relay>),
    Ended(StreamEnd),
}

const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

impl Early {
    pub(crate) fn new(request_id: String, run: Run, pace: Duration) -> Self {
        // The first comment goes out with the headers.
        let timer = Box::pin(sleep_until(after(Duration::ZERO)));
        Self { request_id, state: State::Waiting(run), pace, timer }
    }

    /// Names the request: all that is known of it when its headers go out.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// How it ended; `None` while it flows.
    #[must_use]
    pub fn end(&self) -> Option<StreamEnd> {
        match &self.state {
            State::Waiting(_) => None,
            State::Flowing(relay) => relay.end(),
            State::Ended(end) => Some(*end),
        }
    }

    /// The next bytes for the client: comments, then whole server-sent events. `None` at the end.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let run = match &mut self.state {
            State::Flowing(relay) => return relay.poll_chunk(cx),
            State::Ended(_) => return Poll::Ready(None),
            State::Waiting(run) => run,
        };
        if let Poll::Ready(reply) = run.as_mut().poll(cx) {
            return Poll::Ready(Some(self.begin(reply)));
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let pace = self.pace;
        self.timer.as_mut().reset(after(pace));
        // Armed anew, the timer is to wake us.
        let _ = self.timer.as_mut().poll(cx);
        Poll::Ready(Some(Bytes::from_static(KEEP_ALIVE)))
    }

    /// The gateway ends: the client is told, and no terminal marker follows.
    pub fn abort(&mut self, reason: &str) -> Bytes {
        match &mut self.state {
            State::Flowing(relay) => relay.abort(reason),
            State::Waiting(_) => {
                self.state = State::Ended(StreamEnd::Broken);
                Bytes::from(error_event(&Error::gateway_ends(reason)))
            }
            State::Ended(_) => Bytes::new(),
        }
    }

    fn begin(&mut self, reply: Result<Reply, Error>) -> Bytes {
        let mut out = Vec::new();
        match reply {
            Ok(Reply::Stream(relay)) => {
                say(relay.served(), &mut out);
                self.state = State::Flowing(relay);
            }
            Ok(Reply::Whole { body, served }) => {
                say(&served, &mut out);
                out.extend_from_slice(&body);
                self.state = State::Ended(StreamEnd::Finished);
            }
            Err(error) => {
                if let Some(served) = error.served() {
                    say(served, &mut out);
                }
                out.extend(error_event(&error));
                self.state = State::Ended(StreamEnd::Broken);
            }
        }
        out.into()
    }
}

fn error_event(error: &Error) -> Vec<u8> {
    let mut out = Vec::new();
    sse::write_data(&mut out, error.to_openai_json().as_bytes());
    out
}

/// What the headers could not say. A comment ends with its line, so no value may bring one of its own.
pub(crate) fn say(served: &Served, out: &mut Vec<u8>) {
    let attempts = served.attempts_header();
    let warnings = served.warnings.join("; ");
    let lines = [
        ("served-by", served.served_by.as_deref().unwrap_or_default()),
        ("attempts", &attempts),
        ("fallback", if served.fallback { "true" } else { "false" }),
        ("degradation", served.degradation.as_str()),
        ("warnings", &warnings),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        let value = value.replace(['\r', '\n'], " ");
        out.extend_from_slice(format!(": x-sanso-{name}: {value}\n").as_bytes());
    }
    out.push(b'\n');
}

#[expect(clippy::disallowed_methods, reason = "the pace of comments, not a decision")]
fn after(wait: Duration) -> Instant {
    Instant::now() + wait
}

impl std::fmt::Debug for Early {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Early").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}
