//! One sink as something that a notice can be put into.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue};
use sanso::config::{Sink, SinkKind, SinkUrl};
use sanso::watch::{Alert, Millis};
use sanso::{Courier, Receipt};
use serde_json::Value;

use super::alertmanager::{self, Firing};
use super::{Message, log, slack, webhook};

/// See the module.
#[derive(Debug)]
pub(super) struct Outlet {
    kind: SinkKind,
    courier: Courier,
    instance: Arc<str>,
    /// For one try, from the first byte of the connection to the end of the answer.
    limit: Duration,
    /// What Alertmanager has to be told again.
    firing: Mutex<Firing>,
}

/// Why a try did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// In words, without the address.
    pub(super) why: String,
    /// Not again before this much time, by the receiver's word.
    pub(super) retry_after: Option<Duration>,
    /// It is this message that the receiver does not take.
    pub(super) is_the_message: bool,
}

/// As long as a slow chat server takes on a bad day.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// Alertmanager forgets within five minutes what is not said again; Prometheus says it each minute.
const AGAIN: Duration = Duration::from_secs(60);
/// Between two tries of anyone else.
const HOUR: Duration = Duration::from_secs(3600);

impl Outlet {
    pub(super) fn new(sink: &Sink, courier: Courier, instance: Arc<str>, limit: Duration) -> Self {
        let kind = sink.kind.clone();
        Self { kind, courier, instance, limit, firing: Mutex::default() }
    }

    /// Tries once.
    pub(super) async fn put(&self, message: &Message, now: Millis) -> Result<(), Fault> {
        match &self.kind {
            SinkKind::Log => log::write(message),
            SinkKind::Webhook { url, secret } => {
                let body = webhook::body(message, &self.instance);
                let signature = secret.as_ref().map(|it| webhook::signature(it, &body, now));
                self.post(url, signature.unwrap_or_default(), body).await?;
            }
            SinkKind::Slack { url } => {
                let body = slack::body(message, &self.instance);
                self.post(url, HeaderMap::new(), body).await?;
            }
            SinkKind::Alertmanager { url } => {
                let entries = alertmanager::entries(message, &self.instance);
                self.post_entries(url, &entries).await?;
            }
        }
        Ok(())
    }

    /// How often this sink wants to hear what still fires.
    pub(super) const fn again_after(&self) -> Option<Duration> {
        match self.kind {
            SinkKind::Alertmanager { .. } => Some(AGAIN),
            SinkKind::Log | SinkKind::Webhook { .. } | SinkKind::Slack { .. } => None,
        }
    }

    /// The longest time between two tries.
    pub(super) fn longest_wait(&self) -> Duration {
        self.again_after().unwrap_or(HOUR)
    }

    /// Says again what still fires. `None` where there is nothing to say.
    pub(super) async fn again(&self) -> Option<Result<(), Fault>> {
        let SinkKind::Alertmanager { url } = &self.kind else { return None };
        let entries = self.firing().again();
        if entries.is_empty() {
            return None;
        }
        Some(self.post_entries(url, &entries).await)
    }

    /// Takes over what fires.
    pub(super) fn stand(&self, firing: &[Alert], now: Millis) {
        if self.again_after().is_some() {
            self.firing().stand(firing, &self.instance, now);
        }
    }

    async fn post_entries(&self, url: &SinkUrl, entries: &[Value]) -> Result<(), Fault> {
        let body = Value::from(entries).to_string().into_bytes();
        self.post(url, HeaderMap::new(), body).await?;
        let mut firing = self.firing();
        firing.forget(entries);
        firing.said(entries);
        Ok(())
    }

    async fn post(
        &self,
        url: &SinkUrl,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<(), Fault> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("sanso/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let posting = self.courier.post(url.uri(), headers, body.into());
        let fault = match tokio::time::timeout(self.limit, posting).await {
            Ok(Ok(receipt)) if (200..300).contains(&receipt.status) => return Ok(()),
            Ok(Ok(receipt)) => Fault::of(receipt),
            Ok(Err(why)) => Fault { why, retry_after: None, is_the_message: false },
            Err(_) => {
                let why = format!("no answer within {:?}", self.limit);
                Fault { why, retry_after: None, is_the_message: false }
            }
        };
        Err(Fault { why: format!("{url}: {}", fault.why), ..fault })
    }

    fn firing(&self) -> MutexGuard<'_, Firing> {
        self.firing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn of(receipt: Receipt) -> Self {
        let Receipt { status, retry_after, line } = receipt;
        let said = if line.is_empty() { String::new() } else { format!(": {line}") };
        // Malformed, too large, of the wrong kind: the same message will be refused again.
        let is_the_message = matches!(status, 400 | 413 | 415 | 422);
        Self { why: format!("answered {status}{said}"), retry_after, is_the_message }
    }
}
