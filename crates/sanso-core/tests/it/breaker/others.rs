//! What else moves a breaker: slowness, a neighbour's outage, one lost connection, an administrator.

use sanso_core::Rng;
use sanso_core::*;

use super::ms;
use crate::rig::{ENTRY, Rig};

const S: fn(u64) -> Duration = Duration::from_secs;
const DAY: Duration = Duration::from_secs(86_400);

fn closed() -> Rig {
    Rig::new(BreakerPolicy::default(), 1)
}

fn slow_policy(lone: bool) -> Rig {
    Rig::new(BreakerPolicy { slow: true, lone, ..BreakerPolicy::default() }, 1)
}

/// Streams whose first content comes after `first_token`, one a second.
fn streams(rig: &mut Rig, count: usize, first_token: Duration) {
    for _ in 0..count {
        let Ok(permit) = rig.acquire() else { return };
        rig.pass(first_token);
        rig.answer_whole(permit);
        rig.pass(S(1));
    }
}

#[test]
fn a_window_far_slower_than_the_hour_opens_if_it_is_asked_for() {
    for (asked, lone, opens) in [(true, false, true), (false, false, false), (true, true, false)] {
        let policy = BreakerPolicy { slow: asked, lone, ..BreakerPolicy::default() };
        let mut rig = Rig::new(policy, 1);
        streams(&mut rig, 200, ms(400));
        streams(&mut rig, 30, ms(2_000));
        assert_eq!(rig.state() == BreakerState::Open, opens, "{asked} {lone}");
        if opens {
            let cause = rig.news.breaker[0].cause;
            assert_eq!(cause, Cause::Tripped(TripRule::Slow));
        }
    }
}

#[test]
fn a_reload_keeps_what_is_known_of_first_tokens() {
    let mut rig = slow_policy(false);
    streams(&mut rig, 200, ms(400));
    let policy = BreakerPolicy { slow: true, ..BreakerPolicy::default() };
    rig.gates = rig.gates.renewed(&crate::rig::one_deployment(policy));
    streams(&mut rig, 30, ms(2_000));
    assert_eq!(rig.state(), BreakerState::Open);
}

#[test]
fn a_reload_can_ask_for_the_slow_rule_and_take_it_back() {
    for (before, after) in [(false, true), (true, false)] {
        let policy = |slow| BreakerPolicy { slow, ..BreakerPolicy::default() };
        let mut rig = Rig::new(policy(before), 1);
        rig.gates = rig.gates.renewed(&crate::rig::one_deployment(policy(after)));
        streams(&mut rig, 200, ms(400));
        streams(&mut rig, 30, ms(2_000));
        assert_eq!(rig.state() == BreakerState::Open, after);
    }
}

#[test]
fn no_call_is_forced_beside_a_probe_and_one_that_hangs_is_none() {
    let mut rig = closed();
    rig.trip();
    let forced = |rig: &Rig| rig.gates.acquire_forced(crate::rig::ONE, &ENTRY, rig.now);
    assert!(forced(&rig).is_some(), "open");
    rig.pass(S(20));
    let probe = rig.acquire().expect("a probe");
    assert!(forced(&rig).is_none(), "half-open, its probe out");
    rig.pass(ENTRY.first_token - ms(1));
    assert!(forced(&rig).is_none());
    rig.pass(ms(1));
    assert!(forced(&rig).is_some(), "its lease is over");
    drop(probe);
}

#[test]
fn forced_calls_that_are_given_up_are_a_second_apart() {
    for leaves in [false, true] {
        let mut rig = closed();
        rig.trip();
        let forced = |rig: &Rig| rig.gates.acquire_forced(crate::rig::ONE, &ENTRY, rig.now);
        let call = forced(&rig).expect("open");
        rig.pass(ms(100));
        if leaves {
            drop(call);
        } else {
            rig.abandon(call, Abandoned::ByDeadline);
        }
        rig.pass(ms(500));
        assert!(forced(&rig).is_none());
        rig.pass(ms(500));
        assert!(forced(&rig).is_some());
    }
}

#[test]
fn a_forced_call_counts_in_the_slow_start_that_it_lasts_into() {
    let mut rig = closed();
    rig.trip();
    let forced = rig.gates.acquire_forced(crate::rig::ONE, &ENTRY, rig.now).expect("open");
    rig.pass(S(20));
    for _ in 0..2 {
        assert!(rig.succeed());
    }
    assert_eq!(rig.state(), BreakerState::Recovering);
    assert!(rig.acquire().is_err(), "the forced one has the place");
    drop(forced);
    assert!(rig.acquire().is_ok());
}

#[test]
fn a_window_that_is_somewhat_slower_or_too_short_does_not_open() {
    for (before, count, slow) in
        [(200, 60, 1_000), (200, 18, 4_000), (15, 60, 4_000), (0, 200, 4_000)]
    {
        let mut rig = slow_policy(false);
        streams(&mut rig, before, ms(400));
        rig.pass(S(100));
        streams(&mut rig, count, ms(slow));
        // Few of a long ago hour, few of the window, or three times: none of it is evidence.
        let enough = before >= 200 && count >= 20 && slow > 1_200;
        assert_eq!(rig.state() == BreakerState::Open, enough, "{before} {count} {slow}");
    }
}

#[test]
fn what_became_usual_is_not_slow_and_an_hour_ago_is_forgotten() {
    let mut rig = slow_policy(false);
    streams(&mut rig, 200, ms(400));
    rig.pass(DAY);
    streams(&mut rig, 400, ms(4_000));
    assert_eq!(rig.state(), BreakerState::Closed);
}

/// Two siblings of one vendor, and one of another.
fn neighbours() -> (Gates, [DeploymentId; 3]) {
    let one = |key: &str, vendor: &str| Deployment {
        domains: vec![format!("vendor:{vendor}").into()],
        host: Some(format!("{vendor}.example:443").into()),
        ..Deployment::new(key)
    };
    let deployments = vec![one("a", "v"), one("b", "v"), one("c", "w")];
    let ids = [0, 1, 2].map(DeploymentId::new);
    let group = Group { deployments: ids.to_vec(), ..Group::default() };
    (Gates::new(&Topology::new(vec![group], deployments, None, Rules::default())), ids)
}

fn at(ms: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(1_000_000 + ms))
}

fn fail(gates: &Gates, id: DeploymentId, now: Instant, kind: FaultKind) {
    let (mut rng, mut news) = (Rng::from_seed(1), News::default());
    if let Ok(permit) = gates.acquire(id, &ENTRY, now, &mut rng, &mut news) {
        permit.failed(now, &Fault::new(kind), &mut rng, &mut news);
    }
}

fn is_open(gates: &Gates, id: DeploymentId, now: Instant) -> bool {
    gates.view(id, now).breaker == BreakerState::Open
}

#[test]
fn an_outage_makes_siblings_of_its_vendor_cautious_and_opens_none() {
    let kind = FaultKind::ServerError;
    let (gates, [a, b, c]) = neighbours();
    for second in 0..5 {
        fail(&gates, a, at(second * 1_000), kind);
    }
    assert!(is_open(&gates, a, at(4_000)) && !is_open(&gates, b, at(4_000)));
    for id in [b, c] {
        fail(&gates, id, at(5_000), kind);
        assert!(!is_open(&gates, id, at(5_000)), "one fault is none");
        fail(&gates, id, at(6_100), kind);
        assert_eq!(is_open(&gates, id, at(6_100)), id == b);
    }
}

#[test]
fn caution_ends_after_half_a_minute_and_is_not_for_the_one_that_failed() {
    let kind = FaultKind::ServerError;
    let (gates, [a, b, _]) = neighbours();
    for second in 0..5 {
        fail(&gates, a, at(second * 1_000), kind);
    }
    for ms in [32_900, 34_000] {
        fail(&gates, b, at(ms), kind);
    }
    assert!(!is_open(&gates, b, at(34_000)));

    let (gates, [a, ..]) = neighbours();
    for second in 0..5 {
        fail(&gates, a, at(second * 1_000), kind);
    }
    let (mut rng, mut news) = (Rng::from_seed(1), News::default());
    for _ in 0..2 {
        let permit = gates.acquire(a, &ENTRY, at(12_000), &mut rng, &mut news).expect("a probe");
        permit.answered(at(12_000), &mut rng, &mut news).finished(at(12_000), &mut rng, &mut news);
    }
    for ms in [12_100, 13_300] {
        fail(&gates, a, at(ms), kind);
    }
    assert_eq!(gates.view(a, at(13_300)).breaker, BreakerState::Recovering);
}

#[test]
fn a_host_that_is_shut_warns_too() {
    let (gates, [a, b, c]) = neighbours();
    let refused = FaultKind::Connection(ConnectionFault::Establish);
    for ms in [0, 10, 20] {
        fail(&gates, a, at(ms), refused);
    }
    assert_eq!(gates.shut(b, at(30))[0].gate, Gate::Host);
    for id in [b, c] {
        for ms in [13_000, 14_100] {
            fail(&gates, id, at(ms), FaultKind::ServerError);
        }
        assert_eq!(is_open(&gates, id, at(14_100)), id == b);
    }
}

#[test]
fn calls_lost_with_one_connection_count_once_in_rows() {
    for (connections, opens) in [([7; 6], false), ([1, 2, 3, 4, 5, 6], true)] {
        let policy = BreakerPolicy { min_calls: 100, ..BreakerPolicy::default() };
        let mut rig = Rig::new(policy, 1);
        let lost = FaultKind::Connection(ConnectionFault::Lost);
        for connection in connections {
            let Ok(permit) = rig.acquire() else { break };
            rig.pass(ms(400));
            rig.end_with(permit, Fault { connection: Some(connection), ..Fault::new(lost) });
        }
        assert_eq!(rig.state() == BreakerState::Open, opens);
    }
}

#[test]
fn streams_cut_with_one_connection_are_one_break() {
    for (connections, opens) in [([7; 6], false), ([1, 2, 3, 4, 5, 6], true)] {
        let mut rig = Rig::new(BreakerPolicy { min_calls: 100, ..BreakerPolicy::default() }, 1);
        let tails: Vec<Tail> = (0..6).map(|_| rig.flow()).collect();
        for (tail, connection) in tails.into_iter().zip(connections) {
            rig.pass(ms(400));
            let fault = Fault { connection: Some(connection), ..Fault::new(FaultKind::Broken) };
            tail.broke(rig.now, &fault, &mut Rng::from_seed(1), &mut News::default());
        }
        assert_eq!(rig.state() == BreakerState::Open, opens);
    }
}

#[test]
fn a_soft_fault_of_a_held_answer_is_no_break_and_half_a_fault() {
    let mut rig = Rig::new(BreakerPolicy { min_calls: 100, ..BreakerPolicy::default() }, 1);
    let soft = Fault::new(FaultKind::Soft(SoftReason::Schema));
    for _ in 0..9 {
        let tail = rig.flow();
        rig.pass(ms(400));
        tail.broke(rig.now, &soft, &mut Rng::from_seed(1), &mut News::default());
    }
    // Nine halves with first contents between them: neither a row of faults nor of breaks.
    assert_eq!(rig.state(), BreakerState::Closed);
}

#[test]
fn letting_go_of_what_was_not_forced_changes_nothing() {
    let mut rig = closed();
    rig.trip();
    rig.force(Forced::Not);
    assert_eq!(rig.state(), BreakerState::Open);
}

#[test]
fn an_administrator_opens_closes_and_lets_go() {
    let mut rig = closed();
    let old = rig.acquire().expect("closed");
    rig.force(Forced::Open);
    assert_eq!((rig.state(), rig.view().forced), (BreakerState::Open, Forced::Open));
    rig.pass(DAY);
    assert!(rig.acquire().is_err() && !rig.gates.admits(crate::rig::ONE, rig.now), "for good");
    rig.answer_whole(old);
    assert_eq!(rig.state(), BreakerState::Open, "what was granted before changes nothing");

    rig.force(Forced::Not);
    assert_eq!(rig.state(), BreakerState::HalfOpen);
    assert!(rig.acquire().is_ok_and(|permit| permit.is_probe()));

    for forced in [Forced::Closed, Forced::MetricsOnly] {
        rig.force(forced);
        for _ in 0..50 {
            rig.pass(ms(200));
            assert!(rig.fail(FaultKind::ServerError));
        }
        assert_eq!((rig.state(), rig.view().forced), (BreakerState::Closed, forced));
    }
    rig.force(Forced::Not);
    rig.trip();
    assert_eq!(rig.state(), BreakerState::Open);
    let causes: Vec<Cause> = rig.news.breaker.iter().map(|change| change.cause).collect();
    assert_eq!(causes[..3], [Cause::Forced, Cause::Forced, Cause::Forced]);
}

#[test]
fn a_breaker_that_cut_streams_opened_is_tried_to_the_end() {
    let mut rig = closed();
    let tails: Vec<Tail> = (0..6).map(|_| rig.flow()).collect();
    for tail in tails {
        rig.pass(ms(400));
        rig.cut(tail);
    }
    assert_eq!(rig.state(), BreakerState::Open);
    rig.pass(S(20));
    // First content is no success, holds the place, and its break reopens.
    let tail = rig.flow();
    assert!(rig.acquire().is_err(), "the place is held");
    rig.pass(S(20));
    assert_eq!(rig.state(), BreakerState::HalfOpen, "the lease's clock has stopped");
    rig.cut(tail);
    assert_eq!(rig.state(), BreakerState::Open);
    // An end is a success, and so is half a minute of content.
    rig.pass(S(20));
    let tail = rig.flow();
    rig.finish(tail);
    let tail = rig.flow();
    rig.pass(S(29));
    assert_eq!(rig.state(), BreakerState::HalfOpen);
    rig.pass(S(1));
    assert_eq!(rig.state(), BreakerState::Recovering);
    drop(tail);
    // A client that leaves says nothing, and frees the place.
    let tail = rig.flow();
    drop(tail);
    assert!(rig.acquire().is_ok());
}

#[test]
fn of_two_answers_that_flow_the_one_that_is_left_is_no_success_later() {
    let mut rig = Rig::new(BreakerPolicy { probes: 2, ..BreakerPolicy::default() }, 1);
    let tails: Vec<Tail> = (0..6).map(|_| rig.flow()).collect();
    for tail in tails {
        rig.pass(ms(400));
        rig.cut(tail);
    }
    rig.pass(S(20));
    let permits = [0, 1].map(|_| rig.acquire().expect("two places"));
    let [first, second] = permits.map(|permit| {
        rig.pass(ms(400));
        rig.answer(permit)
    });
    rig.pass(S(30) - ms(200));
    // The first has flowed for long enough; the second has not, and its client leaves.
    assert!(rig.acquire().is_ok(), "the first has given its place back");
    drop(second);
    rig.pass(S(60));
    assert_eq!(rig.state(), BreakerState::HalfOpen, "one success of two");
    drop(first);
}

#[test]
fn a_reopening_that_no_break_caused_ends_that() {
    let mut rig = closed();
    let tails: Vec<Tail> = (0..6).map(|_| rig.flow()).collect();
    for tail in tails {
        rig.pass(ms(400));
        rig.cut(tail);
    }
    rig.pass(S(20));
    assert!(rig.fail(FaultKind::ServerError));
    assert_eq!(rig.state(), BreakerState::Open);
    rig.pass(S(20));
    let _tails = [rig.flow(), rig.flow()];
    assert_eq!(rig.state(), BreakerState::Recovering, "first content counts again");
}
