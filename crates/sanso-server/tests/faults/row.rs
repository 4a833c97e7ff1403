//! One row of the table: a provider that fails in one way, and what the client must see of it.

use std::fmt;
use std::net::SocketAddr;

use crate::client::{self, Seen};
use crate::support::soon;
use crate::upstream::{Act, Upstream};

/// A wire format of the provider that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Dialect {
    pub(crate) const fn model(self) -> &'static str {
        match self {
            Self::OpenAi => "openai/gpt-primary",
            Self::Anthropic => "anthropic/claude-primary",
            Self::Gemini => "gemini/gemini-primary",
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its number in the list of faults that this table follows.
    pub(crate) id: &'static str,
    pub(crate) what: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
    /// What each connection meets in turn; the last repeats. `None`: nobody listens.
    pub(crate) scripts: Option<Vec<Vec<Act>>>,
    /// TLS is spoken to the provider, which does not speak it.
    pub(crate) tls: bool,
    /// How often the client asks.
    pub(crate) asks: usize,
    pub(crate) expect: Expect,
    /// Requests that the provider may read in all.
    pub(crate) calls: usize,
    /// The client leaves once it has seen this; if it is empty, once the provider has its request.
    pub(crate) leaves: Option<&'static str>,
    /// What the client sends instead of a question.
    pub(crate) raw: Option<Vec<u8>>,
}

/// What the client must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A whole answer of the fallback.
    Fallback,
    /// A whole answer of the provider itself.
    Answer,
    /// What had come of the answer, an error event, and no terminal marker.
    ErrorInStream,
    /// An error with this status.
    Status(u16),
    /// Nothing, for it has left.
    Nothing,
}

impl Row {
    /// A row whose plain call is to be answered by the fallback after `calls` of the provider.
    pub(crate) fn new(id: &'static str, what: &'static str, scripts: Vec<Vec<Act>>) -> Self {
        Self {
            id,
            what,
            dialect: Dialect::OpenAi,
            stream: false,
            scripts: Some(scripts),
            tls: false,
            asks: 1,
            expect: Expect::Fallback,
            calls: 1,
            leaves: None,
            raw: None,
        }
    }

    pub(crate) fn stream(self) -> Self {
        Self { stream: true, ..self }
    }

    pub(crate) fn of(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    pub(crate) fn calls(self, calls: usize) -> Self {
        Self { calls, ..self }
    }

    pub(crate) fn expect(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

/// A row with its provider listening.
pub(crate) struct Stage {
    pub(crate) row: Row,
    number: usize,
    upstream: Option<Upstream>,
    pub(crate) base: String,
}

/// What came of a row.
#[derive(Debug)]
pub(crate) struct Result {
    pub(crate) number: usize,
    row: Row,
    seen: Seen,
    calls: usize,
    /// What is not as it must be.
    pub(crate) wrong: Option<String>,
}

impl Stage {
    pub(crate) async fn set(row: Row) -> Self {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let upstream = match &row.scripts {
            Some(scripts) => Some(Upstream::start(scripts.clone()).await),
            None => None,
        };
        let address = match &upstream {
            Some(upstream) => upstream.address,
            None => nobody().await,
        };
        let scheme = if row.tls { "https" } else { "http" };
        // Each dialect's paths begin elsewhere.
        let path = if row.dialect == Dialect::OpenAi { "/v1" } else { "" };
        Self { row, number, upstream, base: format!("{scheme}://{address}{path}") }
    }

    pub(crate) fn group(&self) -> String {
        format!("fault-{}", self.number)
    }

    pub(crate) async fn play(self, address: SocketAddr) -> Result {
        let mut seen = Seen::default();
        for _ in 0..self.row.asks {
            seen = match (&self.row.raw, self.row.leaves) {
                (Some(raw), _) => client::send(address, raw).await,
                (None, Some(after)) => self.ask_and_leave(address, after).await,
                (None, None) => client::ask(address, &self.group(), self.row.stream).await,
            };
        }
        let calls = self.upstream.as_ref().map_or(0, |upstream| upstream.seen().requests);
        let wrong = self.row.judge(&seen, calls);
        Result { number: self.number, row: self.row, seen, calls, wrong }
    }

    /// Leaves once the provider has the request; returns when it has seen that.
    async fn ask_and_leave(&self, address: SocketAddr, after: &str) -> Seen {
        let upstream = self.upstream.as_ref().unwrap();
        let client = client::ask_up_to(address, &self.group(), self.row.stream, after).await;
        soon(upstream.seen_when(|seen| seen.requests > 0)).await;
        drop(client);
        soon(upstream.seen_when(|seen| seen.left > 0)).await;
        Seen::default()
    }
}

/// A port where nobody listens.
async fn nobody() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// The text of a whole answer of a script.
pub(crate) const TEXT: &str = "one two three";

impl Row {
    /// What is not as it must be.
    fn judge(&self, seen: &Seen, calls: usize) -> Option<String> {
        let whole = !self.stream || seen.done;
        let by_spare = seen.header("x-sanso-fallback") == "true";
        let right = match self.expect {
            Expect::Fallback => {
                seen.status == Some(200) && by_spare && whole && seen.error.is_none()
            }
            Expect::Answer => seen.status == Some(200) && !by_spare && whole && seen.text == TEXT,
            Expect::ErrorInStream => {
                let part = TEXT.starts_with(&seen.text) && !seen.text.is_empty();
                seen.status == Some(200) && part && seen.error.is_some() && !seen.done
            }
            Expect::Status(status) => seen.status == Some(status),
            Expect::Nothing => seen.status.is_none(),
        };
        let leaked = String::from_utf8_lossy(&seen.bytes).contains(crate::KEY);
        let cookie = seen.header("set-cookie");
        let is_wrong = !right || calls != self.calls || leaked || !cookie.is_empty();
        is_wrong.then(|| {
            format!(
                "{} {} (stream: {}): {calls} calls, expected {}; {:?} expected, seen {:?} {:?} \
                 done {} error {:?} attempts {:?}",
                self.id,
                self.what,
                self.stream,
                self.calls,
                self.expect,
                seen.status,
                seen.text,
                seen.done,
                seen.error,
                seen.header("x-sanso-attempts"),
            )
        })
    }
}

impl Result {
    pub(crate) const HEAD: &'static str = "\
| fault | what the provider does | dialect | asked for | its calls | attempts told | the client | ms |\n\
| --- | --- | --- | --- | ---: | ---: | --- | ---: |";
}

impl fmt::Display for Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, seen, calls, .. } = self;
        let outcome = match (&self.wrong, row.expect) {
            (Some(_), _) => "WRONG".to_owned(),
            (None, Expect::Fallback) => "whole answer of the fallback".to_owned(),
            (None, Expect::Answer) => "whole answer".to_owned(),
            (None, Expect::ErrorInStream) => "a part, an error event, no marker".to_owned(),
            (None, Expect::Status(status)) => format!("error {status}"),
            (None, Expect::Nothing) => "has left; the call was stopped".to_owned(),
        };
        let kind = if row.stream { "stream" } else { "plain" };
        write!(
            f,
            "| {} | {} | {:?} | {kind} | {calls} | {} | {outcome} | {} |",
            row.id,
            row.what,
            row.dialect,
            seen.told_attempts(),
            seen.took.as_millis()
        )
    }
}
