//! Whom a request calls, how often and when.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sanso_core::*;

use super::cases;
use crate::provider::Behaviour;
use crate::scene::{Scene, scenes};
use crate::world::{CallTold, Told};

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn law_2_attempts_per_leg_and_request_within_limits(scene in scenes()) {
        let topology = scene.topology();
        for told in scene.play().history.requests {
            let mut legs: BTreeMap<LegIndex, u32> = BTreeMap::new();
            let mut relaxed: Vec<DeploymentId> = vec![];
            for (call, why) in attempts(&told) {
                if why == Why::Relaxed {
                    // Beside `num_retries`, once for each deployment.
                    prop_assert!(!relaxed.contains(&call.call.deployment));
                    relaxed.push(call.call.deployment);
                    continue;
                }
                *legs.entry(call.call.leg).or_default() += 1;
                let group = topology.group(call.call.group);
                let retries = told.request.num_retries.or(group.num_retries).unwrap_or(2);
                prop_assert!(legs[&call.call.leg] <= retries + 1);
            }
            // The most that any chain of these groups could promise.
            let promised = |group: &Group| told.request.num_retries.or(group.num_retries);
            let sum = topology.groups().iter().map(|group| promised(group).unwrap_or(2) + 1);
            let sum: u32 = sum.sum();
            let set = topology.groups().iter().any(|group| promised(group).is_some());
            let unless_set = if set { sum.max(6) } else { 6 };
            let most = scene.max_attempts.map_or(unless_set, |set| set.max(1));
            prop_assert!(legs.values().sum::<u32>() + relaxed.len() as u32 <= most);
        }
    }

    #[test]
    fn law_7_no_retry_before_its_hint_and_no_call_after_deadline_or_cancel(scene in scenes()) {
        for told in scene.play().history.requests {
            let mut not_before: BTreeMap<DeploymentId, Instant> = BTreeMap::new();
            for (at, event) in &told.events {
                match event {
                    Event::CallStarted { deployment, why, .. } => {
                        prop_assert!(*at < told.request.deadline);
                        prop_assert!(told.left.is_none_or(|left| *at <= left));
                        // Neither repeats what the provider had read.
                        let anew = matches!(why, Why::Redo | Why::Relaxed);
                        let earliest = not_before.get(deployment).filter(|_| !anew);
                        prop_assert!(earliest.is_none_or(|earliest| at >= earliest));
                    }
                    Event::CallEnded { call, end: CallEnd::Fault(fault), .. } => {
                        let hint = fault.hint.unwrap_or_default().min(Duration::from_secs(300));
                        not_before.insert(told.calls[call].call.deployment, *at + hint);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn law_9_legs_in_order_each_once_every_skip_with_its_reason(scene in scenes()) {
        let topology = scene.topology();
        for told in scene.play().history.requests {
            let mut at = LegIndex::FIRST;
            let mut groups = vec![(at, told.request.group)];
            for call in told.calls.values() {
                prop_assert!(call.call.leg >= at, "back to an earlier leg");
                if call.call.leg > at {
                    at = call.call.leg;
                    let seen = groups.iter().any(|(_, group)| *group == call.call.group);
                    prop_assert!(!seen, "a group twice");
                    groups.push((at, call.call.group));
                }
                prop_assert_eq!(groups.last(), Some(&(at, call.call.group)));
            }
            // Between two legs that were called, or before the first, each was skipped for a reason.
            let reasons = skipped_legs(&told);
            for leg in 0..at.0 {
                let called = told.calls.values().any(|call| call.call.leg.0 == leg);
                prop_assert!(called || reasons.contains(&leg), "leg {} without a reason", leg);
            }
            let group = topology.group(told.request.group);
            if told.calls.is_empty() && told.left.is_none() && !told.is_late() {
                let named = reasons.contains(&0);
                prop_assert!(named || group.deployments.is_empty());
            }
        }
    }

    #[test]
    fn law_10_bad_request_on_the_first_leg_costs_one_attempt(scene in scenes()) {
        let mut scene = Scene { shares: false, ..scene };
        scene.groups[0].on.bad_request = false;
        let fault = Fault::new(FaultKind::BadRequest).with_status(422);
        for sibling in &mut scene.groups[0].siblings {
            *sibling = Behaviour::Dead(fault);
        }
        for told in scene.play().history.requests {
            let first = told.request.group == GroupId::new(0) && !told.calls.is_empty();
            let cut = told.left.is_some() || told.request.timeout.is_some();
            if first && !cut && told.request.deadline > told.verdicts[0].0 {
                prop_assert_eq!(told.calls.len(), 1);
                let Verdict::Failed(failure) = told.verdict() else { panic!("{told:?}") };
                prop_assert_eq!(failure.status, 422);
            }
        }
    }

    #[test]
    fn law_11_no_retry_after_a_first_token_timeout_while_another_could_serve(scene in scenes()) {
        let world = scene.play();
        for told in world.history.requests {
            let mut called: BTreeMap<DeploymentId, FaultKind> = BTreeMap::new();
            for (_, event) in &told.events {
                match event {
                    Event::CallEnded { call, end: CallEnd::Fault(fault), .. } => {
                        called.insert(told.calls[call].call.deployment, fault.kind);
                    }
                    Event::Waiting { deployment, kind: FaultKind::Timeout(Phase::FirstToken), .. } => {
                        let call = told.calls.values().find(|it| it.call.deployment == *deployment);
                        let group = call.expect("called before").call.group;
                        for sibling in &world.topology.group(group).deployments {
                            // No breaker of these scenes reopens between two events of one instant.
                            let untried = !called.contains_key(sibling);
                            let skipped = told.events.iter().any(|(_, event)| matches!(
                                event, Event::Skipped { deployment, .. } if deployment == sibling));
                            prop_assert!(!untried || skipped);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn law_18_a_healthy_first_leg_serves(scene in scenes()) {
        let mut scene = Scene { shares: false, ..scene };
        for sibling in &mut scene.groups[0].siblings {
            *sibling = Behaviour::Healthy;
        }
        for told in scene.play().history.requests {
            if told.request.group == GroupId::new(0) && patient(&told) {
                let served = told.served_by().map(|call| call.call.leg);
                prop_assert_eq!(served, Some(LegIndex::FIRST));
                prop_assert_eq!(told.calls.len(), 1);
            }
        }
    }

    #[test]
    fn law_19_a_leg_that_would_answer_does(scene in scenes()) {
        let mut scene = Scene { shares: false, ..scene };
        for sibling in scene.groups.iter_mut().flat_map(|group| &mut group.siblings) {
            // Faults that lead along the plain chain, and that no limit of a minute hides.
            if !leads_on(sibling) {
                *sibling = Behaviour::Dead(Fault::new(FaultKind::Overloaded));
            }
        }
        scene.max_attempts = Some(20);
        scene.max_fallbacks = 5;
        let last = scene.groups.len() - 1;
        for sibling in &mut scene.groups[last].siblings {
            *sibling = Behaviour::Healthy;
        }
        let topology = scene.topology();
        for told in scene.play().history.requests {
            let listed = topology.group(told.request.group).fallbacks.as_deref();
            let list = listed.or(topology.default_fallbacks()).unwrap_or_default();
            let reaches = list.contains(&GroupId::new(last as u32)) && !told.request.deny_fallback;
            // A silent plain call has no limit but `timeout`, which leaves no time.
            let time_left = told.request.class.stream || !told.is_late();
            let long = told.request.deadline - told.arrived >= LONG;
            if reaches && patient(&told) && long && time_left {
                let answered = matches!(told.verdict(), Verdict::Answered { .. });
                let broken = matches!(told.verdict(), Verdict::Broken(_));
                prop_assert!(answered || broken, "{:?}", told);
            }
        }
    }
}

const LONG: Duration = Duration::from_secs(600);

/// Calls that count as attempts: all but the free redoing of a stale connection.
fn attempts(told: &Told) -> Vec<(&CallTold, Why)> {
    let starts = told.events.iter().filter_map(|(_, event)| match event {
        Event::CallStarted { call, why, .. } if *why != Why::Redo => {
            Some((told.calls.get(call)?, *why))
        }
        _ => None,
    });
    starts.collect()
}

fn skipped_legs(told: &Told) -> Vec<u32> {
    let legs = told.events.iter().filter_map(|(_, event)| match event {
        Event::Skipped { leg, .. }
        | Event::PassedOver { leg, .. }
        | Event::Unable { leg, called: false, .. } => Some(leg.0),
        _ => None,
    });
    legs.collect()
}

fn leads_on(behaviour: &Behaviour) -> bool {
    match behaviour {
        Behaviour::Dead(fault) => {
            fault.kind.rule().next == NextLeg::Yes && !matches!(fault.kind, FaultKind::Soft(_))
        }
        Behaviour::Healthy
        | Behaviour::Flaky(_)
        | Behaviour::Silent
        | Behaviour::Limited { .. }
        | Behaviour::Breaks
        | Behaviour::Script(_)
        | Behaviour::Until(..) => true,
    }
}

/// Neither the client nor a limit of its own cuts the request.
fn patient(told: &Told) -> bool {
    told.left.is_none()
        && told.request.timeout.is_none()
        && told.request.deadline - told.arrived >= Duration::from_secs(5)
}

impl Told {
    fn is_late(&self) -> bool {
        self.verdicts[0].0 >= self.request.deadline
    }
}

#[test]
fn a_scene_is_not_trivial() {
    // Guards the laws above against scenes in which nothing happens.
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut calls, mut moves, mut retries, mut trips) = (0, 0, 0, 0);
    for _ in 0..60 {
        let scene: Scene = scenes().new_tree(&mut runner).expect("a scene").current();
        let world = scene.play();
        trips += world.history.transitions.iter().filter(|(_, it)| it.is_opening()).count();
        for told in &world.history.requests {
            calls += told.calls.len();
            moves += usize::from(told.calls.values().any(|call| call.call.leg != LegIndex::FIRST));
            retries += attempts(told).iter().filter(|(_, why)| *why == Why::Retry).count();
        }
    }
    assert!(
        calls > 400 && moves > 40 && retries > 40 && trips > 10,
        "{calls} {moves} {retries} {trips}"
    );
}
