//! A notice as JSON to any address, signed.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use sanso::watch::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Message;
use super::words::Told;

/// When it was signed: seconds since 1970. A receiver that refuses what is older than five minutes
/// cannot be told the same again.
const TIMESTAMP: HeaderName = HeaderName::from_static("x-sanso-timestamp");
/// `v1=` and the HMAC-SHA256 of `TIMESTAMP.BODY` in hexadecimal.
const SIGNATURE: HeaderName = HeaderName::from_static("x-sanso-signature");

/// The notice's own members, and beside them who tells it, and in which words.
pub(super) fn body(message: &Message, instance: &str) -> Vec<u8> {
    let mut body = serde_json::to_value(&*message.notice).unwrap_or_default();
    if let Value::Object(members) = &mut body {
        members.insert("version".into(), 1.into());
        members.insert("instance".into(), instance.into());
        members.insert("test".into(), message.is_test.into());
        members.insert("text".into(), Told::of(message).lines().join("\n").into());
    }
    body.to_string().into_bytes()
}

/// The headers that prove who posted `body`, and when.
pub(super) fn signature(secret: &SecretString, body: &[u8], now: Millis) -> HeaderMap {
    let timestamp = (now.0 / 1000).to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let signed = [timestamp.as_bytes(), b".", body].concat();
    let mut signature = String::from("v1=");
    for byte in hmac::sign(&key, &signed).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(signature, "{byte:02x}");
    }
    let values = [(TIMESTAMP, timestamp), (SIGNATURE, signature)];
    let values = values
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)));
    values.collect()
}
