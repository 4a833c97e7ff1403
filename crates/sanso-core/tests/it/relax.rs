//! A call made again with a smaller `max_tokens` (`degradation.relax`).

use sanso_core::*;

use crate::provider::{Behaviour, KINDS, Reply};
use crate::scene::chain_of;
use crate::world::{Told, World};

fn too_long(room: Option<u32>) -> Reply {
    let fault = Fault { room, ..Fault::new(FaultKind::ContextWindow).with_status(400) };
    Reply::fault(Duration::from_millis(10), fault)
}

fn answers() -> Reply {
    Reply::answer(Duration::from_millis(100))
}

const THINKS: Class = Class { stream: false, thinks: true };

fn request() -> Request {
    let class = Class { stream: false, thinks: false };
    let deadline = Instant::ORIGIN + Duration::from_secs(600);
    let max_tokens = Some(1_000);
    Request { relax: true, max_tokens, ..Request::new(GroupId::new(0), class, deadline) }
}

/// A group with a context fallback; what the first deployment and the second reply in turn.
fn world(first: &[Reply], second: &[Reply], max_attempts: Option<u32>) -> World {
    let rules = Rules { max_attempts, ..Rules::default() };
    let topology = chain_of(&[(1, &[]), (1, &[])], rules);
    let mut groups = topology.groups().to_vec();
    groups[0].context_window_fallbacks = Some(vec![GroupId::new(1)]);
    let deployments = topology.deployments().to_vec();
    let topology = Topology::new(groups, deployments, None, rules);
    let behaviours = [first, second].map(|replies| Behaviour::Script(replies.to_vec()));
    World::new(topology, behaviours.to_vec(), 1)
}

fn tell(first: &[Reply], second: &[Reply], request: Request) -> Told {
    tell_in(world(first, second, None), request)
}

fn tell_in(mut world: World, request: Request) -> Told {
    let number = world.send(Instant::ORIGIN, request, None);
    world.run();
    world.history.requests.swap_remove(number)
}

/// Whom each call went to, and what it asked.
fn calls(told: &Told) -> Vec<(usize, Ask)> {
    told.calls.values().map(|it| (it.call.deployment.index(), it.call.ask)).collect()
}

const fn relaxed(max_tokens: u32) -> Ask {
    Ask::Relaxed { max_tokens }
}

#[test]
fn the_same_model_is_asked_for_what_fits() {
    let told = tell(&[too_long(Some(600)), answers()], &[answers()], request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(600))]);
    assert_eq!(told.served_by().map(|call| call.call.leg), Some(LegIndex::FIRST));
    // It is no retry: where none is left, it is made all the same.
    let alone = Request { num_retries: Some(0), ..request() };
    let told = tell(&[too_long(Some(600)), answers()], &[answers()], alone);
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(600))]);
}

#[test]
fn what_is_refused_again_goes_to_the_larger_window() {
    let told = tell(&[too_long(Some(600)), too_long(Some(500))], &[answers()], request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(600)), (1, Ask::AsSent)]);
}

#[test]
fn each_deployment_is_relaxed_for_itself() {
    let replies = [too_long(Some(600)), too_long(None)];
    let told = tell(&replies, &[too_long(Some(700)), answers()], request());
    let expected = [(0, Ask::AsSent), (0, relaxed(600)), (1, Ask::AsSent), (1, relaxed(700))];
    assert_eq!(calls(&told), expected);
}

#[test]
fn a_retry_of_a_relaxed_call_asks_for_no_more() {
    let fails = Fault::new(FaultKind::ServerError).with_status(500);
    let fails = Reply::fault(Duration::from_millis(10), fails);
    let told = tell(&[too_long(Some(600)), fails, answers()], &[answers()], request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(600)), (0, relaxed(600))]);
}

#[test]
fn whatever_a_relaxed_call_fails_with_the_larger_window_is_asked() {
    for kind in KINDS {
        let fails = Reply::fault(Duration::from_millis(10), Fault::new(kind));
        let told = tell(&[too_long(Some(600)), fails], &[answers()], request());
        let served = told.served_by().map(|it| (it.call.deployment.index(), it.call.ask));
        assert_eq!(served, Some((1, Ask::AsSent)), "after {kind:?}: {:?}", calls(&told));
    }
}

#[test]
fn relaxing_leaves_the_larger_window_its_attempt() {
    let replies = [too_long(Some(600)), too_long(Some(500))];
    let told = tell_in(world(&replies, &[answers()], Some(2)), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, Ask::AsSent)]);
    let told = tell_in(world(&replies, &[answers()], Some(3)), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(600)), (1, Ask::AsSent)]);
}

#[test]
fn a_gate_that_shut_before_a_relaxed_call_is_told() {
    let slow = Reply { end: too_long(Some(600)).end.map(|it| (LATE, it.1)), content: None };
    let fails = Fault::new(FaultKind::ServerError).with_status(500);
    let fails = Reply::fault(Duration::from_millis(10), fails);
    let mut world = world(&[slow, fails], &[answers()], None);
    for tenth in 1..=15 {
        let at = Instant::ORIGIN + Duration::from_millis(100 * tenth);
        world.send(at, Request { num_retries: Some(0), relax: false, ..request() }, None);
    }
    let told = tell_in(world, request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, Ask::AsSent)]);
    let shut = told.events.iter().any(|(_, event)| {
        matches!(event, Event::Skipped { leg: LegIndex::FIRST, deployment, refusal }
            if deployment.index() == 0 && refusal.gate == Gate::Breaker)
    });
    assert!(shut, "{:?}", told.events);
}

/// The breaker has opened by then.
const LATE: Duration = Duration::from_secs(2);

#[test]
fn nothing_is_relaxed_that_does_not_help() {
    let moved_on = [(0, Ask::AsSent), (1, Ask::AsSent)];
    let cases = [
        (too_long(None), request()),
        // Fifteen tokens are no answer, and so many as were asked for are no less.
        (too_long(Some(15)), request()),
        (too_long(Some(1_000)), request()),
        (too_long(Some(600)), Request { relax: false, ..request() }),
        (too_long(Some(600)), Request { max_tokens: None, ..request() }),
        // A thinking budget may be larger than what fits.
        (too_long(Some(600)), Request { class: THINKS, ..request() }),
    ];
    for (reply, request) in cases {
        assert_eq!(calls(&tell(&[reply], &[answers()], request)), moved_on);
    }
    let told = tell(&[too_long(Some(16)), answers()], &[answers()], request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(16))]);
}
