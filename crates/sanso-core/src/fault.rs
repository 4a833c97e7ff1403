//! The kinds of fault, and the one table of what each of them means.
//!
//! Faults are classified once, in `sanso-wire`; everything here and downstream branches on
//! [`FaultKind`] alone, exhaustively. The table is that of `chain.md`, section *Faults*.

use crate::time::Duration;

/// How one upstream call ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// A complete answer: the whole body of a plain call, or a stream up to its terminal marker.
    Finished,
    /// Anything else.
    Fault(Fault),
}

/// The limit that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// DNS, TCP and TLS.
    Connect,
    /// From the call's start to the first content of a stream.
    FirstToken,
    /// Between two contents of a stream.
    Gap,
    /// The whole attempt, or the whole request.
    Total,
}

/// Why a well-formed 200 is still not the answer that was wanted. All but [`SoftReason::Empty`] are
/// looked for only where the operator says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoftReason {
    /// No text, tool call, reasoning or refusal, and ended neither by the request's own token limit
    /// nor by a filter.
    Empty,
    /// Ended by a token limit that the request did not set.
    Truncated,
    /// It says the same again and again.
    Loop,
    /// Not the JSON that the request asked for.
    Schema,
    /// A tool call with an unknown name, or with arguments that cannot be used.
    Tools,
    /// The model would not do it.
    Refusal,
    /// A check of the operator's own.
    User,
}

impl SoftReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::Truncated,
        Self::Loop,
        Self::Schema,
        Self::Tools,
        Self::Refusal,
        Self::User,
    ];
}

/// What broke beneath HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionFault {
    /// Before a request could be sent: refused, DNS, TLS. The host gate counts these.
    Establish,
    /// After connecting: reset, or closed before an answer.
    Lost,
    /// A pooled connection turned out to be closed before any answer, or the provider says that it
    /// has not looked at the request (HTTP/2): redone once, free, at once; then it is `Lost`.
    Reused,
}

/// The kind of a fault. See [`FaultKind::rule`] for what each kind leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// 429 of requests or tokens per minute.
    RateLimited,
    /// Spend cap, no credit, daily quota.
    QuotaExhausted,
    /// 503, 529, `overloaded_error`: the provider's capacity, not our account.
    Overloaded,
    /// Other 5xx, 409, 424, 425, in-stream `api_error`.
    ServerError,
    /// A limit of ours fired, or the provider said 408.
    Timeout(Phase),
    /// Refused, reset, DNS, TLS, closed before an answer.
    Connection(ConnectionFault),
    /// Not what the provider's API promises: bad JSON, SSE or UTF-8, HTML, no `choices`, oversized.
    Malformed,
    /// Failure after commit; a clean end without finish reason and terminal marker included.
    Broken,
    /// The prompt is too long for the model.
    ContextWindow,
    /// Refused by the provider's filter.
    ContentPolicy,
    /// The operator's key is not accepted.
    Authentication,
    /// The model or deployment does not exist there.
    NotFound,
    /// The caller's mistake.
    BadRequest,
    /// A 200 that is not a usable answer.
    Soft(SoftReason),
    /// The client went away.
    Cancelled,
}

/// One fault with what the decisions need to know about it. The provider's own text stays with the
/// driver: nothing here may branch on text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// HTTP status of the provider, where there was one.
    pub status: Option<u16>,
    /// The provider's hint: not before this much time from now. Sane, but not yet clamped.
    pub hint: Option<Duration>,
    /// Which quota a `RateLimited` or `QuotaExhausted` names.
    pub dimension: Dimension,
    /// An `Authentication` whose code leaves no doubt: one is enough to shut the credential gate.
    pub certain: bool,
    /// Of a `RateLimited`: how often the quota admits one more request, where its size is known.
    pub spacing: Option<Duration>,
    /// The connection that the call was lost with, where others may have been lost with it (HTTP/2).
    pub connection: Option<u64>,
    /// Of a `ContextWindow`: the tokens that the prompt leaves for the answer, by the provider's own
    /// numbers.
    pub room: Option<u32>,
}

/// A quota of which, by an answer's headers, nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Which.
    pub dimension: Dimension,
    /// Until it is whole again.
    pub reset: Duration,
    /// How much it holds when it is whole.
    pub limit: Option<u32>,
}

impl Spent {
    /// Until there is room for one more request: `reset / limit` where the limit is known.
    #[must_use]
    pub fn spacing(&self) -> Option<Duration> {
        self.limit.filter(|limit| *limit > 0).map(|limit| self.reset / limit)
    }
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Requests per minute, and what names no dimension.
    #[default]
    Requests,
    /// Tokens per minute.
    Tokens,
}

impl Fault {
    /// A fault of `kind` of which nothing else is known.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            status: None,
            hint: None,
            dimension: Dimension::Requests,
            certain: false,
            spacing: None,
            connection: None,
            room: None,
        }
    }

    /// When a `QuotaExhausted` ends, where the provider names that time: its hint. A hint of no time
    /// at all names none.
    #[must_use]
    pub fn reset(&self) -> Option<Duration> {
        self.hint.filter(|hint| self.kind == FaultKind::QuotaExhausted && !hint.is_zero())
    }

    /// The same fault, with the provider's HTTP status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The same fault, with the provider's hint.
    #[must_use]
    pub const fn with_hint(mut self, hint: Option<Duration>) -> Self {
        self.hint = hint;
        self
    }
}
