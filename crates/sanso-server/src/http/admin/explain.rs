//! `POST /admin/explain`.

use axum::extract::{Request, State};
use axum::response::Response;

use super::super::error::{self, ApiError};
use super::super::{App, body, headers};
use super::guard::{self, Asker};

/// What would become of a chat request: the body is one, and it is sent to no one.
pub(super) async fn explain(State(App(app)): State<App>, request: Request) -> Response {
    let mut arrival = app.gateway.arrive();
    let (head, incoming) = request.into_parts();
    arrival.task = headers::task(&head.headers);
    let asked = match guard::look(&app, &Asker::of(&head)) {
        Ok(()) => body::read(incoming, app.body_limit).await,
        Err(refused) => Err(refused),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return error::named(refused, &app.gateway),
    };
    match app.gateway.explain(asked, &arrival) {
        Ok(explanation) => match serde_json::to_string(&explanation) {
            Ok(told) => error::json(200, told),
            Err(bug) => error::named(ApiError::new(500, bug.to_string()), &app.gateway),
        },
        Err(failure) => error::failed(&failure, &app.gateway),
    }
}
