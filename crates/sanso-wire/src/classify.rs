//! Status, headers and body to a fault: the one place where provider errors get their kind.

use http::HeaderMap;
use jiff::Timestamp;
use sanso_core::FaultKind;

use crate::dialect::Dialect;
use crate::failure::Failure;

/// Names the fault of an answer whose status is not 2xx.
#[must_use]
pub fn response(
    _dialect: Dialect,
    status: u16,
    _headers: &HeaderMap,
    _body: &[u8],
    _now: Timestamp,
) -> Failure {
    Failure::new(FaultKind::ServerError, format!("status {status}"))
}

/// Names the fault of an error body that came with a 200, or inside a stream.
#[must_use]
pub fn error_in_200(_dialect: Dialect, _body: &[u8]) -> Failure {
    Failure::malformed("an error body")
}
