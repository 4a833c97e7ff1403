//! What happened, from the core's words and instants into those of whoever watches.

use std::sync::Arc;
use std::time::Duration;

use sanso_core::{Cause, DeploymentId, FaultKind, Gate, Instant, LatchChange, Transition};
use sanso_watch::{BreakerMoved, Event, GateMoved, GateName, Millis};

use crate::clock::wall_clock;
use crate::snapshot::Snapshot;

/// The wall-clock time of an instant, by how long ago it is or will be.
pub(crate) fn millis(at: Instant, now: Instant) -> Millis {
    let wall = wall_clock();
    if at > now { wall.plus(whole(at - now)) } else { wall.minus(whole(now - at)) }
}

/// A duration in whole milliseconds.
pub(crate) fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A breaker moved. `last` is the fault before it, in the same request.
pub(super) fn breaker(
    deployment: DeploymentId,
    transition: &Transition,
    last: Option<FaultKind>,
    on: &Snapshot,
    now: Instant,
) -> Event {
    let kind = match transition.cause {
        Cause::Tripped(_) => last,
        Cause::ProbeFailed(kind) => Some(kind),
        Cause::ProbeSilent
        | Cause::OpenTimeOver
        | Cause::ForcedSucceeded
        | Cause::ProbesSucceeded
        | Cause::SlowStartOver
        | Cause::Forced => None,
    };
    Event::Breaker(BreakerMoved {
        deployment: Arc::clone(&on.target(deployment).id),
        at: millis(transition.at, now),
        from: transition.from.into(),
        to: transition.to.into(),
        kind: kind.map(Into::into),
        forced: transition.cause == Cause::Forced,
        next_probe: transition.until.map(|until| millis(until, now)),
        window: on.gates.view(deployment, now).window,
    })
}

/// A credential, model or host gate shut or opened; `None` for the others, which have no latch.
pub(super) fn gate(
    deployment: DeploymentId,
    change: &LatchChange,
    on: &Snapshot,
    now: Instant,
) -> Option<Event> {
    Some(Event::Gate(GateMoved {
        deployment: Arc::clone(&on.target(deployment).id),
        at: millis(change.at, now),
        gate: gate_name(change.gate)?,
        shut: change.shut_by.is_some(),
        kind: change.shut_by.map(Into::into),
        dimension: None,
        not_before: change.until.map(|until| millis(until, now)),
    }))
}

/// The gates that are shown beside the breaker.
pub(super) const fn gate_name(gate: Gate) -> Option<GateName> {
    match gate {
        Gate::Credential => Some(GateName::Credential),
        Gate::Model => Some(GateName::Model),
        Gate::Quota => Some(GateName::Quota),
        Gate::Host => Some(GateName::Host),
        Gate::Breaker | Gate::SlowStart | Gate::Budget | Gate::RetryCap | Gate::Inflow => None,
    }
}
