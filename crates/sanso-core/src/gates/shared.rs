//! Gates that several deployments share: a credential's, a host's.

use std::sync::{Arc, PoisonError};

use super::News;
use super::latch::{Latch, LatchPolicy, LatchShut, Pass, Word};
use crate::sync::Mutex;
use crate::time::{Duration, Instant};

/// A latch behind its own mutex.
#[derive(Debug)]
pub(super) struct Shared(Mutex<Latch>);

/// A call's pass through a shared gate. Dropped without a word it frees the probe's place.
#[derive(Debug)]
pub(super) struct Passage {
    latch: Arc<Shared>,
    pass: Pass,
    told: bool,
}

impl Shared {
    pub(super) fn new(policy: &'static LatchPolicy) -> Self {
        Self(Mutex::new(Latch::new(policy)))
    }

    pub(super) fn admit(
        self: &Arc<Self>,
        now: Instant,
        lease: Duration,
    ) -> Result<Passage, LatchShut> {
        let pass = self.step(|latch| latch.admit(now, lease))?;
        Ok(Passage { latch: Arc::clone(self), pass, told: false })
    }

    /// A pass for a forced call, which goes by though the gate may be shut: it can open it, and
    /// says nothing else.
    pub(super) fn passed_by(self: &Arc<Self>) -> Passage {
        let pass = self.step(|latch| latch.pass_by());
        Passage { latch: Arc::clone(self), pass, told: false }
    }

    pub(super) fn refusal(&self, now: Instant) -> Option<LatchShut> {
        self.step(|latch| latch.refusal(now))
    }

    fn step<T>(&self, step: impl FnOnce(&mut Latch) -> T) -> T {
        step(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Passage {
    /// Whether its call finds out if the gate may open again.
    pub(super) const fn tries(&self) -> bool {
        self.pass.tries()
    }

    /// What the call says of the gate.
    pub(super) fn tell(&mut self, now: Instant, word: Word, news: &mut News) {
        self.told = true;
        let pass = self.pass;
        news.latches.extend(self.latch.step(|latch| latch.hear(now, pass, word)));
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if !self.told {
            let pass = self.pass;
            self.latch.step(|latch| latch.hear(Instant::ORIGIN, pass, Word::Nothing));
        }
    }
}
