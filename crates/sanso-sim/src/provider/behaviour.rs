//! What a simulated provider does with a call.

use sanso_core::{Duration, Rng};

/// What a provider does with a call. Bad requests (no key, no JSON, no such path) are refused as
/// the real provider does, whatever is set here.
///
/// Where a stream fails `after_tokens`, that many tokens go out first, at the provider's [`Pace`];
/// the opening events that carry no content (a role, `message_start`) always do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers.
    Healthy,
    /// Answers at once with the provider's own error.
    Fails(Problem),
    /// Takes the request and never says a word, headers included.
    Silent,
    /// Closes the connection in place of an answer.
    HangUp,
    /// A 200 with a proxy's HTML page in place of an answer.
    Html,
    /// A well-formed answer with nothing in it, ended as if all were well.
    Empty,
    /// A stream breaks off with the provider's error event for an overload. A plain call has no
    /// such place: it fails as [`Problem::Overloaded`].
    ErrorInStream {
        /// Tokens sent before the error; 0 puts it before any content.
        after_tokens: u32,
    },
    /// The connection is lost in the middle: after so many tokens of a stream, or half-way through
    /// the body of a plain call.
    Cut {
        /// Tokens of a stream sent before.
        after_tokens: u32,
    },
    /// A stream ends cleanly, but without finish reason and terminal marker. A plain call ends
    /// half-way through its JSON.
    EndsEarly {
        /// Tokens of a stream sent before.
        after_tokens: u32,
    },
    /// Falls silent in the middle and keeps the connection open. A plain call does so half-way
    /// through its body.
    Stalls {
        /// Tokens of a stream sent before.
        after_tokens: u32,
    },
}

/// An error that a provider answers with, in its own status, headers and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 429 of requests per minute. The hint goes where the provider puts it: `retry-after` (whole
    /// seconds, rounded up) and `retry-after-ms`, the `anthropic-ratelimit-*` headers, `RetryInfo`.
    RateLimited {
        /// When to come again; `None` leaves every hint out.
        retry_after: Option<Duration>,
    },
    /// The account's money or daily allowance is used up.
    QuotaExhausted,
    /// The provider's capacity is used up: 503, at Anthropic 529.
    Overloaded,
    /// The key is not valid: 401, at Gemini 400 with `API_KEY_INVALID`.
    BadKey,
    /// The prompt is longer than the model's window: 400.
    ContextWindow,
    /// This status, with what the provider writes beside it. Values that are no HTTP status of an
    /// error (400 to 599) become 500.
    Status(u16),
}

impl From<Problem> for Behaviour {
    fn from(problem: Problem) -> Self {
        Self::Fails(problem)
    }
}

/// How fast a provider speaks. A plain call takes as long as its stream would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// From the request to the first token.
    pub first_token: Duration,
    /// From each token to the next.
    pub per_token: Duration,
    /// Share by which each of these varies either way, 0 to 1: at 0.2, 100 ms is 80 to 120 ms.
    pub jitter: f64,
}

impl Pace {
    /// No waiting at all.
    pub const INSTANT: Self =
        Self { first_token: Duration::ZERO, per_token: Duration::ZERO, jitter: 0.0 };

    /// A quick model near by: first token after about 120 ms, then 125 tokens a second.
    pub const BRISK: Self = Self {
        first_token: Duration::from_millis(120),
        per_token: Duration::from_millis(8),
        jitter: 0.2,
    };

    /// The wait before a chunk of `tokens` tokens; `first` if nothing was said before.
    pub(crate) fn wait(&self, first: bool, tokens: u32, rng: &mut Rng) -> Duration {
        let tokens = if first { tokens.saturating_sub(1) } else { tokens };
        let opening = if first { self.first_token } else { Duration::ZERO };
        let wait = opening.saturating_add(self.per_token.saturating_mul(tokens));
        let jitter = if self.jitter.is_finite() { self.jitter.clamp(0.0, 1.0) } else { 0.0 };
        rng.scaled(wait.min(LONGEST_WAIT), 1.0 - jitter, 1.0 + jitter)
    }
}

/// Keeps absurd paces within what arithmetic on durations can hold.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
