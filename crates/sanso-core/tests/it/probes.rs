//! A half-open probe and its request, in virtual time: who waits for it, and who serves meanwhile.

use sanso_core::*;

use crate::provider::{Behaviour, Reply};
use crate::scene::chain_of;
use crate::world::{Over, Told, World};

const PRIMARY: DeploymentId = DeploymentId::new(0);
const S: fn(u64) -> Duration = Duration::from_secs;

fn at(ms: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(ms))
}

fn request(now: u64) -> Request {
    let class = Class { stream: true, thinks: false };
    Request::new(GroupId::new(0), class, at(now) + S(600))
}

fn healthy() -> Reply {
    Reply::answer(Duration::from_millis(100))
}

/// Content after so many milliseconds.
fn after(ms: u64) -> Reply {
    Reply::answer(Duration::from_millis(2 * ms))
}

fn dead() -> Behaviour {
    Behaviour::Dead(Fault::new(FaultKind::ServerError).with_status(500))
}

/// A world whose primary's breaker has opened, and is past any open time at 20 s; from then on the
/// primary does `then`.
fn opened(fallbacks: &[Behaviour], then: Behaviour) -> World {
    let primary = Behaviour::Until(S(19), Box::new(dead()), Box::new(then));
    let legs: Vec<u32> = (1..=fallbacks.len() as u32).collect();
    let mut groups: Vec<(u32, &[u32])> = vec![(1, &legs)];
    groups.extend(fallbacks.iter().map(|_| (1, &[][..])));
    let behaviours = [&[primary], fallbacks].concat();
    let mut world = World::new(chain_of(&groups, Rules::default()), behaviours, 3);
    for number in 0..20 {
        world.send(at(number * 100), request(number * 100), None);
    }
    world
}

fn ask(world: &mut World, ms: u64) -> usize {
    world.send(at(ms), request(ms), None)
}

fn told(world: &World, number: usize) -> &Told {
    &world.history.requests[number]
}

fn took(told: &Told) -> Duration {
    told.committed.first().map_or(told.verdicts[0].0, |(at, _)| *at) - told.arrived
}

/// Whom it called, and who served.
fn story(told: &Told) -> (Vec<usize>, Option<usize>) {
    let called = told.calls.values().map(|call| call.call.deployment.index()).collect();
    (called, told.served_by().map(|call| call.call.deployment.index()))
}

fn probe_over(told: &Told) -> (Duration, Over) {
    let probe = told.calls.values().next().expect("a probe");
    let (over, how) = probe.over.expect("it ended");
    (over - probe.started, how)
}

#[test]
fn a_silent_probe_lets_its_request_move_on_after_two_seconds() {
    let mut world = opened(&[Behaviour::Script(vec![healthy()])], Behaviour::Silent);
    let number = ask(&mut world, 20_000);
    world.run();
    let told = told(&world, number);
    assert_eq!(story(told), (vec![0, 1], Some(1)));
    assert_eq!(took(told), Duration::from_millis(2_050));
    // It ran on without its request to the end of its lease, and the breaker heard of it.
    assert_eq!(probe_over(told), (S(10), Over::Cancelled));
    let (_, last) = world.history.transitions.last().expect("transitions");
    assert_eq!((last.to, last.at), (BreakerState::Open, at(30_000)));
}

#[test]
fn a_silent_probes_late_content_still_counts_as_its_success() {
    let slow = Behaviour::Script(vec![after(5_000)]);
    let mut world = opened(&[Behaviour::Script(vec![healthy()])], slow);
    let numbers = [ask(&mut world, 20_000), ask(&mut world, 30_000)];
    world.run();
    for number in numbers {
        assert_eq!(story(told(&world, number)), (vec![0, 1], Some(1)));
        assert_eq!(probe_over(told(&world, number)), (S(5), Over::Cancelled));
    }
    let (_, last) = world.history.transitions.last().expect("transitions");
    assert_eq!((last.to, last.at), (BreakerState::Recovering, at(35_000)));
}

#[test]
fn a_slow_providers_probe_may_be_silent_for_longer_but_for_no_more_than_ten_seconds() {
    for (usual, silence) in [(1, 2_000), (4, 6_000), (20, 10_000)] {
        let slow = Behaviour::Script(vec![Reply::answer(S(2 * usual))]);
        let primary = Behaviour::Until(
            S(10),
            Box::new(slow),
            Box::new(Behaviour::Until(S(299), Box::new(dead()), Box::new(Behaviour::Silent))),
        );
        let mut topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
        let mut deployments = topology.deployments().to_vec();
        deployments[0].limits.first_token = S(100);
        topology = Topology::new(topology.groups().to_vec(), deployments, None, Rules::default());
        let mut world = World::new(topology, vec![primary, Behaviour::Healthy], 3);
        for number in 0..6 {
            ask(&mut world, number * 100);
        }
        for number in 0..40 {
            ask(&mut world, 270_000 + number * 100);
        }
        let number = ask(&mut world, 300_000);
        world.run();
        let second = told(&world, number).calls.values().nth(1).expect("it moved on");
        assert_eq!(second.started, at(300_000 + silence), "usual {usual} s");
    }
}

#[test]
fn who_brings_content_first_serves_and_the_other_stops() {
    let fallback =
        Behaviour::Script(vec![healthy(); 20].into_iter().chain([after(3_000)]).collect());
    let mut world = opened(&[fallback], Behaviour::Script(vec![after(2_500)]));
    let number = ask(&mut world, 20_000);
    world.run();
    let told = told(&world, number);
    assert_eq!(story(told), (vec![0, 1], Some(0)));
    assert_eq!(took(told), Duration::from_millis(2_500));
    let other = told.calls.values().nth(1).expect("the second call");
    assert_eq!(other.over, Some((at(22_500), Over::Cancelled)));
}

#[test]
fn a_second_call_that_fails_is_followed_by_others_and_the_probe_may_yet_serve() {
    let fails = || Behaviour::Until(S(19), Box::new(Behaviour::Healthy), Box::new(dead()));
    let mut world = opened(&[fails(), fails()], Behaviour::Script(vec![after(8_000)]));
    let number = ask(&mut world, 20_000);
    world.run();
    let told = told(&world, number);
    let (called, by) = story(told);
    assert_eq!((called[0], by), (0, Some(0)));
    assert!(called.contains(&1) && called.contains(&2), "{called:?}");
    assert_eq!(took(told), S(8));
}

/// The third is asked when the second is overdue in its turn, after its own ten seconds.
#[test]
fn when_a_probes_lease_ends_the_call_beside_it_is_relief_enough() {
    let silent = Behaviour::Until(S(19), Box::new(Behaviour::Healthy), Box::new(Behaviour::Silent));
    let third = Behaviour::Script(vec![healthy()]);
    let mut world = opened(&[silent, third], Behaviour::Silent);
    let number = ask(&mut world, 20_000);
    world.run();
    let told = told(&world, number);
    assert_eq!(story(told), (vec![0, 1, 2], Some(2)));
    let begins: Vec<Instant> = told.calls.values().map(|call| call.started).collect();
    assert_eq!(begins[1..], [at(22_000), at(32_000)]);
}

#[test]
fn when_a_probes_lease_ends_a_retry_that_waits_is_relief_enough() {
    let hint = Some(Duration::from_millis(2_500));
    let limited = Fault::new(FaultKind::RateLimited).with_hint(hint);
    let limits = Behaviour::Script(vec![Reply::fault(S(7), limited)]);
    let answers = || Box::new(Behaviour::Script(vec![healthy()]));
    let later = Behaviour::Until(S(25), Box::new(limits), answers());
    let second = Behaviour::Until(S(19), answers(), Box::new(later));
    let third = Behaviour::Script(vec![healthy()]);
    let mut world = opened(&[second, third], Behaviour::Silent);
    let number = ask(&mut world, 20_000);
    world.run();
    let told = told(&world, number);
    assert_eq!(story(told), (vec![0, 1, 1], Some(1)));
    let again = told.calls.values().nth(2).expect("the retry").started;
    assert!(again > at(31_500), "the probe's lease ended while it waited: {again:?}");
}

#[test]
fn when_a_probe_fails_a_retry_that_waits_is_waited_for() {
    let hint = Some(Duration::from_millis(2_500));
    let limited = Fault::new(FaultKind::RateLimited).with_hint(hint);
    let limits = Behaviour::Script(vec![Reply::fault(S(7), limited)]);
    let answers = || Box::new(Behaviour::Script(vec![healthy()]));
    let later = Behaviour::Until(S(25), Box::new(limits), answers());
    let second = Behaviour::Until(S(19), answers(), Box::new(later));
    let fails = Reply::fault(Duration::from_millis(9_500), Fault::new(FaultKind::ServerError));
    let third = Behaviour::Script(vec![healthy()]);
    let mut world = opened(&[second, third], Behaviour::Script(vec![fails]));
    let number = ask(&mut world, 20_000);
    world.run();
    let told = told(&world, number);
    assert_eq!(story(told), (vec![0, 1, 1], Some(1)));
}

#[test]
fn a_probe_that_has_brought_content_is_not_silent_however_long_it_goes_on() {
    let third = Behaviour::Script(vec![healthy()]);
    let mut world = opened(&[third], Behaviour::Script(vec![after(1_900)]));
    let number = ask(&mut world, 20_000);
    world.run();
    assert_eq!(story(told(&world, number)), (vec![0], Some(0)));
}

#[test]
fn a_client_that_leaves_stops_both() {
    let silent =
        || Behaviour::Until(S(19), Box::new(Behaviour::Healthy), Box::new(Behaviour::Silent));
    let mut world = opened(&[silent()], Behaviour::Silent);
    let number = world.send(at(20_000), request(20_000), Some(at(23_000)));
    world.run();
    let told = told(&world, number);
    assert_eq!(told.calls.len(), 2);
    for call in told.calls.values() {
        assert_eq!(call.over, Some((at(23_000), Over::Cancelled)));
    }
    assert_eq!(told.verdict(), &Verdict::Cancelled);
}

#[test]
fn an_outage_at_three_requests_a_minute_makes_no_user_wait_for_a_probe() {
    let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
    let mut world = World::new(topology, vec![Behaviour::Silent, Behaviour::Healthy], 5);
    for minute in 0..180 {
        ask(&mut world, minute * 20_000);
    }
    world.run();
    let opened = world.history.transitions[0].1.at;
    let later = world.history.requests.iter().filter(|told| told.arrived > opened);
    let waits: Vec<_> = later.map(took).collect();
    assert!(waits.len() > 150, "it opens soon");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(2_700)), "{waits:?}");
}

#[test]
fn a_primary_that_comes_back_serves_within_an_open_time_and_takes_all_within_two_seconds() {
    for seed in 0..20 {
        let back = Behaviour::Script(vec![after(50)]);
        let primary = Behaviour::Until(S(12), Box::new(dead()), Box::new(back));
        let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
        let mut world = World::new(topology, vec![primary, Behaviour::Healthy], seed);
        for number in 0..500 {
            ask(&mut world, number * 100);
        }
        world.run();
        let by_primary = |told: &&Told| story(told).1 == Some(0) && told.arrived > at(12_000);
        let requests = &world.history.requests;
        let first = requests.iter().find(by_primary).expect("it comes back").arrived;
        // The cap of an open time, its jitter, and a request.
        assert!(first - at(12_000) <= Duration::from_millis(14_400 + 100), "seed {seed}");
        let last = requests.iter().rev().find(|told| story(told).1 != Some(0)).expect("some");
        assert!(last.arrived <= first + S(2), "seed {seed}");
    }
}

#[test]
fn with_both_down_one_call_a_second_is_forced_and_all_others_are_told_at_once() {
    let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
    let mut world = World::new(topology, vec![dead(), dead()], 5);
    for number in 0..600 {
        ask(&mut world, number * 50);
    }
    world.run();
    let shut = |told: &&Told| told.arrived > at(5_000);
    let (called, told): (Vec<&Told>, Vec<&Told>) =
        world.history.requests.iter().filter(shut).partition(|told| !told.calls.is_empty());
    assert!(told.iter().all(|told| took(told) == Duration::ZERO));
    for told in &told {
        let Verdict::Failed(failure) = told.verdict() else { panic!("{told:?}") };
        assert_eq!(failure.status, 503);
        assert!(failure.retry_after.is_some_and(|wait| wait >= S(1) && wait <= S(15)));
    }
    // 25 s of outage: a forced call a second at most, and a probe after each open time.
    let calls: usize = called.iter().map(|told| told.calls.len()).sum();
    assert!((10..=25 + 12).contains(&calls), "{calls}");
    for told in called {
        let forced = told
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::CallStarted { why: Why::Forced, .. }));
        assert!(!forced || told.calls.len() == 1, "a forced call goes on to no other leg");
    }
    assert!(told.iter().all(|told| told.calls.is_empty()));
    assert!(world.gates.view(PRIMARY, world.now).in_flight == 0);
}

#[test]
fn a_forced_call_that_succeeds_brings_the_breaker_back_as_a_probe_would() {
    let up = |until| {
        Behaviour::Until(S(until), Box::new(dead()), Box::new(Behaviour::Script(vec![after(50)])))
    };
    let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
    let mut world = World::new(topology, vec![up(3), up(100)], 5);
    for number in 0..100 {
        ask(&mut world, number * 100);
    }
    world.run();
    let forced =
        world.history.transitions.iter().find(|(_, change)| change.cause == Cause::ForcedSucceeded);
    let (id, change) = forced.expect("the outage was shorter than the open time");
    assert_eq!((*id, change.to), (PRIMARY, BreakerState::HalfOpen));
    assert!(change.at < at(5_200), "no one waits for the breaker: {:?}", change.at);
    let last = told(&world, 99);
    assert_eq!(story(last), (vec![0], Some(0)));
}

#[test]
fn a_short_rate_limit_is_waited_for_in_a_line_of_a_hundred() {
    let limited = |ms| {
        let fault = Fault::new(FaultKind::RateLimited).with_status(429);
        Reply::fault(Duration::from_millis(1), fault.with_hint(Some(Duration::from_millis(ms))))
    };
    for (hint, expected) in [(1_000, 100), (3_500, 0)] {
        let script = vec![limited(hint), healthy()];
        let behaviours = vec![Behaviour::Script(script)];
        let mut world = World::new(chain_of(&[(1, &[])], Rules::default()), behaviours, 1);
        world.send(at(0), Request { num_retries: Some(0), ..request(0) }, None);
        let asked: Vec<_> = (0..150).map(|_| ask(&mut world, 10)).collect();
        world.run();
        let (answered, told): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .map(|number| told(&world, number))
            .partition(|told| told.served_by().is_some());
        assert_eq!(answered.len(), expected, "hint {hint}");
        for told in told {
            let Verdict::Failed(failure) = told.verdict() else { panic!() };
            assert_eq!((failure.status, took(told)), (429, Duration::ZERO));
        }
    }
}

#[test]
fn who_finds_a_slow_start_full_is_told_to_come_again_in_a_second() {
    let quick = Box::new(Behaviour::Script(vec![after(50)]));
    let slow = Box::new(Behaviour::Script(vec![after(1_000)]));
    let back = Behaviour::Until(Duration::from_millis(20_900), quick, slow);
    let primary = Behaviour::Until(S(19), Box::new(dead()), Box::new(back));
    let mut world = World::new(chain_of(&[(1, &[])], Rules::default()), vec![primary], 1);
    for number in 0..70 {
        ask(&mut world, number * 100);
    }
    for ms in [20_000, 20_500, 21_000, 21_005] {
        ask(&mut world, ms);
    }
    world.run();
    let Verdict::Failed(failure) = told(&world, 73).verdict() else { panic!() };
    assert_eq!((failure.status, failure.retry_after), (503, Some(S(1))));
    assert!(told(&world, 72).served_by().is_some());
}

#[test]
fn an_operator_sees_the_window_of_a_slow_start_and_only_then() {
    let primary = Behaviour::Until(S(19), Box::new(dead()), Box::new(Behaviour::Healthy));
    let mut world = World::new(chain_of(&[(1, &[])], Rules::default()), vec![primary], 1);
    for number in 0..400 {
        ask(&mut world, number * 100);
    }
    world.run();
    let views = world.history.starts.iter().map(|(_, _, view, _)| view);
    let seen: Vec<u32> = views.clone().filter_map(|view| view.window).collect();
    for view in views {
        assert_eq!(view.window.is_some(), view.breaker == BreakerState::Recovering, "{view:?}");
    }
    assert!(seen.len() > 3 && seen.is_sorted() && seen.first() < seen.last(), "{seen:?}");
}

#[test]
fn a_chain_in_a_bad_state_sheds_what_may_be_shed() {
    for (priority, shed_below, shed) in
        [(1, Some(0.7), true), (0, Some(0.7), false), (1, Some(0.5), false), (1, None, false)]
    {
        let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
        let mut groups = topology.groups().to_vec();
        groups[0].shed_below = shed_below;
        let deployments = topology.deployments().to_vec();
        let topology = Topology::new(groups, deployments, None, Rules::default());
        let mut world = World::new(topology, vec![dead(), Behaviour::Healthy], 1);
        for number in 0..30 {
            ask(&mut world, number * 100);
        }
        let late = world.send(at(4_000), Request { priority, ..request(4_000) }, None);
        world.run();
        let Verdict::Failed(failure) = told(&world, late).verdict() else {
            assert!(!shed);
            continue;
        };
        assert!(shed && told(&world, late).calls.is_empty());
        assert_eq!((failure.status, failure.retry_after), (503, Some(S(1))));
        let FailureCause::Shed(health) = &failure.cause else { panic!("{failure:?}") };
        assert_eq!((health.share(), health.word()), (0.5, HealthWord::Weak));
    }
}

#[test]
fn a_chains_health_has_four_words() {
    for (admits, of, word) in [
        (10, 10, HealthWord::Healthy),
        (9, 10, HealthWord::Healthy),
        (7, 10, HealthWord::Strained),
        (6, 10, HealthWord::Weak),
        (1, 2, HealthWord::Weak),
        (4, 10, HealthWord::Down),
        (0, 0, HealthWord::Down),
    ] {
        assert_eq!(Health { admits, of }.word(), word);
    }
}
