//! A closed-loop load generator: every connection asks, waits for the whole answer, asks again.
//!
//! Prints one line of JSON. A faulty answer is counted, never hidden: a status that is not 200,
//! a body that is cut short, a stream without its end or with tokens missing.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use sanso_bench::args::Args;
use sanso_bench::chat::{self, Line};
use sanso_bench::stats::{Percentiles, Samples};
use sanso_bench::{Outcome, on_one_thread};
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// One exchange may take no longer than this beyond its own length.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection gives up after this many failures in a row: the target is down, not flaky.
const MAX_FAILURES: u32 = 10;

fn main() -> Outcome {
    on_one_thread(async {
        let report = run(Arc::new(Plan::from_flags()?)).await?;
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
        Ok(())
    })
}

struct Plan {
    uri: Uri,
    authority: String,
    body: Bytes,
    connections: u32,
    tokens: u32,
    length: Duration,
    /// Over how long the connections start: streams in lockstep would queue behind each other.
    spread: Duration,
    /// Requests that may yet be started, over all connections.
    left: AtomicU64,
}

impl Plan {
    fn from_flags() -> Outcome<Self> {
        let args = Args::read(&[
            "url",
            "connections",
            "seconds",
            "requests",
            "tokens",
            "model",
            "prompt-bytes",
            "spread-ms",
        ])?;
        let uri: Uri = args.need("url")?.parse()?;
        let authority = uri.authority().ok_or("--url needs a host and a port")?.to_string();
        let model = args.get("model", "bench".to_owned())?;
        let tokens = args.get("tokens", 0)?;
        Ok(Self {
            uri,
            authority,
            body: chat::request(&model, args.get("prompt-bytes", 900)?, tokens),
            connections: args.get("connections", 1)?,
            tokens,
            spread: Duration::from_millis(args.get("spread-ms", 0)?),
            length: Duration::try_from_secs_f64(args.get("seconds", 3.0)?)?,
            left: AtomicU64::new(args.get("requests", u64::MAX)?),
        })
    }

    /// Takes one request from those that are left.
    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// What one connection saw.
#[derive(Default)]
struct Tally {
    errors: u64,
    first_error: Option<String>,
    latency: Samples,
    first_token: Samples,
    chunk_gap: Samples,
    chunk_delay: Samples,
}

/// The line that is printed. Times in microseconds; those of chunks only for streams.
#[derive(Serialize)]
struct Report {
    requests: usize,
    errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_error: Option<String>,
    seconds: f64,
    requests_per_second: f64,
    latency_us: Option<Percentiles>,
    /// From the request to the first content.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_us: Option<Percentiles>,
    /// Between one content and the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_gap_us: Option<Percentiles>,
    /// From when the upstream made a chunk until it arrived here.
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_delay_us: Option<Percentiles>,
}

async fn run(plan: Arc<Plan>) -> Outcome<Report> {
    let start = Instant::now();
    let mut connections = JoinSet::new();
    for index in 0..plan.connections {
        let first = start + plan.spread.mul_f64(f64::from(index) / f64::from(plan.connections));
        connections.spawn(ask_until(first, start + plan.length, Arc::clone(&plan)));
    }
    let mut all = Tally::default();
    while let Some(tally) = connections.join_next().await {
        let tally = tally?;
        all.errors += tally.errors;
        all.first_error = all.first_error.or(tally.first_error);
        all.latency.merge(tally.latency);
        all.first_token.merge(tally.first_token);
        all.chunk_gap.merge(tally.chunk_gap);
        all.chunk_delay.merge(tally.chunk_delay);
    }
    let seconds = start.elapsed().as_secs_f64();
    let requests = all.latency.len();
    Ok(Report {
        requests,
        errors: all.errors,
        first_error: all.first_error,
        seconds,
        requests_per_second: requests as f64 / seconds,
        latency_us: all.latency.percentiles(),
        first_token_us: all.first_token.percentiles(),
        chunk_gap_us: all.chunk_gap.percentiles(),
        chunk_delay_us: all.chunk_delay.percentiles(),
    })
}

/// Asks over one connection, from `first` until the time or the requests are up; a connection
/// that closed is made anew.
async fn ask_until(first: Instant, deadline: Instant, plan: Arc<Plan>) -> Tally {
    tokio::time::sleep_until(first).await;
    let mut tally = Tally::default();
    let mut failures_in_row = 0;
    let mut connection = None;
    while Instant::now() < deadline && failures_in_row < MAX_FAILURES && plan.take() {
        let asked = ask(&mut connection, &plan, &mut tally);
        let outcome = tokio::time::timeout(plan.length + PATIENCE, asked).await;
        match outcome.unwrap_or_else(|_| Err("no whole answer in time".into())) {
            Ok(()) => failures_in_row = 0,
            Err(error) => {
                failures_in_row += 1;
                tally.errors += 1;
                tally.first_error.get_or_insert_with(|| error.to_string());
                connection = None;
            }
        }
    }
    tally
}

type Connection = SendRequest<Full<Bytes>>;

/// One exchange, from a connection that is ready to the last byte of the answer.
async fn ask(connection: &mut Option<Connection>, plan: &Plan, tally: &mut Tally) -> Outcome {
    let sender = ready(connection, &plan.authority).await?;
    let request = Request::post(plan.uri.path())
        .header(HOST, &plan.authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(plan.body.clone()))?;
    let start = Instant::now();
    let answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(format!("status {}", answer.status()).into());
    }
    if plan.tokens == 0 {
        let body = answer.into_body().collect().await?.to_bytes();
        if !body.trim_ascii_end().ends_with(b"}") {
            return Err("the answer is cut short".into());
        }
    } else {
        read_stream(answer, start, plan.tokens, tally).await?;
    }
    tally.latency.add(start.elapsed());
    Ok(())
}

/// The connection, if it is still good, or a new one in its place.
async fn ready<'a>(
    connection: &'a mut Option<Connection>,
    authority: &str,
) -> Outcome<&'a mut Connection> {
    if let Some(sender) = connection
        && sender.ready().await.is_err()
    {
        *connection = None;
    }
    if connection.is_none() {
        let socket = TcpStream::connect(authority).await?;
        socket.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(async move { drop(driver.await) });
        *connection = Some(sender);
    }
    connection.as_mut().ok_or_else(|| "no connection".into())
}

/// Reads a stream to its end, timing each chunk of content.
async fn read_stream(
    answer: Response<Incoming>,
    start: Instant,
    tokens: u32,
    tally: &mut Tally,
) -> Outcome {
    let mut body = answer.into_body();
    let mut unread = Vec::new();
    let (mut seen, mut done, mut last) = (0, false, start);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let now = Instant::now();
        unread.extend_from_slice(&data);
        let whole = unread.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in unread.drain(..whole).as_slice().split(|byte| *byte == b'\n') {
            match chat::read_line(line) {
                Line::Content(delay) => {
                    let gap = if seen == 0 { &mut tally.first_token } else { &mut tally.chunk_gap };
                    gap.add(now - last);
                    tally.chunk_delay.add(delay);
                    (seen, last) = (seen + 1, now);
                }
                Line::Done => done = true,
                Line::Other => {}
            }
        }
    }
    match (done, seen == tokens) {
        (true, true) => Ok(()),
        (true, false) => Err(format!("{seen} of {tokens} tokens arrived").into()),
        (false, _) => Err("the stream has no end".into()),
    }
}
