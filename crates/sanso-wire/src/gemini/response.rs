//! `GenerateContentResponse`, as far as it is read: the whole of a plain answer, and each event of a
//! streamed one.
//!
//! What server-side tools say of themselves (`executableCode`, `toolCall`, `groundingMetadata`, ..) is
//! passed over: the neutral request cannot ask for them.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::finish::FinishReason;
use super::tool_calls::FunctionCall;
use crate::classify;
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::ir;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    pub(super) candidates: Option<Vec<Candidate>>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    pub(super) usage_metadata: Option<UsageMetadata>,
    pub(super) model_version: Option<String>,
    pub(super) response_id: Option<String>,
    /// RFC 3339; Vertex AI only.
    create_time: Option<String>,
    error: Option<IgnoredAny>,
}

/// Parses what came with a 200, or in one event of a stream: one response, or an array of them (a
/// stream that was not asked for as server-sent events).
///
/// # Errors
/// An error body is classed by what it says; all else that is no response is `Malformed`.
pub(super) fn parse(body: &[u8]) -> Result<Vec<Response>, Failure> {
    let parsed = if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body)
    } else {
        serde_json::from_slice(body).map(|response| vec![response])
    };
    let responses: Vec<Response> = match parsed {
        Ok(responses) => responses,
        Err(_) if opens_with_error(body) => return Err(error(body)),
        Err(malformed) => {
            return Err(Failure::malformed(format!(
                "not a GenerateContentResponse from line {}, column {}",
                malformed.line(),
                malformed.column()
            )));
        }
    };
    if responses.iter().any(|response| response.error.is_some()) {
        return Err(error(body));
    }
    if responses.iter().any(Response::is_hollow) {
        return Err(Failure::malformed("an answer without `candidates`"));
    }
    Ok(responses)
}

fn error(body: &[u8]) -> Failure {
    classify::error_in_200(Dialect::Gemini, body)
}

/// Whether `body` begins like an error: Google's error arrays may have trailing commas, so that they
/// are no JSON.
fn opens_with_error(body: &[u8]) -> bool {
    let start = body.iter().position(|byte| !b"[{ \t\r\n".contains(byte)).unwrap_or(body.len());
    body[start..].starts_with(b"\"error\"")
}

impl Response {
    /// Unix seconds.
    pub(super) fn created(&self) -> Option<u64> {
        let time: Timestamp = self.create_time.as_deref()?.parse().ok()?;
        time.as_second().try_into().ok()
    }

    /// Whether the prompt itself was refused, so that there are no candidates.
    pub(super) fn is_blocked(&self) -> bool {
        self.lacks_candidates()
            && self.prompt_feedback.as_ref().is_some_and(|feedback| feedback.block_reason.is_some())
    }

    /// Whether it says nothing. A stream may have events with the usage alone.
    fn is_hollow(&self) -> bool {
        self.lacks_candidates() && !self.is_blocked() && self.usage_metadata.is_none()
    }

    fn lacks_candidates(&self) -> bool {
        self.candidates.as_ref().is_none_or(Vec::is_empty)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    block_reason: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    /// Left out where it is 0, and where there is but one.
    pub(super) index: Option<u32>,
    content: Option<Content>,
    finish_reason: Option<FinishReason>,
}

impl Candidate {
    /// Why it ended; `None` while it goes on.
    pub(super) fn finish(&self) -> Option<ir::FinishReason> {
        self.finish_reason.as_ref()?.meaning()
    }

    /// What it says; nothing where all tokens went into thinking.
    pub(super) fn into_parts(self) -> Vec<Part> {
        self.content.and_then(|content| content.parts).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

/// A piece of a candidate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) text: Option<String>,
    thought: Option<bool>,
    pub(super) thought_signature: Option<String>,
    pub(super) function_call: Option<FunctionCall>,
    pub(super) inline_data: Option<InlineData>,
}

impl Part {
    /// Whether its text is a thought.
    pub(super) fn is_thought(&self) -> bool {
        self.thought == Some(true)
    }
}

/// Media that the model made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InlineData {
    mime_type: String,
    data: String,
}

impl InlineData {
    pub(super) fn into_part(self) -> ir::Part {
        let is_picture = self.mime_type.starts_with("image/");
        let media = ir::Media::Data { media_type: self.mime_type, base64: self.data };
        if is_picture { ir::Part::Image(media) } else { ir::Part::File { media, name: None } }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    prompt_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
}

impl UsageMetadata {
    /// The tokens in neutral terms; `None` where none are counted, as for a prompt that was refused.
    ///
    /// Gemini counts cached tokens within the prompt, but thoughts beside the candidates, and leaves
    /// out what is zero.
    pub(super) fn usage(&self) -> Option<ir::Usage> {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        };
        let prompt = sum(self.prompt_token_count, self.tool_use_prompt_token_count);
        let completion = sum(self.candidates_token_count, self.thoughts_token_count);
        if prompt.is_none() && completion.is_none() {
            return None;
        }
        Some(ir::Usage {
            prompt: prompt.unwrap_or(0),
            completion: completion.unwrap_or(0),
            cached: self.cached_content_token_count,
            cache_write: None,
            reasoning: self.thoughts_token_count,
        })
    }
}
