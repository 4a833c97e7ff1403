//! What has not arrived outlives the process.

use std::path::PathBuf;
use std::time::Duration;

use sanso::watch::{Change, Severity};

use super::receiver::{BROKEN, OK, Receiver};
use super::*;
use crate::admin::saved::Shelf;
use crate::alerts::Kept;

/// A file of its own, gone at the end.
struct File(PathBuf, Arc<Shelf>);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("sanso-{name}-{}.notices", std::process::id());
        Self(std::env::temp_dir().join(name), Arc::new(Shelf::start().unwrap()))
    }

    /// Keeps what waits, and sees it written.
    fn keep(&self, kept: &Kept, delivery: &Delivery) {
        kept.keep(delivery);
        self.1.settle(Duration::from_secs(20));
    }

    fn kept(&self) -> Kept {
        Kept::at(Some(self.0.clone()), Arc::clone(&self.1))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn what_has_not_arrived_arrives_after_a_restart_in_its_order() {
    let file = File::new("restart");
    let mut receiver = Receiver::start(vec![BROKEN, BROKEN, OK]).await;
    let sink = format!("{{type: webhook, url: '{}'}}", receiver.url);
    let (before, mut hand) = delivery(&sink);
    let kept = file.kept();
    kept.restore(&before);
    let mut first = fired();
    first.also.push(Also { change: Change::Fired, alert: alert(Severity::Critical) });
    before.deliver(&first);
    before.deliver(&notice(Change::Resolved, Severity::Warn));
    let told = receiver.next().await.body;
    let _held = hand.is_asked().await;
    // As a crash would leave it: what is written is written at each tick.
    file.keep(&kept, &before);
    before.close().await;
    receiver.next().await;

    let (after, _hand) = delivery(&sink);
    let kept = file.kept();
    kept.restore(&after);
    assert_eq!(receiver.next().await.body, told);
    assert_eq!(receiver.next().await.json()["change"], "resolved");
    soon(after.close()).await;
    file.keep(&kept, &after);

    let (third, _hand) = delivery(&sink);
    file.kept().restore(&third);
    assert_eq!(third.health().sinks[0].queued, 0, "nothing is told twice");
}

#[tokio::test]
async fn a_day_counts_from_when_it_came() {
    let file = File::new("day");
    let (before, _hand) = delivery("{type: slack, url: 'http://127.0.0.1:9/x'}");
    before.deliver(&fired());
    file.keep(&file.kept(), &before);
    let text = std::fs::read_to_string(&file.0).unwrap();
    assert!(text.contains("2026-11-24T14:38:00.000Z"), "{text}");
    std::fs::write(&file.0, text.replace("2026-11-24T14:38", "2026-11-23T14:37")).unwrap();
    let (after, _hand) = delivery("{type: slack, url: 'http://127.0.0.1:9/x'}");
    file.kept().restore(&after);
    soon(after.close()).await;
    let health = after.health().sinks.remove(0);
    assert_eq!((health.queued, health.dropped, health.failures), (0, 1, 0));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_and_a_sink_that_is_gone_cost_nothing() {
    let file = File::new("broken");
    std::fs::write(&file.0, "{ half").unwrap();
    let (delivery, _hand) = delivery("{type: log}");
    file.kept().restore(&delivery);
    std::fs::write(&file.0, "{\"slack_9\":[]}").unwrap();
    file.kept().restore(&delivery);
    assert_eq!(delivery.health().sinks[0].queued, 0);
}
