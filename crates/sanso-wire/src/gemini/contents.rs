//! Messages to `contents`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::model::Model;
use super::{NAME, media};
use crate::failure::Failure;
use crate::ir;

/// Google's documented signature for function calls that the model did not make itself: a
/// conversation that another provider began could not be continued without.
///
/// Source: Gemini API, *Thought signatures*, questions and answers.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

/// The conversation in Gemini's shape: what the operator says, and what the two sides said.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Part<'a>>,
    pub(super) contents: Vec<Content<'a>>,
}

impl<'a> Conversation<'a> {
    /// Translates `messages` for `model`.
    ///
    /// # Errors
    /// What Gemini cannot express: media in system messages, arguments that are no JSON object, the
    /// result of a call that was never made, no turn at all.
    pub(super) fn from_messages(
        messages: &'a [ir::Message],
        model: Model<'_>,
    ) -> Result<Self, Failure> {
        let mut conversation = Self::default();
        let mut names = HashMap::new();
        for message in messages {
            let role = match message.role {
                ir::Role::System | ir::Role::Developer => {
                    conversation.add_system(&message.parts)?;
                    continue;
                }
                ir::Role::User | ir::Role::Tool => Role::User,
                ir::Role::Assistant => Role::Model,
            };
            let mut parts = Vec::with_capacity(message.parts.len());
            for part in &message.parts {
                write_part(part, &mut names, model, &mut parts)?;
            }
            conversation.add(role, parts);
        }
        if conversation.contents.is_empty() {
            return Err(inexpressible("messages", "at least one turn must say something"));
        }
        if model.wants_signatures() {
            conversation.contents.iter_mut().for_each(Content::sign_foreign_calls);
        }
        Ok(conversation)
    }

    fn add_system(&mut self, parts: &'a [ir::Part]) -> Result<(), Failure> {
        for part in parts {
            match part {
                ir::Part::Text(text) | ir::Part::Refusal(text) => {
                    self.system.extend(Part::text(text));
                }
                ir::Part::Image(_)
                | ir::Part::File { .. }
                | ir::Part::Reasoning { .. }
                | ir::Part::ToolCall(_)
                | ir::Part::ToolResult { .. } => {
                    return Err(inexpressible("messages", "a system message is text only"));
                }
            }
        }
        Ok(())
    }

    /// Appends a turn. Gemini wants the roles to alternate, and refuses turns without parts.
    fn add(&mut self, role: Role, mut parts: Vec<Part<'a>>) {
        match self.contents.last_mut() {
            Some(last) if last.role == role => last.parts.append(&mut parts),
            Some(_) | None if parts.is_empty() => {}
            Some(_) | None => self.contents.push(Content { role, parts }),
        }
    }
}

/// Appends what `part` becomes to `out`; `names` remembers which function an id called. An id that is
/// used again means its latest call.
fn write_part<'a>(
    part: &'a ir::Part,
    names: &mut HashMap<&'a str, &'a str>,
    model: Model<'_>,
    out: &mut Vec<Part<'a>>,
) -> Result<(), Failure> {
    match part {
        ir::Part::Text(text) | ir::Part::Refusal(text) => out.extend(Part::text(text)),
        ir::Part::Image(media) => out.push(Part::media(media, media::of_image)),
        ir::Part::File { media, name } => {
            out.push(Part::media(media, |url| media::of_file(url, name.as_deref())));
        }
        ir::Part::Reasoning { text, signature } => {
            out.extend(Part::reasoning(text, signature.as_deref()));
        }
        ir::Part::ToolCall(call) => {
            names.insert(&call.id, &call.name);
            out.push(Part::call(call)?);
        }
        ir::Part::ToolResult { id, parts } => {
            let name = names.get(id.as_str()).ok_or_else(|| {
                inexpressible("tool_call_id", "no earlier message makes the call that it answers")
            })?;
            write_result(id, name, parts, model, out)?;
        }
    }
    Ok(())
}

/// Appends a function's result: its text as an object, its media within it or, where the model does
/// not take them there, after it.
fn write_result<'a>(
    id: &'a str,
    name: &'a str,
    parts: &'a [ir::Part],
    model: Model<'_>,
    out: &mut Vec<Part<'a>>,
) -> Result<(), Failure> {
    let mut texts = Vec::new();
    let mut media = Vec::new();
    for part in parts {
        match part {
            ir::Part::Text(text) | ir::Part::Refusal(text) => texts.push(text.as_str()),
            ir::Part::Image(picture) => media.push(Part::media(picture, media::of_image)),
            ir::Part::File { media: file, name } => {
                media.push(Part::media(file, |url| media::of_file(url, name.as_deref())));
            }
            ir::Part::Reasoning { .. } | ir::Part::ToolCall(_) | ir::Part::ToolResult { .. } => {
                return Err(inexpressible("messages", "a tool's result is text and media only"));
            }
        }
    }
    let within = if model.takes_media_in_results() { std::mem::take(&mut media) } else { vec![] };
    out.push(Part {
        function_response: Some(FunctionResponse {
            id,
            name,
            response: Response::from_texts(&texts),
            parts: within,
        }),
        ..Part::default()
    });
    out.append(&mut media);
    Ok(())
}

fn inexpressible(param: &str, why: &str) -> Failure {
    Failure::inexpressible(NAME, param, why)
}

/// The text as JSON, if it is a JSON object.
fn object(text: &str) -> Option<&RawValue> {
    serde_json::from_str::<&RawValue>(text).ok().filter(|json| json.get().starts_with('{'))
}

/// One turn.
#[derive(Debug, Serialize)]
pub(super) struct Content<'a> {
    role: Role,
    parts: Vec<Part<'a>>,
}

impl Content<'_> {
    /// Signs the first call of a turn that came without a signature. Of calls made at once, Gemini
    /// itself signs only the first.
    fn sign_foreign_calls(&mut self) {
        let first = self.parts.iter_mut().find(|part| part.function_call.is_some());
        if let Some(call) = first {
            call.thought_signature.get_or_insert(FOREIGN_SIGNATURE);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Model,
}

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
    fn text(text: &'a str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text: Some(text), ..Self::default() })
    }

    /// A thought, as one; a signature without a thought on an empty text, as Gemini itself sends it.
    fn reasoning(text: &'a str, signature: Option<&'a str>) -> Option<Self> {
        if text.is_empty() && signature.is_none() {
            return None;
        }
        Some(Self {
            text: Some(text),
            thought: !text.is_empty(),
            thought_signature: signature,
            ..Self::default()
        })
    }

    fn media(media: &'a ir::Media, guess: impl FnOnce(&str) -> Option<&'static str>) -> Self {
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

    fn call(call: &'a ir::ToolCall) -> Result<Self, Failure> {
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
    response: Response<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part<'a>>,
}

/// A result, which must be an object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Response<'a> {
    /// What is one, as it is.
    Object(&'a RawValue),
    /// All else.
    Wrapped { result: Cow<'a, str> },
}

impl<'a> Response<'a> {
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
