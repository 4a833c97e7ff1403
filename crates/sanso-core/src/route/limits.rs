//! What bounds one upstream call.

use crate::time::Duration;
use crate::usual::Class;

/// The limits of a deployment's calls, as configured (`chain.md`, *Defaults* and *Streams*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentLimits {
    /// DNS, TCP and TLS; inside `timeout`.
    pub connect: Duration,
    /// First content of a stream, for an empty prompt.
    pub first_token: Duration,
    /// The same for models and requests that think before they speak.
    pub first_token_thinking: Duration,
    /// What every 10,000 prompt tokens add to it: reading a long prompt takes time.
    pub per_10k_tokens: Duration,
    /// Between two contents of a stream.
    pub gap: Duration,
    /// The same for models and requests that think.
    pub gap_thinking: Duration,
    /// The whole answer of a plain call.
    pub timeout: Duration,
    /// The first content of a stream, as `timeout` bounds it.
    pub stream_timeout: Duration,
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
            per_10k_tokens: s(1),
            gap: s(60),
            gap_thinking: s(60),
            timeout: s(600),
            stream_timeout: s(600),
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
    /// The limits of a call of `class` with a prompt of `prompt_tokens`; `timeout` is one that the
    /// caller set: it bounds the answer, or a stream's first content and each gap after it.
    #[must_use]
    pub fn of_call(&self, class: Class, prompt_tokens: u32, timeout: Option<Duration>) -> Limits {
        let connect = self.connect;
        let class = self.class_of(class);
        if !class.stream {
            let total = timeout.unwrap_or(self.timeout);
            return Limits { connect, first_token: None, gap: None, total };
        }
        Limits {
            connect,
            first_token: Some(self.first_token_of(class, prompt_tokens)),
            gap: Some(timeout.unwrap_or(if class.thinks { self.gap_thinking } else { self.gap })),
            total: timeout.unwrap_or(self.stream_timeout),
        }
    }

    /// The class of a call here: a model that thinks does so whatever the request says.
    #[must_use]
    pub const fn class_of(&self, class: Class) -> Class {
        Class { thinks: class.thinks || self.thinks, ..class }
    }

    /// The first-token limit of a stream.
    #[must_use]
    pub fn first_token_of(&self, class: Class, prompt_tokens: u32) -> Duration {
        let empty =
            if self.class_of(class).thinks { self.first_token_thinking } else { self.first_token };
        empty.saturating_add(self.per_10k_tokens.saturating_mul(prompt_tokens / 10_000))
    }
}
