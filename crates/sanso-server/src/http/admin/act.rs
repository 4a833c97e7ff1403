//! What the page does.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use sanso::wall_clock;
use sanso::watch::Forced;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::error::{self, ApiError};
use super::super::{App, Shared, body};
use super::guard::{self, Asker};
use super::read::{answer, refusal};

/// Far more than any of these calls needs.
const BODY: usize = 16 << 10;
/// The longest silence: what is out of mind is forgotten.
const SILENCE_AT_MOST: Duration = Duration::from_hours(30 * 24);
const SHORT: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
struct Login {
    key: String,
}

/// A session for who has the key.
pub(super) async fn login(State(App(app)): State<App>, request: Request) -> Response {
    let (head, incoming) = request.into_parts();
    let asked = match guard::from_the_page(&Asker::of(&head)) {
        Ok(()) => read::<Login>(incoming, "{\"key\": \"...\"}").await,
        Err(refused) => Err(refused),
    };
    match asked.and_then(|login| begin(&app, &login, &head.headers)) {
        Ok(cookie) => {
            let mut response = answer(Ok(serde_json::json!({"ok": true})), &app);
            response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            response
        }
        Err(refused) => {
            let waits = refused.status == 429;
            let mut response = error::named(refused, &app.gateway);
            if waits {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(SHORT.as_secs()));
            }
            response
        }
    }
}

/// The cookie, where there is a key.
fn begin(
    app: &Shared,
    login: &Login,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, ApiError> {
    let Some(key) = &app.key else { return Ok(None) };
    let now = wall_clock();
    if !key.matches(&login.key) {
        // Who has the key is let in whatever others try.
        if !app.sessions.may_try(now) {
            return Err(ApiError::new(429, "Too many wrong keys: try again in a minute."));
        }
        app.sessions.wrong(now);
        let why = "This is not the master key of this gateway.";
        return Err(ApiError { code: Some("invalid_api_key"), ..ApiError::new(401, why) });
    }
    let cookie = app.sessions.begin(now);
    let cookie = cookie.ok_or_else(|| ApiError::new(500, "The system gave no randomness."))?;
    // A proxy that ends TLS says so.
    let is_secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = HeaderValue::try_from(format!("{cookie}{secure}"));
    cookie.map(Some).map_err(|bug| ApiError::new(500, bug.to_string()))
}

#[derive(Deserialize)]
struct Silence {
    r#for: String,
}

/// No notices of an alert for a while.
pub(super) async fn silence(
    State(App(app)): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let asked = take::<Silence>(&app, request, "{\"for\": \"1h\"}").await;
    let done = asked.and_then(|silence| {
        let wrong = || {
            let text =
                format!("`for` is `{}`, and must be a time such as 30m, 1h or 2d.", silence.r#for);
            ApiError::new(400, text)
        };
        let length = sanso::config::read_duration(&silence.r#for).ok_or_else(wrong)?;
        if length < SHORT || length > SILENCE_AT_MOST {
            return Err(ApiError::new(400, "`for` must be from a minute to 30 days."));
        }
        app.admin.silence(&id, length).map_err(refusal)
    });
    answer(done.map(|()| serde_json::json!({"ok": true})), &app)
}

#[derive(Deserialize)]
struct Breaker {
    /// The member must be there: `{}` more likely forgot it than meant `null`.
    #[serde(deserialize_with = "Option::deserialize")]
    forced: Option<Forced>,
}

/// Sets a breaker by hand.
pub(super) async fn breaker(
    State(App(app)): State<App>,
    Path(deployment): Path<String>,
    request: Request,
) -> Response {
    let shape = "{\"forced\": \"open\" | \"closed\" | \"metrics-only\" | null}";
    let asked = take::<Breaker>(&app, request, shape).await;
    let done = asked.and_then(|it| app.admin.force(&deployment, it.forced).map_err(refusal));
    answer(done.map(|()| serde_json::json!({"ok": true})), &app)
}

/// What a request that may act says.
async fn take<T: DeserializeOwned>(
    app: &Shared,
    request: Request,
    shape: &str,
) -> Result<T, ApiError> {
    let (head, incoming) = request.into_parts();
    guard::act(app, &Asker::of(&head))?;
    read(incoming, shape).await
}

async fn read<T: DeserializeOwned>(incoming: Body, shape: &str) -> Result<T, ApiError> {
    let body = body::read(incoming, BODY).await?;
    serde_json::from_slice(&body)
        .map_err(|wrong| ApiError::new(400, format!("The body must be {shape}: {wrong}.")))
}
