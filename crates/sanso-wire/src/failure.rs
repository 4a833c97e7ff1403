//! What went wrong with one upstream call: the fault for the decisions, the words for the caller.

use sanso_core::{Fault, FaultKind};

use crate::ir::FinishReason;
use crate::openai_chat;

/// A classified failure.
///
/// `fault` decides; the rest is what the provider said, kept for the caller and the log. It may hold
/// secrets of the operator (a provider may quote the key): mask it before it leaves the process.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The fault, as the core knows it.
    pub fault: Fault,
    /// The provider's message, or our own words where it gave none. Never empty.
    pub message: String,
    /// The provider's `error.type`.
    pub kind: Option<String>,
    /// The provider's `error.code`, as a string.
    pub code: Option<String>,
    /// The parameter that the provider (or a dialect) objects to.
    pub param: Option<String>,
}

impl Failure {
    /// A failure of `kind` with our own message.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            fault: Fault::new(kind),
            message: message.into(),
            kind: None,
            code: None,
            param: None,
        }
    }

    /// A 200 that is not what the provider's API promises.
    #[must_use]
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Malformed, message)
    }

    /// The failure that a provider itself tells by why an answer ended; `None` where it is none. Such
    /// an answer is a part of one, and never presented as complete (`chain.md`, *Streams*).
    #[must_use]
    pub fn of_finish(reason: FinishReason) -> Option<Self> {
        let kind = reason.fault()?;
        let word = openai_chat::finish_word(reason);
        let message = format!("the provider cut its own answer off (finish reason `{word}`)");
        Some(Self { code: Some(word.to_owned()), ..Self::new(kind, message) })
    }

    /// A request that `dialect` cannot express because of `param`.
    #[must_use]
    pub fn inexpressible(dialect: &str, param: &str, why: &str) -> Self {
        let mut failure =
            Self::new(FaultKind::BadRequest, format!("{dialect} cannot take `{param}`: {why}"));
        failure.param = Some(param.to_owned());
        failure
    }
}
