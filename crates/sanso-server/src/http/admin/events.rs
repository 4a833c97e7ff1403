//! `GET /admin/events`: server-sent events, for who looks on live.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use sanso::wall_clock;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::super::{App, error};
use super::guard::{self, Asker};
use crate::admin::Told;

/// After so much silence a comment says that the line stands; after 15 s the page takes it for lost.
const SILENCE: Duration = Duration::from_secs(10);

pub(super) async fn events(State(app): State<App>, asker: Asker) -> Response {
    if let Err(refused) = guard::look(&app.0, &asker) {
        return error::named(refused, &app.0.gateway);
    }
    let events = app.0.admin.feed().subscribe();
    let begun = Reader { app, events, at: Place::Greeting };
    let body = Body::from_stream(stream::unfold(begun, Reader::next));
    let mut response = Response::new(body);
    let out = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    out.insert(CONTENT_TYPE, kind);
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx in front of us would gather events otherwise.
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Someone who looks on.
struct Reader {
    app: App,
    events: Receiver<Told>,
    at: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `hello` is due: at the beginning, and after events were missed, which a page answers by asking
    /// for everything anew.
    Greeting,
    Flowing,
    Over,
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let text = match self.at {
            Place::Greeting => self.hello(),
            Place::Flowing => self.wait().await?,
            Place::Over => return None,
        };
        Some((Ok(text.into()), self))
    }

    fn hello(&mut self) -> String {
        self.at = Place::Flowing;
        let admin = &self.app.0.admin;
        let data = serde_json::json!({
            "now": wall_clock(),
            "version": env!("CARGO_PKG_VERSION"),
            "started_at": admin.started_at(),
        });
        event(admin.feed().next_id(), "hello", &data.to_string())
    }

    async fn wait(&mut self) -> Option<String> {
        let drain = &self.app.0.drain;
        tokio::select! {
            biased;
            () = drain.begun() => {
                self.at = Place::Over;
                Some(event(self.app.0.admin.feed().next_id(), "bye", r#"{"reason":"the gateway stops"}"#))
            }
            told = self.events.recv() => match told {
                Ok(told) => Some(event(told.id, told.name, &told.data)),
                Err(RecvError::Lagged(_)) => Some(self.hello()),
                Err(RecvError::Closed) => None,
            },
            () = tokio::time::sleep(SILENCE) => Some(":\n\n".to_owned()),
        }
    }
}

fn event(id: u64, name: &str, data: &str) -> String {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}
