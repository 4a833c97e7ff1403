//! What HTTP/2 says of a call that got no answer: there, one stream can fail and its connection live.

use h2::{Error, Reason};
use sanso_core::{ConnectionFault, FaultKind};
use sanso_wire::Failure;

/// Names what became of a stream. `None`: its connection was lost, as one of HTTP/1.1 is.
///
/// What the provider says it has not looked at is redone free: a refused stream, and one that came
/// after the last of a GOAWAY without an error (RFC 9113, sections 6.8 and 8.7).
pub(super) fn name(error: &Error, connection: Option<u64>) -> Option<Failure> {
    let reason = error.reason()?;
    let unseen = match error.is_reset() {
        true => reason == Reason::REFUSED_STREAM,
        false => error.is_go_away() && reason == Reason::NO_ERROR,
    };
    let mut failure = if error.is_library() {
        Failure::malformed(format!("not an HTTP/2 answer: {error}"))
    } else if !error.is_remote() {
        return None;
    } else {
        let kind = match reason {
            Reason::ENHANCE_YOUR_CALM => FaultKind::Overloaded,
            _ if unseen => FaultKind::Connection(ConnectionFault::Reused),
            _ => FaultKind::Connection(ConnectionFault::Lost),
        };
        Failure::new(kind, format!("no answer over HTTP/2: {error}"))
    };
    failure.fault.connection = connection.filter(|_| ends_connection(error));
    Some(failure)
}

/// Whether other calls of the connection are lost with this one.
pub(super) fn ends_connection(error: &Error) -> bool {
    !error.is_reset()
}
