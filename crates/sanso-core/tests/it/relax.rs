//! A call made again with a smaller `max_tokens` (`degradation.relax`).

use sanso_core::*;

use crate::provider::{Behaviour, Reply};
use crate::scene::chain_of;
use crate::world::{Told, World};

fn too_long(room: Option<u32>) -> Reply {
    let fault = Fault { room, ..Fault::new(FaultKind::ContextWindow).with_status(400) };
    Reply::fault(Duration::from_millis(10), fault)
}

fn answers() -> Reply {
    Reply::answer(Duration::from_millis(100))
}

fn request() -> Request {
    let class = Class { stream: false, thinks: false };
    let deadline = Instant::ORIGIN + Duration::from_secs(600);
    let max_tokens = Some(1_000);
    Request { relax: true, max_tokens, ..Request::new(GroupId::new(0), class, deadline) }
}

/// A group with a context fallback; what the first deployment and the second reply in turn.
fn tell(first: &[Reply], second: &[Reply], request: Request) -> Told {
    let topology = chain_of(&[(1, &[]), (1, &[])], Rules::default());
    let mut groups = topology.groups().to_vec();
    groups[0].context_window_fallbacks = Some(vec![GroupId::new(1)]);
    let deployments = topology.deployments().to_vec();
    let topology = Topology::new(groups, deployments, None, Rules::default());
    let behaviours = [first, second].map(|replies| Behaviour::Script(replies.to_vec()));
    let mut world = World::new(topology, behaviours.to_vec(), 1);
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
fn nothing_is_relaxed_that_does_not_help() {
    let moved_on = [(0, Ask::AsSent), (1, Ask::AsSent)];
    let cases = [
        (too_long(None), request()),
        // Fifteen tokens are no answer, and so many as were asked for are no less.
        (too_long(Some(15)), request()),
        (too_long(Some(1_000)), request()),
        (too_long(Some(600)), Request { relax: false, ..request() }),
        (too_long(Some(600)), Request { max_tokens: None, ..request() }),
    ];
    for (reply, request) in cases {
        assert_eq!(calls(&tell(&[reply], &[answers()], request)), moved_on);
    }
    let told = tell(&[too_long(Some(16)), answers()], &[answers()], request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (0, relaxed(16))]);
}
