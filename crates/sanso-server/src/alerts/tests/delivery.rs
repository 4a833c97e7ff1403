//! What arrives, when, and in which order.

use std::time::Duration;

use sanso::watch::{Change, Severity};

use super::receiver::{Act, BROKEN, OK, Receiver};
use super::*;
use crate::alerts::SinkHealth;

fn webhook(receiver: &Receiver) -> String {
    format!("{{type: webhook, url: '{}'}}", receiver.url)
}

fn only(delivery: &Delivery) -> SinkHealth {
    delivery.health().sinks.remove(0)
}

/// Waits until nothing waits.
async fn until_delivered(delivery: &Delivery) {
    let empty = async {
        while delivery.health().sinks.iter().any(|it| it.queued > 0 || it.last_error.is_some()) {
            tokio::task::yield_now().await;
        }
    };
    soon(empty).await;
}

#[tokio::test]
async fn a_receiver_that_fails_twice_has_it_the_third_time() {
    let mut receiver = Receiver::start(vec![BROKEN, BROKEN, OK]).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    assert!(delivery.health().shown().ok, "nothing was tried yet");
    delivery.deliver(&fired());

    let first = receiver.next().await;
    let (wait, over) = hand.is_asked().await;
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
    let shown = delivery.health().shown();
    let error = shown.last_error.unwrap();
    assert!(!shown.ok && error.starts_with("webhook: http://127.0.0.1:"), "{error}");
    assert!(error.ends_with("/***: answered 500: oops"), "{error}");
    assert_eq!((only(&delivery).queued, only(&delivery).failures), (1, 1));
    over.send(()).unwrap();

    let second = receiver.next().await;
    let wait = hand.pass().await;
    assert!(wait <= Duration::from_secs(2), "{wait:?}");
    let third = receiver.next().await;
    assert!(first.body == second.body && second.body == third.body);
    until_delivered(&delivery).await;
    let health = only(&delivery);
    assert_eq!((health.queued, health.dropped, health.failures), (0, 0, 2));
    assert!(delivery.health().shown().ok);
    assert!(!receiver.has_more());
}

#[tokio::test]
async fn waits_double_up_to_an_hour_and_are_spread() {
    // Nobody listens there.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let (delivery, mut hand) = delivery(&format!("{{type: slack, url: 'http://{address}/a/b'}}"));
    delivery.deliver(&fired());
    let mut waits = Vec::new();
    for tries in 0_u32..24 {
        let wait = hand.pass().await;
        let bound = Duration::from_secs(2_u64.pow(tries).min(3600));
        assert!(wait <= bound, "{tries}: {wait:?}");
        waits.push(wait);
    }
    let error = delivery.health().shown().last_error.unwrap();
    assert!(error.contains("could not connect") && error.contains("refused"), "{error}");
    assert!(waits.iter().any(|wait| *wait > Duration::from_secs(300)), "{waits:?}");
    waits.sort();
    waits.dedup();
    assert!(waits.len() > 20, "full jitter: {waits:?}");
    assert_eq!(only(&delivery).queued, 1, "nothing is lost within a day");
}

#[tokio::test]
async fn what_has_failed_for_a_day_is_given_up_and_counted() {
    let mut receiver = Receiver::start(vec![Act::Answer(503, "retry-after: 3600\r\n", "")]).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    delivery.deliver(&fired());
    for _ in 0..24 {
        receiver.next().await;
        assert_eq!(hand.pass().await, Duration::from_secs(3600));
    }
    receiver.next().await;
    assert_eq!(only(&delivery).dropped, 0);
    hand.pass().await;
    while only(&delivery).dropped == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(only(&delivery).queued, 0);
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_given_up_in_time() {
    let mut receiver = Receiver::start(vec![Act::Silence, OK]).await;
    let (delivery, mut hand) = delivery_within(&webhook(&receiver), Duration::from_millis(50));
    delivery.deliver(&fired());
    receiver.next().await;
    let (_, over) = hand.is_asked().await;
    let error = delivery.health().shown().last_error.unwrap();
    assert!(error.ends_with("no answer within 50ms"), "{error}");
    over.send(()).unwrap();
    receiver.next().await;
}

#[tokio::test]
async fn a_receiver_is_not_asked_before_it_wants_to_be() {
    let limited = Act::Answer(429, "retry-after: 77\r\n", "rate_limited");
    let mut receiver = Receiver::start(vec![limited, OK]).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    delivery.deliver(&fired());
    receiver.next().await;
    let (wait, over) = hand.is_asked().await;
    assert_eq!(wait, Duration::from_secs(77));
    // Not even for news.
    delivery.deliver(&notice(Change::Escalated, Severity::Critical));
    tokio::task::yield_now().await;
    assert!(!receiver.has_more());
    over.send(()).unwrap();
    assert_eq!(receiver.next().await.json()["change"], "fired");
    assert_eq!(receiver.next().await.json()["change"], "escalated");
}

#[tokio::test]
async fn news_ends_a_wait_that_nobody_asked_for() {
    let mut receiver = Receiver::start(vec![BROKEN, OK]).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    delivery.deliver(&fired());
    receiver.next().await;
    let (_, over) = hand.is_asked().await;
    delivery.deliver(&notice(Change::Escalated, Severity::Critical));
    assert_eq!(receiver.next().await.json()["change"], "fired");
    assert_eq!(receiver.next().await.json()["change"], "escalated");
    assert!(over.is_closed());
}

#[tokio::test]
async fn nothing_overtakes_what_came_before_it() {
    let mut receiver = Receiver::start(vec![BROKEN, BROKEN, BROKEN, OK]).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    delivery.deliver(&fired());
    delivery.deliver(&notice(Change::Escalated, Severity::Critical));
    delivery.deliver(&notice(Change::Resolved, Severity::Critical));
    let mut told = Vec::new();
    for number in 0..6 {
        told.push(receiver.next().await.json()["change"].as_str().unwrap().to_owned());
        if number < 3 {
            hand.pass().await;
        }
    }
    assert_eq!(told, ["fired", "fired", "fired", "fired", "escalated", "resolved"]);
}

#[tokio::test]
async fn what_is_malformed_for_its_receiver_makes_way() {
    let refused = Act::Answer(400, "", "invalid_payload");
    let mut receiver = Receiver::start([vec![refused; 5], vec![OK]].concat()).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    delivery.deliver(&fired());
    for _ in 0..4 {
        assert_eq!(receiver.next().await.json()["change"], "fired");
        hand.pass().await;
    }
    receiver.next().await;
    let (_, over) = hand.is_asked().await;
    let health = only(&delivery);
    assert_eq!((health.dropped, health.queued, health.failures), (1, 0, 5));
    over.send(()).unwrap();
    delivery.deliver(&notice(Change::Resolved, Severity::Warn));
    assert_eq!(receiver.next().await.json()["change"], "resolved");
}

#[tokio::test]
async fn a_sink_that_hangs_delays_no_other() {
    let mut slow = Receiver::start(vec![Act::Silence]).await;
    let mut quick = Receiver::start(vec![OK]).await;
    let sinks = format!("{}, {}, {{type: log}}", webhook(&slow), webhook(&quick));
    let (delivery, _hand) = delivery(&sinks);
    for _ in 0..3 {
        delivery.deliver(&fired());
    }
    slow.next().await;
    for _ in 0..3 {
        quick.next().await;
    }
    assert!(!slow.has_more());
    assert_eq!(only(&delivery).queued, 3);
    let names: Vec<String> = delivery.health().sinks.into_iter().map(|it| it.sink).collect();
    assert_eq!(names, ["webhook", "webhook_2", "log"]);
}

#[tokio::test]
async fn the_end_brings_one_last_try_and_no_wait() {
    let mut receiver = Receiver::start(vec![BROKEN, OK]).await;
    let (delivery, mut hand) = delivery(&webhook(&receiver));
    delivery.deliver(&fired());
    receiver.next().await;
    // It waits, and the hand lets no time pass.
    let _held = hand.is_asked().await;
    delivery.deliver(&notice(Change::Resolved, Severity::Warn));
    soon(delivery.close()).await;
    assert_eq!(receiver.next().await.json()["change"], "fired");
    assert_eq!(receiver.next().await.json()["change"], "resolved");
    assert_eq!(only(&delivery).queued, 0);

    let mut broken = Receiver::start(vec![BROKEN]).await;
    let (delivery, mut hand) = super::delivery(&webhook(&broken));
    delivery.deliver(&fired());
    broken.next().await;
    let _held = hand.is_asked().await;
    soon(delivery.close()).await;
    broken.next().await;
    assert!(!broken.has_more(), "it is not tried again");
    assert_eq!(only(&delivery).queued, 1);
}

#[tokio::test]
async fn no_error_tells_an_address_that_is_a_secret() {
    let echo = Act::Answer(404, "", "no such hook: /hook/secret-path-9 (secret-path-9)");
    let mut receiver = Receiver::start(vec![echo]).await;
    let (delivery, mut hand) = delivery(&format!("{{type: slack, url: '{}'}}", receiver.url));
    delivery.deliver(&fired());
    receiver.next().await;
    hand.is_asked().await;
    let error = delivery.health().shown().last_error.unwrap();
    assert!(error.ends_with("answered 404: no such hook: *** (***)"), "{error}");
    assert!(!format!("{delivery:?}").contains("secret-path-9"));
}
