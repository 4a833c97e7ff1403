//! `GET /v1/models`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::error::{self, ApiError};
use super::{App, auth};

/// What clients may ask for. `created` is a constant: a group of a configuration has no birthday.
pub(super) async fn list(
    State(App(app)): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    auth::check(app.key.as_ref(), &headers)?;
    let models = app.gateway.models();
    let data: Vec<_> = models
        .iter()
        .map(|id| serde_json::json!({"id": id, "object": "model", "created": 0, "owned_by": "sanso"}))
        .collect();
    Ok(error::json(200, serde_json::json!({"object": "list", "data": data}).to_string()))
}
