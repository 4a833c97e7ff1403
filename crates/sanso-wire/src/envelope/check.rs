//! What a body must be before it is looked into.

use sanso_core::Needs;
use serde::de::IgnoredAny;

use super::layout::Layout;
use super::{RequestError, scan};
use crate::object::{Named, kind_of};

/// Levels of objects and arrays that a body may have. JSON Schemas, the deepest thing that belongs
/// here, stay under 20; parsers upstream commonly stop at 128.
const MAX_DEPTH: usize = 128;

/// The text of the body.
pub(super) fn utf8(body: &[u8]) -> Result<&str, RequestError> {
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        let line_start = memchr::memrchr(b'\n', valid).map_or(0, |at| at + 1);
        let line = memchr::memchr_iter(b'\n', valid).count() + 1;
        let column = valid.len() - line_start + 1;
        RequestError::body(format!(
            "The request body is not UTF-8 (line {line} column {column}). Send JSON encoded as UTF-8."
        ))
    })
}

/// The members of the body, which must be one JSON object and nothing else.
pub(super) fn members(text: &str) -> Result<(Layout, Named<'_>), RequestError> {
    let start = text.trim_ascii_start();
    if start.is_empty() {
        return Err(RequestError::body("The request body is empty. Send a JSON object."));
    }
    if !start.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        let found = kind_of(start);
        return Err(RequestError::body(format!(
            "The request body must be a JSON object, not {found}."
        )));
    }
    Layout::read(text).map_err(|error| {
        let is_trailing = error.to_string().starts_with("trailing characters");
        let what = if is_trailing { "goes on after its JSON object" } else { "is not valid JSON" };
        RequestError::body(format!(
            "The request body {what}: {error}. Send exactly one JSON object."
        ))
    })
}

/// Checks the depth of all members, and that `messages` is a list of objects. Returns the estimate of
/// the prompt's tokens, and what it holds besides text.
pub(super) fn messages(members: &Named<'_>) -> Result<(u64, Needs), RequestError> {
    let what = "the conversation, as a list of message objects";
    let mut verdict = Err(RequestError::missing("messages", what));
    for (name, value) in members {
        let json = value.get();
        let shape = scan::scan(json.as_bytes());
        if shape.depth >= MAX_DEPTH {
            return Err(RequestError::wrong_value(
                name,
                &format!("makes the body deeper than {MAX_DEPTH} levels; flatten it"),
            ));
        }
        if name != "messages" {
            continue;
        }
        verdict = if json == "null" {
            Err(RequestError::missing("messages", what))
        } else if !json.starts_with('[') {
            Err(RequestError::wrong_type("messages", "a list of message objects", kind_of(json)))
        } else if shape.elements == 0 {
            Err(RequestError::wrong_value("messages", "must hold at least one message"))
        } else if let Some(index) = shape.first_non_object {
            let path = format!("messages[{index}]");
            Err(RequestError::wrong_value(&path, "must be a message object"))
        } else {
            Ok((json.len().saturating_sub(shape.opaque_bytes) as u64 / 4, shape.media))
        };
    }
    verdict
}
