//! A gate that shuts on a few faults in a row, and lets one call at a time find out whether it may
//! open again: the shape of the credential, the model and the host gate.
//!
//! There is no half-open state with thresholds as in the breaker: a key is accepted or it is not, so
//! one answer opens the gate and one more fault shuts it for longer.

use super::Gate;
use crate::fault::FaultKind;
use crate::time::{Duration, Instant};

/// What shuts a latch, and for how long.
#[derive(Debug)]
pub(super) struct LatchPolicy {
    pub(super) gate: Gate,
    /// Faults in a row.
    pub(super) shuts_after: u32,
    /// Until the first probe. It doubles with each that fails ...
    pub(super) first: Duration,
    /// ... up to this.
    pub(super) longest: Duration,
}

/// Two in a row, or one with an unambiguous code; then a probe after 10 s, doubling up to 5 min.
pub(super) const CREDENTIAL: LatchPolicy = LatchPolicy {
    gate: Gate::Credential,
    shuts_after: 2,
    first: Duration::from_secs(10),
    longest: Duration::from_secs(300),
};

/// `NotFound` by two requests in a row, and the same times.
pub(super) const MODEL: LatchPolicy = LatchPolicy { gate: Gate::Model, ..CREDENTIAL };

/// Three in a row without an answer between them: a host comes back sooner than an operator.
pub(super) const HOST: LatchPolicy = LatchPolicy {
    gate: Gate::Host,
    shuts_after: 3,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(12),
};

/// One credential's, model's or host's gate.
#[derive(Debug)]
pub(super) struct Latch {
    policy: &'static LatchPolicy,
    /// Faults in a row while open.
    row: u32,
    shut: Option<Shut>,
    /// Raised by each shutting and opening: what was granted before changes nothing.
    epoch: u64,
    probes: u64,
}

#[derive(Debug)]
struct Shut {
    since: Instant,
    reopens: Instant,
    by: FaultKind,
    /// How often the time has doubled.
    doubled: u32,
    /// The probe that is out, and until when it holds its place.
    probe: Option<(u64, Instant)>,
}

/// What a latch granted to a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    epoch: u64,
    /// The number of a probe.
    probe: Option<u64>,
    /// It leads through a gate that is shut, as that of a probe or of a forced call.
    tries: bool,
}

impl Pass {
    /// Whether its call finds out if the gate may open again.
    pub(super) const fn tries(&self) -> bool {
        self.tries
    }
}

/// Why and until when a latch lets no call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LatchShut {
    pub(super) since: Instant,
    pub(super) by: FaultKind,
    pub(super) not_before: Option<Instant>,
}

/// A credential, model or host gate shut, or opened again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatchChange {
    /// Which.
    pub gate: Gate,
    /// When.
    pub at: Instant,
    /// What shut it; `None` where an answer opened it.
    pub shut_by: Option<FaultKind>,
    /// When it lets a probe through.
    pub until: Option<Instant>,
}

/// What a call's end says to a latch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It works.
    Good,
    /// It does not; `surely` says that once is enough.
    Bad { kind: FaultKind, surely: bool },
    /// Nothing.
    Nothing,
}

impl Latch {
    pub(super) const fn new(policy: &'static LatchPolicy) -> Self {
        Self { policy, row: 0, shut: None, epoch: 0, probes: 0 }
    }

    /// Lets a call through, or says since when and until when not. A probe holds its place for
    /// `lease` at most, so that one that hangs wedges nothing.
    pub(super) fn admit(&mut self, now: Instant, lease: Duration) -> Result<Pass, LatchShut> {
        if let Some(refusal) = self.refusal(now) {
            return Err(refusal);
        }
        let probe = self.shut.as_mut().map(|shut| {
            self.probes += 1;
            shut.probe = Some((self.probes, now + lease));
            self.probes
        });
        Ok(Pass { epoch: self.epoch, probe, tries: probe.is_some() })
    }

    /// A pass that was not asked for.
    pub(super) fn pass_by(&self) -> Pass {
        Pass { epoch: self.epoch, probe: None, tries: self.shut.is_some() }
    }

    /// Why [`Latch::admit`] would let no call through now.
    pub(super) fn refusal(&self, now: Instant) -> Option<LatchShut> {
        let shut = self.shut.as_ref()?;
        let (since, by) = (shut.since, shut.by);
        if now < shut.reopens {
            return Some(LatchShut { since, by, not_before: Some(shut.reopens) });
        }
        let probed = shut.probe.is_some_and(|(_, until)| now < until);
        probed.then_some(LatchShut { since, by, not_before: None })
    }

    /// What became of a call that was let through.
    pub(super) fn hear(&mut self, now: Instant, pass: Pass, word: Word) -> Option<LatchChange> {
        if pass.epoch != self.epoch {
            return None;
        }
        match word {
            Word::Good => self.open(now),
            Word::Bad { kind, surely } => {
                // Who went by a shut gate was no probe: that it failed is no news.
                if self.shut.is_some() && pass.probe.is_none() {
                    return None;
                }
                self.row = self.row.saturating_add(1);
                let enough = surely || self.shut.is_some() || self.row >= self.policy.shuts_after;
                enough.then(|| self.shut(now, kind))
            }
            Word::Nothing => {
                if let Some(shut) = &mut self.shut {
                    shut.probe = shut.probe.filter(|(number, _)| Some(*number) != pass.probe);
                }
                None
            }
        }
    }

    fn open(&mut self, now: Instant) -> Option<LatchChange> {
        self.row = 0;
        self.shut.take()?;
        self.epoch += 1;
        Some(LatchChange { gate: self.policy.gate, at: now, shut_by: None, until: None })
    }

    fn shut(&mut self, now: Instant, kind: FaultKind) -> LatchChange {
        let (since, doubled) = match &self.shut {
            Some(shut) => (shut.since, shut.doubled + 1),
            None => (now, 0),
        };
        let factor = 1_u32.checked_shl(doubled).unwrap_or(u32::MAX);
        let reopens = now + self.policy.first.saturating_mul(factor).min(self.policy.longest);
        self.shut = Some(Shut { since, reopens, by: kind, doubled, probe: None });
        self.epoch += 1;
        self.row = 0;
        LatchChange { gate: self.policy.gate, at: now, shut_by: Some(kind), until: Some(reopens) }
    }
}

impl Word {
    /// What a fault says about the key that was used.
    pub(super) fn of_credential(kind: FaultKind, surely: bool, has_reset: bool) -> Self {
        match kind {
            FaultKind::Authentication => Self::Bad { kind, surely },
            // With a named reset the quota gate has it.
            FaultKind::QuotaExhausted if !has_reset => Self::Bad { kind, surely: true },
            // Whoever judges the request has accepted the key.
            FaultKind::RateLimited
            | FaultKind::ContextWindow
            | FaultKind::ContentPolicy
            | FaultKind::NotFound
            | FaultKind::BadRequest
            | FaultKind::Soft(_) => Self::Good,
            FaultKind::QuotaExhausted
            | FaultKind::Overloaded
            | FaultKind::ServerError
            | FaultKind::Timeout(_)
            | FaultKind::Connection(_)
            | FaultKind::Malformed
            | FaultKind::Broken
            | FaultKind::Cancelled => Self::Nothing,
        }
    }

    /// What a fault says about the model; `first` says that its request had no fault here before,
    /// so that one poisonous request does not cut off the rest.
    pub(super) fn of_model(kind: FaultKind, first: bool) -> Self {
        match kind {
            FaultKind::NotFound if first => Self::Bad { kind, surely: false },
            FaultKind::ContextWindow | FaultKind::ContentPolicy | FaultKind::Soft(_) => Self::Good,
            FaultKind::NotFound
            | FaultKind::RateLimited
            | FaultKind::QuotaExhausted
            | FaultKind::Authentication
            | FaultKind::BadRequest
            | FaultKind::Overloaded
            | FaultKind::ServerError
            | FaultKind::Timeout(_)
            | FaultKind::Connection(_)
            | FaultKind::Malformed
            | FaultKind::Broken
            | FaultKind::Cancelled => Self::Nothing,
        }
    }

    /// What a fault says about the host. Any answer is one from it; a reset after connecting is the
    /// deployment's.
    pub(super) fn of_host(kind: FaultKind, answered: bool) -> Self {
        use crate::fault::{ConnectionFault, Phase};
        match kind {
            FaultKind::Timeout(Phase::Connect)
            | FaultKind::Connection(ConnectionFault::Establish) => {
                Self::Bad { kind, surely: false }
            }
            FaultKind::Timeout(_) if answered => Self::Good,
            FaultKind::Timeout(_)
            | FaultKind::Connection(ConnectionFault::Lost | ConnectionFault::Reused)
            | FaultKind::Broken
            | FaultKind::Cancelled => Self::Nothing,
            FaultKind::RateLimited
            | FaultKind::QuotaExhausted
            | FaultKind::Overloaded
            | FaultKind::ServerError
            | FaultKind::Malformed
            | FaultKind::ContextWindow
            | FaultKind::ContentPolicy
            | FaultKind::Authentication
            | FaultKind::NotFound
            | FaultKind::BadRequest
            | FaultKind::Soft(_) => Self::Good,
        }
    }
}
