//! Sums of finished requests, without a database: what a batch adds to each span of time.

mod histogram;
mod level;

use std::collections::BTreeMap;
use std::sync::Arc;

use sanso_watch::{Degradation, Finished, Kind, Millis, Outcome, Plan};

pub(crate) use histogram::Histogram;
pub(crate) use level::Level;

/// What requests add up to, by the minute that they ended in.
///
/// Groups, deployments and providers come from the configuration, never from a request, so there are
/// few of them. Tasks come from requests: those that are not configured are summed up as none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) served: BTreeMap<(u64, ServedBy), Served>,
    pub(crate) attempts: BTreeMap<(u64, Attempted), u64>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Asked {
    pub(crate) model_group: Arc<str>,
    /// A configured task.
    pub(crate) task: Option<Arc<str>>,
}

/// Whose requests, and who answered them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServedBy {
    pub(crate) asked: Asked,
    /// The group of the leg that answered.
    pub(crate) leg_group: Option<Arc<str>>,
    /// The deployment that did.
    pub(crate) deployment: Option<Arc<str>>,
}

/// Requests that one deployment answered, or no one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) full: u64,
    pub(crate) partial: u64,
    pub(crate) degraded: u64,
    pub(crate) unavailable: u64,
    pub(crate) cancelled: u64,
    pub(crate) rejected: u64,
    /// Those whose answer has a soft fault.
    pub(crate) soft: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    /// Whole billionths of a dollar: their sum does not depend on its order.
    pub(crate) cost_nano_usd: u64,
    /// Requests whose cost is known.
    pub(crate) priced: u64,
    pub(crate) ttft: Histogram,
    pub(crate) duration: Histogram,
}

/// An attempt: for what, at whom, how it ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempted {
    pub(crate) asked: Asked,
    pub(crate) provider: Arc<str>,
    pub(crate) deployment: Arc<str>,
    /// `None` is a success.
    pub(crate) fault: Option<Kind>,
}

impl Tally {
    /// Counts a request so many times, and its attempts with it: all of them in the minute in which it
    /// ended.
    pub(crate) fn add(&mut self, finished: &Finished, times: u64, plan: &Plan) {
        let minute = Level::Minute.start(finished.at);
        let asked = Asked {
            model_group: Arc::clone(&finished.model_group),
            task: finished.task.clone().filter(|task| plan.tasks.contains(task)),
        };
        let key = ServedBy {
            asked: asked.clone(),
            leg_group: finished.answered_by_group.clone(),
            deployment: finished.deployment.clone(),
        };
        self.served.entry((minute, key)).or_default().add(finished, times);
        for attempt in &finished.attempts {
            let key = Attempted {
                asked: asked.clone(),
                provider: Arc::clone(&attempt.provider),
                deployment: Arc::clone(&attempt.deployment),
                fault: match attempt.outcome {
                    Outcome::Success => None,
                    Outcome::Fault(kind) => Some(kind),
                },
            };
            plus(self.attempts.entry((minute, key)).or_default(), times);
        }
    }

    /// The same sums over longer spans.
    pub(crate) fn at(&self, level: Level) -> Self {
        let start = |minute: u64| level.start(Millis(minute.saturating_mul(1000)));
        let mut longer = Self::default();
        for ((minute, key), served) in &self.served {
            longer.served.entry((start(*minute), key.clone())).or_default().merge(served);
        }
        for ((minute, key), count) in &self.attempts {
            plus(longer.attempts.entry((start(*minute), key.clone())).or_default(), *count);
        }
        longer
    }
}

impl Served {
    fn add(&mut self, finished: &Finished, times: u64) {
        let ended = match finished.degradation {
            Degradation::Full => &mut self.full,
            Degradation::Partial => &mut self.partial,
            Degradation::Degraded => &mut self.degraded,
            Degradation::Unavailable => &mut self.unavailable,
            Degradation::Cancelled => &mut self.cancelled,
            Degradation::Rejected => &mut self.rejected,
        };
        plus(ended, times);
        plus(&mut self.soft, if finished.soft.is_some() { times } else { 0 });
        let all = |of_one: u64| of_one.saturating_mul(times);
        plus(&mut self.input_tokens, all(finished.input_tokens.unwrap_or(0)));
        plus(&mut self.output_tokens, all(finished.output_tokens.unwrap_or(0)));
        if let Some(usd) = finished.cost_usd.filter(|usd| usd.is_finite()) {
            plus(&mut self.cost_nano_usd, all(nano_usd(usd)));
            plus(&mut self.priced, times);
        }
        if let Some(ttft) = finished.ttft_ms {
            self.ttft.record(ttft, times);
        }
        self.duration.record(finished.duration_ms, times);
    }

    /// Adds another's sums.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.merge_numbers(other);
        self.ttft.merge(&other.ttft);
        self.duration.merge(&other.duration);
    }

    /// Adds another's sums, but no latencies.
    pub(crate) fn merge_numbers(&mut self, other: &Self) {
        plus(&mut self.full, other.full);
        plus(&mut self.partial, other.partial);
        plus(&mut self.degraded, other.degraded);
        plus(&mut self.unavailable, other.unavailable);
        plus(&mut self.cancelled, other.cancelled);
        plus(&mut self.rejected, other.rejected);
        plus(&mut self.soft, other.soft);
        plus(&mut self.input_tokens, other.input_tokens);
        plus(&mut self.output_tokens, other.output_tokens);
        plus(&mut self.cost_nano_usd, other.cost_nano_usd);
        plus(&mut self.priced, other.priced);
    }

    /// All requests but those whose caller is to blame or went away: what rates are a share of.
    pub(crate) fn requests(&self) -> u64 {
        [self.full, self.partial, self.degraded, self.unavailable].iter().sum()
    }
}

/// Adds up to what the database can hold: absurd numbers stay absurd, and do not wrap.
pub(crate) fn plus(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more).min(i64::MAX as u64);
}

/// Dollars to their billionths. What is no amount of money costs nothing; a cast saturates.
fn nano_usd(usd: f64) -> u64 {
    (usd * 1e9).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_whole_billionths_and_never_nonsense() {
        let told = [0.0125, 0.000_000_15, -3.0, f64::NAN, f64::INFINITY].map(nano_usd);
        assert_eq!(told, [12_500_000, 150, 0, 0, u64::MAX]);
        let mut sum = 5;
        plus(&mut sum, u64::MAX);
        assert_eq!(sum, i64::MAX as u64);
    }
}
