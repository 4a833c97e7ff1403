//! A keep-alive HTTP/1.1 server loop, as lean as hyper allows.

use std::io::Write as _;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Outcome;

/// The largest request body that is read, in bytes.
pub const MAX_BODY: usize = 32 << 20;

/// Listens on loopback (port 0: the system picks), says where on standard output, and answers
/// every request with `handler` until the process is ended.
///
/// # Errors
/// The port cannot be had, or accepting fails.
pub async fn serve<H, F, B>(port: u16, handler: H) -> Outcome
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Outcome<Response<B>>> + Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;

    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(socket), service_fn(handler.clone()));
        // A client that goes away is no news here, so how a connection ends is not looked at.
        tokio::spawn(async move { drop(connection.await) });
    }
}
