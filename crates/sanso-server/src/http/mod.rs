//! The HTTP surface: thin handlers over the gateway.

mod auth;
mod body;
mod chat;
mod error;
mod explain;
mod front;
mod headers;
mod health;
mod models;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use sanso::Gateway;

use front::Front;

use crate::drain::Drain;

/// What handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    gateway: Gateway,
    key: Option<auth::Key>,
    /// The largest request body, in bytes.
    body_limit: usize,
    drain: Drain,
}

impl App {
    pub(crate) fn new(gateway: Gateway, drain: Drain) -> Self {
        let (key, body_limit) = {
            let config = gateway.config();
            (config.master_key.as_ref().map(auth::Key::new), config.limits.body)
        };
        Self(Arc::new(Shared { gateway, key, body_limit, drain }))
    }
}

/// Every route, each also without `/v1`, as LiteLLM has them.
pub(crate) fn routes(app: App) -> Front {
    let [chat, chat_without_v1] = chat::PATHS;
    let rest = Router::new()
        // Posts to these are taken by the front; here they are known, for who asks otherwise.
        .route(chat, post(chat::completions))
        .route(chat_without_v1, post(chat::completions))
        .route("/v1/models", get(models::list))
        .route("/models", get(models::list))
        .route("/admin/explain", post(explain::explain))
        .route("/health/liveliness", get(health::live))
        .route("/health/liveness", get(health::live))
        .route("/health/readiness", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(app.clone());
    Front::new(app, rest)
}
