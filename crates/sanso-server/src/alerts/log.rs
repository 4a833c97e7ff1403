//! The operator's log: one line per notice.

use sanso::watch::{Change, Severity};

use super::Message;
use super::words::Told;

/// By severity; what is well again is a warning too, so that nobody reads of the one without the
/// other.
pub(super) fn write(message: &Message) {
    let notice = &message.notice;
    let alert = &notice.alert;
    let told = Told::of(message);
    let told = format!("{}. {}", told.headline, told.lines()[1..].join(" "));
    let (id, about, since) = (&*alert.id, alert.about(), alert.since.to_string());
    let signal = alert.signal.words();
    let change = match notice.change {
        Change::Fired => "fired",
        Change::Escalated => "escalated",
        Change::Resolved => "resolved",
    };
    match (notice.change, alert.severity) {
        (Change::Fired | Change::Escalated, Severity::Critical) => {
            tracing::error!(alert = id, change, signal, about, since, "{told}");
        }
        (Change::Resolved, Severity::Warn | Severity::Critical)
        | (Change::Fired | Change::Escalated, Severity::Warn) => {
            tracing::warn!(alert = id, change, signal, about, since, "{told}");
        }
    }
}
