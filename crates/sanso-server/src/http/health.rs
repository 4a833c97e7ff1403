//! Probes and metrics: open to all, as orchestrators and Prometheus expect.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;

use super::{App, error};

/// The process runs. LiteLLM's word for it.
pub(super) async fn live() -> Response {
    error::json(200, "\"I'm alive!\"".to_owned())
}

/// Whether traffic should come here: not while the process ends.
pub(super) async fn ready(State(App(app)): State<App>) -> Response {
    if app.drain.has_begun() {
        error::json(503, r#"{"status":"shutting_down"}"#.to_owned())
    } else {
        error::json(200, r#"{"status":"healthy"}"#.to_owned())
    }
}

/// `GET /metrics`, in OpenMetrics text.
pub(super) async fn metrics(State(App(app)): State<App>) -> Response {
    let mut response = error::json(200, app.admin.metrics());
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(openmetrics));
    response
}
