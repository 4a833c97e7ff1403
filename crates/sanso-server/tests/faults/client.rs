//! A client that reads all that comes, and says what it was.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::soon;

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of the response; `None` where there was none.
    pub(crate) status: Option<u16>,
    pub(crate) head: String,
    /// The text of the answer, or of what came of it.
    pub(crate) text: String,
    /// The message of an error, as a body or in the stream.
    pub(crate) error: Option<String>,
    /// `[DONE]` came.
    pub(crate) done: bool,
    pub(crate) bytes: Vec<u8>,
    pub(crate) took: Duration,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Calls of the provider, as the answer's head says.
    pub(crate) fn told_attempts(&self) -> usize {
        let attempts = self.header("x-sanso-attempts");
        if attempts.is_empty() { 0 } else { attempts.split("; ").count() }
    }
}

/// Asks `model`, and reads to the end.
pub(crate) async fn ask(address: SocketAddr, model: &str, stream: bool) -> Seen {
    send(address, question(model, stream, "").as_bytes()).await
}

/// Sends `request`, and reads until `text` has come.
pub(crate) async fn send_up_to(address: SocketAddr, request: &str, text: &str) -> TcpStream {
    let mut socket = soon(TcpStream::connect(address)).await.unwrap();
    soon(socket.write_all(request.as_bytes())).await.unwrap();
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(text) {
        assert!(soon(socket.read_buf(&mut bytes)).await.unwrap() > 0, "it ended before `{text}`");
    }
    socket
}

/// A request, with these members more in its body, each with a comma before it.
pub(crate) fn question(model: &str, stream: bool, members: &str) -> String {
    let question = r#"[{"role":"user","content":"Why?"}]"#;
    let body = format!(r#"{{"model":"{model}","stream":{stream},"messages":{question}{members}}}"#);
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: sanso\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    head + &body
}

/// Sends these bytes, and reads to the end.
#[expect(clippy::disallowed_methods, reason = "the figures of the table")]
pub(crate) async fn send(address: SocketAddr, request: &[u8]) -> Seen {
    let started = Instant::now();
    let mut socket = soon(TcpStream::connect(address)).await.unwrap();
    // Refused early, the rest of a request need not be taken.
    let _ = soon(socket.write_all(request)).await;
    let mut bytes = Vec::new();
    let _ = soon(socket.read_to_end(&mut bytes)).await;
    let mut seen = read(&bytes);
    seen.took = started.elapsed();
    seen.bytes = bytes;
    seen
}

fn read(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Seen::default() };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut seen = Seen { status, head: head.to_owned(), ..Seen::default() };
    if seen.header("transfer-encoding") != "chunked" && !body.starts_with("data:") {
        seen.take(body);
        return seen;
    }
    let body = unchunked(body);
    for event in body.split("\n\n") {
        for data in event.lines().filter_map(|line| line.strip_prefix("data: ")) {
            seen.done |= data == "[DONE]";
            seen.take(data);
        }
    }
    seen
}

impl Seen {
    /// Takes note of an answer, a chunk of one, or an error.
    fn take(&mut self, json: &str) {
        let Ok(value) = serde_json::from_str::<Value>(json) else { return };
        if let Some(message) = value["error"]["message"].as_str() {
            self.error = Some(message.to_owned());
        }
        let choice = &value["choices"][0];
        for part in [&choice["delta"]["content"], &choice["message"]["content"]] {
            self.text.push_str(part.as_str().unwrap_or_default());
        }
    }
}

/// The chunks of a body put together; its framing is the test's of the edge, not of this one.
fn unchunked(body: &str) -> String {
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let Some(chunk) = after.get(..size) else { break };
        whole.push_str(chunk);
        rest = after.get(size + 2..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    whole
}
