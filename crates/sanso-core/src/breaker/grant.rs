//! What passes between a breaker and a call: leave or refusal, and what is counted.

use super::window::Mark;
use crate::fault::FaultKind;
use crate::rule::Weight;
use crate::time::Instant;

/// Why and until when a breaker lets no call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shut {
    pub(crate) since: Instant,
    pub(crate) not_before: Option<Instant>,
    /// A recovering window is full, as against open.
    pub(crate) full: bool,
}

/// What a call was granted: the epoch, and in half-open a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(super) epoch: u64,
    pub(super) trial: Trial,
}

/// Whether a call is to be decided within a time of the breaker's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// The breaker is closed: the call has its own limits only.
    None,
    /// Half-open: the lease of this number.
    Probe(u64),
    /// Recovering.
    SlowStart,
    /// The last resort of a request: past a shut breaker, under this number.
    Forced(u64),
}

impl Grant {
    /// A half-open probe.
    pub(crate) const fn is_probe(&self) -> bool {
        matches!(self.trial, Trial::Probe(_))
    }

    /// The number of a forced call.
    pub(crate) const fn forced(&self) -> Option<u64> {
        match self.trial {
            Trial::Forced(number) => Some(number),
            Trial::None | Trial::Probe(_) | Trial::SlowStart => None,
        }
    }

    /// A call of a slow start.
    pub(crate) const fn is_slow_start(&self) -> bool {
        matches!(self.trial, Trial::SlowStart)
    }
}

/// A success that a later break may take back, or that is still to come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(super) epoch: u64,
    pub(super) how: How,
}

/// See [`Counted`].
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    /// It is in the window.
    Counted(Mark),
    /// The breaker is tried to the end: it counts once the answer has ended, or flowed for long. The
    /// number of its place.
    Flowing(u64),
}

/// A fault as the breaker counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedFault {
    pub(crate) kind: FaultKind,
    pub(crate) weight: Weight,
    /// The connection that it was lost with, where others may have been lost with it.
    pub(crate) connection: Option<u64>,
    /// The request's first fault here: only such count in rows, so that one poisonous request cuts
    /// nobody off.
    pub(crate) first: bool,
}
