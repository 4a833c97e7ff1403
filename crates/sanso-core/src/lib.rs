//! The decisions of sanso, as deterministic state machines.
#![forbid(unsafe_code)]

mod fault;
mod rng;
mod time;

pub use fault::{ConnectionFault, Dimension, Fault, FaultKind, Outcome, Phase, SoftReason};
pub use rng::Rng;
pub use time::{Duration, Instant};
