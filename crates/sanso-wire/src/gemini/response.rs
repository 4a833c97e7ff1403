//! `GenerateContentResponse`, as far as it is read: the whole of a plain answer, and each event of a
//! streamed one.
//!
//! What server-side tools say of themselves (`executableCode`, `toolCall`, `groundingMetadata`, ..) is
//! passed over: the neutral request cannot ask for them.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

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

#[derive(Debug, Deserialize)]
pub(super) struct FunctionCall {
    id: Option<String>,
    name: String,
    args: Option<Box<RawValue>>,
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

/// Turns function calls into tool calls, counting those of one answer.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    /// The answer's id, fit for a part of a call's id.
    answer: String,
    count: u32,
}

/// OpenAI takes ids of up to 40 characters: `call_`, the answer's, `_` and the number fit.
const MAX_ANSWER_ID: usize = 24;

impl ToolCalls {
    /// Starts counting the calls of the answer `id`.
    pub(super) fn of_answer(id: &str) -> Self {
        let answer = id
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            .take(MAX_ANSWER_ID)
            .collect();
        Self { answer, count: 0 }
    }

    /// The next call. Most models give no ids, but clients link results to calls by nothing else: then
    /// it is made of the answer's id and the call's number, the same each time the answer is read.
    pub(super) fn next(&mut self, call: FunctionCall, signature: Option<String>) -> ir::ToolCall {
        let number = self.count;
        self.count = number.saturating_add(1);
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| {
            if self.answer.is_empty() {
                format!("call_{number}")
            } else {
                format!("call_{}_{number}", self.answer)
            }
        });
        let arguments = call.args.map_or_else(|| "{}".to_owned(), |args| args.get().to_owned());
        ir::ToolCall { id, name: call.name, arguments, signature }
    }
}

/// `finishReason`: a name, or its number where a proxy asked Google for `enum-encoding=int`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FinishReason {
    Name(String),
    Number(u32),
}

impl FinishReason {
    /// What it means; `None` where it says that the candidate goes on. A `STOP` may have ended in
    /// function calls, of which Gemini makes no difference: see [`after_calls`].
    fn meaning(&self) -> Option<ir::FinishReason> {
        let name = match self {
            Self::Name(name) => name.as_str(),
            // The numbers beyond these differ between the Gemini API and Vertex AI.
            Self::Number(0) => "FINISH_REASON_UNSPECIFIED",
            Self::Number(1) => "STOP",
            Self::Number(2) => "MAX_TOKENS",
            Self::Number(3) => "SAFETY",
            Self::Number(4) => "RECITATION",
            Self::Number(_) => "OTHER",
        };
        match name {
            "" | "FINISH_REASON_UNSPECIFIED" => None,
            "STOP" => Some(ir::FinishReason::Stop),
            "MAX_TOKENS" => Some(ir::FinishReason::Length),
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "MODEL_ARMOR"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => Some(ir::FinishReason::ContentFilter),
            // `MALFORMED_FUNCTION_CALL`, `UNEXPECTED_TOOL_CALL`, `TOO_MANY_TOOL_CALLS`,
            // `MALFORMED_RESPONSE`, `MISSING_THOUGHT_SIGNATURE`, `NO_IMAGE`, `OTHER`, and whatever
            // comes after this was written: not the end of a good answer as far as we know.
            _ => Some(ir::FinishReason::Error),
        }
    }
}

/// The reason of a candidate that did, or did not, call functions.
pub(super) fn after_calls(reason: ir::FinishReason, has_called: bool) -> ir::FinishReason {
    match reason {
        ir::FinishReason::Stop if has_called => ir::FinishReason::ToolCalls,
        ir::FinishReason::Stop
        | ir::FinishReason::Length
        | ir::FinishReason::ToolCalls
        | ir::FinishReason::ContentFilter
        | ir::FinishReason::Error => reason,
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
