//! What is told, to the letter.

use ring::hmac;
use sanso::watch::{Change, Severity};
use serde_json::json;

use super::receiver::{OK, Receiver};
use super::*;
use crate::alerts::words::Told;
use crate::alerts::{Message, slack};

fn told(notice: Notice) -> Vec<String> {
    Told::of(&Message::of(notice)).lines()
}

#[test]
fn it_says_who_how_much_since_when_why_and_what_to_do() {
    assert_eq!(
        told(fired()),
        [
            "Warning: main-model: fallback rate 12.4 %, limit 5 %",
            "2,478 of 20,000 since 14:18 UTC, judged over 5 min and 1 h. Answered instead by \
         openai/gpt-4.1.",
            "Likely cause: because anthropic rate-limits it: RateLimited is 92.0 % of it (2,280 of \
         2,478).",
            "What to do: Raise the anthropic plan or add a deployment: the limit is too small for this \
         load, and the fallback is papering over it.",
        ]
    );
    assert_eq!(
        told(notice(Change::Resolved, Severity::Critical)),
        ["Resolved: main-model: fallback rate", "Well again at 14:38 UTC; it began at 14:18 UTC.",]
    );
}

#[test]
fn counts_that_begin_after_the_onset_are_not_told_as_since_the_onset() {
    let mut notice = fired();
    notice.alert.cause.counted_since = Some(notice.at.minus(5 * 60_000));
    let facts = "2,478 of 20,000 since 14:18 UTC (counted since 14:33 UTC, the start), judged over";
    assert!(told(notice)[1].starts_with(facts));
    let mut at_once = fired();
    at_once.alert.cause.counted_since = Some(at_once.at);
    (at_once.alert.of, at_once.alert.window) = (None, "at once".into());
    let facts = "Since 14:18 UTC (counted since 14:38 UTC, the start).";
    assert!(told(at_once)[1].starts_with(facts));
}

#[test]
fn each_signal_says_whom_it_is_about() {
    let of = |signal: Signal, count, of| {
        let mut notice = notice(Change::Fired, Severity::Critical);
        let alert = &mut notice.alert;
        alert.signal = signal;
        alert.window = Thresholds::default().window(signal).into();
        (alert.count, alert.of) = (count, of);
        alert.threshold = if signal == Signal::BreakerOpenings { 3.0 } else { 0.1 };
        alert.subject = Subject {
            model_group: Some("main-model".into()),
            task: Some("summarize".into()),
            provider: Some("anthropic".into()),
            model: Some("claude".into()),
            deployment: Some("d-1".into()),
            key_name: Some("ANTHROPIC_API_KEY".into()),
        };
        told(notice).remove(0)
    };
    let of_rate = |signal| of(signal, 3, Some(7));
    assert_eq!(
        of_rate(Signal::Unavailable),
        "Critical: summarize: unanswered requests 3 of 7, limit 10 %"
    );
    assert_eq!(of_rate(Signal::Degraded), "Critical: summarize: stored answers 3 of 7, limit 10 %");
    assert_eq!(
        of_rate(Signal::SoftFailureRate),
        "Critical: claude: soft failures 3 of 7, limit 10 %"
    );
    assert_eq!(
        of_rate(Signal::ProviderErrorRate),
        "Critical: anthropic: provider errors 3 of 7, limit 10 %"
    );
    assert_eq!(
        of(Signal::BreakerOpenings, 5, None),
        "Critical: anthropic/claude: breaker openings 5 in 1 h, limit 3"
    );
    assert_eq!(
        of(Signal::Authentication, 1, None),
        "Critical: ANTHROPIC_API_KEY: key refused 1 time"
    );
    assert_eq!(of(Signal::Quota, 2, None), "Critical: ANTHROPIC_API_KEY: quota exhausted 2 times");
    assert_eq!(of(Signal::NotFound, 2, None), "Critical: claude: model not found 2 times");
}

#[test]
fn slack_is_told_in_its_own_signs() {
    let mut notice = notice(Change::Fired, Severity::Critical);
    notice.alert.subject.model_group = Some("<!channel> & co".into());
    let other = Also { change: Change::Fired, alert: alert(Severity::Warn) };
    notice.also.push(other);
    let body: serde_json::Value =
        serde_json::from_slice(&slack::body(&Message::of(notice), "gw-1")).unwrap();
    let headline = "Critical: &lt;!channel&gt; &amp; co: fallback rate 12.4 %, limit 10 %";
    assert_eq!(body["text"], headline);
    let text = body["blocks"][0]["text"]["text"].as_str().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!(":red_circle: *{headline}*"));
    assert!(lines[2].starts_with("*Likely cause:* because anthropic"), "{text}");
    assert!(lines[3].starts_with("*What to do:* Raise the anthropic plan"), "{text}");
    assert_eq!(lines[4], "• Warning: main-model: fallback rate 12.4 %, limit 5 %");
    assert_eq!(body["blocks"][1]["elements"][0]["text"], "sanso on gw-1, alert al-1");
}

#[test]
fn slack_is_told_no_more_than_it_takes() {
    let mut notice = fired();
    notice.alert.cause.evidence = vec!["&".repeat(4000)];
    let body: serde_json::Value =
        serde_json::from_slice(&slack::body(&Message::of(notice), "gw-1")).unwrap();
    let text = body["blocks"][0]["text"]["text"].as_str().unwrap();
    assert!(text.chars().count() <= 3000);
    assert!(text.ends_with("&amp;…"), "no half escape: {}", &text[text.len() - 20..]);
}

#[tokio::test]
async fn a_receiver_can_tell_who_signed_and_when() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let sinks = format!("{{type: webhook, url: '{}', secret: s3cret-s3cret}}", receiver.url);
    let (delivery, _hand) = delivery(&sinks);
    delivery.deliver(&fired());
    let received = receiver.next().await;
    let timestamp = received.header("x-sanso-timestamp").unwrap();
    assert_eq!(timestamp, (NOW.0 / 1000).to_string());
    let signature = received.header("x-sanso-signature").unwrap().strip_prefix("v1=").unwrap();
    let bytes: Vec<u8> = (0..signature.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap())
        .collect();
    let verifies = |secret: &str, timestamp: &str, body: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::verify(&key, &[timestamp.as_bytes(), b".", body].concat(), &bytes).is_ok()
    };
    assert!(verifies("s3cret-s3cret", timestamp, &received.body));
    assert!(!verifies("another", timestamp, &received.body));
    assert!(!verifies("s3cret-s3cret", "1795478400", &received.body), "an old one, sent again");
    assert!(!verifies("s3cret-s3cret", timestamp, b"{}"));
    assert_eq!(received.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_webhook_has_the_notice_and_its_words() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (delivery, _hand) = delivery(&format!("{{type: webhook, url: '{}'}}", receiver.url));
    delivery.deliver(&fired());
    let received = receiver.next().await;
    assert_eq!(received.header("x-sanso-signature"), None, "no secret, no signature");
    let json = received.json();
    let expected = json!({
        "version": 1, "instance": "gw-1", "test": false, "change": "fired",
        "at": "2026-11-24T14:38:00.000Z", "since": "2026-11-24T14:18:00.000Z", "id": "al-1",
        "signal": "fallback_rate", "severity": "warn", "model_group": "main-model",
        "count": 2478, "of": 20000, "threshold": 0.05, "served_instead_model": "openai/gpt-4.1",
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&json[key], value, "{key}");
    }
    assert_eq!(json["cause"]["code"], "rate_steady");
    assert!(json["text"].as_str().unwrap().starts_with("Warning: main-model: fallback rate"));
}
