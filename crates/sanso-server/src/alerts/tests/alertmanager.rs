//! Alertmanager: what is said to it.

use std::time::Duration;

use sanso::watch::{Change, Severity};
use serde_json::{Value, json};

use super::receiver::{BROKEN, OK, Receiver};
use super::*;

pub(super) fn sink(url: &str) -> String {
    format!("{{type: alertmanager, url: '{url}'}}")
}

fn base(receiver: &Receiver) -> &str {
    receiver.url.split_once("/hook").unwrap().0
}

/// `firing warning`, `ended critical`.
fn told(body: &Value) -> Vec<String> {
    let entries = body.as_array().unwrap().iter();
    let said = entries.map(|entry| {
        let state = if entry.get("endsAt").is_some() { "ended" } else { "firing" };
        format!("{state} {}", entry["labels"]["severity"].as_str().unwrap())
    });
    said.collect()
}

#[tokio::test]
async fn an_alert_is_labels_words_and_times() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (delivery, _hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    let received = receiver.next().await;
    assert!(received.head.starts_with("POST /api/v2/alerts HTTP/1.1\r\n"), "{}", received.head);
    let json = received.json();
    assert_eq!(
        json[0]["labels"],
        json!({
            "alertname": "SansoFallbackRate", "severity": "warning", "instance": "gw-1",
            "model_group": "main-model",
        })
    );
    assert_eq!(json[0]["startsAt"], "2026-11-24T14:18:00.000Z");
    let words = &json[0]["annotations"];
    assert_eq!(words["summary"], "Warning: main-model: fallback rate 12.4 %, limit 5 %");
    assert!(words["cause"].as_str().unwrap().starts_with("because anthropic rate-limits it: "));
    assert!(words["description"].as_str().unwrap().contains("Raise the anthropic plan"));
}

#[tokio::test]
async fn what_fires_is_said_each_minute_until_it_is_well() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    assert_eq!(told(&receiver.next().await.json()), ["firing warning"]);
    for _ in 0..2 {
        assert_eq!(hand.pass().await, Duration::from_secs(60));
        assert_eq!(told(&receiver.next().await.json()), ["firing warning"]);
    }
    // To Alertmanager, other labels are another alert.
    delivery.deliver(&notice(Change::Escalated, Severity::Critical));
    assert_eq!(told(&receiver.next().await.json()), ["ended warning", "firing critical"]);
    hand.pass().await;
    assert_eq!(told(&receiver.next().await.json()), ["firing critical"]);
    delivery.deliver(&notice(Change::Resolved, Severity::Critical));
    assert_eq!(told(&receiver.next().await.json()), ["ended critical"]);
    hand.pass().await;
    hand.is_asked().await;
    assert!(!receiver.has_more(), "nothing fires, nothing is said");
}

#[tokio::test]
async fn it_is_never_left_alone_for_longer_than_a_minute() {
    let mut receiver = Receiver::start(vec![BROKEN]).await;
    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    for _ in 0..12 {
        receiver.next().await;
        assert!(hand.pass().await <= Duration::from_secs(60));
    }
}

#[tokio::test]
async fn what_fired_before_a_restart_goes_on_and_ends() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (before, _hand) = delivery(&sink(base(&receiver)));
    before.deliver(&fired());
    let first = receiver.next().await.json();
    before.close().await;

    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.stand(&[alert(Severity::Warn)]);
    hand.pass().await;
    let again = receiver.next().await.json();
    assert_eq!(again[0]["labels"], first[0]["labels"]);
    delivery.deliver(&notice(Change::Resolved, Severity::Warn));
    let ended = receiver.next().await.json();
    assert_eq!(ended[0]["labels"], first[0]["labels"]);
    assert_eq!(ended[0]["endsAt"], NOW.to_string());
}

#[tokio::test]
async fn what_ends_without_a_word_is_ended_once() {
    let mut receiver = Receiver::start(vec![OK, BROKEN, OK]).await;
    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    receiver.next().await;
    // It was silenced, and was well before the silence ended.
    let (_, over) = hand.is_asked().await;
    delivery.stand(&[]);
    over.send(()).unwrap();
    assert_eq!(told(&receiver.next().await.json()), ["ended warning"]);
    // That did not arrive.
    hand.pass().await;
    hand.pass().await;
    assert_eq!(told(&receiver.next().await.json()), ["ended warning"]);
    hand.pass().await;
    hand.is_asked().await;
    assert!(!receiver.has_more());
}

#[test]
fn a_providers_alert_keeps_its_labels_whoever_suffers() {
    let of = |group: &str| {
        let mut notice = fired();
        notice.alert.signal = Signal::ProviderErrorRate;
        notice.alert.subject = Subject {
            model_group: Some(group.into()),
            provider: Some("anthropic".into()),
            ..Subject::default()
        };
        crate::alerts::alertmanager::entries(&crate::alerts::Message::of(notice), "gw-1").remove(0)
    };
    assert_eq!(of("a")["labels"], of("b")["labels"]);
    assert_eq!(of("a")["labels"]["provider"], "anthropic");
    assert!(of("b")["annotations"]["description"].as_str().unwrap().contains("requests for b"));
}
