//! What waits for one sink.

use crate::alerts::lane::{CAPACITY, Lane, OLDEST};
use crate::alerts::{Health, Message, SinkHealth, metrics};

use super::*;

#[test]
fn the_oldest_makes_room_and_is_counted() {
    let lane = Lane::new("slack".to_owned());
    for _ in 0..CAPACITY + 5 {
        lane.offer(Message::of(fired()), NOW);
    }
    let health = lane.health();
    assert_eq!((health.queued, health.dropped), (CAPACITY, 5));
    assert_eq!(lane.head(NOW).unwrap().number, 5);
    // One that was dropped while it was on its way takes no other with it.
    lane.done(0);
    assert_eq!(lane.health().queued, CAPACITY);
}

#[test]
fn what_is_a_day_old_is_no_news() {
    let lane = Lane::new("slack".to_owned());
    lane.offer(Message::of(fired()), NOW);
    lane.offer(Message::of(fired()), NOW.plus(1));
    assert_eq!(lane.head(NOW.plus(OLDEST)).unwrap().number, 0);
    assert_eq!(lane.head(NOW.plus(OLDEST + 1)).unwrap().number, 1);
    assert_eq!(lane.health().dropped, 1);
    assert!(lane.head(NOW.plus(OLDEST + 2)).is_none());
    assert_eq!(lane.health().dropped, 2);
}

#[test]
fn metrics_stand_before_the_end_of_the_text() {
    let sink = |name: &str, queued, dropped, failures| SinkHealth {
        sink: name.to_owned(),
        last_error: Some(arc("no")),
        queued,
        dropped,
        failures,
    };
    let sinks = [sink("slack", 3, 0, 17), sink("webhook_2", 0, 2, 0)];
    let sinks = sinks.into_iter().collect();
    let firing = [alert(Severity::Warn), alert(Severity::Critical)];
    let text = metrics("# HELP a b.\na 1\n# EOF\n".to_owned(), &firing, &Health { sinks });
    let (of_sinks, of_signals) = text.split_once("# HELP sanso_alert_firing").unwrap();
    assert!(of_signals.starts_with(" Alerts that fire and are not silenced.\n"), "{text}");
    assert!(of_signals.contains("\nsanso_alert_firing{signal=\"fallback_rate\"} 2\n"), "{text}");
    assert!(
        of_signals.ends_with("\nsanso_alert_firing{signal=\"breaker_openings\"} 0\n# EOF\n"),
        "{text}"
    );
    assert_eq!(
        of_sinks,
        "# HELP a b.\na 1\n\
         # HELP sanso_alert_delivery_failures Tries that did not arrive.\n\
         # TYPE sanso_alert_delivery_failures counter\n\
         sanso_alert_delivery_failures_total{sink=\"slack\"} 17\n\
         sanso_alert_delivery_failures_total{sink=\"webhook_2\"} 0\n\
         # HELP sanso_alert_dropped Notices that were given up.\n\
         # TYPE sanso_alert_dropped counter\n\
         sanso_alert_dropped_total{sink=\"slack\"} 0\n\
         sanso_alert_dropped_total{sink=\"webhook_2\"} 2\n\
         # HELP sanso_alert_queue Notices that wait.\n\
         # TYPE sanso_alert_queue gauge\n\
         sanso_alert_queue{sink=\"slack\"} 3\n\
         sanso_alert_queue{sink=\"webhook_2\"} 0\n"
    );
}
