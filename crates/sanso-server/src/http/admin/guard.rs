//! Who may look, and who may act.
//!
//! A browser sends a session's cookie whoever makes it ask, and without a master key there is not even
//! a cookie. So what acts must be JSON (a form of another site cannot send that, and a script of one has
//! to ask first, which is not answered), and must come from the page itself, if it comes from a browser.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use sanso::wall_clock;

use super::super::error::ApiError;
use super::super::{Shared, auth};

/// Lets a request look that carries the key or a session, or where no key is set.
pub(super) fn look(app: &Shared, headers: &HeaderMap) -> Result<(), ApiError> {
    if app.key.is_none() {
        return known_host(app, headers);
    }
    if app.sessions.has(headers, wall_clock()) {
        return Ok(());
    }
    auth::check(app.key.as_ref(), headers)
}

/// Lets a request act that may look, and that no other site makes a browser send.
pub(super) fn act(app: &Shared, headers: &HeaderMap) -> Result<(), ApiError> {
    from_the_page(headers)?;
    look(app, headers)
}

/// Refuses what another site may have made a browser send.
pub(super) fn from_the_page(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let why = "Send this as JSON, with the header `content-type: application/json`.";
        return Err(ApiError::new(415, why));
    }
    let elsewhere =
        || Err(ApiError::new(403, "This request comes from another site, and is not carried out."));
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return elsewhere();
    }
    let origin = text(ORIGIN.as_str()).map(|it| it.split_once("://").map_or(it, |(_, host)| host));
    match origin {
        Some(origin) if Some(origin) != text(HOST.as_str()) => elsewhere(),
        Some(_) | None => Ok(()),
    }
}

/// Where no key is set, a stranger's name that is pointed at this machine would let a stranger's
/// page read everything.
fn known_host(app: &Shared, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(host) = headers.get(HOST) else { return Ok(()) };
    let host = host.to_str().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|digit| digit.is_ascii_digit()) { name } else { host }
    });
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_known = bare.parse::<std::net::IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || app.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_known {
        return Ok(());
    }
    let message = format!(
        "This page is not served as `{name}`: without a master key that name must stand under \
         `sanso: {{ admin: {{ hosts: [...] }} }}` in the gateway's configuration."
    );
    Err(ApiError::new(403, message))
}
