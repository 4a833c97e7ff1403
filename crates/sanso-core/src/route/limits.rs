//! What bounds one upstream call.

use crate::time::Duration;
use crate::usual::Class;

/// The limits of a deployment's calls, as configured (`chain.md`, *Defaults* and *Streams*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentLimits {
    /// DNS, TCP and TLS; inside `timeout`.
    pub connect: Duration,
    /// First content of a stream.
    pub first_token: Duration,
    /// The same for models and requests that think before they speak.
    pub first_token_thinking: Duration,
    /// Between two contents of a stream, where no `timeout` is set.
    pub gap: Duration,
    /// An attempt up to its answer: the whole of a plain call, the first content of a stream.
    pub timeout: Duration,
    /// Whether `timeout` was set, so that it stands for the gap too.
    pub timeout_is_set: bool,
    /// LiteLLM's `stream_timeout`: stands for a stream's first-token limit, gap and timeout.
    pub stream_timeout: Option<Duration>,
    /// A model that thinks before it speaks.
    pub thinks: bool,
}

impl Default for DeploymentLimits {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            connect: s(3),
            first_token: s(10),
            first_token_thinking: s(60),
            gap: s(60),
            timeout: s(600),
            timeout_is_set: false,
            stream_timeout: None,
            thinks: false,
        }
    }
}

/// The limits of one call, each from its start but for `gap`. The driver arms them and reports the
/// one that fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// DNS, TCP and TLS.
    pub connect: Duration,
    /// Until the first content of a stream; of a plain call only where the breaker bounds it.
    pub first_token: Option<Duration>,
    /// Between two contents of a stream.
    pub gap: Option<Duration>,
    /// Until the answer: the whole of a plain call, the first content of a stream.
    pub total: Duration,
}

impl DeploymentLimits {
    /// The limits of a call of `class` with a prompt of `prompt_tokens`: reading a long one takes a
    /// second per 10,000.
    #[must_use]
    pub fn of_call(&self, class: Class, prompt_tokens: u32, timeout: Option<Duration>) -> Limits {
        let total = timeout.unwrap_or(self.timeout);
        if !class.stream {
            return Limits { connect: self.connect, first_token: None, gap: None, total };
        }
        let first_token = self.first_token_of(class, prompt_tokens);
        let gap = match self.stream_timeout {
            Some(limit) => limit,
            None if !self.timeout_is_set => self.gap,
            None if class.thinks => self.timeout.max(self.gap),
            None => self.timeout,
        };
        let total = timeout.or(self.stream_timeout).unwrap_or(self.timeout);
        Limits { connect: self.connect, first_token: Some(first_token), gap: Some(gap), total }
    }

    /// The first-token limit of a stream.
    #[must_use]
    pub fn first_token_of(&self, class: Class, prompt_tokens: u32) -> Duration {
        let reading = Duration::from_secs(u64::from(prompt_tokens / 10_000));
        let patient = if class.thinks { self.first_token_thinking } else { self.first_token };
        self.stream_timeout.unwrap_or(patient + reading)
    }
}
