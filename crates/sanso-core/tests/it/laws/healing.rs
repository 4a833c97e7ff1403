//! That everything comes back, and that the same seed tells the same story.

use proptest::prelude::*;
use sanso_core::*;

use super::cases;
use crate::provider::Behaviour;
use crate::scene::{scenes, scenes_that_heal};

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn law_26_same_seed_same_trace(scene in scenes()) {
        let (one, other) = (scene.play().history, scene.play().history);
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn law_27_once_faults_stop_every_breaker_that_is_asked_closes(scene in scenes_that_heal()) {
        let mut scene = scene;
        scene.groups.iter_mut().flat_map(|group| &mut group.siblings).for_each(unname);
        let mut world = scene.play();
        // Faults stop after a minute; what was called before may run for ten more. Then ten minutes
        // of requests, two a second to each group: a refused key is asked again after five.
        let s = Duration::from_secs;
        let healed = world.now.max(Instant::ORIGIN + s(660));
        let groups = scene.groups.len() as u32;
        let class = Class { stream: true, thinks: false };
        let mut at = healed;
        let mut last = vec![];
        while at < healed + s(600) {
            for group in 0..groups {
                let number = world.send(at, Request::new(GroupId::new(group), class, at + s(60)), None);
                if at >= healed + s(560) {
                    last.push(number);
                }
            }
            at = at + Duration::from_millis(500);
        }
        world.run();
        for number in last {
            let told = &world.history.requests[number];
            prop_assert_eq!(told.calls.len(), 1);
            prop_assert_eq!(told.served_by().map(|call| call.call.leg), Some(LegIndex::FIRST));
        }
        for id in (0..world.topology.deployments().len() as u32).map(DeploymentId::new) {
            prop_assert_eq!(world.gates.view(id, world.now).breaker, BreakerState::Closed);
        }
    }
}

/// A spent quota that names its end stays spent until then, whether faults stop or not.
fn unname(behaviour: &mut Behaviour) {
    match behaviour {
        Behaviour::Dead(fault) if fault.kind == FaultKind::QuotaExhausted => fault.hint = None,
        Behaviour::Until(_, before, _) => unname(before),
        _ => {}
    }
}
