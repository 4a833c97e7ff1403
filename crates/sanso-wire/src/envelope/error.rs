//! Why a client's request is refused.

use thiserror::Error;

/// A request that sanso refuses itself, before any provider is asked: OpenAI's 400.
///
/// The words are for the caller: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RequestError {
    /// What is wrong and what to do about it.
    pub message: String,
    /// The member of the body, as a path: `messages[3].content`. `None` where it is the whole body.
    pub param: Option<String>,
    /// OpenAI's word for the kind of mistake, where it has one.
    pub code: Option<&'static str>,
}

impl RequestError {
    /// The body as a whole is at fault.
    pub(crate) fn body(message: impl Into<String>) -> Self {
        Self { message: message.into(), param: None, code: None }
    }

    /// `param` is needed and not there.
    pub(crate) fn missing(param: &str, what: &str) -> Self {
        Self::at(param, "missing_required_parameter", format!("`{param}` is required: {what}."))
    }

    /// `param` is there, but is not `expected`.
    pub(crate) fn wrong_type(param: &str, expected: &str, found: &str) -> Self {
        Self::at(param, "invalid_type", format!("`{param}` must be {expected}, not {found}."))
    }

    /// `param` has the right type, but not a value that can be taken.
    pub(crate) fn wrong_value(param: &str, why: &str) -> Self {
        Self::at(param, "invalid_value", format!("`{param}` {why}."))
    }

    /// `param` is fine by OpenAI, but the provider that would answer speaks another dialect.
    pub(crate) fn untranslatable(param: &str, why: &str) -> Self {
        Self::at(
            param,
            "unsupported_parameter",
            format!(
                "`{param}` cannot be translated for the provider of this model: {why}. Leave it \
                 out, or ask for a model that is served over OpenAI's API."
            ),
        )
    }

    fn at(param: &str, code: &'static str, message: String) -> Self {
        Self { message, param: Some(param.to_owned()), code: Some(code) }
    }
}
