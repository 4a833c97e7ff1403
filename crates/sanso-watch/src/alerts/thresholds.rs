//! The lines that signals may not cross.

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
    /// Openings of one breaker in an hour: more are critical.
    pub breaker_openings: u32,
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
        }
    }
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
