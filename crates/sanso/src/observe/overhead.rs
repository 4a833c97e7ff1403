//! The time that sanso itself took of a request.
//!
//! It is what is left of a request, from the last byte of its body to its record, without the time
//! in which an upstream call was out or in which the request waited on purpose (for a rate limit, or
//! before a retry). So it has reading, choosing, translating, checking and writing down; not a slow
//! upload, and not the client's socket.

use std::time::Duration;

use sanso_core::Instant;

use super::trail::Trail;

/// See the module. Calls are in the order of their starts; they may overlap.
pub(super) fn of(begun: Instant, ended: Instant, trail: &Trail) -> Duration {
    let mut busy = Duration::ZERO;
    // All before it is accounted for.
    let mut seen = begun;
    for attempt in &trail.attempts {
        let from = if attempt.waited { seen } else { attempt.started.max(seen) };
        let to = attempt.end.map_or(ended, |(_, after)| attempt.started + after).min(ended);
        if to > from {
            busy += to - from;
            seen = to;
        }
    }
    if trail.waits && ended > seen {
        busy += ended - seen;
    }
    (ended - begun).saturating_sub(busy)
}

#[cfg(test)]
mod tests {
    use sanso_core::{CallEnd, CallId, DeploymentId, GroupId, LegIndex};

    use super::*;
    use crate::observe::trail::TrailAttempt;

    fn at(micros: u64) -> Instant {
        Instant::from_origin(Duration::from_micros(micros))
    }

    fn call(from: u64, to: Option<u64>, waited: bool) -> TrailAttempt {
        let end = to.map(|to| (CallEnd::Finished, Duration::from_micros(to - from)));
        TrailAttempt {
            call: CallId(0),
            leg: LegIndex::FIRST,
            group: GroupId::new(0),
            deployment: DeploymentId::new(0),
            started: at(from),
            waited,
            forced: false,
            relaxed: None,
            first_content: None,
            end,
        }
    }

    #[test]
    fn neither_calls_nor_waits_are_ours() {
        let plain = (100, Some(900), false);
        for (calls, waits, ours) in [
            (vec![], false, 1000),
            // It failed while it waited.
            (vec![], true, 0),
            (vec![plain], false, 200),
            // Two with 50 between them, which we took to choose; with a wait none of it is ours.
            (vec![(100, Some(400), false), (450, Some(900), false)], false, 250),
            (vec![(100, Some(400), false), (450, Some(900), true)], false, 200),
            // Overlapping calls take no time twice; one within another takes none.
            (vec![(100, Some(600), false), (500, Some(900), false)], false, 200),
            (vec![plain, (200, Some(300), false)], false, 200),
            // A probe that runs on without its request, and a call that began before the body was
            // whole: neither can take more time than there is.
            (vec![(100, None, false)], false, 100),
            (vec![(100, Some(5000), false)], false, 100),
        ] {
            let attempts = calls.iter().map(|(from, to, waited)| call(*from, *to, *waited));
            let mut trail = Trail::default();
            trail.attempts.extend(attempts);
            trail.waits = waits;
            assert_eq!(of(at(0), at(1000), &trail), Duration::from_micros(ours), "{calls:?}");
        }
    }
}
