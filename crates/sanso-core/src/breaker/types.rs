//! What others see of a breaker: its states, its changes, their causes.

use crate::fault::FaultKind;
use crate::time::Instant;

/// The state as an operator names it; *open* means no calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the states are those of the module's first line")]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
    Recovering,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// The state left.
    pub from: BreakerState,
    /// The state entered.
    pub to: BreakerState,
    /// When. Not before the step that reports it only where the change was due earlier.
    pub at: Instant,
    /// Why.
    pub cause: Cause,
    /// Of a change to open: when the first probe may go, jitter included.
    pub until: Option<Instant>,
}

impl Transition {
    /// From closed to open. From half-open or recovering it is a *reopening*, counted apart.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.from == BreakerState::Closed && self.to == BreakerState::Open
    }
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// One of the rules for opening.
    Tripped(TripRule),
    /// A probe failed.
    ProbeFailed(FaultKind),
    /// A probe's lease ran out without a verdict.
    ProbeSilent,
    /// The open time is over.
    OpenTimeOver,
    /// A forced call succeeded before the open time was over.
    ForcedSucceeded,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// The slow start is over.
    SlowStartOver,
    /// An administrator.
    Forced,
}

/// The rules for opening, by their names in `chain.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TripRule {
    Row,
    Breaks,
    AllowedFails,
    FailureRate,
    Slow,
}

/// What an administrator has set a breaker to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Forced {
    /// Nothing: it decides by itself.
    #[default]
    Not,
    /// No calls.
    Open,
    /// All calls; it counts and never opens.
    Closed,
    /// It counts and reports, and never opens: as `cooldown_time: 0` does.
    MetricsOnly,
}
