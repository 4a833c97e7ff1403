//! `GET /v1/models`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{App, auth, error};

/// What clients may ask for. `created` is a constant: a group of a configuration has no birthday.
pub(super) async fn list(State(App(app)): State<App>, headers: HeaderMap) -> Response {
    if let Err(refused) = auth::check(app.key.as_ref(), &headers) {
        return error::named(refused, &app.gateway);
    }
    let models = app.gateway.models();
    let data: Vec<_> = models
        .iter()
        .map(|id| serde_json::json!({"id": id, "object": "model", "created": 0, "owned_by": "sanso"}))
        .collect();
    error::json(200, serde_json::json!({"object": "list", "data": data}).to_string())
}
