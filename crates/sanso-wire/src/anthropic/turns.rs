//! The conversation as Anthropic wants it: instructions apart, user and assistant in turn, and in a
//! turn results of tools first and calls of tools last.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{OMITTED, inexpressible};
use crate::failure::Failure;
use crate::ir::{Media, Message, Part, Role, ToolCall};

/// A conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// The instructions, from wherever they stood.
    pub(super) system: Vec<&'a str>,
    /// The rest; no two neighbours have the same speaker, and none is empty.
    pub(super) turns: Vec<Turn<'a>>,
}

/// All that one side says until the other speaks.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    role: Speaker,
    content: Vec<Block<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Speaker {
    User,
    Assistant,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: &'a RawValue,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Self>,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
}

impl<'a> Conversation<'a> {
    /// Sorts `messages` into instructions and turns.
    ///
    /// # Errors
    /// A part that the API has no block for, or not in this role; and nothing said at all.
    pub(super) fn new(messages: &'a [Message]) -> Result<Self, Failure> {
        let mut conversation = Self::default();
        for message in messages {
            match message.role {
                Role::System | Role::Developer => conversation.instruct(&message.parts)?,
                Role::User | Role::Tool => {
                    conversation.say(Speaker::User, user_blocks(&message.parts)?);
                }
                Role::Assistant => {
                    conversation.say(Speaker::Assistant, assistant_blocks(&message.parts)?);
                }
            }
        }
        if conversation.turns.is_empty() {
            return Err(inexpressible(
                "messages",
                "at least one must be from the user and not empty",
            ));
        }
        conversation.finish();
        Ok(conversation)
    }

    fn instruct(&mut self, parts: &'a [Part]) -> Result<(), Failure> {
        for part in parts {
            let Part::Text(text) = part else {
                return Err(inexpressible("messages", "instructions must be text"));
            };
            if !is_blank(text) {
                self.system.push(text);
            }
        }
        Ok(())
    }

    fn say(&mut self, role: Speaker, content: Vec<Block<'a>>) {
        if content.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.extend(content),
            Some(_) | None => self.turns.push(Turn { role, content }),
        }
    }

    /// Puts blocks where the API wants them, and trims a last word of the assistant, which may not
    /// end in whitespace.
    fn finish(&mut self) {
        for turn in &mut self.turns {
            turn.content.sort_by_key(Block::place);
        }
        if let Some(Turn { role: Speaker::Assistant, content }) = self.turns.last_mut()
            && let Some(Block::Text { text }) = content.last_mut()
        {
            *text = text.trim_end();
        }
    }

    /// Whether the model is to go on from a turn of its own that does not begin with its thought: a
    /// prefill, or calls whose results it now gets.
    pub(super) fn goes_on_unproven(&self) -> bool {
        let Some(last) = self.turns.iter().rposition(|turn| turn.role == Speaker::Assistant) else {
            return false;
        };
        let content = &self.turns[last].content;
        let is_prefill = last + 1 == self.turns.len();
        let calls = content.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        let proven = matches!(
            content.first(),
            Some(Block::Thinking { .. } | Block::RedactedThinking { .. })
        );
        is_prefill || (calls && !proven)
    }
}

impl Block<'_> {
    /// Its place in a turn. Results must come first; calls come last, after the thought that led to
    /// them.
    fn place(&self) -> u8 {
        match self {
            Self::ToolResult { .. } => 0,
            Self::Text { .. }
            | Self::Image { .. }
            | Self::Document { .. }
            | Self::Thinking { .. }
            | Self::RedactedThinking { .. } => 1,
            Self::ToolUse { .. } => 2,
        }
    }
}

fn user_blocks(parts: &[Part]) -> Result<Vec<Block<'_>>, Failure> {
    let mut blocks = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Text(text) | Part::Refusal(text) => push_text(&mut blocks, text),
            Part::Image(media) => blocks.push(Block::Image { source: source(media) }),
            Part::File { media, name } => blocks.push(document(media, name.as_deref())?),
            Part::ToolResult { id, parts } => {
                blocks.push(Block::ToolResult {
                    tool_use_id: tool_id(id),
                    content: user_blocks(parts)?,
                });
            }
            Part::ToolCall(_) | Part::Reasoning { .. } => {
                return Err(inexpressible("messages", "only the assistant thinks and calls tools"));
            }
        }
    }
    Ok(blocks)
}

fn assistant_blocks(parts: &[Part]) -> Result<Vec<Block<'_>>, Failure> {
    let mut blocks = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Text(text) | Part::Refusal(text) => push_text(&mut blocks, text),
            Part::Reasoning { text, signature } => {
                blocks.extend(thought(text, signature.as_deref().unwrap_or_default()));
            }
            Part::ToolCall(call) => blocks.push(tool_use(call)?),
            Part::Image(_) | Part::File { .. } | Part::ToolResult { .. } => {
                return Err(inexpressible(
                    "messages",
                    "the assistant's turns hold text, reasoning and tool calls only",
                ));
            }
        }
    }
    Ok(blocks)
}

/// The API refuses text without a visible character.
fn push_text<'a>(blocks: &mut Vec<Block<'a>>, text: &'a str) {
    if !is_blank(text) {
        blocks.push(Block::Text { text });
    }
}

fn is_blank(text: &str) -> bool {
    text.trim_ascii().is_empty()
}

/// A thought of this provider's; one without a signature is somebody else's, or lost its proof.
fn thought<'a>(text: &'a str, signature: &'a str) -> Option<Block<'a>> {
    if signature.is_empty() {
        return None;
    }
    if let Some(signature) = signature.strip_prefix(OMITTED) {
        return Some(Block::Thinking { thinking: "", signature });
    }
    Some(if text.is_empty() {
        Block::RedactedThinking { data: signature }
    } else {
        Block::Thinking { thinking: text, signature }
    })
}

fn tool_use(call: &ToolCall) -> Result<Block<'_>, Failure> {
    let text = if is_blank(&call.arguments) { "{}" } else { &call.arguments };
    let input = serde_json::from_str::<&RawValue>(text)
        .ok()
        .filter(|input| input.get().starts_with('{'))
        .ok_or_else(|| inexpressible("tool_calls", "`arguments` must be a JSON object"))?;
    Ok(Block::ToolUse { id: tool_id(&call.id), name: &call.name, input })
}

/// An id in the alphabet that the API insists on (`^[a-zA-Z0-9_-]+$`). Other providers use more,
/// and a conversation may have begun with one of them; what does not fit becomes `_` and its code,
/// so that two ids stay two.
fn tool_id(id: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !id.is_empty() && id.chars().all(fits) {
        return Cow::Borrowed(id);
    }
    let mut spelt = String::from(if id.is_empty() { "_" } else { "" });
    for c in id.chars() {
        if fits(c) {
            spelt.push(c);
        } else {
            spelt.push_str(&format!("_{:x}", u32::from(c)));
        }
    }
    Cow::Owned(spelt)
}

fn document<'a>(media: &'a Media, title: Option<&'a str>) -> Result<Block<'a>, Failure> {
    if let Media::Data { media_type, .. } = media {
        if media_type.starts_with("image/") {
            return Ok(Block::Image { source: source(media) });
        }
        if media_type != "application/pdf" {
            return Err(inexpressible("file", "of documents, only application/pdf can be sent"));
        }
    }
    Ok(Block::Document { source: source(media), title })
}

fn source(media: &Media) -> Source<'_> {
    match media {
        Media::Url(url) => Source::Url { url },
        Media::Data { media_type, base64 } => Source::Base64 { media_type, data: base64 },
    }
}
