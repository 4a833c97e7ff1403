//! Each rule of the breaker from both sides of its threshold.
//!
//! * `opening.rs`: rows, rates, a lone deployment, breaks
//! * `others.rs`: slowness, a neighbour, a lost connection, an administrator, cut streams
//! * `returning.rs`: open, half-open, recovering; limits and clients

mod opening;
mod others;
mod returning;

use sanso_core::*;

use crate::rig::Rig;

const FAULT: FaultKind = FaultKind::ServerError;
const SOFT: FaultKind = FaultKind::Soft(SoftReason::Empty);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A policy by which only rows open: rates say nothing below a million calls.
fn rows_only() -> BreakerPolicy {
    BreakerPolicy { min_calls: 1_000_000, ..BreakerPolicy::default() }
}

fn fails(rig: &mut Rig, times: usize, apart: Duration) {
    for time in 0..times {
        if time > 0 {
            rig.pass(apart);
        }
        assert!(rig.fail(FAULT));
    }
}

fn cause(rig: &Rig) -> Option<Cause> {
    rig.news.breaker.last().map(|change| change.cause)
}

fn tripped(rule: TripRule) -> Option<Cause> {
    Some(Cause::Tripped(rule))
}
