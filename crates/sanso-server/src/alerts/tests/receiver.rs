//! An HTTP server that answers as it is told, and keeps what it was sent.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::soon;

/// What becomes of one request; the last of a script becomes of all later ones.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A status, more headers (each ending its line) and a body.
    Answer(u16, &'static str, &'static str),
    /// Nothing, on an open connection.
    Silence,
}

pub(super) const OK: Act = Act::Answer(200, "", "ok");
pub(super) const BROKEN: Act = Act::Answer(500, "", "oops\nand more");

#[derive(Debug)]
pub(super) struct Received {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub(super) struct Receiver {
    pub(super) url: String,
    received: mpsc::UnboundedReceiver<Received>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    pub(super) async fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/secret-path-9", listener.local_addr().unwrap());
        let (keep, received) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = Vec::new();
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                let act = script.get(number).or(script.last()).unwrap();
                if let Act::Answer(status, headers, body) = act {
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                } else {
                    open.push(stream);
                }
                let _ = keep.send(request);
            }
        });
        Self { url, received, _tasks: tasks }
    }

    pub(super) async fn next(&mut self) -> Received {
        soon(self.received.recv()).await.unwrap()
    }

    pub(super) fn has_more(&mut self) -> bool {
        self.received.try_recv().is_ok()
    }
}

async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let received = Received { head, body: bytes[end + 4..].to_vec() };
            let length: usize = received.header("content-length").unwrap().parse().unwrap();
            if received.body.len() >= length {
                return received;
            }
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "half a request");
    }
}
