//! Errors as the providers send them: headers and bodies around the words.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use sanso_core::{Duration, Rng};
use serde_json::{Value, json};

use super::answer::token;
use super::words::{Said, said, say, seconds};
use super::{Problem, Vendor};
use crate::clock;

/// A request that the provider refuses, with the reason in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid(String);

impl Invalid {
    pub(super) fn new(message: &str) -> Self {
        Self(message.to_owned())
    }
}

/// An error as the provider sends it.
#[derive(Debug)]
pub(super) struct ErrorAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) fn problem(
    vendor: Vendor,
    problem: &Problem,
    model: &str,
    rng: &mut Rng,
) -> ErrorAnswer {
    let mut answer = write(vendor, &say(vendor, problem, model), rng);
    if let Problem::RateLimited { retry_after: Some(wait) } = *problem {
        add_hint(vendor, wait, &mut answer.headers);
    }
    answer
}

/// The body alone, for an error inside a stream.
pub(super) fn body(vendor: Vendor, problem: &Problem, model: &str) -> Value {
    write_body(vendor, &say(vendor, problem, model), None)
}

pub(super) fn invalid(vendor: Vendor, invalid: &Invalid, rng: &mut Rng) -> ErrorAnswer {
    write(vendor, &said(vendor, 400, invalid.0.as_str()), rng)
}

pub(super) fn too_large(vendor: Vendor, rng: &mut Rng) -> ErrorAnswer {
    write(vendor, &said(vendor, 413, "Request exceeds the maximum size"), rng)
}

pub(super) fn no_such_path(
    vendor: Vendor,
    method: &Method,
    path: &str,
    rng: &mut Rng,
) -> ErrorAnswer {
    let message = match vendor {
        Vendor::OpenAi => format!("Invalid URL ({method} {path})"),
        Vendor::Anthropic => "Not Found".to_owned(),
        Vendor::Gemini => format!("The requested URL {path} was not found on this server."),
    };
    write(vendor, &said(vendor, 404, message), rng)
}

pub(super) fn missing_key(vendor: Vendor, rng: &mut Rng) -> ErrorAnswer {
    let (status, message) = match vendor {
        Vendor::OpenAi => (401, "You didn't provide an API key."),
        Vendor::Anthropic => (401, "x-api-key header is required"),
        Vendor::Gemini => (403, "Method doesn't allow unregistered callers."),
    };
    write(vendor, &said(vendor, status, message), rng)
}

fn write(vendor: Vendor, said: &Said, rng: &mut Rng) -> ErrorAnswer {
    let request_id = format!("req_{}", token(rng, 24));
    let body = write_body(vendor, said, Some(&request_id)).to_string().into();
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = HeaderMap::new();
    match vendor {
        Vendor::OpenAi => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            put(&mut headers, "x-request-id", &request_id);
        }
        Vendor::Anthropic => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            put(&mut headers, "request-id", &request_id);
        }
        Vendor::Gemini => {
            headers
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        }
    }
    ErrorAnswer { status, headers, body }
}

fn write_body(vendor: Vendor, said: &Said, request_id: Option<&str>) -> Value {
    match vendor {
        Vendor::OpenAi => json!({ "error": {
            "message": said.message, "type": said.kind, "param": said.param, "code": said.code,
        }}),
        Vendor::Anthropic => json!({
            "type": "error",
            "error": { "type": said.kind, "message": said.message },
            "request_id": request_id,
        }),
        Vendor::Gemini => {
            let mut error =
                json!({ "code": said.status, "message": said.message, "status": said.kind });
            if !said.details.is_empty() {
                error["details"] = Value::from(said.details.clone());
            }
            json!({ "error": error })
        }
    }
}

/// When to come again, in the headers of the vendor. Gemini has it in the body.
fn add_hint(vendor: Vendor, wait: Duration, headers: &mut HeaderMap) {
    let whole_seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    match vendor {
        Vendor::OpenAi => {
            put(headers, "retry-after", &whole_seconds.to_string());
            put(headers, "retry-after-ms", &wait.as_millis().to_string());
            put(headers, "x-ratelimit-limit-requests", "500");
            put(headers, "x-ratelimit-remaining-requests", "0");
            put(headers, "x-ratelimit-reset-requests", &seconds(wait));
        }
        Vendor::Anthropic => {
            put(headers, "retry-after", &whole_seconds.to_string());
            put(headers, "x-should-retry", "true");
            put(headers, "anthropic-ratelimit-requests-limit", "500");
            put(headers, "anthropic-ratelimit-requests-remaining", "0");
            let reset = clock::wall_time()
                .checked_add(Duration::from_secs(whole_seconds))
                .map(|reset| reset.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            // A moment that no calendar holds is left out: it is a hint, and a mad one.
            if let Ok(reset) = reset {
                put(headers, "anthropic-ratelimit-requests-reset", &reset);
            }
        }
        Vendor::Gemini => {}
    }
}

pub(super) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
