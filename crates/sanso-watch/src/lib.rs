//! What happened, turned into figures, alerts, likely causes and the verdict.
//!
//! Pure: no clock, no sockets, no tasks. Whoever drives it hands in [`Event`]s and the time.
//! `monitoring.md` says what is watched.

mod event;
mod kind;
mod millis;
mod plan;

pub use event::{
    AttemptMade, BreakerMoved, BreakerState, Degradation, Dimension, Event, Finished, GateMoved,
    GateName, Mark, MarkKind, Row, Skip, Soft,
};
pub use kind::{Kind, Outcome, Passed, Phase, Reason};
pub use millis::{Millis, NotATime};
pub use plan::{Plan, PlannedChain, PlannedDeployment, PlannedLeg};
