//! The HTTP side: connections, and the calls that arrive on them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sanso_core::{Duration, Rng};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Vendor;
use super::call::{Call, error_response};
use super::flow::Flow;
use super::route;
use super::script::Script;
use super::stats::{InFlight, Stats};

/// What a provider's handle and its connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) vendor: Vendor,
    pub(super) seed: u64,
    pub(super) script: Mutex<Script>,
    pub(super) stats: watch::Sender<Stats>,
}

/// Serves until dropped; every connection goes with it.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
                // Out of file descriptors, mostly: let some connections end first.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Each token is a small packet that must not wait for the next. A refusal costs speed alone.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { shared.call(request).await }
    });
    // An error here is a client that went away, or an answer that was meant to break off.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Shared {
    /// An error closes the connection without an answer.
    async fn call(&self, request: Request<Incoming>) -> io::Result<Response<Flow>> {
        let (number, in_flight) = InFlight::arrive(&self.stats);
        let mut rng = Rng::from_seed(self.seed.wrapping_add(number));
        let (behaviour, pace) = {
            let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
            (script.take(), script.pace())
        };
        match route::read(self.vendor, request, &mut rng).await {
            Ok(ask) => {
                Call { vendor: self.vendor, ask, pace, rng, in_flight }.answer(behaviour).await
            }
            Err(refusal) => Ok(error_response(refusal, in_flight)),
        }
    }
}
