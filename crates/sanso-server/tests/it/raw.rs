//! HTTP/1.1 as bytes: what is sent, and what came back.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::soon;

/// A connection to the server.
#[derive(Debug)]
pub(crate) struct Raw {
    stream: TcpStream,
    /// What has come and was not read.
    buffer: Vec<u8>,
}

/// One response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = soon(TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends and reads the response.
    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Reply {
        self.send(bytes).await;
        self.reply().await
    }

    /// The next response, whole.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut reply = self.head().await;
        reply.body = if reply.header("transfer-encoding") == Some("chunked") {
            let mut body = Vec::new();
            while let Some(chunk) = self.chunk().await {
                body.extend(chunk);
            }
            body
        } else {
            let length = reply.header("content-length").map_or(0, |text| text.parse().unwrap());
            self.take(length).await
        };
        reply
    }

    /// The next response's head; its body is still to be read.
    pub(crate) async fn head(&mut self) -> Reply {
        let end = self.find(b"\r\n\r\n").await;
        let head = String::from_utf8(self.take(end + 4).await).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body: Vec::new() }
    }

    /// The next chunk of a chunked body; `None` after the last.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let end = self.find(b"\r\n").await;
        let line = String::from_utf8(self.take(end + 2).await).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let chunk = self.take(size).await;
        self.take(2).await;
        (size > 0).then_some(chunk)
    }

    /// Whether the server closes, and says nothing before.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !matches!(soon(self.stream.read(&mut [0; 64])).await, Ok(1..))
    }

    async fn find(&mut self, what: &[u8]) -> usize {
        loop {
            if let Some(at) = self.buffer.windows(what.len()).position(|window| window == what) {
                return at;
            }
            self.more().await;
        }
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            self.more().await;
        }
        self.buffer.drain(..length).collect()
    }

    async fn more(&mut self) {
        let read = soon(self.stream.read_buf(&mut self.buffer)).await.unwrap();
        assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&self.buffer));
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Holds that this is an error in OpenAI's shape, and returns its message.
    pub(crate) fn error(&self, status: u16, kind: &str) -> String {
        let body = self.json();
        assert_eq!(self.status, status, "{body}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.header("x-sanso-request-id").is_some_and(|id| id.len() == 32));
        let error = body["error"].as_object().unwrap();
        let members: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(members, ["code", "message", "param", "type"], "{body}");
        assert_eq!(error["type"], kind, "{body}");
        error["message"].as_str().unwrap().to_owned()
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> String {
    bare("GET", path)
}

pub(crate) fn bare(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: sanso\r\n\r\n")
}

/// A chat request with these header lines, each ended by `\r\n`.
pub(crate) fn post(headers: &str, body: &str) -> String {
    post_to("/v1/chat/completions", headers, body)
}

pub(crate) fn post_to(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: sanso\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A question to `main`.
pub(crate) fn ask() -> String {
    post("", r#"{"model":"main","messages":[{"role":"user","content":"Why?"}]}"#)
}

pub(crate) fn ask_stream() -> String {
    post("", r#"{"model":"main","stream":true,"messages":[{"role":"user","content":"Why?"}]}"#)
}
