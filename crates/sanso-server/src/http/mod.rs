//! The HTTP surface: thin handlers over the gateway.

mod admin;
mod auth;
mod body;
mod chat;
mod error;
mod front;
mod headers;
mod health;
mod models;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use sanso::Gateway;

use front::Front;

use crate::admin::Admin;
use crate::drain::Drain;

/// What handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    gateway: Gateway,
    admin: Arc<Admin>,
    key: Option<auth::Key>,
    sessions: admin::Sessions,
    /// Names under which the page may be reached where no key is set.
    hosts: Vec<String>,
    /// The largest request body, in bytes.
    body_limit: usize,
    drain: Drain,
}

impl App {
    pub(crate) fn new(admin: Arc<Admin>, drain: Drain) -> Self {
        let gateway = admin.gateway().clone();
        let (key, hosts, body_limit) = {
            let config = gateway.config();
            let key = config.master_key.as_ref().map(auth::Key::new);
            (key, config.admin.hosts.clone(), config.limits.body)
        };
        let sessions = admin::Sessions::default();
        Self(Arc::new(Shared { gateway, admin, key, sessions, hosts, body_limit, drain }))
    }
}

/// Every route of the API, each also without `/v1`, as LiteLLM has them; and the page's, unless it has
/// an address of its own.
pub(crate) fn routes(app: App, with_admin: bool) -> Front {
    let [chat, chat_without_v1] = chat::PATHS;
    let api = Router::new()
        // Posts to these are taken by the front; here they are known, for who asks otherwise.
        .route(chat, post(chat::completions))
        .route(chat_without_v1, post(chat::completions))
        .route("/v1/models", get(models::list))
        .route("/models", get(models::list));
    let rest = if with_admin { api.merge(admin::routes()) } else { api };
    Front::new(app.clone(), whole(rest, app))
}

/// The page's routes alone.
pub(crate) fn admin_routes(app: App) -> Router {
    whole(admin::routes(), app)
}

/// With what orchestrators and Prometheus ask at either address, and an answer to all else.
fn whole(routes: Router<App>, app: App) -> Router {
    routes
        .route("/health/liveliness", get(health::live))
        .route("/health/liveness", get(health::live))
        .route("/health/readiness", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(app)
}
