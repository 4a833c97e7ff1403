//! The master key.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::error::ApiError;

/// The key that clients must send.
#[derive(Debug)]
pub(super) struct Key(SecretString);

/// Where a key may stand besides `Authorization`, in LiteLLM's order.
const BEFORE: &str = "x-litellm-api-key";
const AFTER: [&str; 3] = ["api-key", "x-api-key", "x-goog-api-key"];

impl Key {
    pub(super) fn new(key: &SecretString) -> Self {
        Self(key.clone())
    }

    pub(super) fn matches(&self, sent: &str) -> bool {
        // The time that this takes tells nothing about how much of the key was right.
        sent.as_bytes().ct_eq(self.0.expose_secret().as_bytes()).into()
    }
}

/// Lets a request through that carries the key, or where none is set.
pub(super) fn check(key: Option<&Key>, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(key) = key else { return Ok(()) };
    let why = match sent(headers) {
        Some(sent) if key.matches(sent) => return Ok(()),
        Some(_) => "The key that was sent is not the one of this gateway.",
        None => {
            "No key was sent. Send the gateway's master key as `Authorization: Bearer KEY` (the \
             OpenAI SDK's `api_key`)."
        }
    };
    Err(ApiError { code: Some("invalid_api_key"), ..ApiError::new(401, why) })
}

/// The key that a request carries, whatever it is worth.
pub(super) fn sent(headers: &HeaderMap) -> Option<&str> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = |value: &str| -> Option<usize> {
        let (scheme, _) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(scheme.len())
    };
    let strip = |value| match bearer(value) {
        Some(scheme) => value[scheme..].trim(),
        None => value.trim(),
    };
    value(BEFORE)
        .map(strip)
        .or_else(|| headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(strip))
        .or_else(|| AFTER.into_iter().find_map(value).map(str::trim))
}
