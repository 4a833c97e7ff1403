//! What gates have to do with an order: nothing among groups, everything among siblings.

use std::sync::Arc;

use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use super::PLAIN;
use crate::laws::cases;

/// A task over groups of such sizes; the numbers of deployments run through.
fn topology(sizes: &[usize]) -> Topology {
    let mut number = 0..;
    let mut groups: Vec<Group> = sizes
        .iter()
        .map(|size| Group {
            deployments: number.by_ref().take(*size).map(DeploymentId::new).collect(),
            ..Group::default()
        })
        .collect();
    let legs: Arc<[GroupId]> = (0..sizes.len() as u32).map(GroupId::new).collect();
    groups.push(Group { legs, ..Group::default() });
    let count = sizes.iter().sum::<usize>();
    let deployments = (0..count).map(|id| Deployment::new(id.to_string())).collect();
    Topology::new(groups, deployments, None, Rules::default())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_shut_deployment_is_called_after_its_siblings_and_no_group_moves_for_its_gates(
        sizes in proptest::collection::vec(1..4_usize, 1..5),
        is_shut in proptest::collection::vec(any::<bool>(), 16),
        by in 0..4_usize,
        figures in proptest::collection::vec(proptest::option::of(0.1..100.0_f64), 5),
        deny in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let topology = Arc::new(topology(&sizes));
        let gates = Gates::new(&topology);
        let mut rng = Rng::from_seed(seed);
        let now = Instant::ORIGIN + Duration::from_secs(9);
        let is_shut = |id: DeploymentId| is_shut[id.index()];
        for index in 0..sizes.iter().sum::<usize>() as u32 {
            if is_shut(DeploymentId::new(index)) {
                gates.force(DeploymentId::new(index), Forced::Open, now, &mut rng, &mut News::default());
            }
        }
        let figures = &figures[..sizes.len()];
        let paces: Vec<Option<Pace>> = figures
            .iter()
            .map(|it| Some(Pace { until: Duration::from_secs_f64((*it)?), answered: 1.0, tokens_per_s: 0.0 }))
            .collect();
        let scores: Vec<Option<Score>> =
            figures.iter().map(|it| Some(Score { given: (*it)?, lost: 0.0 })).collect();
        let heard = vec![Some(now); sizes.len()];
        let figures = match by {
            0 => Figures::Listed,
            1 => Figures::Quality(&scores),
            2 => Figures::Cost(figures),
            _ => Figures::Latency(&paces, &heard),
        };
        let order = TaskMemory::new(sizes.len()).order(figures, PLAIN, now, &mut rng, |_| true);
        let legs: Arc<[GroupId]> =
            order.places.iter().map(|place| GroupId::new(*place as u32)).collect();
        let mut request =
            Request::new(GroupId::new(sizes.len() as u32), PLAIN, now + Duration::from_secs(60));
        request.legs = legs.clone();
        request.deny_fallback = deny;
        let mut chain = Chain::new(topology.clone(), request, &mut rng);
        let called = match chain.poll(now, &gates, &mut rng) {
            Step::Start(call) => Some((call.group, call.deployment)),
            Step::Commit(_) | Step::Cancel(_) | Step::Wait(_) | Step::Done(_) => None,
        };
        // The first group along the strategy's own order that has someone who admits; with `deny`
        // the first group alone.
        let may_serve = if deny { &legs[..1] } else { &legs[..] };
        let admits = |group: &&GroupId| {
            topology.group(**group).deployments.iter().any(|id| !is_shut(*id))
        };
        match may_serve.iter().find(admits) {
            Some(group) => {
                let (went_to, deployment) = called.expect("someone admits");
                prop_assert_eq!(went_to, *group);
                prop_assert!(!is_shut(deployment), "a shut one before a sibling that admits");
            }
            // The last resort may call one past its breaker, of a group that may serve.
            None => prop_assert!(called.is_none_or(|(group, _)| may_serve.contains(&group))),
        }
    }
}

fn figure_of(weights: &[(u32, f64, Option<f64>)], unknown: Unknown) -> Option<f64> {
    let deployments = weights.iter().map(|(order, weight, _)| Deployment {
        order: *order,
        weight: *weight,
        ..Deployment::new("x")
    });
    let ids = (0..weights.len() as u32).map(DeploymentId::new).collect();
    let group = Group { deployments: ids, ..Group::default() };
    let topology = Topology::new(vec![group], deployments.collect(), None, Rules::default());
    of_group(&topology, GroupId::new(0), unknown, |id| weights[id.index()].2)
}

#[test]
fn a_groups_figure_is_that_of_its_next_call() {
    use Unknown::{IsPassedOver, Spreads};
    assert_eq!(figure_of(&[(0, 0.0, Some(1.0)), (0, 0.0, Some(3.0))], Spreads), Some(2.0));
    assert_eq!(figure_of(&[(0, 3.0, Some(1.0)), (0, 1.0, Some(3.0))], Spreads), Some(1.5));
    // Without a weight, where others have one, and in a later order, no one is called first.
    assert_eq!(figure_of(&[(0, 3.0, Some(1.0)), (0, 0.0, None)], Spreads), Some(1.0));
    assert_eq!(figure_of(&[(1, 1.0, None), (0, 0.0, Some(3.0))], Spreads), Some(3.0));
    let half = [(0, 0.0, Some(1.0)), (0, 0.0, None)];
    assert_eq!((figure_of(&half, Spreads), figure_of(&half, IsPassedOver)), (None, Some(1.0)));
    assert_eq!(figure_of(&[(0, 0.0, None)], IsPassedOver), None);
    assert_eq!(figure_of(&[], Spreads), None);
    assert_eq!(figure_of(&[(0, f64::NAN, Some(1.0))], Spreads), Some(1.0));
    assert_eq!(figure_of(&[(0, 1.0, Some(f64::INFINITY))], Spreads), None);
}
