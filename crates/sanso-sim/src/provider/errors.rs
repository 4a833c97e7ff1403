//! What each provider says when it does not answer: status, headers and body of every problem.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use sanso_core::{Duration, Rng};
use serde_json::{Value, json};

use super::answer::token;
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

/// An error in terms that every format can be written from.
struct Said {
    status: u16,
    /// `error.type`; at Gemini `error.status`.
    kind: &'static str,
    /// OpenAI alone.
    code: Option<&'static str>,
    /// OpenAI alone.
    param: Option<&'static str>,
    message: String,
    /// Gemini alone.
    details: Vec<Value>,
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
    write(vendor, &said(vendor, 400, invalid.0.clone()), rng)
}

pub(super) fn too_large(vendor: Vendor, rng: &mut Rng) -> ErrorAnswer {
    write(vendor, &said(vendor, 413, "Request exceeds the maximum size".into()), rng)
}

pub(super) fn no_such_path(vendor: Vendor, path: &str, rng: &mut Rng) -> ErrorAnswer {
    let message = match vendor {
        Vendor::OpenAi => format!("Invalid URL (POST {path})"),
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
    write(vendor, &said(vendor, status, message.to_owned()), rng)
}

fn say(vendor: Vendor, problem: &Problem, model: &str) -> Said {
    match (vendor, *problem) {
        (_, Problem::RateLimited { retry_after }) => rate_limited(vendor, retry_after, model),
        (Vendor::OpenAi, Problem::QuotaExhausted) => Said {
            kind: "insufficient_quota",
            code: Some("insufficient_quota"),
            ..said(
                vendor,
                429,
                text(
                    "You exceeded your current quota, please check your plan and billing details.",
                ),
            )
        },
        (Vendor::Anthropic, Problem::QuotaExhausted) => {
            said(vendor, 400, text("Your credit balance is too low to access the Anthropic API."))
        }
        (Vendor::Gemini, Problem::QuotaExhausted) => Said {
            details: vec![quota_failure("PerDay", model)],
            ..said(vendor, 429, gemini_quota())
        },
        (Vendor::OpenAi | Vendor::Gemini, Problem::Overloaded) => {
            say(vendor, &Problem::Status(503), model)
        }
        (Vendor::Anthropic, Problem::Overloaded) => say(vendor, &Problem::Status(529), model),
        (Vendor::OpenAi, Problem::BadKey) => Said {
            code: Some("invalid_api_key"),
            ..said(vendor, 401, text("Incorrect API key provided: sk-*****."))
        },
        (Vendor::Anthropic, Problem::BadKey) => said(vendor, 401, text("invalid x-api-key")),
        (Vendor::Gemini, Problem::BadKey) => Said {
            details: vec![json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID", "domain": "googleapis.com",
                "metadata": { "service": "generativelanguage.googleapis.com" },
            })],
            ..said(vendor, 400, text("API key not valid. Please pass a valid API key."))
        },
        (_, Problem::ContextWindow) => context_window(vendor),
        (_, Problem::Status(404)) => not_found(vendor, model),
        (_, Problem::Status(status)) => {
            let status = if (400..600).contains(&status) { status } else { 500 };
            said(vendor, status, message(vendor, status).to_owned())
        }
    }
}

fn text(message: &str) -> String {
    message.to_owned()
}

/// An error of this status, with the type that the vendor gives to it.
fn said(vendor: Vendor, status: u16, message: String) -> Said {
    let kind = match vendor {
        Vendor::OpenAi => match status {
            429 => "requests",
            500.. => "server_error",
            _ => "invalid_request_error",
        },
        Vendor::Anthropic => match status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        },
        Vendor::Gemini => match status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        },
    };
    Said { status, kind, code: None, param: None, message, details: Vec::new() }
}

fn message(vendor: Vendor, status: u16) -> &'static str {
    match (vendor, status) {
        (Vendor::OpenAi, 503) => "The model is currently overloaded. Please try again later.",
        (Vendor::OpenAi, 500..) => {
            "The server had an error while processing your request. Sorry about that!"
        }
        (Vendor::Anthropic, 529) => "Overloaded",
        (Vendor::Anthropic, 500..) => "Internal server error",
        (Vendor::Gemini, 503) => "The model is overloaded. Please try again later.",
        (Vendor::Gemini, 500..) => "An internal error has occurred. Please retry.",
        (Vendor::OpenAi | Vendor::Anthropic | Vendor::Gemini, 429) => "Too many requests.",
        (Vendor::OpenAi | Vendor::Anthropic | Vendor::Gemini, _) => "The request was refused.",
    }
}

fn rate_limited(vendor: Vendor, retry_after: Option<Duration>, model: &str) -> Said {
    match vendor {
        Vendor::OpenAi => {
            let again = retry_after.map_or_else(String::new, |wait| {
                format!(" Please try again in {}.", seconds(wait))
            });
            let message = format!(
                "Rate limit reached for {model} in organization org-sim on requests per min \
                 (RPM): Limit 500, Used 500, Requested 1.{again}"
            );
            Said { code: Some("rate_limit_exceeded"), ..said(vendor, 429, message) }
        }
        Vendor::Anthropic => {
            let message = "Number of requests has exceeded your per-minute rate limit; see the \
                           response headers for current usage. Please try again later.";
            said(vendor, 429, text(message))
        }
        Vendor::Gemini => {
            let retry_info = |wait| {
                json!({
                    "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds(wait),
                })
            };
            let mut details = vec![quota_failure("PerMinute", model)];
            details.extend(retry_after.map(retry_info));
            Said { details, ..said(vendor, 429, gemini_quota()) }
        }
    }
}

fn context_window(vendor: Vendor) -> Said {
    match vendor {
        Vendor::OpenAi => Said {
            code: Some("context_length_exceeded"),
            param: Some("messages"),
            ..said(
                vendor,
                400,
                text(
                    "This model's maximum context length is 128000 tokens. However, your messages \
                 resulted in 128512 tokens. Please reduce the length of the messages.",
                ),
            )
        },
        Vendor::Anthropic => {
            said(vendor, 400, text("prompt is too long: 200512 tokens > 200000 maximum"))
        }
        Vendor::Gemini => said(
            vendor,
            400,
            text(
                "The input token count (1049088) exceeds the maximum number of tokens allowed \
             (1048576).",
            ),
        ),
    }
}

fn not_found(vendor: Vendor, model: &str) -> Said {
    match vendor {
        Vendor::OpenAi => Said {
            code: Some("model_not_found"),
            ..said(
                vendor,
                404,
                format!("The model `{model}` does not exist or you do not have access to it."),
            )
        },
        Vendor::Anthropic => said(vendor, 404, format!("model: {model}")),
        Vendor::Gemini => said(
            vendor,
            404,
            format!(
                "models/{model} is not found for API version v1beta, or is not supported for \
                 generateContent."
            ),
        ),
    }
}

fn gemini_quota() -> String {
    // The same words for a limit per minute and for one per day: only the details tell.
    text("You exceeded your current quota, please check your plan and billing details.")
}

fn quota_failure(per: &str, model: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": "generativelanguage.googleapis.com/generate_requests_per_model",
            "quotaId": format!("GenerateRequests{per}PerProjectPerModel"),
            "quotaDimensions": { "location": "global", "model": model },
            "quotaValue": "1000",
        }],
    })
}

/// A duration as protobuf writes it in JSON, and OpenAI in its messages.
fn seconds(wait: Duration) -> String {
    format!("{}s", wait.as_secs_f64())
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
    let whole_seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    match vendor {
        Vendor::OpenAi => {
            put(headers, "retry-after", &whole_seconds.to_string());
            put(headers, "retry-after-ms", &wait.as_millis().to_string());
            put(headers, "x-ratelimit-limit-requests", "500");
            put(headers, "x-ratelimit-remaining-requests", "0");
            put(headers, "x-ratelimit-reset-requests", &format!("{}ms", wait.as_millis()));
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
