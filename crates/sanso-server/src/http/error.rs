//! Errors in OpenAI's shape.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sanso::{Error, Gateway};

use super::{App, headers};

/// An error of the HTTP surface itself.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) code: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error_type = match self.status {
            401 => "authentication_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let body = serde_json::json!({"error": {
            "message": self.message, "type": error_type, "param": null, "code": self.code,
        }});
        json(self.status, body.to_string())
    }
}

/// A failed request, with what the gateway knows of it.
pub(super) fn failed(error: &Error, gateway: &Gateway) -> Response {
    let mut response = json(error.status(), error.to_openai_json());
    let out = response.headers_mut();
    if let Some(wait) = error.retry_after() {
        // Whole seconds, rounded up: who comes back early is turned away again.
        out.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64));
    }
    if !error.should_retry() {
        out.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    match error.served() {
        Some(served) => headers::write(served, out),
        None => name(&mut response, gateway),
    }
    response
}

/// Names a refusal, which no exchange has named, so that who asks about it can say which one it was.
pub(super) fn named(refused: ApiError, gateway: &Gateway) -> Response {
    let mut response = refused.into_response();
    name(&mut response, gateway);
    response
}

fn name(response: &mut Response, gateway: &Gateway) {
    if let Ok(id) = HeaderValue::try_from(gateway.new_request_id()) {
        response.headers_mut().insert(headers::REQUEST_ID, id);
    }
}

pub(super) async fn not_found(State(App(app)): State<App>, request: Request) -> Response {
    let message = format!(
        "There is no {} {}. This gateway serves POST /v1/chat/completions and GET /v1/models.",
        request.method(),
        request.uri().path()
    );
    let refused = ApiError { code: Some("unknown_url"), ..ApiError::new(404, message) };
    named(refused, &app.gateway)
}

pub(super) async fn method_not_allowed(State(App(app)): State<App>, request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let refused = ApiError::new(405, format!("{path} does not answer {method}."));
    named(refused, &app.gateway)
}

/// A bug of ours costs one request, not the process.
pub(super) fn panicked() -> Response {
    ApiError::new(500, "sanso has a bug: this request made it panic. Please report it.")
        .into_response()
}

pub(super) fn json(status: u16, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
