//! A provider that speaks HTTP/2 frame by frame: what a well-behaved server cannot be made to do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use crate::tls::{Authority, Shown};
use crate::upstream::Seen;

/// What a provider does.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// SETTINGS that its connections begin with.
    settings: Vec<(u16, u32)>,
    /// Requests that the first connection must have before it answers any of them, the first apart.
    gather: usize,
    answers_pings: bool,
    /// What the n-th request meets, counted over all connections; the last repeats.
    answers: Vec<Vec<Beat>>,
}

/// One step of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Beat {
    /// A block of headers, in frames that the protocol allows.
    Headers(Vec<u8>),
    Data(Vec<u8>),
    /// The last of it.
    End(Vec<u8>),
    /// Headers after the body, which end it.
    Trailers(Vec<u8>),
    /// RST_STREAM with this reason.
    Reset(u32),
    /// GOAWAY with this reason, and the request as the last that was looked at, or as too late.
    GoAway {
        reason: u32,
        was_seen: bool,
    },
    /// The connection is dropped, once the client has read what was sent before.
    Close,
    /// Frames as they are.
    Raw(Vec<u8>),
}

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

const MAX_CONCURRENT_STREAMS: u16 = 3;
/// SETTINGS by which no byte of a body is taken: INITIAL_WINDOW_SIZE is 0.
pub(crate) const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

impl Script {
    pub(crate) fn new(answers: Vec<Vec<Beat>>) -> Self {
        Self { settings: Vec::new(), gather: 1, answers_pings: true, answers }
    }

    pub(crate) fn one_stream_at_once(mut self) -> Self {
        self.settings.push((MAX_CONCURRENT_STREAMS, 1));
        self
    }

    pub(crate) fn deaf_to_pings(self) -> Self {
        Self { answers_pings: false, ..self }
    }

    pub(crate) fn gather(self, gather: usize) -> Self {
        Self { gather, ..self }
    }
}

/// It stops when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: watch::Sender<Seen>,
    _task: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(authority: &Authority, script: Script) -> Self {
        let acceptor = authority.acceptor(Shown::Good, "h2");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = watch::Sender::new(Seen::default());
        let mut task = JoinSet::new();
        let noted = seen.clone();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            let answered = Arc::new(AtomicUsize::new(0));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, mut script, seen) =
                    (acceptor.clone(), script.clone(), noted.clone());
                if seen.borrow().connections > 0 {
                    script.gather = 1;
                }
                seen.send_modify(|seen| seen.connections += 1);
                let answered = Arc::clone(&answered);
                connections.spawn(async move {
                    let stream = acceptor.accept(stream).await.unwrap();
                    let connection = Connection {
                        stream,
                        script,
                        seen,
                        open: BTreeSet::new(),
                        waiting: Vec::new(),
                        answered,
                    };
                    // It ends when either side has closed.
                    let _ = connection.play().await;
                });
            }
        });
        Self { address, seen, _task: task }
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    pub(crate) async fn seen_when(&self, wanted: impl FnMut(&Seen) -> bool) -> Seen {
        *self.seen.subscribe().wait_for(wanted).await.unwrap()
    }
}

struct Connection {
    stream: TlsStream<TcpStream>,
    script: Script,
    seen: watch::Sender<Seen>,
    /// Requests that have come and are not over.
    open: BTreeSet<u32>,
    /// Those of them that nothing was answered.
    waiting: Vec<u32>,
    /// Over all connections.
    answered: Arc<AtomicUsize>,
}

/// Why a connection is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Connection {
    async fn play(mut self) -> Result<(), Over> {
        let mut preface = [0; 24];
        self.stream.read_exact(&mut preface).await?;
        let settings = self
            .script
            .settings
            .iter()
            .flat_map(|(key, value)| key.to_be_bytes().into_iter().chain(value.to_be_bytes()));
        let settings: Vec<u8> = settings.collect();
        self.send(&frame(SETTINGS, 0, 0, &settings)).await?;
        loop {
            if let Err(over) = self.take().await {
                if !self.open.is_empty() {
                    self.seen.send_modify(|seen| seen.left += 1);
                }
                return Err(over);
            }
            let is_first = self.answered.load(Ordering::Relaxed) == 0;
            if self.waiting.len() >= if is_first { 1 } else { self.script.gather } {
                for stream in std::mem::take(&mut self.waiting) {
                    self.answer(stream).await?;
                }
            }
        }
    }

    /// Takes one frame: its kind and flags.
    async fn take(&mut self) -> Result<(u8, u8), Over> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes(id);
        match kind {
            SETTINGS if flags & ACK == 0 => self.send(&frame(SETTINGS, ACK, 0, &[])).await?,
            PING if flags & ACK == 0 && self.script.answers_pings => {
                self.send(&frame(PING, ACK, 0, &payload)).await?;
            }
            RST_STREAM if self.open.remove(&id) => {
                self.seen.send_modify(|seen| seen.left += 1);
            }
            HEADERS | DATA => {
                self.open.insert(id);
                if flags & END_STREAM != 0 {
                    self.waiting.push(id);
                    self.seen.send_modify(|seen| seen.requests += 1);
                }
            }
            _ => {}
        }
        Ok((kind, flags))
    }

    /// Waits until the client has read all that was sent. A connection that is closed earlier may
    /// fail at the client's next write, before its next read: what it then has not read is lost.
    async fn is_read(&mut self) -> Result<(), Over> {
        self.send(&frame(PING, 0, 0, &[0; 8])).await?;
        while self.take().await? != (PING, ACK) {}
        Ok(())
    }

    async fn answer(&mut self, id: u32) -> Result<(), Over> {
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let answers = &self.script.answers;
        let beats = answers[number.min(answers.len() - 1)].clone();
        for beat in beats {
            let over = matches!(beat, Beat::End(_) | Beat::Trailers(_) | Beat::Reset(_));
            match beat {
                Beat::Headers(block) => self.send(&headers(id, 0, &block)).await?,
                Beat::Trailers(block) => self.send(&headers(id, END_STREAM, &block)).await?,
                Beat::Data(data) => self.send(&frame(DATA, 0, id, &data)).await?,
                Beat::End(data) => self.send(&frame(DATA, END_STREAM, id, &data)).await?,
                Beat::Reset(reason) => {
                    self.send(&frame(RST_STREAM, 0, id, &reason.to_be_bytes())).await?;
                }
                Beat::GoAway { reason, was_seen } => {
                    let last = if was_seen { id } else { id.saturating_sub(2) };
                    let payload = [last.to_be_bytes(), reason.to_be_bytes()].concat();
                    self.send(&frame(GOAWAY, 0, 0, &payload)).await?;
                }
                Beat::Close => {
                    self.is_read().await?;
                    return Err(Over);
                }
                Beat::Raw(frames) => self.send(&frames).await?,
            }
            if over {
                self.open.remove(&id);
            }
        }
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Over> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let [d, e, f, g] = stream.to_be_bytes();
    [&[a, b, c, kind, flags, d, e, f, g], payload].concat()
}

/// The longest payload that need not be agreed on.
const FRAME: usize = 16_384;

fn headers(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    let pieces: Vec<&[u8]> = block.chunks(FRAME).collect();
    for (index, piece) in pieces.iter().enumerate() {
        let end = if index + 1 == pieces.len() { END_HEADERS } else { 0 };
        let (kind, flags) = if index == 0 { (HEADERS, flags) } else { (CONTINUATION, 0) };
        frames.extend(frame(kind, flags | end, stream, piece));
    }
    frames
}

/// Headers that never end.
pub(crate) fn endless_headers(stream: u32, continuations: usize) -> Vec<u8> {
    let begun = frame(HEADERS, 0, stream, &status("200"));
    begun.into_iter().chain(frame(CONTINUATION, 0, stream, &[]).repeat(continuations)).collect()
}

/// `:status`, in HPACK: a literal under a name of the static table, not indexed.
pub(crate) fn status(code: &str) -> Vec<u8> {
    [&[0x08], text(code).as_slice()].concat()
}

pub(crate) fn content_type(value: &str) -> Vec<u8> {
    field("content-type", value)
}

/// A header of any name, not indexed.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    [vec![0], text(name), text(value)].concat()
}

/// A string of HPACK, without Huffman's code.
fn text(text: &str) -> Vec<u8> {
    const PREFIX: usize = 127;
    let mut bytes = Vec::new();
    match text.len().checked_sub(PREFIX) {
        None => bytes.push(u8::try_from(text.len()).unwrap()),
        Some(mut rest) => {
            bytes.push(0x7f);
            while rest >= 128 {
                bytes.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            bytes.push(rest as u8);
        }
    }
    bytes.extend(text.as_bytes());
    bytes
}
