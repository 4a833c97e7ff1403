//! A complete Messages answer, and the vocabulary that it shares with a streamed one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::OMITTED;
use crate::classify;
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::ir::{Answer, Choice, FinishReason, Part, ToolCall, Usage};

#[derive(Debug, Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(borrow, default)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Answer, Failure> {
    let body: Body<'_> = serde_json::from_slice(bytes)
        .map_err(|error| Failure::malformed(format!("not a Messages answer: {error}")))?;
    if body.error.is_some() || body.r#type.as_deref() == Some("error") {
        return Err(classify::error_in_200(Dialect::Anthropic, bytes));
    }
    let Some(content) = body.content else {
        return Err(Failure::malformed("a Messages answer without `content`"));
    };
    let mut parts = Vec::with_capacity(content.len());
    for raw in content {
        parts.extend(Block::read(raw)?.into_part());
    }
    let mut counts = Counts::default();
    counts.update(body.usage);
    Ok(Answer {
        id: body.id.unwrap_or_default(),
        model: body.model.unwrap_or_default(),
        created: None,
        choices: vec![Choice {
            index: 0,
            parts,
            finish: body.stop_reason.as_deref().map(finish_reason),
        }],
        usage: counts.usage(),
    })
}

/// A content block that is for the client. Whole in an answer; in a stream, what
/// `content_block_start` says of it.
#[derive(Debug, PartialEq)]
pub(super) enum Block {
    Text(String),
    Thinking {
        text: String,
        signature: String,
    },
    Redacted {
        data: String,
    },
    /// `input` is JSON text.
    ToolUse {
        id: String,
        name: String,
        input: String,
    },
    /// What the provider did on its own side (`server_tool_use`, `mcp_tool_use` and their results,
    /// `compaction`), or a type that is newer than this code: never a call for the client to make.
    Other,
}

impl Block {
    /// Reads a block. Only the members of the types that we know are looked at: others may use the
    /// same names for something else.
    pub(super) fn read(raw: &RawValue) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            r#type: Cow<'a, str>,
        }
        let kind: Kind<'_> = parse(raw, "a content block")?;
        Ok(match kind.r#type.as_ref() {
            "text" => {
                #[derive(Deserialize)]
                struct Text {
                    text: Option<String>,
                }
                Self::Text(parse::<Text>(raw, "a text block")?.text.unwrap_or_default())
            }
            "thinking" => {
                #[derive(Deserialize)]
                struct Thinking {
                    thinking: Option<String>,
                    signature: Option<String>,
                }
                let block: Thinking = parse(raw, "a thinking block")?;
                Self::Thinking {
                    text: block.thinking.unwrap_or_default(),
                    signature: block.signature.unwrap_or_default(),
                }
            }
            "redacted_thinking" => {
                #[derive(Deserialize)]
                struct Redacted {
                    data: String,
                }
                Self::Redacted { data: parse::<Redacted>(raw, "a redacted_thinking block")?.data }
            }
            "tool_use" => {
                #[derive(Deserialize)]
                struct ToolUse<'a> {
                    id: String,
                    name: String,
                    #[serde(borrow, default)]
                    input: Option<&'a RawValue>,
                }
                let block: ToolUse<'_> = parse(raw, "a tool_use block")?;
                let input = block.input.map_or("{}", RawValue::get).to_owned();
                Self::ToolUse { id: block.id, name: block.name, input }
            }
            _ => Self::Other,
        })
    }

    fn into_part(self) -> Option<Part> {
        match self {
            Self::Text(text) if text.is_empty() => None,
            Self::Text(text) => Some(Part::Text(text)),
            Self::Thinking { text, signature } if text.is_empty() && signature.is_empty() => None,
            Self::Thinking { text, signature } => {
                let signature = (!signature.is_empty()).then(|| proof(signature, !text.is_empty()));
                Some(Part::Reasoning { text, signature })
            }
            Self::Redacted { data } => {
                Some(Part::Reasoning { text: String::new(), signature: Some(data) })
            }
            Self::ToolUse { id, name, input } => {
                Some(Part::ToolCall(ToolCall { id, name, arguments: input, signature: None }))
            }
            Self::Other => None,
        }
    }
}

/// The signature of a thinking block, marked where the thought's text was left out.
pub(super) fn proof(signature: String, visible: bool) -> String {
    if visible { signature } else { format!("{OMITTED}{signature}") }
}

/// What a `stop_reason` means. `pause_turn` and reasons newer than this code are ends like
/// `end_turn`: an answer that came to an end is not called a failure for an unknown word.
pub(super) fn finish_reason(word: &str) -> FinishReason {
    match word {
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// Anthropic's token counts, which are cumulative: what comes later replaces what came before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    thinking: Option<u64>,
}

impl Counts {
    /// Takes over what `usage` says. Counts that cannot be read do not spoil an answer.
    pub(super) fn update(&mut self, usage: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct Wire {
            input_tokens: Option<u64>,
            output_tokens: Option<u64>,
            cache_read_input_tokens: Option<u64>,
            cache_creation_input_tokens: Option<u64>,
            output_tokens_details: Option<Details>,
        }
        #[derive(Deserialize)]
        struct Details {
            thinking_tokens: Option<u64>,
        }
        let Some(wire) = usage.and_then(|raw| serde_json::from_str::<Wire>(raw.get()).ok()) else {
            return;
        };
        self.input = wire.input_tokens.or(self.input);
        self.output = wire.output_tokens.or(self.output);
        self.cache_read = wire.cache_read_input_tokens.or(self.cache_read);
        self.cache_creation = wire.cache_creation_input_tokens.or(self.cache_creation);
        self.thinking = wire
            .output_tokens_details
            .and_then(|details| details.thinking_tokens)
            .or(self.thinking);
    }

    /// The counts in neutral terms: Anthropic's input excludes what the cache served or stored.
    pub(super) fn usage(&self) -> Option<Usage> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let prompt = [self.input, self.cache_read, self.cache_creation]
            .into_iter()
            .flatten()
            .fold(0, u64::saturating_add);
        Some(Usage {
            prompt,
            completion: self.output.unwrap_or(0),
            cached: self.cache_read,
            cache_write: self.cache_creation,
            reasoning: self.thinking,
        })
    }
}

/// Parses one piece of an answer that is known to be JSON.
pub(super) fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue, what: &str) -> Result<T, Failure> {
    serde_json::from_str(raw.get())
        .map_err(|error| Failure::malformed(format!("{what} that cannot be read: {error}")))
}
