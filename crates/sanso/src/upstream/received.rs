//! The body of an answer, with the place that its call holds.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::shards::Place;

/// See the module.
#[derive(Debug)]
pub(crate) struct Received {
    body: Incoming,
    /// Given back when the body is dropped: until then the call has its stream or connection.
    _place: Place,
}

impl Received {
    pub(super) fn new(body: Incoming, place: Place) -> Self {
        Self { body, _place: place }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
