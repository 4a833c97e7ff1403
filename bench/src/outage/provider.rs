//! Providers that do as they are told, and remember every call.
//!
//! HTTP/1.1 by hand: only so is the moment known at which the other side closes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::{Outcome, chat};

/// What a provider does with a call.
#[derive(Clone, Copy, Debug, Default)]
pub enum Does {
    /// Answers after this long: the whole answer, or a stream's only content.
    #[default]
    Answers,
    /// The same, but not at once.
    AnswersAfter(Duration),
    /// Refuses with this status, at once.
    Refuses(u16),
    /// Refuses with 500, after so long that a look at the breaker every 20 ms cannot miss a probe.
    RefusesSlowly,
    /// Refuses with 503 and asks for this many seconds of patience.
    AsksToWait(u32),
    /// Says nothing.
    IsSilent,
    /// Streams without an end.
    Streams,
}

/// One call as its provider saw it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When it had been read.
    pub came: Instant,
    /// When it was answered, or the other side closed.
    pub over: Option<Instant>,
    /// The other side closed before its answer had ended.
    pub left: bool,
}

/// All providers, by the name of their model.
#[derive(Clone, Debug, Default)]
pub struct Providers(Arc<Mutex<HashMap<String, Provider>>>);

#[derive(Debug, Default)]
struct Provider {
    does: Does,
    seen: Vec<Seen>,
}

#[derive(Deserialize)]
struct Call {
    model: String,
    #[serde(default)]
    stream: bool,
}

impl Providers {
    /// Tells a provider what to do from here on.
    pub fn tell(&self, model: &str, does: Does) {
        self.with(model, |provider| provider.does = does);
    }

    /// What a provider has seen so far.
    #[must_use]
    pub fn seen(&self, model: &str) -> Vec<Seen> {
        self.with(model, |provider| provider.seen.clone())
    }

    /// Serves on a port that the system picks; returns where.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(&self) -> Outcome<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let providers = self.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let providers = providers.clone();
                tokio::spawn(async move { drop(providers.serve(socket).await) });
            }
        });
        Ok(format!("http://{address}/v1"))
    }

    async fn serve(&self, mut socket: TcpStream) -> Outcome {
        socket.set_nodelay(true)?;
        let mut unread = Vec::new();
        while let Some(body) = read_request(&mut socket, &mut unread).await? {
            let call: Call = serde_json::from_slice(&body)?;
            let (number, does) = self.with(&call.model, |provider| {
                provider.seen.push(Seen { came: Instant::now(), over: None, left: false });
                (provider.seen.len() - 1, provider.does)
            });
            let (reading, mut writing) = socket.split();
            let answered = tokio::select! {
                result = reply(&mut writing, does, call.stream) => result.is_ok(),
                () = closed(reading) => false,
            };
            self.with(&call.model, |provider| {
                if let Some(seen) = provider.seen.get_mut(number) {
                    seen.over = Some(Instant::now());
                    seen.left = !answered;
                }
            });
            if !answered {
                break;
            }
        }
        Ok(())
    }

    fn with<T>(&self, model: &str, step: impl FnOnce(&mut Provider) -> T) -> T {
        let mut providers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        step(providers.entry(model.to_owned()).or_default())
    }
}

/// The next request's body; `None` where no more comes.
async fn read_request(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Outcome<Option<Vec<u8>>> {
    loop {
        if let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.ok_or("a request without a length")?.trim().parse()?;
            let whole = end + 4 + length;
            if unread.len() >= whole {
                let body = unread[end + 4..whole].to_vec();
                unread.drain(..whole);
                return Ok(Some(body));
            }
        }
        if socket.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
}

/// Until the other side closes. It has nothing to say before its answer.
async fn closed(mut reading: tokio::net::tcp::ReadHalf<'_>) {
    let mut byte = [0];
    while matches!(reading.read(&mut byte).await, Ok(1..)) {}
}

async fn reply(writing: &mut tokio::net::tcp::WriteHalf<'_>, does: Does, stream: bool) -> Outcome {
    match does {
        Does::Answers => answer(writing, stream).await,
        Does::AnswersAfter(wait) => {
            sleep(wait).await;
            answer(writing, stream).await
        }
        Does::Refuses(status) => refuse(writing, status, "").await,
        Does::RefusesSlowly => {
            sleep(Duration::from_millis(100)).await;
            refuse(writing, 500, "").await
        }
        Does::AsksToWait(seconds) => {
            refuse(writing, 503, &format!("retry-after: {seconds}\r\n")).await
        }
        Does::IsSilent => std::future::pending().await,
        Does::Streams => {
            writing.write_all(STREAM_HEAD).await?;
            loop {
                write_chunk(writing, &chat::chunk()).await?;
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

async fn answer(writing: &mut tokio::net::tcp::WriteHalf<'_>, stream: bool) -> Outcome {
    if stream {
        writing.write_all(STREAM_HEAD).await?;
        write_chunk(writing, &chat::chunk()).await?;
        write_chunk(writing, chat::STREAM_END.as_bytes()).await?;
        writing.write_all(b"0\r\n\r\n").await?;
    } else {
        write_json(writing, 200, "", &chat::answer(400)).await?;
    }
    Ok(())
}

async fn refuse(
    writing: &mut tokio::net::tcp::WriteHalf<'_>,
    status: u16,
    headers: &str,
) -> Outcome {
    let body = br#"{"error":{"message":"down","type":"server_error","code":null}}"#;
    write_json(writing, status, headers, body).await
}

async fn write_json(
    writing: &mut tokio::net::tcp::WriteHalf<'_>,
    status: u16,
    headers: &str,
    body: &[u8],
) -> Outcome {
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    writing.write_all(&[head.as_bytes(), body].concat()).await?;
    Ok(())
}

async fn write_chunk(writing: &mut tokio::net::tcp::WriteHalf<'_>, data: &[u8]) -> Outcome {
    let size = format!("{:x}\r\n", data.len());
    writing.write_all(&[size.as_bytes(), data, b"\r\n"].concat()).await?;
    Ok(())
}
