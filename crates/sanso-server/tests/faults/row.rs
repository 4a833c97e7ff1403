//! One row of the table: a provider that fails in one way, and what the client must see of it.

use std::fmt;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::client::{self, Seen};
use crate::http2;
use crate::leaving::Leaves;
use crate::tls::{Authority, Front, Shown};
use crate::upstream::{self, Act, Upstream};

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
    pub(crate) wire: Wire,
    /// How often the client asks.
    pub(crate) asks: usize,
    /// How many clients ask the same at once, each time.
    pub(crate) together: usize,
    pub(crate) expect: Expect,
    /// Requests that the provider may read in all.
    pub(crate) calls: usize,
    /// Connections that the provider may be asked for in all, where that says more.
    pub(crate) connections: Option<usize>,
    /// There is no fallback.
    pub(crate) alone: bool,
    /// What the headers or the error say, among other things.
    pub(crate) told: Vec<&'static str>,
    /// When the client leaves.
    pub(crate) leaves: Option<Leaves>,
    /// The headers of its streams go out before their content.
    pub(crate) early: bool,
    /// Members of the request's body, each with a comma before it.
    pub(crate) members: &'static str,
    /// What the client sends instead of a question.
    pub(crate) raw: Option<Vec<u8>>,
}

/// What the provider's script is played over.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    Clear,
    /// What is sent to open a connection is lost: nobody refuses, and nobody accepts.
    BlackHole,
    /// The gateway speaks TLS, and the script plays beneath it.
    BeneathTls,
    Tls(Shown),
    /// It is this script that plays, over TLS.
    Http2(http2::Script),
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
            wire: Wire::Clear,
            asks: 1,
            together: 1,
            expect: Expect::Fallback,
            calls: 1,
            connections: None,
            alone: false,
            told: Vec::new(),
            leaves: None,
            early: false,
            members: "",
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

    pub(crate) fn over(self, wire: Wire) -> Self {
        Self { wire, ..self }
    }

    pub(crate) fn told(self, told: &'static str) -> Self {
        Self { told: [self.told, vec![told]].concat(), ..self }
    }

    pub(crate) fn expect(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

/// A row with its provider listening.
pub(crate) struct Stage {
    pub(crate) row: Row,
    number: usize,
    pub(crate) provider: Provider,
    pub(crate) base: String,
}

/// Who plays a row's script.
pub(crate) enum Provider {
    Nobody(TcpSocket),
    /// It listens, and has no room: one connection that it never accepts fills it.
    Deaf {
        listener: TcpListener,
        _fills: TcpStream,
    },
    Script(Upstream, Option<Front>),
    Http2(http2::Server),
}

impl Provider {
    pub(crate) fn seen(&self) -> upstream::Seen {
        match self {
            Self::Nobody(_) | Self::Deaf { .. } => upstream::Seen::default(),
            Self::Script(script, None) => script.seen(),
            Self::Script(script, Some(front)) => {
                upstream::Seen { connections: front.connections(), ..script.seen() }
            }
            Self::Http2(server) => server.seen(),
        }
    }

    pub(crate) async fn seen_when(&self, wanted: impl FnMut(&upstream::Seen) -> bool) {
        match self {
            Self::Nobody(_) | Self::Deaf { .. } => panic!("nobody sees anything"),
            Self::Script(script, _) => script.seen_when(wanted).await,
            Self::Http2(server) => server.seen_when(wanted).await,
        };
    }
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
    pub(crate) async fn set(row: Row, authority: &Authority) -> Self {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let provider = match (&row.wire, &row.scripts) {
            (Wire::Http2(script), _) => {
                Provider::Http2(http2::Server::start(authority, script.clone()).await)
            }
            (Wire::BlackHole, _) => deaf().await,
            (_, None) => Provider::Nobody(nobody()),
            (Wire::Tls(shown), Some(scripts)) => {
                let script = Upstream::start(scripts.clone()).await;
                let front = Front::start(authority, *shown, script.address).await;
                Provider::Script(script, Some(front))
            }
            (Wire::Clear | Wire::BeneathTls, Some(scripts)) => {
                Provider::Script(Upstream::start(scripts.clone()).await, None)
            }
        };
        let address = match &provider {
            Provider::Nobody(socket) => socket.local_addr().unwrap(),
            Provider::Deaf { listener, .. } => listener.local_addr().unwrap(),
            Provider::Script(_, Some(front)) => front.address,
            Provider::Script(script, None) => script.address,
            Provider::Http2(server) => server.address,
        };
        let scheme =
            if matches!(row.wire, Wire::Clear | Wire::BlackHole) { "http" } else { "https" };
        // Each dialect's paths begin elsewhere.
        let path = if row.dialect == Dialect::OpenAi { "/v1" } else { "" };
        Self { row, number, provider, base: format!("{scheme}://{address}{path}") }
    }

    pub(crate) fn group(&self) -> String {
        format!("fault-{}", self.number)
    }

    pub(crate) async fn play(self, address: SocketAddr) -> Result {
        let mut seen = Vec::new();
        for _ in 0..self.row.asks {
            let at_once = (0..self.row.together).map(|_| self.ask(address));
            seen.extend(futures_util::future::join_all(at_once).await);
        }
        let provider = self.provider.seen();
        // All must be right that asked at once, the last time.
        let last = seen.len() - self.row.together;
        let wrong = seen[last..].iter().find_map(|seen| self.row.judge(seen, provider));
        let seen = seen.pop().unwrap_or_default();
        Result { number: self.number, row: self.row, seen, calls: provider.requests, wrong }
    }

    pub(crate) fn question(&self) -> String {
        client::question(&self.group(), self.row.stream, self.row.members)
    }

    async fn ask(&self, address: SocketAddr) -> Seen {
        match (&self.row.raw, self.row.leaves) {
            (Some(raw), _) => client::send(address, raw).await,
            (None, Some(leaves)) => {
                self.ask_and_leave(address, leaves).await;
                match leaves.leaves_a_call_out() {
                    true => client::send(address, self.question().as_bytes()).await,
                    false => Seen::default(),
                }
            }
            (None, None) => client::send(address, self.question().as_bytes()).await,
        }
    }
}

/// A port where nobody listens, and that no one else is given while this is held.
fn nobody() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    socket
}

/// Linux drops what would open a connection to a listener whose queue is full.
async fn deaf() -> Provider {
    let listener = nobody().listen(0).unwrap();
    let fills = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    Provider::Deaf { listener, _fills: fills }
}

/// The text of a whole answer of a script.
pub(crate) const TEXT: &str = "one two three";

impl Row {
    /// What is not as it must be.
    fn judge(&self, seen: &Seen, provider: upstream::Seen) -> Option<String> {
        let calls = provider.requests;
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
        let connections = self.connections.is_none_or(|most| provider.connections == most);
        let all = format!("{}\n{}", seen.head, seen.error.as_deref().unwrap_or_default());
        let told = self.told.iter().all(|told| all.contains(told));
        let is_wrong =
            !(right && told && connections) || calls != self.calls || leaked || !cookie.is_empty();
        is_wrong.then(|| {
            format!(
                "{} {} (stream: {}): {calls} calls, expected {}; {:?} expected, seen {:?} {:?} \
                 done {} error {:?} attempts {:?}; {:?} to be told; {} connections",
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
                self.told,
                provider.connections,
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
