//! The way in: the hottest route by hand, everything else through the router.
//!
//! Nearly every request is one of chat. Finding its handler through the router (path matching,
//! extensions, a boxed service per route) is work that it need not pay for, so it is asked for
//! first; `make bench` shows what a request costs.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use futures_util::FutureExt;
use tower_service::Service;

use super::{App, chat, error};

/// Serves the chat routes itself, and hands the rest to a router.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    app: App,
    rest: Router,
}

impl Front {
    pub(super) const fn new(app: App, rest: Router) -> Self {
        Self { app, rest }
    }
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let is_chat = chat::PATHS.contains(&request.uri().path());
        if is_chat && request.method() == Method::POST {
            return guarded(chat::completions(State(self.app.clone()), request));
        }
        let routed = self.rest.call(request);
        guarded(async move { routed.await.unwrap_or_else(|never| match never {}) })
    }
}

/// A panic is a bug of ours: it costs one request, not the connection, and not the process.
fn guarded(
    answering: impl Future<Output = Response> + Send + 'static,
) -> <Front as Service<Request>>::Future {
    let caught = AssertUnwindSafe(answering).catch_unwind();
    Box::pin(async move { Ok(caught.await.unwrap_or_else(|_| error::panicked())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_costs_one_request() {
        let Ok(response) = guarded(async { panic!("a bug") }).await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/json");
    }
}
