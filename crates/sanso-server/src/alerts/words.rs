//! An alert in words: the same in the log, in Slack, and as Alertmanager's annotations.

use sanso::watch::words::{number, share, time};
use sanso::watch::{Alert, Change, Millis, Severity};

use super::Message;

/// One notice, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// What became of what: one line.
    pub(super) headline: String,
    /// How much, since when, who answers instead.
    pub(super) facts: String,
    /// The likely cause, with the numbers that speak for it. Of what is well again there is none.
    pub(super) cause: Option<String>,
    /// What to do.
    pub(super) advice: Option<String>,
    /// What else of the same chain changed at the same time.
    pub(super) also: Vec<String>,
}

impl Told {
    pub(super) fn of(message: &Message) -> Self {
        let notice = &message.notice;
        let (alert, at) = (&notice.alert, notice.at);
        let is_open = notice.change != Change::Resolved;
        let test = if message.is_test { "TEST, nothing is wrong: " } else { "" };
        let also = notice.also.iter().map(|also| headline(also.change, &also.alert));
        Self {
            headline: format!("{test}{}", headline(notice.change, alert)),
            facts: facts(notice.change, alert, at),
            cause: is_open.then(|| cause(alert)),
            advice: is_open.then(|| alert.cause.advice()),
            also: also.collect(),
        }
    }

    /// Everything, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let cause = self.cause.iter().map(|cause| format!("Likely cause: {cause}"));
        let advice = self.advice.iter().map(|advice| format!("What to do: {advice}"));
        let also = self.also.iter().map(|also| format!("Also: {also}"));
        let lines = [self.headline.clone(), self.facts.clone()].into_iter();
        lines.chain(cause).chain(advice).chain(also).collect()
    }
}

fn headline(change: Change, alert: &Alert) -> String {
    let (about, what) = (alert.about(), alert.signal.words());
    match change {
        Change::Resolved => format!("Resolved: {about}: {what}"),
        Change::Fired | Change::Escalated => {
            let severity = match alert.severity {
                Severity::Warn => "Warning",
                Severity::Critical => "Critical",
            };
            format!("{severity}: {about}: {what} {}", alert.amount())
        }
    }
}

fn facts(change: Change, alert: &Alert, now: Millis) -> String {
    let since = time(alert.since, now);
    if change == Change::Resolved {
        return format!("Well again at {}; it began at {since}.", time(now, now));
    }
    // The onset outlives a restart, the counts do not.
    let counted = alert.cause.counted(now);
    let many = match alert.of {
        Some(of) => format!("{} of {} since {since}{counted}", number(alert.count), number(of)),
        None => format!("Since {since}{counted}"),
    };
    let window = match &*alert.window {
        "at once" => String::new(),
        window => format!(", judged over {window}"),
    };
    let instead = alert.served_instead_model.as_ref().map_or_else(String::new, |model| {
        let same = alert.same_model_share.filter(|share| *share > 0.0);
        let same =
            same.map_or_else(String::new, |it| format!(" ({} by the same model)", share(it)));
        format!(" Answered instead by {model}{same}.")
    });
    let chain = alert.subject.model_group.as_ref().filter(|_| !alert.signal.is_of_chain());
    let chain =
        chain.map_or_else(String::new, |group| format!(" It is felt by requests for {group}."));
    format!("{many}{window}.{instead}{chain}")
}

fn cause(alert: &Alert) -> String {
    let why = alert.cause.why();
    if alert.cause.evidence.is_empty() {
        return format!("{why}.");
    }
    format!("{why}: {}.", alert.cause.evidence.join("; "))
}
