//! Why a candidate ended.

use serde::Deserialize;

use crate::ir;

/// `finishReason`: a name, or its number where a proxy asked Google for `enum-encoding=int`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FinishReason {
    Name(String),
    Number(u32),
}

impl FinishReason {
    /// What it means; `None` where it says that the candidate goes on. A `STOP` may have ended in
    /// function calls, of which Gemini makes no difference: see [`after_calls`].
    pub(super) fn meaning(&self) -> Option<ir::FinishReason> {
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
        | ir::FinishReason::Error
        | ir::FinishReason::Overloaded => reason,
    }
}
