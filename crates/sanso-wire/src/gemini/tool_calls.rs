//! Function calls of an answer to tool calls.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ir;

/// A call as Gemini makes it; without `args` for a function that takes none.
#[derive(Debug, Deserialize)]
pub(super) struct FunctionCall {
    id: Option<String>,
    name: String,
    args: Option<Box<RawValue>>,
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
