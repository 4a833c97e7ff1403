//! What each provider says of each problem: status, type, code and message.

use sanso_core::Duration;
use serde_json::{Value, json};

use super::{Problem, Vendor};

/// An error in terms that every format can be written from.
pub(super) struct Said {
    pub(super) status: u16,
    /// `error.type`; at Gemini `error.status`.
    pub(super) kind: &'static str,
    /// OpenAI alone.
    pub(super) code: Option<&'static str>,
    /// OpenAI alone.
    pub(super) param: Option<&'static str>,
    pub(super) message: String,
    /// Gemini alone.
    pub(super) details: Vec<Value>,
}

pub(super) fn say(vendor: Vendor, problem: &Problem, model: &str) -> Said {
    match (vendor, *problem) {
        (_, Problem::RateLimited { retry_after }) => rate_limited(vendor, retry_after, model),
        (Vendor::OpenAi, Problem::QuotaExhausted) => Said {
            kind: "insufficient_quota",
            code: Some("insufficient_quota"),
            ..said(
                vendor,
                429,
                "You exceeded your current quota, please check your plan and billing details.",
            )
        },
        (Vendor::Anthropic, Problem::QuotaExhausted) => {
            said(vendor, 400, "Your credit balance is too low to access the Anthropic API.")
        }
        (Vendor::Gemini, Problem::QuotaExhausted) => Said {
            details: vec![quota_failure("PerDay", model)],
            ..said(vendor, 429, GEMINI_QUOTA)
        },
        (Vendor::OpenAi | Vendor::Gemini, Problem::Overloaded) => {
            say(vendor, &Problem::Status(503), model)
        }
        (Vendor::Anthropic, Problem::Overloaded) => say(vendor, &Problem::Status(529), model),
        (Vendor::OpenAi, Problem::BadKey) => Said {
            code: Some("invalid_api_key"),
            ..said(vendor, 401, "Incorrect API key provided: sk-*****.")
        },
        (Vendor::Anthropic, Problem::BadKey) => said(vendor, 401, "invalid x-api-key"),
        (Vendor::Gemini, Problem::BadKey) => Said {
            details: vec![json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID", "domain": "googleapis.com",
                "metadata": { "service": "generativelanguage.googleapis.com" },
            })],
            ..said(vendor, 400, "API key not valid. Please pass a valid API key.")
        },
        (_, Problem::ContextWindow) => context_window(vendor),
        (_, Problem::Status(404)) => not_found(vendor, model),
        (_, Problem::Status(status)) => {
            let status = if (400..600).contains(&status) { status } else { 500 };
            said(vendor, status, message(vendor, status))
        }
    }
}

/// An error of this status, with the type that the vendor gives to it.
pub(super) fn said(vendor: Vendor, status: u16, message: impl Into<String>) -> Said {
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
    let message = message.into();
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
            said(vendor, 429, message)
        }
        Vendor::Gemini => {
            let retry_info = |wait| {
                json!({
                    "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds(wait),
                })
            };
            let mut details = vec![quota_failure("PerMinute", model)];
            details.extend(retry_after.map(retry_info));
            Said { details, ..said(vendor, 429, GEMINI_QUOTA) }
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
                "This model's maximum context length is 128000 tokens. However, your messages \
                 resulted in 128512 tokens. Please reduce the length of the messages.",
            )
        },
        Vendor::Anthropic => {
            said(vendor, 400, "prompt is too long: 200512 tokens > 200000 maximum")
        }
        Vendor::Gemini => said(
            vendor,
            400,
            "The input token count (1049088) exceeds the maximum number of tokens allowed \
             (1048576).",
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

/// The same words for a limit per minute and for one per day: only the details tell.
const GEMINI_QUOTA: &str =
    "You exceeded your current quota, please check your plan and billing details.";

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
pub(super) fn seconds(wait: Duration) -> String {
    format!("{}s", wait.as_secs_f64())
}
