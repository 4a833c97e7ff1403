//! A stream that breaks after its commit, and who carries it on (`on_break: continue`).

use sanso_core::*;

use crate::provider::{Behaviour, KINDS, Reply};
use crate::scene::chain_of;
use crate::world::{Over, Told, World};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn lost() -> Fault {
    Fault::new(FaultKind::Broken)
}

/// Content after 50 ms, cut after 100.
fn breaks() -> Reply {
    Reply { content: Some(ms(50)), ..Reply::fault(ms(100), lost()) }
}

fn answers() -> Reply {
    Reply::answer(ms(100))
}

fn script(replies: &[Reply]) -> Behaviour {
    Behaviour::Script(replies.to_vec())
}

fn request() -> Request {
    let class = Class { stream: true, thinks: false };
    let deadline = Instant::ORIGIN + Duration::from_secs(600);
    Request { continues: true, ..Request::new(GroupId::new(0), class, deadline) }
}

/// Groups of one or more deployments, each falling back to the next; the numbered ones cannot go on
/// from a text.
fn world(groups: &[(u32, &[u32])], unable: &[usize], replies: &[Behaviour]) -> World {
    let topology = chain_of(groups, Rules::default());
    let mut deployments = topology.deployments().to_vec();
    for id in unable {
        deployments[*id].capabilities.lacks = Needs::CONTINUATION;
    }
    let topology = Topology::new(topology.groups().to_vec(), deployments, None, Rules::default());
    World::new(topology, replies.to_vec(), 1)
}

fn tell(mut world: World, request: Request) -> Told {
    let number = world.send(Instant::ORIGIN, request, None);
    world.run();
    world.history.requests.swap_remove(number)
}

/// Whom each call went to, and what it asked.
fn calls(told: &Told) -> Vec<(u32, Ask)> {
    told.calls.values().map(|it| (it.call.deployment.index() as u32, it.call.ask)).collect()
}

const AFTER_FIRST: Ask = Ask::Continue { after: CallId(0) };

#[test]
fn the_next_leg_goes_on_where_the_first_broke() {
    let replies = [script(&[breaks()]), script(&[answers()])];
    let told = tell(world(&[(1, &[1]), (1, &[])], &[], &replies), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, AFTER_FIRST)]);
    let committed: Vec<_> = told.committed.iter().map(|it| it.1).collect();
    assert_eq!(committed, [CallId(0), CallId(1)]);
    assert_eq!(told.verdict(), &Verdict::Answered { call: CallId(1), soft: None });
    let moved = told.events.iter().any(|(_, event)| {
        let reason = Some(FaultKind::Broken);
        *event == Event::FellBack { from: GroupId::new(0), to: GroupId::new(1), reason }
    });
    assert!(moved, "{:?}", told.events);
}

#[test]
fn a_sibling_goes_on_before_another_model_does() {
    let replies = [script(&[breaks()]), script(&[answers()]), script(&[answers()])];
    let mut on_the_first = 0;
    for seed in 0..20 {
        let topology = chain_of(&[(2, &[1]), (1, &[])], Rules::default());
        let both = [breaks(), answers()];
        let replies = [script(&both), script(&both), replies[2].clone()];
        let told = tell(World::new(topology, replies.to_vec(), seed), request());
        // Whoever of the two is called second breaks, too.
        on_the_first += usize::from(told.calls[&CallId(1)].call.leg == LegIndex::FIRST);
    }
    assert_eq!(on_the_first, 20);
}

#[test]
fn who_is_not_declared_able_is_passed_over_with_the_reason() {
    let replies = [script(&[breaks()]), script(&[answers()]), script(&[answers()])];
    let groups: &[(u32, &[u32])] = &[(1, &[1, 2]), (1, &[]), (1, &[])];
    let told = tell(world(groups, &[1], &replies), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (2, AFTER_FIRST)]);
    let told_why = told.events.iter().any(|(_, event)| {
        matches!(event, Event::Unable { deployment, called: false, lack, .. }
            if deployment.index() == 1 && lack.needs == Needs::CONTINUATION)
    });
    assert!(told_why, "{:?}", told.events);
    let told = tell(world(groups, &[1, 2], &replies), request());
    assert_eq!(told.verdict(), &Verdict::Broken(CallId(0)));
}

#[test]
fn who_fails_before_it_says_anything_is_followed_by_the_next() {
    let fails = Reply::fault(ms(10), Fault::new(FaultKind::Overloaded).with_status(503));
    let replies = [script(&[breaks()]), script(&[fails]), script(&[answers()])];
    let told = tell(world(&[(1, &[1, 2]), (1, &[]), (1, &[])], &[], &replies), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, AFTER_FIRST), (2, AFTER_FIRST)]);
    assert_eq!(told.verdict(), &Verdict::Answered { call: CallId(2), soft: None });
    let refused = [script(&[breaks()]), script(&[fails])];
    let told = tell(world(&[(1, &[1]), (1, &[])], &[], &refused), request());
    assert_eq!(told.verdict(), &Verdict::Broken(CallId(0)));
}

#[test]
fn whatever_a_sibling_fails_with_the_next_leg_is_asked() {
    for kind in KINDS {
        let fails = Behaviour::Dead(Fault::new(kind));
        let replies = [script(&[breaks()]), fails, script(&[answers()])];
        let asked = |told: &Told| {
            let mut asked = calls(told);
            asked.dedup(); // A stale connection is redone.
            asked
        };
        // Of the two siblings, the one that breaks is to be asked first.
        let told = (0..64).find_map(|seed| {
            let topology = chain_of(&[(2, &[1]), (1, &[])], Rules::default());
            let told = tell(World::new(topology, replies.to_vec(), seed), request());
            (asked(&told)[0].0 == 0).then_some(told)
        });
        let told = told.expect("either is asked first by half of all seeds");
        let expected = [(0, Ask::AsSent), (1, AFTER_FIRST), (2, AFTER_FIRST)];
        assert_eq!(asked(&told), expected, "after {kind:?}");
        assert!(matches!(told.verdict(), Verdict::Answered { .. }), "after {kind:?}");
    }
}

#[test]
fn a_forced_call_that_breaks_goes_on_to_no_other_leg() {
    let at = |ms| Instant::ORIGIN + Duration::from_millis(ms);
    let dead = Behaviour::Dead(Fault::new(FaultKind::ServerError).with_status(500));
    let flows = Reply { content: Some(ms(50)), ..Reply::fault(ms(15_000), lost()) };
    let back = Behaviour::Until(ms(3_600), Box::new(dead), Box::new(script(&[flows])));
    let mut forced = 0;
    for seed in 0..20 {
        let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
        let mut world = World::new(topology, vec![back.clone(), back.clone()], seed);
        for number in 0..40 {
            world.send(at(60 * number), Request { num_retries: Some(0), ..request() }, None);
        }
        world.send(at(3_900), request(), None);
        world.run();
        for told in &world.history.requests {
            let is_forced = told
                .events
                .iter()
                .any(|(_, event)| matches!(event, Event::CallStarted { why: Why::Forced, .. }));
            if is_forced && matches!(told.verdict(), Verdict::Broken(_) | Verdict::Answered { .. })
            {
                forced += 1;
                assert_eq!(told.calls.len(), 1, "seed {seed}");
            }
        }
    }
    assert!(forced > 0, "some calls are forced, and flow");
}

#[test]
fn a_continuation_that_breaks_is_the_end() {
    let replies = [script(&[breaks()]), script(&[breaks()]), script(&[answers()])];
    let told = tell(world(&[(1, &[1, 2]), (1, &[]), (1, &[])], &[], &replies), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, AFTER_FIRST)]);
    assert_eq!(told.verdict(), &Verdict::Broken(CallId(1)));
}

#[test]
fn a_silent_continuation_ends_by_its_first_token_limit() {
    let replies = [script(&[breaks()]), Behaviour::Silent, script(&[answers()])];
    let told = tell(world(&[(1, &[1, 2]), (1, &[]), (1, &[])], &[], &replies), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, AFTER_FIRST), (2, AFTER_FIRST)]);
    let silent = &told.calls[&CallId(1)];
    let first_token = silent.call.limits.first_token.expect("a stream has one");
    assert_eq!(silent.over, Some((silent.started + first_token, Over::Cancelled)));
}

#[test]
fn a_continuation_is_not_cut_for_its_legs_share() {
    let quick = || script(&[answers()]);
    let later = |then: Behaviour| {
        Behaviour::Until(Duration::from_secs(10), Box::new(quick()), Box::new(then))
    };
    let replies = [later(script(&[breaks()])), later(Behaviour::Silent), quick()];
    let mut world = world(&[(1, &[1, 2]), (1, &[]), (1, &[])], &[], &replies);
    for _ in 0..6 {
        // So that its usual time is known, and three times that is soon over.
        world.send(Instant::ORIGIN, Request { group: GroupId::new(1), ..request() }, None);
    }
    let at = Instant::ORIGIN + Duration::from_secs(20);
    let deadline = at + Duration::from_secs(16);
    let number = world.send(at, Request { deadline, ..request() }, None);
    world.run();
    let silent = &world.history.requests[number].calls[&CallId(1)];
    let first_token = silent.call.limits.first_token.expect("a stream has one");
    assert_eq!(silent.over, Some((silent.started + first_token, Over::Cancelled)));
}

#[test]
fn a_silent_gap_is_carried_on_like_a_cut() {
    let stalls = Reply { content: Some(ms(50)), end: None };
    let replies = [script(&[stalls]), script(&[answers()])];
    let told = tell(world(&[(1, &[1]), (1, &[])], &[], &replies), request());
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, AFTER_FIRST)]);
    assert!(matches!(told.verdict(), Verdict::Answered { .. }));
    // A limit that the caller set, too: the breaker does not hear of it.
    let own = Request { timeout: Some(Duration::from_secs(5)), ..request() };
    let told = tell(world(&[(1, &[1]), (1, &[])], &[], &replies), own);
    assert_eq!(calls(&told), [(0, Ask::AsSent), (1, AFTER_FIRST)]);
}

#[test]
fn nobody_goes_on_unless_asked_to_or_where_fallback_is_denied_or_the_deadline_is_past() {
    let replies = [script(&[breaks()]), script(&[answers()])];
    let late = Reply { content: Some(ms(50)), ..Reply::fault(ms(2_000), lost()) };
    let soon = Instant::ORIGIN + Duration::from_secs(1);
    let cases = [
        (replies.clone(), Request { continues: false, ..request() }),
        (replies, Request { deny_fallback: true, ..request() }),
        ([script(&[late]), script(&[answers()])], Request { deadline: soon, ..request() }),
    ];
    for (replies, request) in cases {
        let told = tell(world(&[(1, &[1]), (1, &[])], &[], &replies), request);
        assert_eq!(calls(&told), [(0, Ask::AsSent)]);
        assert_eq!(told.verdict(), &Verdict::Broken(CallId(0)));
    }
}

#[test]
fn what_is_more_than_text_is_not_carried_on() {
    let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
    let gates = Gates::new(&topology);
    let mut rng = Rng::from_seed(1);
    let mut chain = Chain::new(topology.into(), request(), &mut rng);
    let at = |ms| Instant::ORIGIN + Duration::from_millis(ms);
    let Step::Start(call) = chain.poll(at(0), &gates, &mut rng) else { panic!("it starts") };
    chain.handle_signal(at(1), call.id, Signal::Content, &gates, &mut rng);
    assert_eq!(chain.poll(at(1), &gates, &mut rng), Step::Commit(call.id));
    chain.handle_signal(at(2), call.id, Signal::MoreThanText, &gates, &mut rng);
    let broke = Signal::End(Outcome::Fault(lost()));
    chain.handle_signal(at(2), call.id, broke, &gates, &mut rng);
    assert_eq!(chain.poll(at(2), &gates, &mut rng), Step::Done(Verdict::Broken(call.id)));
}

#[test]
fn a_client_that_leaves_while_another_is_to_go_on_stops_it() {
    let replies = [script(&[breaks()]), Behaviour::Silent];
    let mut world = world(&[(1, &[1]), (1, &[])], &[], &replies);
    let left = Instant::ORIGIN + Duration::from_secs(1);
    let number = world.send(Instant::ORIGIN, request(), Some(left));
    world.run();
    let told = &world.history.requests[number];
    assert_eq!(told.verdict(), &Verdict::Cancelled);
    assert_eq!(told.calls[&CallId(1)].over, Some((left, Over::Cancelled)));
    let in_flight = |id| world.gates.view(DeploymentId::new(id), left).in_flight;
    assert_eq!((in_flight(0), in_flight(1)), (0, 0));
}

/// Eight groups whose streams break after 900 ms, each falling back to a ninth; one request a second,
/// with a second in all and what else its caller set.
fn short_of_time(spare: Behaviour, timeout: Option<Duration>) -> World {
    let breaks = Reply { content: Some(ms(50)), ..Reply::fault(ms(900), lost()) };
    let mut groups: Vec<(u32, &[u32])> = vec![(1, &[8]); 8];
    groups.push((1, &[]));
    let mut replies = vec![script(&[breaks]); 8];
    replies.push(spare);
    let mut world = world(&groups, &[], &replies);
    for second in 0..24 {
        let at = Instant::ORIGIN + Duration::from_secs(second);
        let group = GroupId::new(second as u32 % 8);
        let deadline = at + Duration::from_secs(1);
        world.send(at, Request { group, deadline, timeout, ..request() }, None);
    }
    world.run();
    world
}

const SPARE: DeploymentId = DeploymentId::new(8);

#[test]
fn a_continuation_is_over_by_the_deadline() {
    let world = short_of_time(Behaviour::Silent, None);
    for told in &world.history.requests {
        let end = (told.request.deadline, Verdict::Broken(CallId(0)));
        assert_eq!(told.verdicts, [end]);
    }
    let moved = world.history.transitions.iter().find(|(id, _)| *id == SPARE);
    assert_eq!(moved, None);
}

#[test]
fn who_carries_on_is_not_blamed_for_the_time_that_a_request_had_left() {
    // Its first content would come after 300 ms: 100 are left, or 60.
    let slow = Reply { content: Some(ms(300)), ..Reply::answer(ms(400)) };
    for timeout in [None, Some(ms(950)), Some(ms(60))] {
        let world = short_of_time(script(&[slow]), timeout);
        let calls = world.history.requests.iter().flat_map(|told| told.calls.values());
        let cut = calls.filter(|it| it.call.deployment == SPARE && it.content.is_none());
        assert_eq!(cut.count(), 24);
        let moved = world.history.transitions.iter().find(|(id, _)| *id == SPARE);
        assert_eq!(moved, None, "with {timeout:?}");
    }
}
