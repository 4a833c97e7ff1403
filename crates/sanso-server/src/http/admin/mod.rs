//! The page, and the endpoints that it reads.

mod act;
mod events;
mod explain;
mod guard;
mod page;
mod query;
mod read;
mod sessions;

use axum::Router;
use axum::routing::{get, post};

pub(super) use sessions::Sessions;

use super::App;

/// Everything under the admin address.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(page::index))
        .route("/assets/{file}", get(page::asset))
        .route("/licenses.txt", get(page::licenses))
        .route("/admin/overview", get(read::overview))
        .route("/admin/series", get(read::series))
        .route("/admin/requests", get(read::requests))
        .route("/admin/requests/{id}", get(read::request))
        .route("/admin/events", get(events::events))
        .route("/admin/login", post(act::login))
        .route("/admin/alerts/{id}/silence", post(act::silence))
        .route("/admin/deployments/{id}/breaker", post(act::breaker))
        .route("/admin/explain", post(explain::explain))
}
