//! Which endpoint a request is for, and what it asks of it.

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request};
use sanso_core::Rng;
use serde_json::Value;

use super::ask::Ask;
use super::errors::{self, ErrorAnswer, Invalid};
use super::{Vendor, anthropic, gemini, openai};

/// Larger requests are refused, as providers do.
const LARGEST_REQUEST_BYTES: usize = 32 * 1024 * 1024;

pub(super) async fn read(
    vendor: Vendor,
    request: Request<Incoming>,
    rng: &mut Rng,
) -> Result<Ask, ErrorAnswer> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let Some(route) = route(vendor, &head.method, path) else {
        return Err(errors::no_such_path(vendor, &head.method, path, rng));
    };
    if !has_key(vendor, &head.headers, head.uri.query()) {
        return Err(errors::missing_key(vendor, rng));
    }
    let body = match Limited::new(body, LARGEST_REQUEST_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Err(errors::too_large(vendor, rng)),
    };
    let as_events = head.uri.query().is_some_and(|query| query.split('&').any(|p| p == "alt=sse"));
    let ask = match serde_json::from_slice::<Value>(&body) {
        Err(_) => Err(Invalid::new("We could not parse the JSON body of your request.")),
        Ok(body) => match route {
            Route::OpenAi => openai::read(&body),
            Route::Anthropic if !head.headers.contains_key("anthropic-version") => {
                Err(Invalid::new("anthropic-version: header is required"))
            }
            Route::Anthropic => anthropic::read(&body),
            Route::Gemini { stream: true, .. } if !as_events => {
                Err(Invalid::new("This provider streams with alt=sse only."))
            }
            Route::Gemini { model, stream } => gemini::read(model, stream, &body),
        },
    };
    ask.map_err(|invalid| errors::invalid(vendor, &invalid, rng))
}

enum Route<'a> {
    OpenAi,
    Anthropic,
    Gemini { model: &'a str, stream: bool },
}

fn route<'a>(vendor: Vendor, method: &Method, path: &'a str) -> Option<Route<'a>> {
    if method != Method::POST {
        return None;
    }
    match vendor {
        Vendor::OpenAi => {
            matches!(path, "/v1/chat/completions" | "/chat/completions").then_some(Route::OpenAi)
        }
        Vendor::Anthropic => (path == "/v1/messages").then_some(Route::Anthropic),
        Vendor::Gemini => {
            let (model, action) = path.strip_prefix("/v1beta/models/")?.rsplit_once(':')?;
            match action {
                "generateContent" => Some(Route::Gemini { model, stream: false }),
                "streamGenerateContent" => Some(Route::Gemini { model, stream: true }),
                _ => None,
            }
        }
    }
}

/// Any key will do, but there must be one, where the vendor expects it.
fn has_key(vendor: Vendor, headers: &HeaderMap, query: Option<&str>) -> bool {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|key| !key.trim().is_empty());
    match vendor {
        Vendor::OpenAi => bearer,
        Vendor::Anthropic => bearer || headers.contains_key("x-api-key"),
        Vendor::Gemini => {
            headers.contains_key("x-goog-api-key")
                || query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("key=")))
        }
    }
}
