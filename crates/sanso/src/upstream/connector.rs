//! Opening connections: TCP with `TCP_NODELAY`, TLS by rustls, one limit over both.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

/// One connection: its number, and whether it has carried an answer. What fails on one that has, before
/// any answer, is redone free: the provider had merely closed it. Calls that are lost with the same
/// connection, as many are over HTTP/2, have the same number.
#[derive(Clone, Debug)]
pub(super) struct Used {
    number: u64,
    marked: Arc<AtomicBool>,
}

/// Connections so far.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl Used {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { number, marked: Arc::default() }
    }

    /// The number of the next connection: older ones have smaller numbers.
    pub(super) fn next() -> u64 {
        COUNT.load(Ordering::Relaxed)
    }

    /// That of a connection.
    pub(super) fn of(connection: &Connected) -> Option<Self> {
        let mut extensions = http::Extensions::new();
        connection.get_extras(&mut extensions);
        extensions.remove()
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn mark(&self) {
        self.marked.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_marked(&self) -> bool {
        self.marked.load(Ordering::Relaxed)
    }
}

/// The limit on opening a connection passed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no connection within {0:?}")]
pub(super) struct ConnectTimeout(pub(super) Duration);

/// Opens connections to providers.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<TcpConnector>,
    limit: Duration,
}

impl Connector {
    pub(super) fn new(limit: Duration, tls: ClientConfig) -> Self {
        let tcp = TcpConnector::new();
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let https = builder.https_or_http().enable_all_versions().wrap_connector(tcp);
        Self { https, limit }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TcpConnection>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.https.call(uri);
        let limit = self.limit;
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectTimeout(limit).into()),
            }
        })
    }
}

/// The TCP half, which marks its connections.
#[derive(Clone)]
struct TcpConnector(HttpConnector);

impl TcpConnector {
    fn new() -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        http.set_keepalive(Some(Duration::from_secs(60)));
        Self(http)
    }
}

impl Service<Uri> for TcpConnector {
    type Response = TcpConnection;
    type Error = BoxError;
    type Future = Connecting<TcpConnection>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move { Ok(TcpConnection { io: connecting.await?, used: Used::new() }) })
    }
}

/// A TCP connection that knows whether it has been used.
pub(super) struct TcpConnection {
    io: TokioIo<TcpStream>,
    used: Used,
}

impl Connection for TcpConnection {
    fn connected(&self) -> Connected {
        self.io.inner().connected().extra(self.used.clone())
    }
}

impl Read for TcpConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for TcpConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
