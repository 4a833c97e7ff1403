//! `POST /v1/chat/completions`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use sanso::{Early, Relay, Relayed, Served};

use super::error::{self, ApiError};
use super::{App, Shared, auth, body, headers};
use crate::drain::{Drain, InFlight};

/// With and without `/v1`.
pub(super) const PATHS: [&str; 2] = ["/v1/chat/completions", "/chat/completions"];

pub(super) async fn completions(State(App(app)): State<App>, request: Request) -> Response {
    let mut arrival = app.gateway.arrive();
    let (head, incoming) = request.into_parts();
    arrival.deadline = headers::deadline(&head.headers);
    arrival.is_retry = headers::is_retry(&head.headers);
    arrival.task = headers::task(&head.headers);
    arrival = arrival.from_key(auth::sent(&head.headers));
    let in_flight = app.drain.enter();
    let asked = match take(&app, &head.headers, incoming).await {
        Ok(asked) => asked,
        Err(refused) => return error::named(refused, &app.gateway),
    };
    match app.gateway.relay(asked, arrival).await {
        Ok(Relayed::Whole { body, served, stream }) => whole(body, &served, stream),
        Ok(Relayed::Stream(relay)) => {
            let served = relay.served().clone();
            let body = StreamBody::new(Chunks::Relay(relay), in_flight, &app.drain);
            streamed(body, |out| headers::write(&served, out))
        }
        Ok(Relayed::Early(early)) => {
            let id = HeaderValue::from_str(early.request_id());
            let body = StreamBody::new(Chunks::Early(early), in_flight, &app.drain);
            streamed(body, |out| out.extend(id.map(|id| (headers::named(), id))))
        }
        Err(failure) => error::failed(&failure, &app.gateway),
    }
}

/// The body of a request that may ask.
async fn take(app: &Shared, headers: &HeaderMap, incoming: Body) -> Result<Bytes, ApiError> {
    auth::check(app.key.as_ref(), headers)?;
    body::read(incoming, app.body_limit).await
}

fn whole(body: Bytes, served: &Served, stream: bool) -> Response {
    let content_type = if stream { EVENT_STREAM } else { "application/json" };
    respond(Body::from(body), content_type, served)
}

fn streamed(body: StreamBody, say: impl FnOnce(&mut HeaderMap)) -> Response {
    let mut response = Response::new(Body::new(body));
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    say(out);
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx in front of us would gather events otherwise.
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

fn respond(body: Body, content_type: &'static str, served: &Served) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers::write(served, out);
    response
}

/// A stream, begun with its first content or before it.
enum Chunks {
    Relay(Box<Relay>),
    Early(Box<Early>),
}

/// A stream as a body. Dropping it, as the server does when the client has gone, stops the call. A
/// break is told by an error event without the terminal marker, so the body itself ends well.
struct StreamBody {
    chunks: Chunks,
    /// The process ends: what still flows is told so.
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_cut: bool,
    _in_flight: InFlight,
}

impl StreamBody {
    fn new(chunks: Chunks, in_flight: InFlight, drain: &Drain) -> Self {
        Self { chunks, cut: Box::pin(drain.clone().cuts()), is_cut: false, _in_flight: in_flight }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.is_cut {
            return Poll::Ready(None);
        }
        if self.cut.as_mut().poll(cx).is_ready() {
            const REASON: &str = "the gateway is being stopped; ask again";
            self.is_cut = true;
            let last = match &mut self.chunks {
                Chunks::Relay(relay) => relay.abort(REASON),
                Chunks::Early(early) => early.abort(REASON),
            };
            return Poll::Ready(Some(last));
        }
        match &mut self.chunks {
            Chunks::Relay(relay) => relay.poll_chunk(cx),
            Chunks::Early(early) => early.poll_chunk(cx),
        }
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
