//! OpenAI's error object.

use sanso_core::FaultKind;
use serde::Serialize;

use crate::failure::Failure;

#[derive(Serialize)]
struct Body<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// Writes `{"error": {message, type, param, code}}`. What the provider said goes out as it is: mask
/// secrets in the failure before.
#[must_use]
pub fn write_error(failure: &Failure) -> Vec<u8> {
    let error = Error {
        message: &failure.message,
        r#type: failure.kind.as_deref().unwrap_or_else(|| kind_word(failure.fault.kind)),
        param: failure.param.as_deref(),
        code: failure.code.as_deref(),
    };
    // Strings alone cannot fail to serialise.
    serde_json::to_vec(&Body { error }).unwrap_or_default()
}

/// OpenAI's `type` for a fault whose provider gave none.
const fn kind_word(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::RateLimited => "rate_limit_error",
        FaultKind::QuotaExhausted => "insufficient_quota",
        FaultKind::ContextWindow
        | FaultKind::ContentPolicy
        | FaultKind::NotFound
        | FaultKind::BadRequest => "invalid_request_error",
        FaultKind::Overloaded
        | FaultKind::ServerError
        | FaultKind::Timeout(_)
        | FaultKind::Connection(_)
        | FaultKind::Malformed
        | FaultKind::Broken
        | FaultKind::Authentication
        | FaultKind::Soft(_)
        | FaultKind::Cancelled => "server_error",
    }
}
