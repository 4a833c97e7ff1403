//! What a deployment is not asked, because it cannot do it.

use proptest::prelude::*;
use sanso_core::*;

use super::cases;
use crate::provider::Behaviour;
use crate::scene::{Scene, scenes};
use crate::world::Told;

fn lack(topology: &Topology, request: &Request, id: DeploymentId) -> Option<Lack> {
    topology.deployment(id).capabilities.lack(request.needs, request.prompt_tokens)
}

/// Those of a leg that were passed over for what they cannot do.
fn passed_over(told: &Told, leg: LegIndex) -> Vec<DeploymentId> {
    let events = told.events.iter().filter_map(|(_, event)| match event {
        Event::Unable { leg: at, deployment, called: false, .. } if *at == leg => Some(*deployment),
        _ => None,
    });
    events.collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn law_9_who_cannot_serve_is_passed_over_once_with_the_reason(scene in scenes()) {
        let scene = Scene { picky: true, ..scene };
        let topology = scene.topology();
        for told in scene.play().history.requests {
            for call in told.calls.values() {
                let lack = lack(&topology, &told.request, call.call.deployment);
                prop_assert_eq!(lack, None, "called in spite of what it lacks");
                let siblings = &topology.group(call.call.group).deployments;
                let over = passed_over(&told, call.call.leg);
                for sibling in siblings {
                    let unable = self::lack(&topology, &told.request, *sibling).is_some();
                    let named = over.iter().filter(|id| *id == sibling).count();
                    // After a break one thing more is needed.
                    let most = usize::from(unable || told.request.continues);
                    prop_assert!((usize::from(unable)..=most).contains(&named));
                }
            }
        }
    }

    #[test]
    fn law_18_a_healthy_first_leg_serves_unless_it_cannot_do_what_is_asked(scene in scenes()) {
        let mut scene = Scene { shares: false, picky: true, ..scene };
        for sibling in &mut scene.groups[0].siblings {
            *sibling = Behaviour::Healthy;
        }
        let topology = scene.topology();
        for told in scene.play().history.requests {
            let group = told.request.group;
            let cut = told.left.is_some() || told.request.timeout.is_some();
            let late = told.request.deadline <= told.arrived + Duration::from_secs(1);
            if group != GroupId::new(0) || cut || late {
                continue;
            }
            let siblings = &topology.group(group).deployments;
            let able = siblings.iter().any(|id| lack(&topology, &told.request, *id).is_none());
            let by = told.served_by().map(|call| call.call.leg);
            match able {
                true => prop_assert_eq!(by, Some(LegIndex::FIRST)),
                false => prop_assert_eq!(passed_over(&told, LegIndex::FIRST).len(), siblings.len()),
            }
        }
    }

    #[test]
    fn law_20_where_nobody_is_able_the_caller_is_told_and_no_one_is_called(scene in scenes()) {
        let scene = Scene { picky: true, ..scene };
        let topology = scene.topology();
        for told in scene.play().history.requests {
            let Verdict::Failed(failure) = told.verdict() else { continue };
            let siblings = &topology.group(told.request.group).deployments;
            let FailureCause::Unable(unable) = &failure.cause else { continue };
            prop_assert_eq!((failure.status, failure.retry_after), (400, None));
            prop_assert!(told.calls.is_empty());
            prop_assert!(siblings.iter().all(|id| unable.iter().any(|(of, _)| of == id)));
            for (id, said) in unable {
                prop_assert_eq!(lack(&topology, &told.request, *id), Some(*said));
            }
        }
    }
}
