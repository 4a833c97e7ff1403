//! What a gate lets through, and what moves it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sanso_core::*;

use super::cases;
use crate::provider::Behaviour;
use crate::rig::{Op, Rig, ops, policies};
use crate::scene::scenes;
use crate::world::{Told, World};

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn law_3_no_call_through_a_shut_gate(scene in scenes()) {
        let history = scene.play().history;
        for (request, call, before, shut) in &history.starts {
            let (why, probe) = how(&history.requests[*request], *call);
            if why == Why::Redo {
                continue; // On the permit that its first sending was given.
            }
            if why == Why::Forced {
                let by_outage = |gate: &Gate| [Gate::Breaker, Gate::Host].contains(gate);
                prop_assert!(shut.iter().all(by_outage), "forced past {:?}", shut);
                continue;
            }
            prop_assert_ne!(before.breaker, BreakerState::Open);
            prop_assert_eq!(probe, before.breaker == BreakerState::HalfOpen);
            let in_line = has_waited(&history.requests[*request], *call);
            let shut: Vec<_> =
                shut.iter().filter(|gate| !(in_line && **gate == Gate::Quota)).collect();
            prop_assert!(shut.is_empty(), "{:?}", shut);
        }
    }

    #[test]
    fn law_5_bounded_time_and_one_request_always_lead_on(
        policy in policies(), ops in ops(), seed: u64,
    ) {
        let mut rig = Rig::new(policy, seed);
        for op in ops {
            rig.step(op);
        }
        // Whatever is held and never resolved: a lease, an open time, and a call is let through.
        rig.pass(rig.patience());
        prop_assert!(rig.acquire().is_ok());
    }

    #[test]
    fn law_5_every_permit_resolved_once(policy in policies(), ops in ops(), seed: u64) {
        let mut rig = Rig::new(policy, seed);
        for op in ops {
            rig.step(op);
            prop_assert_eq!(rig.view().in_flight as usize, rig.permits.len() + rig.tails.len());
        }
        drop((std::mem::take(&mut rig.permits), std::mem::take(&mut rig.tails)));
        prop_assert_eq!(rig.view().in_flight, 0);
    }

    #[test]
    fn law_6_old_epoch_results_change_nothing(
        policy in policies(), before in ops(), ends in ops(), after in ops(), seed: u64,
    ) {
        let policy = BreakerPolicy { enabled: true, ..policy };
        let (mut one, mut other) = (Rig::new(policy.clone(), seed), Rig::new(policy, seed));
        for rig in [&mut one, &mut other] {
            for op in &before {
                rig.step(*op);
            }
            rig.trip();
        }
        // In one of them all that was granted before the opening now ends, in any way.
        for op in ends.into_iter().filter(|op| !matches!(op, Op::Pass(_) | Op::Acquire { .. })) {
            one.step(op);
        }
        let _held = (std::mem::take(&mut one.permits), std::mem::take(&mut one.tails));
        let _held = (std::mem::take(&mut other.permits), std::mem::take(&mut other.tails));
        for rig in [&mut one, &mut other] {
            rig.entry.class.stream = false; // Usual times may have been learned meanwhile.
            rig.news.breaker.clear();
        }
        for op in after {
            prop_assert_eq!(one.step(op), other.step(op));
            prop_assert_eq!(one.state(), other.state());
            prop_assert_eq!(&one.news, &other.news);
        }
    }

    #[test]
    fn law_12_caller_errors_and_429_never_move_a_breaker(scene in scenes()) {
        // Streams that break are carried on by others.
        let mut scene = scene;
        let mut breaks = vec![];
        for behaviour in scene.groups.iter_mut().flat_map(|group| &mut group.siblings) {
            let to_breaker = |fault: &Fault| matches!(
                fault.kind.rule().gate, GateRule::Breaker(_) | GateRule::BreakerAndHost);
            match behaviour {
                Behaviour::Dead(fault) if !to_breaker(fault) => {}
                Behaviour::Limited { .. } | Behaviour::Healthy | Behaviour::Breaks => {}
                _ => *behaviour = Behaviour::Healthy,
            }
            breaks.push(matches!(behaviour, Behaviour::Breaks));
        }
        // Callers leave, and set limits of their own, as the scene has it.
        let history = scene.play().history;
        let moved = history.transitions.iter().find(|(id, _)| !breaks[id.index()]);
        prop_assert_eq!(moved, None);
    }

    #[test]
    fn law_12_limits_of_callers_never_move_who_carries_on(scene in scenes()) {
        let scene = scene.carried_on_in_haste();
        let last = scene.groups.len() - 1;
        let history = scene.play().history;
        let moved = history.transitions.iter().find(|(id, _)| id.index() == last);
        prop_assert_eq!(moved, None);
    }

    #[test]
    fn law_13_one_deployments_faults_never_shut_another(scene in scenes()) {
        let world = scene.play();
        let history = &world.history;
        skips_have_a_cause(&world)?;
        let mut faulty: BTreeMap<DeploymentId, bool> = BTreeMap::new();
        for told in &history.requests {
            for (_, event) in &told.events {
                if let Event::CallEnded { call, end, .. } = event
                    && *end != CallEnd::Finished
                {
                    faulty.insert(told.calls[call].call.deployment, true);
                }
            }
            for call in told.calls.values().filter(|call| call.over.is_none()) {
                faulty.insert(call.call.deployment, true);
            }
        }
        for (deployment, change) in &history.transitions {
            // An overdue call is a fault while it runs on.
            let ran_long = history.requests.iter().flat_map(|told| told.calls.values()).any(|call| {
                let over = call.over.map_or(Duration::MAX, |(at, _)| at - call.started);
                call.call.deployment == *deployment && over >= Duration::from_secs(3)
            });
            prop_assert!(faulty.contains_key(deployment) || ran_long, "{:?}", change);
        }
        for (_, _, before, _) in &history.starts {
            prop_assert!(before.in_flight <= 200);
        }
    }

    #[test]
    fn law_23_time_that_steps_back_changes_nothing(
        policy in policies(),
        ops in ops(),
        seed: u64,
        back in prop::collection::vec(0..5_000_u64, 1000),
    ) {
        let (mut steady, mut shaky) = (Rig::new(policy.clone(), seed), Rig::new(policy, seed));
        for (op, back) in ops.into_iter().zip(back) {
            // Both have heard of this moment; one is then told of an earlier one.
            shaky.now = steady.now;
            steady.hear();
            shaky.hear();
            if !matches!(op, Op::Pass(_)) {
                let back = shaky.now - Instant::ORIGIN - Duration::from_millis(back);
                shaky.now = Instant::from_origin(back);
            }
            prop_assert_eq!(steady.step(op), shaky.step(op));
            prop_assert_eq!(&steady.news, &shaky.news);
            prop_assert_eq!(steady.view(), shaky.view());
        }
    }

    #[test]
    fn law_24_a_reload_keeps_what_is_unchanged(scene in scenes(), added in any::<bool>()) {
        let world = scene.play();
        let mut deployments = world.topology.deployments().to_vec();
        let mut groups = world.topology.groups().to_vec();
        let moved = DeploymentId::new(deployments.len() as u32 - 1);
        if added {
            deployments.push(Deployment::new("new"));
            groups[0].deployments.push(DeploymentId::new(deployments.len() as u32 - 1));
        } else {
            deployments[0].key = "renamed".into();
        }
        let renewed = world.gates.renewed(&Topology::new(groups, deployments, None, Rules::default()));
        let (view, now) = (|gates: &Gates, id| gates.view(id, world.now), world.now);
        for id in (0..=moved.index() as u32).map(DeploymentId::new) {
            if added || id.index() > 0 {
                prop_assert_eq!(view(&world.gates, id), view(&renewed, id));
                let class = Class { stream: true, thinks: false };
                prop_assert_eq!(world.gates.usual(id, class), renewed.usual(id, class));
                prop_assert_eq!(world.gates.admits(id, now), renewed.admits(id, now));
            } else {
                prop_assert_eq!(view(&renewed, id).breaker, BreakerState::Closed);
                prop_assert_eq!(renewed.usual(id, Class { stream: true, thinks: false }), None);
            }
        }
    }
}

/// Whoever was passed over because of a key, a model or a host: one that shares it had the fault.
fn skips_have_a_cause(world: &World) -> Result<(), TestCaseError> {
    let mut faults: Vec<(DeploymentId, FaultKind)> = Vec::new();
    for told in &world.history.requests {
        for (_, event) in &told.events {
            if let Event::CallEnded { call, end: CallEnd::Fault(fault), .. } = event {
                faults.push((told.calls[call].call.deployment, fault.kind));
            }
        }
    }
    let of = |id: DeploymentId| world.topology.deployment(id);
    let had = |other: &dyn Fn(DeploymentId) -> bool, kinds: &[FaultKind]| {
        faults.iter().any(|(id, kind)| other(*id) && kinds.contains(kind))
    };
    for (_, event) in world.history.requests.iter().flat_map(|told| &told.events) {
        let Event::Skipped { deployment: id, refusal, .. } = event else { continue };
        let has_cause = match refusal.gate {
            Gate::Credential => had(
                &|other| of(other).credential == of(*id).credential,
                &[FaultKind::Authentication, FaultKind::QuotaExhausted],
            ),
            Gate::Model => had(&|other| other == *id, &[FaultKind::NotFound]),
            Gate::Host => had(
                &|other| of(other).host == of(*id).host,
                &[
                    FaultKind::Timeout(Phase::Connect),
                    FaultKind::Connection(ConnectionFault::Establish),
                ],
            ),
            Gate::Quota
            | Gate::Breaker
            | Gate::SlowStart
            | Gate::Budget
            | Gate::RetryCap
            | Gate::Inflow => true,
        };
        prop_assert!(has_cause, "{:?}", refusal);
    }
    Ok(())
}

/// Whether its request stood in the line before the deployment's quota gate.
fn has_waited(told: &Told, call: CallId) -> bool {
    let called = told.calls[&call].call.deployment;
    told.events.iter().any(
        |(_, event)| matches!(event, Event::Waiting { deployment, .. } if *deployment == called),
    )
}

fn how(told: &Told, number: CallId) -> (Why, bool) {
    let start = told.events.iter().find_map(|(_, event)| match event {
        Event::CallStarted { call, why, probe, .. } if *call == number => Some((*why, *probe)),
        _ => None,
    });
    start.expect("each call has its event")
}
