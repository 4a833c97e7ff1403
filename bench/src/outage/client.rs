//! A client that asks once over a connection of its own, as a user's process would.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

use crate::{Outcome, chat};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// When it was asked for.
    pub asked: Instant,
    /// From the question to the last byte.
    pub took: Duration,
    /// The HTTP status.
    pub status: u16,
    head: String,
}

impl Answer {
    /// The value of a header; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
            .unwrap_or_default()
    }

    /// Whether `model` answered.
    #[must_use]
    pub fn is_by(&self, model: &str) -> bool {
        self.status == 200 && self.header("x-sanso-served-by").ends_with(model)
    }
}

/// Sends a request for `model`, and returns the connection that its answer is to come on.
///
/// # Errors
/// The gateway takes no connection.
pub async fn send(authority: &str, model: &str, stream: bool) -> Outcome<TcpStream> {
    let body = chat::request(model, 40, u32::from(stream));
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(authority).await?;
    socket.set_nodelay(true)?;
    socket.write_all(&[head.as_bytes(), &body].concat()).await?;
    Ok(socket)
}

/// Asks, and reads the answer to its end.
///
/// # Errors
/// The gateway takes no connection, or what comes back is no HTTP.
pub async fn ask(authority: &str, model: &str, stream: bool) -> Outcome<Answer> {
    let asked = Instant::now();
    let mut socket = send(authority, model, stream).await?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await?;
    let took = asked.elapsed();
    let text = String::from_utf8_lossy(&bytes);
    let (head, _) = text.split_once("\r\n\r\n").ok_or("an answer without a head")?;
    let status = head.split(' ').nth(1).ok_or("an answer without a status")?.parse()?;
    Ok(Answer { asked, took, status, head: head.to_owned() })
}

/// A page of the gateway.
///
/// # Errors
/// The gateway takes no connection.
pub async fn get(authority: &str, path: &str) -> Outcome<String> {
    let head = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    let mut socket = TcpStream::connect(authority).await?;
    socket.write_all(head.as_bytes()).await?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
