//! The verdict in words, for the log and for alerts. The page has the same table.

use std::sync::Arc;

use super::{State, Trend, Verdict};
use crate::cause::{Cause, CauseCode};
use crate::figures::MINUTE;
use crate::millis::Millis;
use crate::range::Range;
use crate::words::{ENOUGH, number, plural, ratio, share, short, time};

impl Verdict {
    /// The row's label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self.state {
            State::Empty => "Waiting for the first request",
            State::Down => "Down",
            State::PartlyDown => "Some requests get no answer",
            State::Degraded => "Stored answers are being served",
            State::Recovering => "Recovering",
            State::Rerouted => "Rerouted, mostly to the same model",
            State::Open | State::Losing => "Quality is being lost",
            State::Slipping => "Quality is starting to slip",
            State::Soft => "Answers fail their check",
            State::Key => "A key or model is gone",
            State::Quiet => "Nobody is asking",
            State::Exposed => "No quality lost, nothing behind it",
            State::Healthy => "No quality is being lost",
        }
    }

    /// `for 5 h 11 min, steady`.
    #[must_use]
    pub fn lasting(&self, now: Millis) -> Option<String> {
        let lasted = duration(now.since(self.since?));
        Some(match self.trend {
            None => format!("for {lasted}"),
            Some(Trend::Steady) => format!("for {lasted}, steady"),
            Some(Trend::Rising) => format!("for {lasted}, rising"),
            Some(Trend::Falling) => format!("for {lasted}, falling"),
        })
    }

    /// What is the case, in one sentence.
    #[must_use]
    pub fn sentence(&self, now: Millis, range: Range) -> String {
        let group = self.model_group.as_deref().unwrap_or("the gateway");
        let counted = self.cause.as_ref().map_or_else(String::new, |cause| cause.counted(now));
        let since = self.since.map(|at| format!(" since {}{counted}", time(at, now)));
        let since = since.unwrap_or_default();
        let why = self.cause.as_ref().map_or_else(String::new, |c| format!(", {}", c.why()));
        let instead = name(self.served_instead_model.as_ref());
        let (lost, times) = (self.lost(), self.times());
        match self.state {
            State::Down if self.model_group.is_none() => {
                let groups = self.of_groups;
                format!("Nobody answers any of the {groups} model groups{since}{why}.")
            }
            State::Down => format!("Nobody answers {group}{since}{why}."),
            State::PartlyDown if self.is_counted() => {
                format!("{lost} requests of {group} have had no answer{since}{why}.")
            }
            State::PartlyDown => format!("{lost} of {group} has had no answer{since}{why}."),
            State::Degraded => {
                format!("{group} has been answered from store {times}{since}{why}.")
            }
            State::Recovering => self.coming_back(group, instead, now),
            State::Rerouted => {
                let same = self.same_model_share.map_or_else(String::new, share);
                let same = format!("{same} of that by the same model");
                format!("{group} has been answered elsewhere {times}{since}{why}; {same}.")
            }
            State::Open | State::Losing | State::Slipping => format!(
                "{group} has been answered by its fallback, {instead}, {times}{since}{why}."
            ),
            State::Soft => {
                let reason = self.cause.as_ref().and_then(Cause::soft_reason);
                let reason = reason.map_or("not what was wanted", |reason| reason.words());
                let model = name(self.model.as_ref());
                format!(
                    "{model} answers {group}, but {lost} of its answers have been {reason}{since}."
                )
            }
            State::Key => self.gone(group, &since, instead),
            State::Empty | State::Quiet | State::Exposed | State::Healthy => self.calm(now, range),
        }
    }

    /// When nothing is lost.
    fn calm(&self, now: Millis, range: Range) -> String {
        match self.state {
            State::Empty => "Nothing has been asked yet.".to_owned(),
            State::Quiet => {
                let last = duration(self.since.map_or(0, |at| now.since(at)));
                format!("The last request came {last} ago{}.", self.until_then(now, range))
            }
            State::Exposed => {
                let one = self.of_groups == 1;
                let what = if one {
                    "everything"
                } else {
                    self.model_group.as_deref().unwrap_or("a group")
                };
                let model = name(self.model.as_ref());
                format!("{model} answers {what}, and nothing stands behind it.")
            }
            State::Down
            | State::PartlyDown
            | State::Degraded
            | State::Recovering
            | State::Rerouted
            | State::Open
            | State::Losing
            | State::Slipping
            | State::Soft
            | State::Key
            | State::Healthy => {
                let own = self.own_times().map_or_else(String::new, |times| {
                    format!(", {times} {}{}", self.span(now, range), self.unanswered())
                });
                format!("Every model group is answered by its own model{own}.")
            }
        }
    }

    /// How it was before nobody asked; nothing where that is too long ago to be counted.
    fn until_then(&self, now: Millis, range: Range) -> String {
        let Some(times) = self.own_times() else { return String::new() };
        if self.answers.full == self.answers.requests {
            return "; until then every group was answered by its own model".to_owned();
        }
        let (span, unanswered) = (self.span(now, range), self.unanswered());
        format!("; {span} its own model answered {times}{unanswered}")
    }

    /// `98.0 % of the time`, or `3 of 7 times`; `None` where nothing was asked.
    fn own_times(&self) -> Option<String> {
        let asked = self.answers.requests;
        let unit = if asked < ENOUGH { "times" } else { "of the time" };
        (asked > 0).then(|| format!("{} {unit}", ratio(self.answers.full, asked)))
    }

    /// `in the last hour`, or `since 14:38 UTC` where what is counted begins later than the range.
    fn span(&self, now: Millis, range: Range) -> String {
        let since = self.answers.since;
        if since > now.minus(range.millis()).plus(MINUTE) {
            return format!("since {}", time(since, now));
        }
        format!("in the last {}", range.words())
    }

    /// `; 3 requests had no answer`: they are not among what fallbacks carried.
    fn unanswered(&self) -> String {
        match self.answers.unavailable {
            0 => String::new(),
            n => format!("; {} had no answer", plural(n, "request", "requests")),
        }
    }

    fn coming_back(&self, group: &str, instead: &str, now: Millis) -> String {
        let model = name(self.model.as_ref());
        let since = self.recovering_since;
        let since = since.map_or_else(String::new, |at| format!(" again since {}", time(at, now)));
        let own = self
            .own_share
            .map_or_else(String::new, |own| format!(": {} of the traffic{since}", share(own)));
        if self.answers.requests > 0 && self.answers.full == self.answers.requests {
            return format!("{group} is coming back to {model}{own}.");
        }
        format!(
            "{group} is coming back to {model}{own}, the rest is still answered by its fallback \
             {instead}."
        )
    }

    fn gone(&self, group: &str, since: &str, instead: &str) -> String {
        let cause = self.cause.clone().unwrap_or_default();
        let provider = cause.provider.as_deref().unwrap_or("A provider");
        let what = match cause.code {
            CauseCode::NotFound => cause.model.as_deref().unwrap_or("a model").to_owned(),
            _ => cause
                .key_name
                .as_deref()
                .map_or("its key".to_owned(), |key| format!("the key {key}")),
        };
        if self.served_instead.is_none() {
            return format!("{provider} refuses {what}{since}; {group} has no other answer yet.");
        }
        format!("{provider} refuses {what}{since}; {group} is answered by {instead}.")
    }

    /// The answers lost: `12.4 %`, or `3 of 7`.
    fn lost(&self) -> String {
        match (self.count, self.of) {
            (Some(count), Some(of)) => ratio(count, of),
            (Some(count), None) => number(count),
            (None, _) => "none".to_owned(),
        }
    }

    /// `12.4 % of the time`, or `3 of 7 times`.
    fn times(&self) -> String {
        let unit = if self.is_counted() { "times" } else { "of the time" };
        format!("{} {unit}", self.lost())
    }

    /// Too few were asked for a rate.
    fn is_counted(&self) -> bool {
        self.of.is_some_and(|of| of < ENOUGH)
    }

    /// What to do, where there is something.
    #[must_use]
    pub fn advice(&self, now: Millis) -> Option<String> {
        let advice = self.cause.as_ref()?.advice();
        let probe = self.next_probe.filter(|_| self.state == State::Open);
        let probe = probe.map(|at| {
            format!(" The breaker is open; next probe in {} s.", at.since(now).div_ceil(1000))
        });
        let others = match self.others {
            0 => String::new(),
            1 => " One other group is affected.".to_owned(),
            n => format!(" {n} other groups are affected."),
        };
        Some(format!("{advice}{}{others}", probe.unwrap_or_default()))
    }
}

fn name(label: Option<&Arc<str>>) -> &str {
    label.map_or("another model", |label| short(label))
}

/// `48 s`, `12 min`, `5 h 11 min`, `3 d 4 h`.
fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if minutes == 0 {
        format!("{seconds} s")
    } else if hours == 0 {
        format!("{minutes} min")
    } else if days == 0 {
        format!("{hours} h {} min", minutes % 60)
    } else {
        format!("{days} d {} h", hours % 24)
    }
}
