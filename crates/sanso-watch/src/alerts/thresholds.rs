//! The lines that signals may not cross, and over which windows they are read.

use std::time::Duration;

use super::signal::Signal;
use crate::figures::{DAY, SECOND};
use crate::words::span;

/// What may be set. The defaults are those of `monitoring.md`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Requests answered by a leg that is not the first.
    pub fallback_rate: Rate,
    /// Attempts that a provider failed.
    pub provider_error_rate: Rate,
    /// Requests answered from store or by a static answer.
    pub degraded: Rate,
    /// Requests that nobody answered.
    pub unavailable: Rate,
    /// Answers of a model that are not what was wanted.
    pub soft_failure_rate: Rate,
    /// Openings of one breaker in the long window: more are critical.
    pub breaker_openings: u32,
    /// The short window of two, and the only one of what must be seen at once. Counts are kept in ten
    /// seconds: it begins with one of those, and is up to ten seconds longer than said.
    pub short: Duration,
    /// The long window, and the only one of what is seldom; not shorter than the short one.
    pub long: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        let rate = |warn, critical| Rate { warn, critical, min_samples: 20 };
        Self {
            fallback_rate: rate(0.05, 0.10),
            provider_error_rate: rate(0.01, 0.10),
            degraded: rate(0.0, 0.01),
            unavailable: rate(0.0, 0.01),
            soft_failure_rate: rate(0.02, 0.05),
            breaker_openings: 3,
            short: Duration::from_mins(5),
            long: Duration::from_hours(1),
        }
    }
}

impl Thresholds {
    /// Over what a signal is read, as people say it: `5 min and 1 h`.
    #[must_use]
    pub fn window(&self, of: Signal) -> String {
        match of {
            Signal::FallbackRate | Signal::ProviderErrorRate => {
                format!("{} and {}", span(self.short), span(self.long))
            }
            Signal::Unavailable | Signal::Degraded => span(self.short),
            Signal::SoftFailureRate | Signal::BreakerOpenings => span(self.long),
            Signal::Authentication | Signal::NotFound | Signal::Quota => "at once".to_owned(),
        }
    }

    /// How long a signal must be well to be resolved: with the window that was already well, two.
    pub(crate) const fn well_for(&self, signal: Signal) -> u64 {
        match signal {
            Signal::SoftFailureRate | Signal::BreakerOpenings => self.long(),
            Signal::Unavailable
            | Signal::Degraded
            | Signal::FallbackRate
            | Signal::Authentication
            | Signal::Quota
            | Signal::NotFound
            | Signal::ProviderErrorRate => self.short(),
        }
    }

    /// The short window in milliseconds.
    pub(crate) const fn short(&self) -> u64 {
        millis(self.short)
    }

    /// The long window in milliseconds.
    pub(crate) const fn long(&self) -> u64 {
        millis(self.long)
    }
}

/// Whatever is longer than counts are kept reads all of them.
const fn millis(window: Duration) -> u64 {
    let whole = window.as_secs().saturating_mul(SECOND) + window.subsec_millis() as u64;
    if whole < DAY { whole } else { DAY }
}

/// Two lines for a rate. What is *over* a line crosses it; what is on it does not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    warn: f64,
    critical: f64,
    min_samples: u32,
}

/// Lines that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the warn line ({warn}) must not be above the critical one ({critical}), both from 0 to 1")]
pub struct BadRate {
    warn: f64,
    critical: f64,
}

impl Rate {
    /// Lines from 0 to 1, the first not above the second. Below `min_samples` a rate is not judged,
    /// except against a line of 0, which one request is enough to cross.
    ///
    /// # Errors
    ///
    /// If the lines are not in order, or out of range.
    pub fn try_new(warn: f64, critical: f64, min_samples: u32) -> Result<Self, BadRate> {
        if 0.0 <= warn && warn <= critical && critical <= 1.0 {
            Ok(Self { warn, critical, min_samples })
        } else {
            Err(BadRate { warn, critical })
        }
    }

    /// The warn line.
    #[must_use]
    pub const fn warn(&self) -> f64 {
        self.warn
    }

    /// The critical line.
    #[must_use]
    pub const fn critical(&self) -> f64 {
        self.critical
    }

    /// Requests below which a rate says nothing.
    #[must_use]
    pub const fn min_samples(&self) -> u32 {
        self.min_samples
    }
}
