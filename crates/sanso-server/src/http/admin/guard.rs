//! Who may look, and who may act.
//!
//! A browser sends a session's cookie whoever makes it ask, and without a master key there is not even
//! a cookie. So what acts must be JSON (a form of another site cannot send that, and a script of one has
//! to ask first, which is not answered), and must come from the page itself, if it comes from a browser.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use sanso::wall_clock;

use super::super::error::ApiError;
use super::super::{Shared, auth};

/// What tells who asks.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) headers: HeaderMap,
    /// The name and port under which the gateway was reached: HTTP/1 has a header for it, HTTP/2 puts
    /// it into the address.
    host: Option<String>,
}

impl Asker {
    pub(super) fn of(parts: &Parts) -> Self {
        let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = header.or_else(|| parts.uri.authority().map(|it| it.as_str()));
        Self { headers: parts.headers.clone(), host: host.map(str::to_owned) }
    }
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Lets a request look that carries the key or a session, or where no key is set.
pub(super) fn look(app: &Shared, asker: &Asker) -> Result<(), ApiError> {
    if app.key.is_none() {
        return known_host(app, asker);
    }
    if app.sessions.has(&asker.headers, wall_clock()) {
        return Ok(());
    }
    auth::check(app.key.as_ref(), &asker.headers)
}

/// Lets a request act that may look, and that no other site makes a browser send.
pub(super) fn act(app: &Shared, asker: &Asker) -> Result<(), ApiError> {
    from_the_page(asker)?;
    look(app, asker)
}

/// Refuses what another site may have made a browser send.
pub(super) fn from_the_page(asker: &Asker) -> Result<(), ApiError> {
    let text = |name| asker.headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let why = "Send this as JSON, with the header `content-type: application/json`.";
        return Err(ApiError::new(415, why));
    }
    let origin = text(ORIGIN.as_str()).map(|it| it.split_once("://").map_or(it, |(_, host)| host));
    let is_elsewhere = text("sec-fetch-site").is_some_and(|site| site != "same-origin")
        || origin.is_some_and(|origin| Some(origin) != asker.host.as_deref());
    if is_elsewhere {
        let why = "This request comes from another site, and is not carried out. Where a proxy \
                   stands before the gateway, let it pass on `Host` as it came.";
        return Err(ApiError::new(403, why));
    }
    Ok(())
}

/// Where no key is set, a stranger's name that is pointed at this machine would let a stranger's
/// page read everything.
fn known_host(app: &Shared, asker: &Asker) -> Result<(), ApiError> {
    let host = asker.host.as_deref().unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn asker(uri: &str, headers: &[(&str, &str)]) -> Asker {
        let json = ("content-type", "application/json");
        let headers = headers.iter().chain([&json]);
        let request =
            headers.fold(Request::builder().uri(uri), |it, (name, value)| it.header(*name, *value));
        Asker::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn over_http2_the_host_stands_in_the_address() {
        let page = asker("http://10.0.0.1:4000/x", &[("origin", "http://10.0.0.1:4000")]);
        assert!(from_the_page(&page).is_ok());
        let other = asker("http://10.0.0.1:4000/x", &[("origin", "http://evil.example")]);
        assert_eq!(from_the_page(&other).unwrap_err().status, 403);
        // Who says nowhere where it asks is no browser's page.
        assert_eq!(from_the_page(&asker("/x", &[("origin", "http://a")])).unwrap_err().status, 403);
        assert_eq!(asker("/x", &[("host", "a:1")]).host.as_deref(), Some("a:1"));
        assert_eq!(asker("http://b:2/x", &[("host", "a:1")]).host.as_deref(), Some("a:1"));
    }
}
