//! Anthropic Messages (`POST {base}/v1/messages`), spoken to a provider.
//!
//! What has no counterpart is handled by one rule: a parameter that would change the *shape* of the
//! answer or where it ends is refused by name (`n` > 1, `logprobs`, `top_logprobs`, a `stop` of
//! nothing but whitespace), because the caller would miss it; one that only nudges the sampling is
//! dropped, because half of all clients set it by habit:
//!
//! - `seed`, `presence_penalty` and `frequency_penalty` always;
//! - `temperature` and `top_p` where thinking is asked for, and for models from 4.7 on, which
//!   answer 400 to any value but the default; above 1, `temperature` becomes 1;
//! - `top_p` beside `temperature` for models from 4.1 on, which take one of the two;
//! - the name and `strict` of a JSON schema: Anthropic follows every schema to the letter, and so
//!   refuses those that leave `additionalProperties` open.
//!
//! `json_object` has no counterpart either and becomes a line of the system prompt. Instructions in
//! the middle of a conversation move to the system prompt too. A conversation may begin with the
//! assistant: newer models answer it, older ones say clearly that they do not.
//!
//! # Thinking
//!
//! Signed thoughts are replayed, unsigned ones (another provider's) are not. A thought travels as
//! [`Part::Reasoning`](crate::ir::Part::Reasoning); one without text is a `redacted_thinking` block
//! with its `data` for signature, unless the signature begins with a mark of ours, which says that
//! it is a plain thought whose text the provider left out.
//!
//! Sources: the Messages API reference, and recorded traffic.

use crate::failure::Failure;
use crate::ir;

mod answer;
mod model;
mod request;
mod stream;
mod thinking;
mod turns;

pub use stream::StreamDecoder;

/// Whether a model thinks where a request does not ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// Only when asked.
    Never,
    /// It may by default.
    Perhaps,
    /// It cannot be told not to.
    Always,
}

/// What is known by its name of a Claude model, in any provider's spelling; `None` for all others.
#[must_use]
pub fn thinks_unasked(name: &str) -> Option<Unasked> {
    use model::{Model, Thinking};
    if !name.to_ascii_lowercase().contains("claude") {
        return None;
    }
    let model = Model::named(name);
    Some(match model.thinking() {
        _ if model.always_thinks() => Unasked::Always,
        Thinking::Adaptive { current: true } => Unasked::Perhaps,
        Thinking::Never | Thinking::Budget | Thinking::Adaptive { current: false } => {
            Unasked::Never
        }
    })
}

/// The answer's token limit where the client sets none: Anthropic requires one, and every model can
/// write this much. Room for thinking comes on top.
pub const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Goes before the signature of a thought whose text the provider left out (`display: "omitted"`),
/// to tell it from a redacted one. No signature begins so: they are base64.
pub(crate) const OMITTED: &str = "omitted:";

/// The path under the base URL.
#[must_use]
pub fn path() -> String {
    "/v1/messages".to_owned()
}

/// Writes a request to `model`.
///
/// # Errors
/// `BadRequest` that names the parameter which the Messages API cannot express.
pub fn write_request(request: &ir::Request, model: &str) -> Result<Vec<u8>, Failure> {
    request::write(request, model)
}

/// Reads the body of a 200. An answer without any content is an answer still; whether it will do is
/// for the caller to say.
///
/// # Errors
/// An error body is classed by what it says; what is not an answer is `Malformed`.
pub fn read_answer(body: &[u8]) -> Result<ir::Answer, Failure> {
    answer::read(body)
}

/// What this dialect cannot say.
fn inexpressible(param: &str, why: &str) -> Failure {
    Failure::inexpressible("Anthropic", param, why)
}
