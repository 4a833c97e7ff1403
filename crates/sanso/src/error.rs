//! What the library says when there is no answer.

use std::time::Duration;

use sanso_wire::envelope::RequestError;

use crate::served::Served;

/// A request that was not answered.
///
/// Opaque: ask [`Error::kind`], [`Error::status`] and [`Error::served`]. Its text is for the
/// caller: it says what happened and what to do, and holds no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<Inner>);

/// Boxed, so that the way without an error carries a pointer and not all of this.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) kind: ErrorKind,
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) error_type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) should_retry: bool,
    pub(crate) served: Option<Box<Served>>,
}

/// What went wrong, as far as a caller may want to act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself is at fault: asking again unchanged is useless.
    InvalidRequest,
    /// No model group has that name.
    UnknownModel,
    /// No task has that name.
    UnknownTask,
    /// Rate limits, of every deployment that could have served.
    RateLimited,
    /// A limit of ours, or the caller's deadline, passed.
    Timeout,
    /// Every gate is shut.
    Unavailable,
    /// Everyone who was asked failed.
    Upstream,
    /// A stream broke after its first content.
    Broken,
}

impl Error {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status that the gateway answers with.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// OpenAI's `error.code`, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// When it is worth asking again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether asking again may help: what a client's own retry loop should do.
    #[must_use]
    pub fn should_retry(&self) -> bool {
        self.0.should_retry
    }

    /// The calls that were made, and who would have served.
    #[must_use]
    pub fn served(&self) -> Option<&Served> {
        self.0.served.as_deref()
    }

    /// OpenAI's error body: `{"error": {"message", "type", "param", "code"}}`.
    #[must_use]
    pub fn to_openai_json(&self) -> String {
        let inner = &self.0;
        let error_type = inner.error_type.as_deref().unwrap_or(match inner.status {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        });
        let body = serde_json::json!({"error": {
            "message": inner.message,
            "type": error_type,
            "param": inner.param,
            "code": inner.code,
        }});
        body.to_string()
    }

    /// The gateway ends while a stream flows.
    pub(crate) fn gateway_ends(reason: &str) -> Self {
        Self::new(ErrorKind::Broken, 503, reason.to_owned()).with(|inner| inner.should_retry = true)
    }

    /// `asked` is the member of the body that named the model.
    pub(crate) fn unknown_model(model: &str, asked: &str, known: &[&str]) -> Self {
        let list = known.join(", ");
        let message = format!("The model `{model}` is not configured here. Known models: {list}.");
        Self::new(ErrorKind::UnknownModel, 404, message).with(|inner| {
            inner.code = Some("model_not_found".to_owned());
            inner.param = Some(asked.to_owned());
        })
    }

    /// `asked` is the member of the body, or the header, that named the task.
    pub(crate) fn unknown_task(task: &str, asked: &str, known: &[&str]) -> Self {
        let list = known.join(", ");
        let message = format!("The task `{task}` is not configured here. Known tasks: {list}.");
        Self::new(ErrorKind::UnknownTask, 404, message).with(|inner| {
            inner.code = Some("task_not_found".to_owned());
            inner.param = Some(asked.to_owned());
        })
    }

    pub(crate) fn new(kind: ErrorKind, status: u16, message: String) -> Self {
        Self(Box::new(Inner {
            kind,
            status,
            message,
            error_type: None,
            code: None,
            param: None,
            retry_after: None,
            should_retry: false,
            served: None,
        }))
    }

    /// The same error with more said about it.
    pub(crate) fn with(mut self, say: impl FnOnce(&mut Inner)) -> Self {
        say(&mut self.0);
        self
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::new(ErrorKind::InvalidRequest, 400, error.message).with(|inner| {
            inner.param = error.param;
            inner.code = error.code.map(str::to_owned);
        })
    }
}
