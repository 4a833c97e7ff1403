//! Alerts for Prometheus Alertmanager (API version 2): what fires is said again each minute, as
//! Prometheus does, and ends when it is well. What is said no longer ends there by itself after
//! `resolve_timeout`, 5 min unless set, so that a gateway that is gone leaves no alert behind.

use std::collections::BTreeMap;

use sanso::watch::{Alert, Also, Change, Millis, Notice, Severity, Signal, Subject};
use serde_json::{Map, Value, json};

use super::Message;
use super::words::Told;

/// What fires, as it was said last, by its labels.
#[derive(Debug, Default)]
pub(super) struct Firing {
    open: BTreeMap<String, Value>,
    /// What went without a word: to be ended when the rest is said again.
    gone: Vec<Value>,
}

impl Firing {
    /// Takes over what fires by the word of whoever watches: after a restart, or when an alert
    /// ended in silence, no notice tells.
    pub(super) fn stand(&mut self, alerts: &[Alert], instance: &str, now: Millis) {
        let standing = alerts.iter().map(|alert| {
            let notice =
                Notice { change: Change::Fired, at: now, alert: alert.clone(), also: Vec::new() };
            keyed(entry(&Message::of(notice), instance, None))
        });
        let standing: BTreeMap<String, Value> = standing.collect();
        let before = std::mem::replace(&mut self.open, standing);
        let gone = before.into_iter().filter(|(key, _)| !self.open.contains_key(key));
        self.gone.extend(gone.map(|(_, value)| ended(value, now)));
    }

    /// Takes note of what was said.
    pub(super) fn said(&mut self, entries: &[Value]) {
        for entry in entries {
            let (key, entry) = keyed(entry.clone());
            match entry.get("endsAt") {
                Some(_) => drop(self.open.remove(&key)),
                None => drop(self.open.insert(key, entry)),
            }
        }
    }

    /// All of it, to be said again.
    pub(super) fn again(&self) -> Vec<Value> {
        self.open.values().chain(&self.gone).cloned().collect()
    }

    /// What went was said to be gone.
    pub(super) fn forget(&mut self, said: &[Value]) {
        self.gone.retain(|gone| !said.contains(gone));
    }
}

fn keyed(entry: Value) -> (String, Value) {
    (entry["labels"].to_string(), entry)
}

fn ended(mut entry: Value, at: Millis) -> Value {
    entry["endsAt"] = at.to_string().into();
    entry
}

/// A notice as Alertmanager's alerts. The severity is a label, and labels are what an alert is: one
/// that escalates is another there, and the first has ended.
pub(super) fn entries(message: &Message, instance: &str) -> Vec<Value> {
    let Notice { change, at, alert, also } = &*message.notice;
    let first = Also { change: *change, alert: alert.clone() };
    let all = std::iter::once(&first).chain(also);
    let entries = all.flat_map(|Also { change, alert }| {
        let notice = Notice { change: *change, at: *at, alert: alert.clone(), also: Vec::new() };
        let message = Message { notice: notice.into(), is_test: message.is_test };
        let said = |end| entry(&message, instance, end);
        match change {
            Change::Fired => vec![said(None)],
            Change::Resolved => vec![said(Some(*at))],
            Change::Escalated => {
                let mut before = ended(said(None), *at);
                before["labels"]["severity"] = severity(Severity::Warn).into();
                vec![before, said(None)]
            }
        }
    });
    entries.collect()
}

fn entry(message: &Message, instance: &str, ends: Option<Millis>) -> Value {
    let alert = &message.notice.alert;
    let told = Told::of(message);
    let summary = told.headline.clone();
    let mut entry = json!({
        "labels": labels(message, instance),
        "annotations": { "summary": summary, "description": told.lines()[1..].join("\n") },
        "startsAt": alert.since.to_string(),
    });
    if let Some(cause) = told.cause {
        entry["annotations"]["cause"] = cause.into();
    }
    match ends {
        Some(at) => ended(entry, at),
        None => entry,
    }
}

/// What an alert is about, and no more: the chain that suffers most from a provider's fault may be
/// another tomorrow, and is told in the description.
fn labels(message: &Message, instance: &str) -> Map<String, Value> {
    let alert = &message.notice.alert;
    let Subject { model_group, task, provider, model, deployment, key_name } = &alert.subject;
    let name = if message.is_test { "SansoTest" } else { name(alert.signal) };
    let of_chain = alert.signal.is_of_chain();
    let pairs = [
        ("model_group", model_group.as_ref().filter(|_| of_chain)),
        ("task", task.as_ref().filter(|_| of_chain)),
        ("provider", provider.as_ref()),
        ("model", model.as_ref()),
        ("deployment", deployment.as_ref()),
        ("key_name", key_name.as_ref()),
    ];
    let mut labels = Map::new();
    labels.insert("alertname".into(), name.into());
    labels.insert("severity".into(), severity(alert.severity).into());
    labels.insert("instance".into(), instance.into());
    labels.extend(
        pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(&**value?)))),
    );
    labels
}

/// As Prometheus's own rules name severities.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warn => "warning",
        Severity::Critical => "critical",
    }
}

const fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Unavailable => "SansoUnavailable",
        Signal::Degraded => "SansoDegraded",
        Signal::FallbackRate => "SansoFallbackRate",
        Signal::Authentication => "SansoAuthentication",
        Signal::Quota => "SansoQuota",
        Signal::NotFound => "SansoNotFound",
        Signal::SoftFailureRate => "SansoSoftFailureRate",
        Signal::ProviderErrorRate => "SansoProviderErrorRate",
        Signal::BreakerOpenings => "SansoBreakerOpenings",
    }
}
