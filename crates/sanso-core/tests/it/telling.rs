//! All failed: which of two errors the client gets, for every pair of kinds.

use sanso_core::*;

use crate::provider::{Behaviour, KINDS, Reply};
use crate::scene::chain_of;
use crate::world::World;

/// "A caller-fixable 4xx of the first leg > 429 with the shortest wait > 503 > 500 and other 5xx >
/// 504 > 502", by the status that each kind has as the final word.
fn place(kind: FaultKind, is_first: bool) -> usize {
    let callers =
        [FaultKind::BadRequest, FaultKind::ContextWindow, FaultKind::ContentPolicy].contains(&kind);
    if callers {
        return if is_first { 0 } else { 9 };
    }
    let order = [429, 503, 500, 504, 502];
    // Only if all say so is it a 404.
    let status = kind.final_status(None, false);
    1 + order.iter().position(|it| *it == status).expect("a status of the order")
}

/// Two lone legs that fail with these; everything that can lead on does.
fn failure(first: FaultKind, second: FaultKind) -> Verdict {
    verdict([Fault::new(first), Fault::new(second)])
}

fn verdict(faults: [Fault; 2]) -> Verdict {
    let mut topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
    let mut groups = topology.groups().to_vec();
    groups[0].num_retries = Some(0);
    groups[1].num_retries = Some(0);
    groups[0].fallback_on = FallbackOn { bad_request: true, content_policy: true };
    topology = Topology::new(groups, topology.deployments().to_vec(), None, Rules::default());
    let dies = |fault| Behaviour::Script(vec![Reply::fault(Duration::from_millis(10), fault)]);
    let mut world = World::new(topology, faults.map(dies).to_vec(), 1);
    let class = Class { stream: false, thinks: false };
    let deadline = Instant::ORIGIN + Duration::from_secs(600);
    world.send(Instant::ORIGIN, Request::new(GroupId::new(0), class, deadline), None);
    world.run();
    world.history.requests[0].verdict().clone()
}

#[test]
fn of_two_errors_the_more_telling_one_is_told_whatever_their_order() {
    let is_error = |kind: &FaultKind| !matches!(kind, FaultKind::Soft(_));
    // What was redone in vain is lost like others.
    let told = |kind| match kind {
        FaultKind::Connection(ConnectionFault::Reused) => {
            FaultKind::Connection(ConnectionFault::Lost)
        }
        other => other,
    };
    for first in KINDS.into_iter().filter(is_error) {
        for second in KINDS.into_iter().filter(is_error) {
            let Verdict::Failed(failure) = failure(first, second) else { panic!("no failure") };
            let FailureCause::Fault { kind, .. } = failure.cause else { panic!("{failure:?}") };
            // Of equals the earlier.
            let second_tells_more = place(second, false) < place(first, true);
            let expected = told(if second_tells_more { second } else { first });
            assert_eq!(kind, expected, "{first:?} then {second:?}");
            let status = expected.final_status(None, told(first) == told(second));
            assert_eq!(failure.status, status, "{first:?} then {second:?}");
        }
    }
}

#[test]
fn of_two_rate_limits_the_one_with_the_shorter_wait_is_told() {
    let limited = |seconds: Option<u64>| {
        Fault::new(FaultKind::RateLimited).with_hint(seconds.map(Duration::from_secs))
    };
    for (first, second, told) in [
        (Some(200), Some(100), 1),
        (Some(100), Some(200), 0),
        (None, Some(100), 1),
        (Some(100), None, 0),
        (None, None, 0),
    ] {
        let verdict = verdict([limited(first), limited(second)]);
        let Verdict::Failed(failure) = verdict else { panic!("{verdict:?}") };
        let FailureCause::Fault { call, .. } = failure.cause else { panic!("{failure:?}") };
        assert_eq!(call, CallId(told), "{first:?} then {second:?}");
    }
}

#[test]
fn a_soft_answer_beats_every_error_and_of_two_the_first_legs_is_given() {
    let soft = FaultKind::Soft;
    for first in KINDS.into_iter().filter(|kind| !matches!(kind, FaultKind::Soft(_))) {
        let verdict = failure(first, soft(SoftReason::Schema));
        let Verdict::Answered { soft, .. } = verdict else { panic!("{first:?}: {verdict:?}") };
        assert_eq!(soft, Some(SoftReason::Schema));
    }
    for second in SoftReason::ALL {
        let verdict = failure(soft(SoftReason::Refusal), soft(second));
        let first = Verdict::Answered { call: CallId(0), soft: Some(SoftReason::Refusal) };
        assert_eq!(verdict, first, "then {second:?}");
    }
}
