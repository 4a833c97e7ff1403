//! Complete answers, written for a client; and the shapes that they share with chunks and requests.

use serde::Serialize;

use crate::ir::{self, Answer, Choice, FinishReason, Media, Part};

/// Writes an answer as OpenAI's `chat.completion`. `id` and `created` (Unix seconds) stand in where
/// the provider gave none.
#[must_use]
pub fn write_answer(answer: &Answer, id: &str, created: u64) -> Vec<u8> {
    let completion = Completion {
        id: if answer.id.is_empty() { id } else { &answer.id },
        object: "chat.completion",
        created: answer.created.unwrap_or(created),
        model: &answer.model,
        choices: answer.choices.iter().map(CompletionChoice::new).collect(),
        usage: answer.usage.map(CompletionUsage::from),
    };
    // Strings and numbers alone cannot fail to serialise.
    serde_json::to_vec(&completion).unwrap_or_default()
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<CompletionChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<CompletionUsage>,
}

#[derive(Serialize)]
struct CompletionChoice<'a> {
    index: u32,
    message: CompletionMessage<'a>,
    logprobs: (),
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct CompletionMessage<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CompletionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thinking_blocks: Vec<CompletionThought<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<CompletionImage>,
}

/// A signed thought as LiteLLM gives it: the client sends it back with the next turn.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum CompletionThought<'a> {
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
}

impl<'a> CompletionThought<'a> {
    /// A thought that cannot be seen is a redacted one.
    pub(super) const fn new(text: &'a str, signature: &'a str) -> Self {
        if text.is_empty() {
            Self::RedactedThinking { data: signature }
        } else {
            Self::Thinking { thinking: text, signature }
        }
    }
}

#[derive(Serialize)]
pub(super) struct CompletionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u32>,
    pub(super) id: &'a str,
    pub(super) r#type: &'static str,
    pub(super) function: CompletionFunction<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider_specific_fields: Option<CallSignature<'a>>,
}

#[derive(Serialize)]
pub(super) struct CompletionFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
pub(super) struct CallSignature<'a> {
    thought_signature: &'a str,
}

impl<'a> CompletionCall<'a> {
    pub(super) fn new(call: &'a ir::ToolCall) -> Self {
        Self {
            index: None,
            id: &call.id,
            r#type: "function",
            function: CompletionFunction { name: &call.name, arguments: &call.arguments },
            provider_specific_fields: call
                .signature
                .as_deref()
                .map(|thought_signature| CallSignature { thought_signature }),
        }
    }
}

/// A picture that the model made, as OpenRouter and LiteLLM give it; OpenAI's chat has none.
#[derive(Serialize)]
pub(super) struct CompletionImage {
    r#type: &'static str,
    image_url: ImageUrl,
}

impl CompletionImage {
    pub(super) fn new(picture: &Media) -> Self {
        Self { r#type: "image_url", image_url: picture.into() }
    }
}

#[derive(Serialize)]
pub(super) struct ImageUrl {
    url: String,
}

impl From<&Media> for ImageUrl {
    fn from(media: &Media) -> Self {
        Self { url: data_url(media) }
    }
}

/// The address of bytes, or a `data:` URL of them.
pub(super) fn data_url(media: &Media) -> String {
    match media {
        Media::Url(url) => url.clone(),
        Media::Data { media_type, base64 } => format!("data:{media_type};base64,{base64}"),
    }
}

impl<'a> CompletionChoice<'a> {
    fn new(choice: &'a Choice) -> Self {
        let mut message = CompletionMessage { role: "assistant", ..CompletionMessage::default() };
        message.take(&choice.parts);
        Self {
            index: choice.index,
            message,
            logprobs: (),
            finish_reason: choice.finish.map(finish_word),
        }
    }
}

impl<'a> CompletionMessage<'a> {
    fn take(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Text(text) => append(&mut self.content, text),
                Part::Refusal(text) => append(&mut self.refusal, text),
                Part::Reasoning { text, signature } => {
                    if !text.is_empty() {
                        append(&mut self.reasoning_content, text);
                    }
                    if let Some(signature) = signature {
                        self.thinking_blocks.push(CompletionThought::new(text, signature));
                    }
                }
                Part::ToolCall(call) => self.tool_calls.push(CompletionCall::new(call)),
                Part::Image(picture) => self.images.push(CompletionImage::new(picture)),
                // No model answers with these, and a chat answer has no place for them.
                Part::File { .. } | Part::ToolResult { .. } => {}
            }
        }
    }
}

fn append(text: &mut Option<String>, more: &str) {
    text.get_or_insert_default().push_str(more);
}

/// OpenAI's word for a reason. It has none for [`FinishReason::Error`]; `error` is what OpenRouter
/// says, and it does not pretend that the answer is complete.
pub(crate) const fn finish_word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Error => "error",
        FinishReason::Overloaded => "insufficient_system_resource",
    }
}

/// OpenAI's `usage`.
#[derive(Serialize)]
pub(super) struct CompletionUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Serialize)]
struct PromptDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

impl From<ir::Usage> for CompletionUsage {
    fn from(usage: ir::Usage) -> Self {
        let is_cache_known = usage.cached.is_some() || usage.cache_write.is_some();
        Self {
            prompt_tokens: usage.prompt,
            completion_tokens: usage.completion,
            total_tokens: usage.prompt.saturating_add(usage.completion),
            prompt_tokens_details: is_cache_known.then_some(PromptDetails {
                cached_tokens: usage.cached,
                cache_write_tokens: usage.cache_write,
            }),
            completion_tokens_details: usage
                .reasoning
                .map(|reasoning_tokens| CompletionDetails { reasoning_tokens }),
        }
    }
}
