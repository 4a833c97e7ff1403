//! How often a deployment's answers are not what was wanted.

use super::mixed;
use crate::time::{Duration, Instant};

/// A decayed share of soft faults. What was an hour ago counts an eighth.
#[derive(Clone, Copy, Debug)]
pub struct SoftRate {
    soft: f64,
    answers: f64,
    at: Instant,
}

/// After this a count is worth half.
const HALF_LIFE: Duration = Duration::from_secs(20 * 60);
/// Answers without a fault that everyone is given: one bad answer among the first few must not cost a
/// model its place. What is no longer called comes back to it.
const GRACE: f64 = 20.0;

impl Default for SoftRate {
    fn default() -> Self {
        Self { soft: 0.0, answers: 0.0, at: Instant::ORIGIN }
    }
}

impl SoftRate {
    /// Takes note of an answer.
    pub fn record(&mut self, now: Instant, is_soft: bool) {
        let left = self.left(now);
        self.answers = self.answers.mul_add(left, 1.0);
        self.soft = self.soft.mul_add(left, f64::from(u8::from(is_soft)));
        self.at = self.at.max(now);
    }

    /// The share, from 0 to 1.
    #[must_use]
    pub fn share(&self, now: Instant) -> f64 {
        let left = self.left(now);
        self.soft * left / self.answers.mul_add(left, GRACE)
    }

    /// A score from 0 to 100 as it is worth: an answer that is not what was wanted is worth nothing.
    #[must_use]
    pub fn lowers(&self, score: f64, now: Instant) -> f64 {
        mixed(score, 0.0, self.share(now))
    }

    fn left(&self, now: Instant) -> f64 {
        (-(now - self.at).div_duration_f64(HALF_LIFE)).exp2()
    }
}
