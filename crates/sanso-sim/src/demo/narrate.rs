//! What the demonstration says, line by line. No clock and no output here: the same input gives
//! the same lines.

use std::collections::BTreeMap;
use std::fmt::Write;

use sanso_core::Duration;

use super::rate::{FallbackRate, Level};
use super::story::Scene;
use crate::traffic::{Outcome, Reply};

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// No calls.
    Open,
    /// Probes alone.
    HalfOpen,
    /// Calls come back step by step.
    Recovering,
}

/// A breaker changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The deployment as the gateway names it in `x-sanso-served-by`.
    pub deployment: String,
    /// From this.
    pub from: BreakerState,
    /// To this.
    pub to: BreakerState,
}

/// Turns replies and transitions into lines for a terminal. Times are counted from the start of
/// the demonstration.
#[derive(Clone, Debug)]
pub struct Narrator {
    colour: bool,
    rate: FallbackRate,
    second: Tally,
    total: Tally,
    /// Breakers that are not closed, with their state and since when.
    breakers: BTreeMap<String, (BreakerState, Duration)>,
    scenes_told: usize,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    answered: usize,
    failed: usize,
    fallbacks: usize,
    retries: usize,
    served_by: BTreeMap<String, usize>,
}

impl Narrator {
    /// `window` is that of the fallback rate. Colour is for terminals alone.
    #[must_use]
    pub fn new(window: Duration, colour: bool) -> Self {
        Self {
            colour,
            rate: FallbackRate::new(window),
            second: Tally::default(),
            total: Tally::default(),
            breakers: BTreeMap::new(),
            scenes_told: 0,
        }
    }

    /// A scene begins: its title and what it shows, wrapped to 80 columns.
    pub fn scene(&mut self, scene: &Scene) -> String {
        self.scenes_told += 1;
        let title = format!("{}. {}", self.scenes_told, scene.title);
        format!("\n{}\n{}", self.paint(Paint::Bold, &title), wrap(scene.says, 76, "   "))
    }

    /// A request ended at `now`.
    pub fn reply(&mut self, now: Duration, reply: &Reply) {
        self.second.add(reply);
        self.total.add(reply);
        if reply.outcome == Outcome::Answered {
            self.rate.record(now, reply.fallback);
        }
    }

    /// A breaker moved at `now`.
    pub fn transition(&mut self, now: Duration, transition: &Transition) -> String {
        let Transition { deployment, from, to } = transition;
        match to {
            BreakerState::Closed => self.breakers.remove(deployment),
            BreakerState::Open | BreakerState::HalfOpen | BreakerState::Recovering => {
                self.breakers.insert(deployment.clone(), (*to, now))
            }
        };
        let meaning = match to {
            BreakerState::Closed => "all its traffic is back",
            BreakerState::Open => "no call goes there now",
            BreakerState::HalfOpen => "a probe finds out whether it is back",
            BreakerState::Recovering => "its traffic returns step by step",
        };
        let to = self.state(*to);
        format!("{}  breaker of {deployment}: {} -> {to}, {meaning}", minutes(now), from.name())
    }

    /// Whether every breaker that was heard of is closed.
    #[must_use]
    pub fn all_closed(&self) -> bool {
        self.breakers.is_empty()
    }

    /// The status line of the second that ends at `now`.
    pub fn second(&mut self, now: Duration) -> String {
        let second = std::mem::take(&mut self.second);
        let mut line = format!("{}  {:>2} ok", minutes(now), second.answered);
        if second.failed > 0 {
            let failed = format!("{} failed", second.failed);
            let _ = write!(line, ", {}", self.paint(Paint::Red, &failed));
        }
        let _ = write!(
            line,
            " | {} | retries {} | {} | {}",
            second.served_by(),
            second.retries,
            self.fallback_rate(now),
            self.breaker_states(now),
        );
        line
    }

    /// What it all came to.
    #[must_use]
    pub fn summary(&self) -> String {
        let Tally { answered, failed, fallbacks, retries, .. } = self.total;
        let outcome = if failed == 0 {
            "all answered".to_owned()
        } else {
            self.paint(Paint::Red, &format!("{failed} not answered"))
        };
        format!(
            "\n{} requests, {outcome}: {} by the primary, {fallbacks} by fallbacks. {retries} \
             retries that nobody saw.",
            answered + failed,
            answered - fallbacks,
        )
    }

    fn fallback_rate(&mut self, now: Duration) -> String {
        let rate = self.rate.at(now);
        let Some(share) = rate else { return "fallback rate -".to_owned() };
        let percent = format!("fallback rate {:.1} %", 100.0 * share);
        match Level::of(rate) {
            Level::Fine => percent,
            Level::Warn => format!("{percent} {}", self.paint(Paint::Yellow, "WARN (> 5 %)")),
            Level::Critical => {
                format!("{percent} {}", self.paint(Paint::Red, "CRITICAL (> 10 %)"))
            }
        }
    }

    fn breaker_states(&self, now: Duration) -> String {
        if self.breakers.is_empty() {
            return "breakers closed".to_owned();
        }
        let one = |(deployment, (state, since)): (&String, &(BreakerState, Duration))| {
            let seconds = now.saturating_sub(*since).as_secs();
            format!("{deployment} {} for {seconds} s", self.state(*state))
        };
        let states: Vec<String> = self.breakers.iter().map(one).collect();
        format!("breaker: {}", states.join(", "))
    }

    fn state(&self, state: BreakerState) -> String {
        let paint = match state {
            BreakerState::Closed => Paint::Green,
            BreakerState::Open => Paint::Red,
            BreakerState::HalfOpen | BreakerState::Recovering => Paint::Yellow,
        };
        self.paint(paint, state.name())
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => 1,
            Paint::Red => 31,
            Paint::Green => 32,
            Paint::Yellow => 33,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Red,
    Green,
    Yellow,
}

impl BreakerState {
    fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "OPEN",
            Self::HalfOpen => "half-open",
            Self::Recovering => "recovering",
        }
    }
}

impl Tally {
    fn add(&mut self, reply: &Reply) {
        self.retries += reply.retries();
        match reply.outcome {
            Outcome::Answered => {
                self.answered += 1;
                self.fallbacks += usize::from(reply.fallback);
                if let Some(deployment) = &reply.served_by {
                    *self.served_by.entry(deployment.clone()).or_default() += 1;
                }
            }
            Outcome::Broken(_) | Outcome::Refused { .. } | Outcome::Unreachable(_) => {
                self.failed += 1;
            }
        }
    }

    fn served_by(&self) -> String {
        let mut served: Vec<(&String, &usize)> = self.served_by.iter().collect();
        // Who served most comes first; the names decide between equals.
        served.sort_by_key(|&(_, &count)| std::cmp::Reverse(count));
        match served.as_slice() {
            [] => "served by nobody".to_owned(),
            [(deployment, _)] => format!("served by {deployment}"),
            many => {
                let each: Vec<String> = many
                    .iter()
                    .map(|(deployment, count)| format!("{deployment} {count}"))
                    .collect();
                format!("served by {}", each.join(", "))
            }
        }
    }
}

fn minutes(time: Duration) -> String {
    format!("{:02}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, String::len);
        if line > 0 && line + 1 + word.len() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "narrate_tests.rs"]
mod tests;
