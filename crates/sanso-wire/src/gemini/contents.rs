//! Messages to `contents`.

use std::collections::HashMap;

use serde::Serialize;

use super::media;
use super::model::Model;
use super::part::{Part, inexpressible};
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
        // A signed thought is another vendor's: its signature would be refused.
        ir::Part::Reasoning { text, .. } => out.extend(Part::reasoning(text)),
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
    out.push(Part::result(id, name, &texts, within));
    out.append(&mut media);
    Ok(())
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
        if let Some(call) = self.parts.iter_mut().find(|part| part.is_call()) {
            call.sign(FOREIGN_SIGNATURE);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Model,
}
