//! What the gateway needs to know of an answer that it passes through: read, not translated.
//!
//! Nothing is built and, escapes in a model's name apart, nothing is allocated.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::usage;
use super::wire::{self, Presence, Raw, Word};
use crate::failure::Failure;
use crate::ir::{FinishReason, Usage};

/// A complete answer at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance<'a> {
    /// The model by the provider's own word; empty where it gives none.
    pub model: Cow<'a, str>,
    /// Whether any candidate has text, reasoning, a refusal, a tool call or audio. Without, and with
    /// no good reason in `finish`, the answer is `Soft(empty)`.
    pub has_content: bool,
    /// Why it ended, by the first candidate that says, or one that failed.
    pub finish: Option<FinishReason>,
    /// Tokens used, where the provider says.
    pub usage: Option<Usage>,
}

/// One event of a stream at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventGlance<'a> {
    /// The terminal marker `[DONE]`; then nothing else is set.
    pub is_done: bool,
    /// The model by the provider's own word; empty where it gives none.
    pub model: Cow<'a, str>,
    /// Whether this is *content*: what commits an answer (`chain.md`, *Streams*).
    pub has_content: bool,
    /// How many characters of content it brings; of a tool call those that its JSON is written with.
    pub characters: usize,
    /// Whether it brings pictures or sound, for which the neutral form has no place.
    pub has_media: bool,
    /// Why a candidate ended, on the event that ends it.
    pub finish: Option<FinishReason>,
    /// Which candidates end here: the bit of each one's index.
    pub finished: u128,
    /// Tokens used so far, where the event says; the last one counts.
    pub usage: Option<Usage>,
}

/// Glances at the body of a 200.
///
/// # Errors
/// An error body is classed by what it says; what is no JSON, or has no `choices`, is `Malformed`.
pub fn answer(body: &[u8]) -> Result<Glance<'_>, Failure> {
    let parsed: Body<'_> = wire::parse(wire::text(body)?, Body::is_error)?;
    if !parsed.choices.is_present {
        return Err(Failure::malformed("the answer has no `choices`"));
    }
    Ok(Glance {
        has_content: parsed.choices.has_content,
        finish: parsed.choices.finish,
        usage: usage::read(parsed.usage),
        model: parsed.model.0,
    })
}

/// Glances at the data of one event.
///
/// # Errors
/// An error event is classed by what it says; what is no JSON object is `Malformed`. Events without
/// `choices` say nothing, which is no error: many servers send some.
pub fn event(data: &[u8]) -> Result<EventGlance<'_>, Failure> {
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        return Ok(EventGlance { is_done: true, ..EventGlance::default() });
    }
    if data.is_empty() {
        return Ok(EventGlance::default());
    }
    let parsed: Body<'_> = wire::parse(wire::text(data)?, Body::is_error)?;
    let in_groq = || usage::read(parsed.x_groq.as_ref().and_then(|groq| groq.usage));
    Ok(EventGlance {
        is_done: false,
        has_content: parsed.choices.has_content,
        characters: parsed.choices.characters,
        has_media: parsed.choices.has_media,
        finish: parsed.choices.finish,
        finished: parsed.choices.finished,
        usage: usage::read(parsed.usage).or_else(in_groq),
        model: parsed.model.0,
    })
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    error: Presence,
    #[serde(borrow, default)]
    object: Word<'a>,
    #[serde(borrow, default)]
    model: Word<'a>,
    #[serde(default)]
    choices: Choices,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

impl Body<'_> {
    fn is_error(&self) -> bool {
        self.error.0 || self.object.0 == "error"
    }
}

#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// All choices in one: what they say is added up as they are read.
#[derive(Clone, Copy, Debug, Default)]
struct Choices {
    is_present: bool,
    has_content: bool,
    has_media: bool,
    /// Of the deltas alone: a whole answer is not read to its end for this.
    characters: usize,
    /// Of the first choice that has one, or one that failed.
    finish: Option<FinishReason>,
    finished: u128,
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AddUp;

        impl<'de> Visitor<'de> for AddUp {
            type Value = Choices;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of choices")
            }

            fn visit_unit<E>(self) -> Result<Choices, E> {
                Ok(Choices::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Choices, A::Error> {
                let mut sum = Choices { is_present: true, ..Choices::default() };
                while let Some(choice) = seq.next_element::<Choice<'de>>()? {
                    for said in [&choice.message, &choice.delta].into_iter().flatten() {
                        sum.has_content |= said.is_content();
                        sum.has_media |= said.is_media();
                    }
                    sum.characters += choice.delta.as_ref().map_or(0, Said::characters);
                    let finish = wire::finish_reason(&choice.finish_reason.0);
                    if finish.is_some() {
                        sum.finished |= bit(choice.index.0);
                    }
                    sum.finish = FinishReason::most_telling(sum.finish.into_iter().chain(finish));
                }
                Ok(sum)
            }
        }

        deserializer.deserialize_any(AddUp)
    }
}

/// The bit of a candidate in a set: OpenAI gives 128 at most.
pub const fn bit(index: u32) -> u128 {
    1 << if index < 128 { index } else { 127 }
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Index,
    #[serde(borrow, default)]
    message: Option<Said<'a>>,
    #[serde(borrow, default)]
    delta: Option<Said<'a>>,
    #[serde(borrow, default)]
    finish_reason: Word<'a>,
}

/// A candidate's index; 0 where it is none.
#[derive(Clone, Copy, Default)]
struct Index(u32);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(text.parse().unwrap_or_default()))
    }
}

/// What of a message or delta is content. `role` is not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
    #[serde(borrow)]
    refusal: Raw<'a>,
    #[serde(borrow)]
    reasoning_content: Raw<'a>,
    #[serde(borrow)]
    reasoning: Raw<'a>,
    #[serde(borrow)]
    tool_calls: Raw<'a>,
    #[serde(borrow)]
    function_call: Raw<'a>,
    #[serde(borrow)]
    audio: Raw<'a>,
    #[serde(borrow)]
    images: Raw<'a>,
}

impl Said<'_> {
    fn is_content(&self) -> bool {
        self.written().iter().any(|raw| raw.says_anything()) || self.is_media()
    }

    fn is_media(&self) -> bool {
        self.audio.says_anything() || self.images.says_anything()
    }

    fn characters(&self) -> usize {
        self.written().iter().map(|raw| raw.characters()).sum()
    }

    fn written(&self) -> [Raw<'_>; 6] {
        [
            self.content,
            self.refusal,
            self.reasoning_content,
            self.reasoning,
            self.tool_calls,
            self.function_call,
        ]
    }
}
