//! An upstream that plays a script over raw TCP: what a well-behaved HTTP server cannot be made to do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// One step on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Reads one request, body included.
    Read,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits until the client has closed.
    Hold,
    /// Waits for [`Upstream::release`].
    Pause,
    /// Sends these bytes again and again, until the client has closed.
    Flood(Vec<u8>),
    /// Sends these bytes one by one, 10 ms apart, until the client has closed.
    Drip(Vec<u8>),
    /// Closes with a reset.
    Reset,
}

/// What was seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    /// Connections that the client closed while they were held or flooded.
    pub(crate) left: usize,
    /// Bytes of a flood that the system took.
    pub(crate) flooded: usize,
}

/// A listening upstream. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: watch::Sender<Seen>,
    bodies: Bodies,
    released: watch::Sender<bool>,
    _task: JoinSet<()>,
}

/// What each request said.
type Bodies = Arc<Mutex<Vec<serde_json::Value>>>;

impl Upstream {
    /// The n-th connection meets the n-th script; the last one repeats. A connection whose script is
    /// over is closed.
    pub(crate) async fn start(scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = watch::Sender::new(Seen::default());
        let released = watch::Sender::new(false);
        let mut task = JoinSet::new();
        let bodies = Bodies::default();
        let read = (seen.clone(), Arc::clone(&bodies));
        task.spawn(accept(listener, scripts, read, released.clone()));
        Self { address, seen, bodies, released, _task: task }
    }

    /// Every request meets this, on a connection that closes after it.
    pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        Self::start(vec![vec![Act::Read, Act::Send(bytes.into())]]).await
    }

    /// Lets all connections go on that pause, now or later.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    /// What goes into `api_base` for OpenAI's dialect.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The bodies of all requests so far.
    pub(crate) fn bodies(&self) -> Vec<serde_json::Value> {
        self.bodies.lock().unwrap().clone()
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Waits until it is so.
    pub(crate) async fn seen_when(&self, wanted: impl FnMut(&Seen) -> bool) -> Seen {
        *self.seen.subscribe().wait_for(wanted).await.unwrap()
    }
}

async fn accept(
    listener: TcpListener,
    scripts: Vec<Vec<Act>>,
    (seen, bodies): (watch::Sender<Seen>, Bodies),
    released: watch::Sender<bool>,
) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        seen.send_modify(|seen| seen.connections += 1);
        let script = scripts[number.min(scripts.len() - 1)].clone();
        let read = (seen.clone(), Arc::clone(&bodies));
        connections.spawn(play(stream, script, read, released.subscribe()));
    }
}

async fn play(
    mut stream: TcpStream,
    script: Vec<Act>,
    (seen, bodies): (watch::Sender<Seen>, Bodies),
    mut released: watch::Receiver<bool>,
) {
    for act in script {
        match act {
            Act::Read => {
                let Some(body) = read_request(&mut stream).await else { return };
                bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or_default());
                seen.send_modify(|seen| seen.requests += 1);
            }
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Hold => {
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                seen.send_modify(|seen| seen.left += 1);
            }
            Act::Pause => {
                released.wait_for(|released| *released).await.unwrap();
            }
            Act::Drip(bytes) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                seen.send_modify(|seen| seen.left += 1);
            }
            Act::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Flood(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {
                    seen.send_modify(|seen| seen.flooded += bytes.len());
                }
                seen.send_modify(|seen| seen.left += 1);
            }
        }
    }
}

/// The body of a request; `None` where no whole one came.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(head) = find(&bytes, b"\r\n\r\n")
            && bytes.len() >= head + 4 + content_length(&bytes[..head])
        {
            return Some(bytes.split_off(head + 4));
        }
        match stream.read(&mut piece).await {
            Ok(read @ 1..) => bytes.extend_from_slice(&piece[..read]),
            Ok(0) | Err(_) => return None,
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:").map(str::trim));
    line.map_or(0, |length| length.parse().unwrap())
}

// === what a script sends ===

/// A whole response.
pub(crate) fn response(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", "application/json", body)
}

/// A plain answer that says `text`.
pub(crate) fn answer(text: &str) -> String {
    format!(
        r#"{{"id":"a","object":"chat.completion","created":1,"model":"gpt-own","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}}}"#
    )
}

/// The head of a stream, whose body ends by closing or by [`LAST_CHUNK`].
pub(crate) const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
pub(crate) const LAST_CHUNK: &str = "0\r\n\r\n";

pub(crate) fn chunk(data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// A whole stream of these events, cleanly ended.
pub(crate) fn stream(events: &[impl AsRef<[u8]>]) -> Vec<u8> {
    [open_stream(events), LAST_CHUNK.into()].concat()
}

/// A stream of these events that goes on.
pub(crate) fn open_stream(events: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::from(STREAM_HEAD);
    events.iter().for_each(|event| bytes.extend(chunk(event)));
    bytes
}

pub(crate) const ROLE: &str = "data: {\"id\":\"s\",\"model\":\"gpt-own\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
pub(crate) const FINISH: &str = "data: {\"id\":\"s\",\"model\":\"gpt-own\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// An event with text.
pub(crate) fn says(text: &str) -> String {
    says_as(0, text)
}

/// An event with text of one candidate of several.
pub(crate) fn says_as(choice: u32, text: &str) -> String {
    format!(
        "data: {{\"id\":\"s\",\"model\":\"gpt-own\",\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}
