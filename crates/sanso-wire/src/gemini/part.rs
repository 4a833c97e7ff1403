//! The pieces that turns are made of.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::NAME;
use crate::failure::Failure;
use crate::ir;

/// A piece of a turn: exactly one of its data fields is set.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<InlineData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<FileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

impl<'a> Part<'a> {
    /// Text; nothing where it is empty, which Gemini refuses.
    pub(super) fn text(text: &'a str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text: Some(text), ..Self::default() })
    }

    /// A thought, as one; nothing where it is empty.
    pub(super) fn reasoning(text: &'a str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text: Some(text), thought: true, ..Self::default() })
    }

    /// Media as they are or by address, its MIME type by `guess`.
    pub(super) fn media(
        media: &'a ir::Media,
        guess: impl FnOnce(&str) -> Option<&'static str>,
    ) -> Self {
        match media {
            ir::Media::Url(url) => Self {
                file_data: Some(FileData { mime_type: guess(url), file_uri: url }),
                ..Self::default()
            },
            ir::Media::Data { media_type, base64 } => Self {
                inline_data: Some(InlineData { mime_type: media_type, data: base64 }),
                ..Self::default()
            },
        }
    }

    /// A function call.
    ///
    /// # Errors
    /// Arguments that are no JSON object.
    pub(super) fn call(call: &'a ir::ToolCall) -> Result<Self, Failure> {
        let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let args = object(text).ok_or_else(|| {
            inexpressible("tool_calls", "a call's arguments must be a JSON object")
        })?;
        Ok(Self {
            function_call: Some(FunctionCall { id: &call.id, name: &call.name, args }),
            thought_signature: call.signature.as_deref(),
            ..Self::default()
        })
    }

    /// What the function `name` returned: its text and its media.
    pub(super) fn result(id: &'a str, name: &'a str, texts: &[&'a str], media: Vec<Self>) -> Self {
        let response = Output::from_texts(texts);
        Self {
            function_response: Some(FunctionResponse { id, name, response, parts: media }),
            ..Self::default()
        }
    }

    pub(super) fn is_call(&self) -> bool {
        self.function_call.is_some()
    }

    /// Puts `signature` on what has none.
    pub(super) fn sign(&mut self, signature: &'static str) {
        self.thought_signature.get_or_insert(signature);
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InlineData<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    file_uri: &'a str,
}

#[derive(Debug, Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    args: &'a RawValue,
}

#[derive(Debug, Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    response: Output<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part<'a>>,
}

/// A result, which must be an object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Output<'a> {
    /// What is one, as it is.
    Object(&'a RawValue),
    /// All else.
    Wrapped { result: Cow<'a, str> },
}

impl<'a> Output<'a> {
    fn from_texts(texts: &[&'a str]) -> Self {
        match texts {
            [text] => match object(text) {
                Some(json) => Self::Object(json),
                None => Self::Wrapped { result: Cow::Borrowed(text) },
            },
            [] | [_, _, ..] => Self::Wrapped { result: Cow::Owned(texts.concat()) },
        }
    }
}

/// The text as JSON, if it is a JSON object.
fn object(text: &str) -> Option<&RawValue> {
    serde_json::from_str::<&RawValue>(text).ok().filter(|json| json.get().starts_with('{'))
}

/// The failure of a request that Gemini cannot take because of `param`.
pub(super) fn inexpressible(param: &str, why: &str) -> Failure {
    Failure::inexpressible(NAME, param, why)
}
