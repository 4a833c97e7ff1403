//! The body of an answer, with the place that its call holds.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use sanso_wire::Failure;

use super::shards::Place;

/// See the module.
#[derive(Debug)]
pub(crate) struct Received {
    body: Incoming,
    /// The connection that it comes over.
    connection: Option<u64>,
    /// Given back when the body is dropped: until then the call has its stream or connection.
    _place: Place,
}

impl Received {
    pub(super) fn new(body: Incoming, place: Place, connection: Option<u64>) -> Self {
        Self { body, connection, _place: place }
    }

    /// A body over a connection that a test holds.
    #[cfg(test)]
    pub(crate) fn of_test(body: Incoming) -> Self {
        let (_, place) = super::shards::Shards::new([()]).take().expect("there is one");
        Self::new(body, place, None)
    }

    /// Names an error of its reading.
    pub(crate) fn broke(&self, error: &hyper::Error) -> Failure {
        let mut failure = super::name_body_error(error);
        let stream = super::find::<h2::Error>(error);
        let is_whole_connection = stream.is_none_or(super::http2::ends_connection);
        failure.fault.connection = self.connection.filter(|_| is_whole_connection);
        failure
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
