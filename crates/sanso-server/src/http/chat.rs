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
use sanso::{Relay, Relayed, Served};

use super::error::{self, ApiError};
use super::{App, Shared, auth, body, headers};
use crate::drain::InFlight;

/// With and without `/v1`.
pub(super) const PATHS: [&str; 2] = ["/v1/chat/completions", "/chat/completions"];

pub(super) async fn completions(State(App(app)): State<App>, request: Request) -> Response {
    let mut arrival = app.gateway.arrive();
    let (head, incoming) = request.into_parts();
    arrival.deadline = headers::deadline(&head.headers);
    arrival.is_retry = headers::is_retry(&head.headers);
    let in_flight = app.drain.enter();
    let asked = match take(&app, &head.headers, incoming).await {
        Ok(asked) => asked,
        Err(refused) => return error::named(refused, &app.gateway),
    };
    match app.gateway.relay(asked, arrival).await {
        Ok(Relayed::Whole { body, served, stream }) => whole(body, &served, stream),
        Ok(Relayed::Stream(relay)) => streamed(relay, in_flight),
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

fn streamed(relay: Box<Relay>, in_flight: InFlight) -> Response {
    let served = relay.served().clone();
    let mut response =
        respond(Body::new(RelayBody { relay, _in_flight: in_flight }), EVENT_STREAM, &served);
    let out = response.headers_mut();
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

/// A relayed stream as a body. Dropping it, as the server does when the client has gone, stops the
/// call. A break is told by an error event without the terminal marker, so the body itself ends
/// well.
struct RelayBody {
    relay: Box<Relay>,
    _in_flight: InFlight,
}

impl http_body::Body for RelayBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.relay.poll_chunk(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
