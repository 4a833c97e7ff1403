//! What bounds retries and time: the budget, the caps, the shares of a deadline.

use std::sync::Arc;

use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use crate::laws::cases;
use crate::provider::{Behaviour, Reply};
use crate::rig::{ENTRY, ONE};
use crate::scene::{chain_of, scenes};
use crate::world::{Told, World};

const S: fn(u64) -> Duration = Duration::from_secs;
const MS: fn(u64) -> Duration = Duration::from_millis;

fn at(ms: u64) -> Instant {
    Instant::from_origin(MS(ms))
}

fn request(now: u64, deadline: u64) -> Request {
    let class = Class { stream: true, thinks: false };
    Request::new(GroupId::new(0), class, at(now + deadline))
}

fn dead(kind: FaultKind) -> Behaviour {
    Behaviour::Dead(Fault::new(kind))
}

/// A chain of two legs, changed by `change`.
fn two_legs(change: impl Fn(&mut Group, usize), rules: Rules) -> Topology {
    let topology = chain_of(&[(1, &[1]), (1, &[])], rules);
    let mut groups = topology.groups().to_vec();
    groups.iter_mut().enumerate().for_each(|(index, group)| change(group, index));
    Topology::new(groups, topology.deployments().to_vec(), None, rules)
}

fn called(told: &Told) -> Vec<usize> {
    told.calls.values().map(|call| call.call.deployment.index()).collect()
}

/// Whether the gates of the first deployment let a retry through after such a fault.
fn retry(gates: &Gates, after: FaultKind) -> Result<Permit, Gate> {
    let entry = Entry { retry_after: Some(after), ..ENTRY };
    let (mut rng, mut news) = (Rng::from_seed(1), News::default());
    gates.acquire(ONE, &entry, at(0), &mut rng, &mut news).map_err(|refusal| refusal.gate)
}

#[test]
fn a_retry_costs_what_the_fault_before_it_suggests() {
    for (kind, price) in [
        (FaultKind::Timeout(Phase::Total), 20),
        (FaultKind::Overloaded, 10),
        (FaultKind::RateLimited, 10),
        (FaultKind::ServerError, 14),
        (FaultKind::Connection(ConnectionFault::Lost), 14),
        (FaultKind::Soft(SoftReason::Empty), 14),
    ] {
        let gates = Gates::new(&chain_of(&[(2, &[])], Rules::default()));
        let mut paid = 0;
        while retry(&gates, kind).is_ok() {
            paid += price;
        }
        assert!(paid <= 500 && paid + price > 500, "{kind:?}: {paid}");
        assert_eq!(gates.view(ONE, at(0)).retry_budget, Some(500 - paid), "{kind:?}");
        assert_eq!(retry(&gates, kind).err(), Some(Gate::Budget));
        assert!(!gates.can_pay(ONE, kind));
        let first = gates.acquire(ONE, &ENTRY, at(0), &mut Rng::from_seed(1), &mut News::default());
        assert!(first.is_ok(), "a first call is not paid for");
    }
}

#[test]
fn retries_without_a_verdict_are_a_fifth_of_the_calls_in_flight_or_three() {
    let gates = Gates::new(&chain_of(&[(2, &[])], Rules::default()));
    let (mut rng, mut news) = (Rng::from_seed(1), News::default());
    let after = FaultKind::ServerError;
    let mut held: Vec<_> = (0..3).map(|_| retry(&gates, after).expect("three at least")).collect();
    assert_eq!(retry(&gates, after).err(), Some(Gate::RetryCap));
    let mut more = || gates.acquire(ONE, &ENTRY, at(0), &mut rng, &mut news).expect("open");
    held.extend((0..16).map(|_| more()));
    assert_eq!(retry(&gates, after).err(), Some(Gate::RetryCap), "3 of 19");
    held.push(more());
    held.push(retry(&gates, after).expect("4 of 20"));
    assert_eq!(retry(&gates, after).err(), Some(Gate::RetryCap));
    // A verdict makes room, whether the answer still flows or not.
    let permit = held.remove(0);
    let _tail = permit.answered(at(0), &mut Rng::from_seed(1), &mut News::default());
    assert!(retry(&gates, after).is_ok());
    drop(held);
}

/// A request whose first call fails while as many retries are out as may be; who is called next, and
/// when, and how often it was asked.
fn behind_a_full_cap(topology: Topology) -> (Option<DeploymentId>, Duration, u32) {
    let (gates, mut rng) = (Gates::new(&topology), Rng::from_seed(1));
    let _out: Vec<_> =
        (0..3).map(|_| retry(&gates, FaultKind::ServerError).expect("three at least")).collect();
    let mut now = at(0);
    let mut chain = Chain::new(Arc::new(topology), request(0, 600_000), &mut rng);
    let Step::Start(call) = chain.poll(now, &gates, &mut rng) else { panic!("the first call") };
    let fault = Outcome::Fault(Fault::new(FaultKind::ServerError));
    chain.handle_signal(now, call.id, Signal::End(fault), &gates, &mut rng);
    let mut polls = 0;
    loop {
        polls += 1;
        assert!(polls < 100_000, "it is asked for ever");
        match chain.poll(now, &gates, &mut rng) {
            Step::Start(call) => return (Some(call.deployment), now - at(0), polls),
            Step::Done(_) => return (None, now - at(0), polls),
            Step::Wait(until) => now = until.expect("a time").max(now),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_full_retry_cap_holds_up_a_request_for_as_long_as_its_patience() {
    let (next, after, _) = behind_a_full_cap(two_legs(|_, _| {}, Rules::default()));
    assert_eq!(next, Some(DeploymentId::new(1)));
    assert!(after <= S(2) && after > S(1), "{after:?}");
    // With nowhere else to go it waits for a minute, and not at the speed of a timer.
    let (next, after, polls) = behind_a_full_cap(chain_of(&[(1, &[])], Rules::default()));
    assert_eq!(next, None);
    assert!(after <= S(60) && after > S(55) && polls <= 2_500, "{after:?}, {polls} polls");
}

#[test]
fn a_reload_keeps_what_is_spent_whatever_the_new_size() {
    let topology = |budget| {
        let topology = chain_of(&[(2, &[])], Rules::default());
        let mut deployments = topology.deployments().to_vec();
        deployments[0].retry_budget = budget;
        Topology::new(topology.groups().to_vec(), deployments, None, Rules::default())
    };
    let gates = Gates::new(&topology(Some(100)));
    while retry(&gates, FaultKind::Overloaded).is_ok() {}
    for (size, pays) in [(Some(100), false), (Some(109), false), (Some(110), true), (None, true)] {
        let renewed = gates.renewed(&topology(size));
        assert_eq!(renewed.can_pay(ONE, FaultKind::Overloaded), pays, "{size:?}");
        assert_eq!(renewed.view(ONE, at(0)).retry_budget.is_some(), size.is_some());
        drop(gates.renewed(&topology(Some(100))));
    }
}

#[test]
fn a_storm_of_a_hundred_clients_costs_little_more_than_their_requests() {
    for seed in 0..10 {
        let topology = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
        let primary = dead(FaultKind::ServerError);
        let mut world = World::new(topology, vec![primary, Behaviour::Healthy], seed);
        for client in 0..100 {
            for turn in 0..3 {
                let now = client * 10 + turn * 700;
                world.send(at(now), request(now, 600_000), None);
            }
        }
        world.run();
        let calls: usize = world.history.requests.iter().map(|told| told.calls.len()).sum();
        let ratio = calls as f64 / 300.0;
        assert!(ratio <= 1.7, "seed {seed}: {ratio}");
        assert!(world.history.requests.iter().all(|told| told.served_by().is_some()));
    }
}

#[test]
fn a_brownout_does_not_starve_retries() {
    // Every third call fails: a thousand requests pay for retries and get all of it back.
    let topology = chain_of(&[(1, &[])], Rules::default());
    let mut groups = topology.groups().to_vec();
    groups[0].num_retries = Some(10);
    let mut deployments = topology.deployments().to_vec();
    deployments[0].breaker.enabled = false;
    let topology = Topology::new(groups, deployments, None, Rules::default());
    let mut world = World::new(topology, vec![Behaviour::Flaky(33)], 3);
    for number in 0..1_000 {
        world.send(at(number * 100), request(number * 100, 600_000), None);
    }
    world.run();
    assert!(world.history.requests.iter().all(|told| told.served_by().is_some()));
    assert!(world.gates.can_pay(ONE, FaultKind::Timeout(Phase::Total)));
}

#[test]
fn held_answers_that_break_pay_for_their_retries() {
    let topology = chain_of(&[(1, &[])], Rules::default());
    let mut deployments = topology.deployments().to_vec();
    deployments[0].breaker.enabled = false;
    let topology = Topology::new(topology.groups().to_vec(), deployments, None, Rules::default());
    let mut world = World::new(topology, vec![Behaviour::Breaks], 3);
    for number in 0..300 {
        let held = Request { held: true, ..request(number * 1_000, 600_000) };
        world.send(at(number * 1_000), held, None);
    }
    world.run();
    let calls: usize = world.history.requests.iter().map(|told| told.calls.len()).sum();
    assert!(calls <= 300 + 500 / 14 + 1, "{calls}");
}

#[test]
fn a_move_costs_the_one_that_is_left_a_little() {
    let topology = two_legs(|group, _| group.num_retries = Some(0), Rules::default());
    let mut deployments = topology.deployments().to_vec();
    deployments[0].retry_budget = Some(21);
    deployments[0].breaker.enabled = false;
    let topology = Topology::new(topology.groups().to_vec(), deployments, None, Rules::default());
    let mut world = World::new(topology, vec![dead(FaultKind::ServerError), Behaviour::Healthy], 1);
    world.send(at(0), request(0, 600_000), None);
    world.run();
    assert!(!world.gates.can_pay(ONE, FaultKind::Timeout(Phase::Total)), "21 - 2 < 20");
    assert!(world.gates.can_pay(ONE, FaultKind::ServerError));
}

#[test]
fn an_empty_budget_refuses_the_retry_and_never_the_move() {
    let rules = Rules::default();
    let topology = two_legs(|_, _| (), rules);
    let mut deployments = topology.deployments().to_vec();
    for (budget, calls) in
        [(Some(13), vec![0, 1]), (Some(14), vec![0, 0, 1]), (None, vec![0, 0, 0, 1])]
    {
        deployments[0].retry_budget = budget;
        let topology = Topology::new(topology.groups().to_vec(), deployments.clone(), None, rules);
        let behaviours = vec![dead(FaultKind::ServerError), Behaviour::Healthy];
        let mut world = World::new(topology, behaviours, 1);
        world.send(at(0), request(0, 600_000), None);
        world.run();
        assert_eq!(called(&world.history.requests[0]), calls, "{budget:?}");
    }
}

#[test]
fn repetitions_earn_nothing_and_first_tries_earn_one() {
    for (is_retry, earned) in [(false, true), (true, false)] {
        let topology = chain_of(&[(2, &[])], Rules::default());
        let mut world = World::new(topology, vec![Behaviour::Healthy; 2], 1);
        while retry(&world.gates, FaultKind::Overloaded).is_ok() {}
        for number in 0..40 {
            let request = Request { is_retry, ..request(number * 1_000, 600_000) };
            world.send(at(number * 1_000), request, None);
        }
        world.run();
        assert_eq!(world.gates.can_pay(ONE, FaultKind::Overloaded), earned);
    }
}

#[test]
fn a_legs_inflow_by_fallback_is_capped_and_its_own_requests_are_not() {
    let topology =
        two_legs(|group, _| group.inflow = Some(2), Rules { num_retries: 0, ..Rules::default() });
    let slow = Behaviour::Script(vec![Reply::answer(S(20))]);
    let mut world = World::new(topology, vec![dead(FaultKind::ServerError), slow], 1);
    for number in 0..4 {
        world.send(at(number), request(number, 600_000), None);
    }
    let own = Request { group: GroupId::new(1), ..request(10, 600_000) };
    let own = world.send(at(10), own, None);
    let later = world.send(at(60_000), request(60_000, 600_000), None);
    world.run();
    let told = &world.history.requests;
    let served: Vec<bool> = told.iter().map(|told| told.served_by().is_some()).collect();
    assert_eq!(served[..4].iter().filter(|served| **served).count(), 2);
    assert!(served[own] && served[later]);
    let full = told.iter().flat_map(|told| &told.events).any(|(_, event)| {
        matches!(event, Event::Skipped { refusal: Refusal { gate: Gate::Inflow, .. }, .. })
    });
    assert!(full, "passed over with its reason");
}

#[test]
fn retries_are_counted_by_the_kind_of_the_last_fault() {
    let set = RetriesByKind { internal_server: Some(1), default: Some(0), ..Default::default() };
    for (kind, request_sets, calls) in [
        (FaultKind::ServerError, None, 2),
        (FaultKind::Malformed, None, 2),
        (FaultKind::Overloaded, None, 1),
        (FaultKind::Overloaded, Some(2), 3),
    ] {
        let topology = two_legs(|group, _| group.retries_by_kind = set, Rules::default());
        let mut world = World::new(topology, vec![dead(kind), Behaviour::Healthy], 1);
        world.send(at(0), Request { num_retries: request_sets, ..request(0, 600_000) }, None);
        world.run();
        let told = &world.history.requests[0];
        let at_first = called(told).iter().filter(|id| **id == 0).count();
        assert_eq!((at_first, called(told).last()), (calls, Some(&1)), "{kind:?}");
    }
}

#[test]
fn a_set_max_attempts_is_a_cap_and_an_absurd_num_retries_is_bounded() {
    for (max, own, most) in [(Some(2), Some(5), 2), (Some(0), None, 1), (None, Some(u32::MAX), 42)]
    {
        let topology = two_legs(|group, _| group.max_attempts = max, Rules::default());
        let behaviours = vec![dead(FaultKind::ServerError), dead(FaultKind::ServerError)];
        let mut world = World::new(topology, behaviours, 1);
        world.send(at(0), Request { num_retries: own, ..request(0, 600_000) }, None);
        world.run();
        assert!(world.history.requests[0].calls.len() <= most, "{max:?} {own:?}");
    }
}

/// A primary that was known to answer in half a second, and is silent from 10 s on.
fn was_quick(then: Behaviour) -> World {
    let quick = Box::new(Behaviour::Script(vec![Reply::answer(S(1))]));
    let primary = Behaviour::Until(S(10), quick, Box::new(then));
    let topology = two_legs(|_, _| (), Rules::default());
    let fallback = Behaviour::Script(vec![Reply::answer(S(1))]);
    let mut world = World::new(topology, vec![primary, fallback], 1);
    for number in 0..6 {
        world.send(at(number * 100), request(number * 100, 600_000), None);
        let own = Request { group: GroupId::new(1), ..request(number * 100, 600_000) };
        world.send(at(number * 100), own, None);
    }
    world
}

#[test]
fn a_share_cuts_a_call_that_is_far_out_of_the_ordinary_and_no_other() {
    // 0.6 of 8 s is over after 4.8 s, and three times the usual time after 3 s.
    let mut world = was_quick(Behaviour::Silent);
    let cut = world.send(at(20_000), request(20_000, 8_000), None);
    // 0.6 of 4 s is over after 2.4 s, but then the call is not out of the ordinary.
    let let_be = world.send(at(20_000), request(20_000, 4_000), None);
    world.run();
    let told = &world.history.requests[cut];
    assert_eq!(called(told), [0, 1]);
    assert!(told.served_by().is_some());
    let moved = told.calls.values().nth(1).expect("a second call").started;
    assert_eq!(moved, at(24_800));
    let told = &world.history.requests[let_be];
    assert_eq!(told.calls.values().nth(1).expect("moved on").started, at(23_000));
}

#[test]
fn a_later_legs_share_is_an_even_part() {
    let quick = || Box::new(Behaviour::Script(vec![Reply::answer(S(1))]));
    let then = |then: Behaviour| Behaviour::Until(S(10), quick(), Box::new(then));
    let groups: &[(u32, &[u32])] = &[(1, &[1, 2]), (1, &[]), (1, &[])];
    let behaviours = vec![then(dead(FaultKind::Authentication)), then(Behaviour::Silent), *quick()];
    let mut world = World::new(chain_of(groups, Rules::default()), behaviours, 1);
    for number in 0..12 {
        let own = Request { group: GroupId::new(number % 3), ..request(0, 600_000) };
        world.send(at(0), own.clone(), None);
        world.send(at(0), own, None);
    }
    let number = world.send(at(20_000), request(20_000, 8_000), None);
    world.run();
    let told = &world.history.requests[number];
    assert_eq!(called(told), [0, 1, 2]);
    let begins: Vec<Instant> = told.calls.values().map(|call| call.started).collect();
    let left = at(28_000) - begins[1];
    assert_eq!(begins[2], begins[1] + left / 2, "two legs share what is left");
}

#[test]
fn no_later_leg_is_started_with_less_than_its_usual_time_left() {
    let failing = || dead(FaultKind::ServerError);
    for (deadline, calls) in [(2_000, vec![0, 1]), (400, vec![0])] {
        let mut world = was_quick(failing());
        let request = Request { num_retries: Some(0), ..request(20_000, deadline) };
        let number = world.send(at(20_000), request, None);
        world.run();
        let told = &world.history.requests[number];
        assert_eq!(called(told), calls, "{deadline}");
        let no_time = told.events.iter().any(|(_, event)| matches!(event, Event::NoTime { .. }));
        assert_eq!(no_time, deadline == 400);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn law_8_retries_of_failed_requests_are_within_the_budget(scene in scenes()) {
        let world = scene.play();
        for id in (0..world.topology.deployments().len() as u32).map(DeploymentId::new) {
            let (mut retries, mut first_tries) = (0, 0);
            for told in &world.history.requests {
                let retried = told.events.iter().filter(|(_, event)| matches!(
                    event, Event::CallStarted { deployment, why: Why::Retry, .. } if *deployment == id
                ));
                match told.served_by() {
                    None => retries += retried.count(),
                    Some(by) if told.calls.len() == 1 && by.call.deployment == id => first_tries += 1,
                    Some(_) => {}
                }
            }
            prop_assert!(10 * retries <= 500 + first_tries, "{} {}", retries, first_tries);
        }
    }
}

#[test]
fn of_retries_by_kind_the_most_bounds_the_leg() {
    let none = RetriesByKind::default();
    assert_eq!(none.most(), None);
    let some = RetriesByKind { timeout: Some(1), rate_limit: Some(4), ..none };
    assert_eq!(some.most(), Some(4));
    assert_eq!(RetriesByKind { default: Some(7), ..some }.most(), Some(7));
}
