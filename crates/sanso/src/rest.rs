//! A half-open probe that outlives its request, so that the breaker learns what it set out to learn.

use std::sync::Arc;

use sanso_core::{CallEnd, Event, Fault, FaultKind, Instant, Outcome, Phase, Signal};

use crate::call::{Report, Told};
use crate::exchange::Running;
use crate::gateway::Shared;
use crate::snapshot::Snapshot;

/// Lets a probe run on by itself, up to its verdict or the end of its lease.
#[expect(clippy::disallowed_methods, reason = "the request that it served is over")]
pub(crate) fn run_on(
    rest: sanso_core::Rest,
    call: Running,
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
) {
    tokio::spawn(async move {
        let until = shared.clock.to_tokio(rest.until());
        let signal = match tokio::time::timeout_at(until, call.future).await {
            Ok(told) => signal_of(&told),
            Err(_) => Signal::Limit(Phase::FirstToken),
        };
        end(rest, signal, shared.clock.now(), &shared, &snapshot);
    });
}

fn signal_of(told: &Told) -> Signal {
    match &told.report {
        Report::Failed(failure) => Signal::End(Outcome::Fault(failure.fault)),
        Report::Whole(_) => Signal::End(Outcome::Finished),
        Report::Soft(_, reason) => {
            Signal::End(Outcome::Fault(Fault::new(FaultKind::Soft(*reason))))
        }
        Report::Flowing(_) => Signal::Content,
    }
}

fn end(rest: sanso_core::Rest, signal: Signal, now: Instant, shared: &Shared, on: &Snapshot) {
    let deployment = rest.deployment();
    let mut last = None;
    for event in rest.end(now, signal, &mut shared.clock.rng()) {
        if let Event::CallEnded { end, .. } = &event {
            // Content is all that was wanted of it; that it was then stopped is no failure.
            let end = if signal == Signal::Content { &CallEnd::Finished } else { end };
            shared.observer.attempt(deployment, end, on);
            last = end.kind();
        }
        shared.observer.note(&event, last, on, now);
    }
}
