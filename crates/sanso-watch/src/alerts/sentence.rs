//! An alert in words, for the log and for those who are on call.

use super::alert::{Alert, AlertState, Change, Notice};
use super::signal::{Severity, Signal};
use crate::millis::Millis;
use crate::words::{number, plural, ratio, share, time};

impl Alert {
    /// `fallback rate, main-model: 12.4 %, limit 10 %, since 09:41 UTC, because anthropic rate-limits
    /// it.`
    #[must_use]
    pub fn sentence(&self, now: Millis) -> String {
        let (what, since) = (self.signal.words(), time(self.since, now));
        let (about, amount) = (self.about(), self.amount());
        // What is over has no cause that still holds.
        let why = match self.state {
            AlertState::Resolved => String::new(),
            AlertState::Pending | AlertState::Firing => format!(", {}", self.cause.why()),
        };
        let counted = self.cause.counted(now);
        format!("{what}, {about}: {amount}, since {since}{counted}{why}.")
    }

    /// Whom it is about: the narrowest of its names that says something to people.
    #[must_use]
    pub fn about(&self) -> String {
        let subject = &self.subject;
        let name = match self.signal {
            Signal::Unavailable | Signal::Degraded | Signal::FallbackRate => {
                subject.task.as_ref().or(subject.model_group.as_ref())
            }
            Signal::Authentication | Signal::Quota => {
                subject.key_name.as_ref().or(subject.provider.as_ref())
            }
            Signal::NotFound | Signal::SoftFailureRate => subject.model.as_ref(),
            Signal::ProviderErrorRate => subject.provider.as_ref(),
            Signal::BreakerOpenings => {
                if let (Some(provider), Some(model)) = (&subject.provider, &subject.model) {
                    return format!("{provider}/{model}");
                }
                subject.deployment.as_ref()
            }
        };
        name.map_or_else(|| "the gateway".to_owned(), ToString::to_string)
    }

    /// `12.4 %, limit 10 %`; `0.9 %, 2.4 % at its worst, limit 1 %` where the rate since the onset is not
    /// over the line (any more), which would else be no reason for the severity.
    #[must_use]
    pub fn amount(&self) -> String {
        match self.signal {
            Signal::Unavailable
            | Signal::Degraded
            | Signal::FallbackRate
            | Signal::SoftFailureRate
            | Signal::ProviderErrorRate => {
                // In tenths of a per cent, since 0.07 times 100 is a little more than 7.
                let limit = (self.threshold * 1000.0).round() / 10.0;
                let now = ratio(self.count, self.of.unwrap_or(self.count));
                let is_thin = self.value <= self.threshold;
                let worst = self.cause.worst.filter(|worst| is_thin && *worst > self.threshold);
                let worst =
                    worst.map_or_else(String::new, |it| format!(", {} at its worst", share(it)));
                format!("{now}{worst}, limit {limit} %")
            }
            Signal::BreakerOpenings => {
                format!("{} in {}, limit {}", number(self.count), self.window, self.threshold)
            }
            Signal::Authentication | Signal::Quota | Signal::NotFound => {
                if self.count == 0 {
                    "gate shut".to_owned()
                } else {
                    plural(self.count, "time", "times")
                }
            }
        }
    }
}

impl Notice {
    /// `fired (critical): ...`, with the names of what changed beside it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let change = match self.change {
            Change::Fired => "fired",
            Change::Escalated => "escalated",
            Change::Resolved => "resolved",
        };
        let severity = match self.alert.severity {
            Severity::Warn => "warn",
            Severity::Critical => "critical",
        };
        let also = self.also.iter().map(|also| {
            let (what, about) = (also.alert.signal.words(), also.alert.about());
            format!(" Also: {what}, {about}.")
        });
        let alert = self.alert.sentence(self.at);
        format!("{change} ({severity}): {alert}{}", also.collect::<String>())
    }
}
