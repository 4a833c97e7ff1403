//! Sending one request to a provider.
//!
//! A pooled client over HTTP/1.1 and HTTP/2. It retries nothing by itself: what to do after a fault
//! is the chain's to say, so even a pooled connection that turned out to be closed, or a stream that
//! the provider refused, comes back as [`ConnectionFault::Reused`].

mod connector;
mod http2;
mod received;
mod shards;
mod tls;
mod witness;

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::client::legacy::{Builder, Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sanso_core::{ConnectionFault, FaultKind, Phase};
use sanso_wire::Failure;

use crate::config::Trust;
use connector::{ConnectTimeout, Connector, Used};
use shards::Shards;

pub(crate) use received::Received;
pub(crate) use witness::Witness;

/// The client that all calls of a gateway share.
#[derive(Clone)]
pub(crate) struct Upstream {
    pools: Shards<Client<Connector, Full<Bytes>>>,
    /// Keeps no connection, so that each request has one of its own.
    fresh: Shards<Client<Connector, Full<Bytes>>>,
    head_bytes: usize,
}

/// Where a request's connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// One that is kept, or else a new one.
    Used,
    /// A new one: a kept one has just turned out to be closed, and its neighbours, opened to the same
    /// server, are likely to be closed as well.
    Bypassed,
}

/// What bounds the client as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpstreamLimits {
    /// DNS, TCP and TLS.
    pub(crate) connect: Duration,
    /// Size of an answer's status line and headers.
    pub(crate) head_bytes: usize,
}

/// Enough for over five thousand calls at once before HTTP/2 connections fill up; an unused pool is
/// a few hundred bytes.
const POOLS: usize = 64;
/// Below most providers' own keep-alive times, so that it is us who close an idle connection.
const IDLE: Duration = Duration::from_secs(55);
/// Hyper reads heads into a buffer of at least this size.
const HEAD_AT_LEAST: usize = 8 * 1024;

impl Upstream {
    /// # Errors
    /// The cryptography that is compiled in cannot do TLS.
    pub(crate) fn new(limits: UpstreamLimits, trust: &Trust) -> Result<Self, rustls::Error> {
        let connector = Connector::new(limits.connect, tls::client(trust)?);
        let builder = builder(limits);
        let kept = (0..POOLS).map(|_| builder.build(connector.clone()));
        let fresh = builder.clone().pool_max_idle_per_host(0).build(connector.clone());
        let head_bytes = limits.head_bytes;
        Ok(Self { pools: Shards::new(kept), fresh: Shards::new([fresh]), head_bytes })
    }

    /// Posts `body` and waits for the head of the answer; `witness` is told of the connection.
    ///
    /// # Errors
    /// What happened on the way, as a fault.
    pub(crate) async fn post(
        &self,
        (pool, witness): (Pool, Option<&Witness>),
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Received>, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let pools = match pool {
            Pool::Used => &self.pools,
            Pool::Bypassed => &self.fresh,
        };
        let Some((client, place)) = pools.take() else {
            let fault = FaultKind::Connection(ConnectionFault::Establish);
            return Err(Failure::new(fault, "there is no pool of connections"));
        };
        let response = match witness {
            None => client.request(request).await,
            Some(witness) => {
                let captured = capture_connection(&mut request);
                witness.watch(client.request(request), captured).await
            }
        };
        let response = response.map_err(|error| name(&error))?;
        let used = response.extensions().get::<Used>();
        let connection = used.map(|used| {
            used.mark();
            used.number()
        });
        // Hyper's own limit is one of its buffer, and holds roughly.
        if size(response.headers()) > self.head_bytes {
            let limit = self.head_bytes;
            return Err(Failure::malformed(format!("the answer's head is over {limit} bytes")));
        }
        Ok(response.map(|body| Received::new(body, place, connection)))
    }
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn builder(limits: UpstreamLimits) -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .retry_canceled_requests(false)
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .http1_max_buf_size(limits.head_bytes.max(HEAD_AT_LEAST))
        .http2_max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(Duration::from_secs(20));
    builder
}

/// Names what kept a request from its answer.
fn name(error: &Error) -> Failure {
    let kind = if find::<ConnectTimeout>(error).is_some() {
        FaultKind::Timeout(Phase::Connect)
    } else if error.is_connect() {
        FaultKind::Connection(ConnectionFault::Establish)
    } else {
        return name_lost(error);
    };
    let why = causes(error).find_map(tls::complaint);
    Failure::new(
        kind,
        format!("could not connect: {}", why.unwrap_or_else(|| root(error).to_string())),
    )
}

/// Names what happened on an open connection before an answer.
fn name_lost(error: &Error) -> Failure {
    let hyper = find::<hyper::Error>(error);
    if hyper.is_some_and(|error| error.is_parse()) {
        return Failure::malformed(format!("not an HTTP answer: {}", root(error)));
    }
    let used = error.connect_info().and_then(Used::of);
    let number = used.as_ref().map(Used::number);
    if let Some(named) = find::<h2::Error>(error).and_then(|error| http2::name(error, number)) {
        return named;
    }
    let reused = used.as_ref().is_some_and(Used::is_marked);
    let fault = if reused { ConnectionFault::Reused } else { ConnectionFault::Lost };
    let message = format!("connection lost: {}", root(error));
    let mut failure = Failure::new(FaultKind::Connection(fault), message);
    failure.fault.connection = number;
    failure
}

/// Names what broke while a body was read: half an answer is malformed, whatever cut it.
fn name_body_error(error: &hyper::Error) -> Failure {
    Failure::malformed(format!("the answer's body broke off: {}", root(error)))
}

fn find<'a, E: StdError + 'static>(error: Cause<'a>) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The innermost cause says what happened; the outer ones only say where.
fn root(error: Cause<'_>) -> Cause<'_> {
    causes(error).last().unwrap_or(error)
}

type Cause<'a> = &'a (dyn StdError + 'static);

fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    fn next<'a>(error: &Cause<'a>) -> Option<Cause<'a>> {
        let error: Cause<'a> = *error;
        error.source()
    }
    std::iter::successors(Some(error), next)
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").finish_non_exhaustive()
    }
}
