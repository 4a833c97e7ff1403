//! Delivery over real sockets, with time in the test's hands.

mod alertmanager;
mod delivery;
mod kept;
mod lane;
mod messages;
mod real_alertmanager;
mod receiver;
mod virtual_time;

use std::sync::Arc;
use std::time::Duration;

use sanso::Courier;
use sanso::config::{self, Config};
use sanso::watch::{
    Alert, AlertState, Also, Cause, CauseCode, Change, Kind, Millis, Notice, Severity, Signal,
    Subject, Thresholds,
};

use super::{Delivery, LIMIT};
use virtual_time::Hand;

/// The 24th of November 2026, 14:38 UTC.
const NOW: Millis = Millis(1_795_478_400_000 + (14 * 60 + 38) * 60_000);

/// A configuration with these sinks, as YAML.
fn config(sinks: &str) -> Config {
    let text = format!(
        "model_list: [{{model_name: m, litellm_params: {{model: openai/x, api_key: k}}}}]\n\
         sanso: {{alerts: {{sinks: [{sinks}]}}}}\n"
    );
    let environment = std::collections::BTreeMap::new();
    config::parse(&text, "config.yaml", &environment, config::Options::default()).unwrap()
}

/// A delivery to these sinks, whose time is in the hand.
fn delivery(sinks: &str) -> (Delivery, Hand) {
    delivery_within(sinks, LIMIT)
}

fn delivery_within(sinks: &str, limit: Duration) -> (Delivery, Hand) {
    let config = config(sinks);
    let courier = Courier::new(&config.trust, LIMIT).unwrap();
    let (time, hand) = virtual_time::new(NOW);
    (Delivery::start(&config.alerts.sinks, &courier, &"gw-1".into(), time, limit), hand)
}

/// `main-model` is answered by another model, for a rate limit.
fn alert(severity: Severity) -> Alert {
    let cause = Cause {
        code: CauseCode::RateSteady,
        provider: Some("anthropic".into()),
        model: Some("claude-sonnet-4-6".into()),
        kind: Some(Kind::RateLimited.into()),
        kind_share: Some(0.92),
        evidence: vec!["RateLimited is 92.0 % of it (2,280 of 2,478)".to_owned()],
        ..Cause::default()
    };
    Alert {
        id: "al-1".into(),
        signal: Signal::FallbackRate,
        severity,
        state: AlertState::Firing,
        since: NOW.minus(20 * 60_000),
        subject: Subject { model_group: Some("main-model".into()), ..Subject::default() },
        value: 0.1239,
        threshold: if severity == Severity::Warn { 0.05 } else { 0.1 },
        window: Thresholds::default().window(Signal::FallbackRate).into(),
        count: 2478,
        of: Some(20_000),
        served_instead: Some("b".into()),
        served_instead_model: Some("openai/gpt-4.1".into()),
        same_model_share: None,
        cause,
        silenced_until: None,
    }
}

fn notice(change: Change, severity: Severity) -> Notice {
    Notice { change, at: NOW, alert: alert(severity), also: Vec::new() }
}

fn fired() -> Notice {
    notice(Change::Fired, Severity::Warn)
}

/// What must happen, and soon: a hang fails here.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("this takes too long")
}

fn arc(text: &str) -> Arc<str> {
    text.into()
}
