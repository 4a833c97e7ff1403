//! The page's files. There is no secret in them, so they need no session.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use sanso::watch::Range;
use serde_json::Value;

use super::super::error::{self, ApiError};
use super::super::{App, Shared};
use super::guard::{self, Asker};

/// Names and contents, put here by the build.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Where the last verdict goes, so that the first paint asks for nothing.
const VERDICT: &str = r#"<script type="application/json" id="verdict">null</script>"#;

const MISSING: &str = "<!doctype html><meta charset=utf-8><title>sanso</title><p>This build of sanso \
    has no page in it: <code>make dashboard</code> (it needs Node 20), then build again. \
    <a href=admin/overview>What it would show</a>, and <a href=metrics>the metrics</a>, are there.";

/// Nothing but the page's own files is loaded or asked, and no other page may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

pub(super) async fn index(State(App(app)): State<App>, asker: Asker) -> Response {
    let html = file("index.html").map(String::from_utf8_lossy);
    let html = match html {
        None => MISSING.to_owned(),
        Some(html) => match guard::look(&app, &asker).ok().and_then(|()| verdict(&app)) {
            Some(verdict) => html.replacen(VERDICT, &verdict, 1),
            None => html.into_owned(),
        },
    };
    respond(html.into_bytes(), "text/html; charset=utf-8", "no-store")
}

/// The frame of an overview as a block of data in the page.
fn verdict(app: &Arc<Shared>) -> Option<String> {
    let overview = serde_json::to_value(app.admin.overview(Range::default())).ok()?;
    let Value::Object(mut members) = overview else { return None };
    let frame = ["now", "started_at", "version", "instance", "utc_offset_min", "range", "verdict"];
    members.retain(|name, _| frame.contains(&name.as_str()));
    // `</script>` in a name must not end the block.
    let data = Value::Object(members).to_string().replace('<', "\\u003c");
    Some(VERDICT.replacen("null", &data, 1))
}

pub(super) async fn asset(State(App(app)): State<App>, Path(name): Path<String>) -> Response {
    let kinds = [
        ("js", "text/javascript; charset=utf-8"),
        ("css", "text/css; charset=utf-8"),
        ("woff2", "font/woff2"),
    ];
    let end = name.rsplit('.').next().unwrap_or_default();
    let kind = kinds.iter().find(|(known, _)| *known == end);
    match (file(&format!("assets/{name}")), kind) {
        // Their names hold a hash of what is in them.
        (Some(found), Some((_, kind))) => {
            respond(found.to_vec(), kind, "public, max-age=31536000, immutable")
        }
        (_, _) => error::named(ApiError::new(404, "There is no such file."), &app.gateway),
    }
}

pub(super) async fn licenses(State(App(app)): State<App>) -> Response {
    match file("licenses.txt") {
        Some(text) => respond(text.to_vec(), "text/plain; charset=utf-8", "no-cache"),
        None => error::named(ApiError::new(404, "There is no such file."), &app.gateway),
    }
}

fn file(name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, content)| *content)
}

fn respond(content: Vec<u8>, kind: &'static str, cached: &'static str) -> Response {
    let mut response = Response::new(content.into());
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, cached),
        (HeaderName::from_static("content-security-policy"), POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}
