//! The shapes of answers and chunks, as tolerant as the servers out there are careless.
//!
//! Strings may be null or missing, content may be a string or a list, arguments may be text or an
//! object. What has the wrong type altogether counts as absent; only JSON that is none is an error.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use crate::classify;
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::ir::FinishReason;
use crate::object::unescape;

/// A string, borrowed where it has no escapes; anything else counts as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word<'a>(pub(super) Cow<'a, str>);

impl Word<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The string, or none where it is empty.
    pub(super) fn get(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&*self.0)
    }

    pub(super) fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(unescape(raw.get()).unwrap_or_default()))
    }
}

/// Whether a value says anything: null, false, `""`, `[]` and `{}` do not. Nothing is allocated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presence(pub(super) bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Raw::deserialize(deserializer)?.says_anything()))
    }
}

/// A value as it is written, to be asked what it says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Raw<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(<&RawValue>::deserialize(deserializer)?.get()))
    }
}

impl Raw<'_> {
    /// Null, false, `""`, `[]` and `{}` do not, nor does what is missing.
    pub(super) fn says_anything(self) -> bool {
        match self.0.as_bytes() {
            [] | [b'n' | b'f', ..] => false,
            [b'"', rest @ ..] => rest != b"\"",
            [b'[' | b'{', rest @ ..] => !matches!(rest.trim_ascii_start(), [b']' | b'}', ..]),
            _ => true,
        }
    }

    /// The characters of a string; of anything else, that says something, those that it is written with.
    pub(super) fn characters(self) -> usize {
        if !self.says_anything() {
            return 0;
        }
        let Some(string) = self.0.strip_prefix('"') else { return self.0.len() };
        let mut characters = 0;
        let mut bytes = string.strip_suffix('"').unwrap_or(string).bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => {
                    if bytes.next() == Some(b'u') {
                        bytes.nth(3);
                    }
                    characters += 1;
                }
                // The further bytes of a character.
                0x80..=0xBF => {}
                _ => characters += 1,
            }
        }
        characters
    }
}

/// The members that an error in a 200 may have: `{"error": ...}`, or flat as vLLM writes it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorMarks<'a> {
    #[serde(default)]
    error: Presence,
    #[serde(borrow, default)]
    object: Word<'a>,
}

impl ErrorMarks<'_> {
    pub(super) fn is_error(&self) -> bool {
        self.error.0 || self.object.0 == "error"
    }
}

/// The text of a body or event.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| Failure::malformed("the answer is not UTF-8"))
}

/// Parses a body or event. An error in it is classed by what it says, whatever else is there.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    text: &'a str,
    is_error: impl Fn(&T) -> bool,
) -> Result<T, Failure> {
    let class = || classify::error_in_200(Dialect::OpenAiChat, text.as_bytes());
    let start = text.trim_ascii_start();
    if start.starts_with('[') && starts_with_error(text) {
        return Err(class());
    }
    if !start.starts_with('{') {
        return Err(Failure::malformed("the answer is not a JSON object"));
    }
    match serde_json::from_str::<T>(text) {
        Ok(parsed) if is_error(&parsed) => Err(class()),
        Ok(parsed) => Ok(parsed),
        // An error body may have other members than an answer under the same names.
        Err(_) if serde_json::from_str::<ErrorMarks<'_>>(text).is_ok_and(|m| m.is_error()) => {
            Err(class())
        }
        // Without the parser's words, which may quote the answer.
        Err(error) => Err(Failure::malformed(format!(
            "the answer is not the JSON of one (line {} column {})",
            error.line(),
            error.column()
        ))),
    }
}

/// Whether a list begins with an error body: Gemini's compatible API answers so.
fn starts_with_error(text: &str) -> bool {
    let bodies: Vec<ErrorMarks<'_>> = serde_json::from_str(text).unwrap_or_default();
    bodies.first().is_some_and(ErrorMarks::is_error)
}

/// A message of an answer, or the delta of a chunk.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) refusal: Word<'a>,
    /// DeepSeek, vLLM, LiteLLM.
    #[serde(borrow, default)]
    pub(super) reasoning_content: Word<'a>,
    /// OpenRouter, Groq, Ollama, newer vLLM.
    #[serde(borrow, default)]
    pub(super) reasoning: Word<'a>,
    /// LiteLLM, for Anthropic's signed thoughts.
    #[serde(borrow, default)]
    pub(super) thinking_blocks: Option<Vec<ThinkingBlock<'a>>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    /// OpenAI's older way to call one function.
    #[serde(borrow, default)]
    function_call: Option<Function<'a>>,
}

impl<'a> Message<'a> {
    /// The visible reasoning, under whichever name.
    pub(super) fn take_reasoning(&mut self) -> Word<'a> {
        let older = std::mem::take(&mut self.reasoning_content);
        let newer = std::mem::take(&mut self.reasoning);
        if older.is_empty() { newer } else { older }
    }

    /// The tool calls, the one by `function_call` included.
    pub(super) fn take_calls(&mut self) -> Vec<ToolCall<'a>> {
        let mut calls = self.tool_calls.take().unwrap_or_default();
        if let Some(function) = self.function_call.take() {
            calls.push(ToolCall { function: Some(function), ..ToolCall::default() });
        }
        calls
    }
}

/// One of `thinking_blocks`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ThinkingBlock<'a> {
    #[serde(borrow, default)]
    pub(super) thinking: Word<'a>,
    #[serde(borrow, default)]
    signature: Word<'a>,
    /// Of a `redacted_thinking` block, in place of both.
    #[serde(borrow, default)]
    data: Word<'a>,
}

impl ThinkingBlock<'_> {
    pub(super) fn signature(&self) -> Option<&str> {
        self.signature.get().or_else(|| self.data.get())
    }
}

/// A tool call, whole or a fragment.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) id: Word<'a>,
    #[serde(borrow, default)]
    pub(super) function: Option<Function<'a>>,
    #[serde(borrow, default)]
    provider_specific_fields: Option<SignatureHolder<'a>>,
    #[serde(borrow, default)]
    extra_content: Option<ExtraContent<'a>>,
}

impl ToolCall<'_> {
    /// Gemini's signature, where LiteLLM puts it, or where Gemini's own compatible API does.
    pub(super) fn signature(&self) -> Option<String> {
        let litellm = self.provider_specific_fields.as_ref();
        let google = self.extra_content.as_ref().and_then(|extra| extra.google.as_ref());
        let found = litellm.and_then(|holder| holder.thought_signature.get());
        let found = found.or_else(|| google.and_then(|holder| holder.thought_signature.get()));
        found.map(str::to_owned)
    }
}

/// The function of a call.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow, default)]
    pub(super) name: Word<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

impl Function<'_> {
    /// The arguments as text; an object where text belongs is taken as its own text.
    pub(super) fn arguments(&self) -> String {
        let Some(raw) = self.arguments else { return String::new() };
        match unescape(raw.get()) {
            Some(text) => text.into_owned(),
            None if raw.get() == "null" => String::new(),
            None => raw.get().to_owned(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct SignatureHolder<'a> {
    #[serde(borrow, default)]
    thought_signature: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct ExtraContent<'a> {
    #[serde(borrow, default)]
    google: Option<SignatureHolder<'a>>,
}

/// What a `finish_reason` means: OpenAI's five words, and those that others put in their place. An
/// unknown word is still an end, and not a sign that something failed.
pub(super) fn finish_reason(word: &str) -> Option<FinishReason> {
    match word {
        "" => None,
        "length" | "max_tokens" | "model_length" => Some(FinishReason::Length),
        "tool_calls" | "function_call" | "tool_use" => Some(FinishReason::ToolCalls),
        "content_filter" | "safety" | "refusal" => Some(FinishReason::ContentFilter),
        "error" => Some(FinishReason::Error),
        "insufficient_system_resource" => Some(FinishReason::Overloaded),
        _ => Some(FinishReason::Stop),
    }
}

/// An id for a tool call that came without one. The same call gets the same id, calls of different
/// answers different ones (FNV-1a over the answer's id), within OpenAI's 40 characters.
pub(super) fn synthetic_call_id(answer_id: &str, choice: u32, index: usize) -> String {
    let hash = answer_id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("call_{hash:016x}_{choice}_{index}")
}
