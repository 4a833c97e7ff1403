//! The order of the siblings within one leg.

use super::{DeploymentId, GroupId, Topology};
use crate::rng::Rng;

/// LiteLLM's `simple-shuffle`: lower `order` first; within one order a weighted draw without
/// replacement. Where some have a weight, those without one are drawn last.
///
/// Shut siblings need no rank of their own: asking them in this order passes over them.
pub(crate) fn rank(topology: &Topology, group: GroupId, rng: &mut Rng) -> Vec<DeploymentId> {
    let listed = &topology.group(group).deployments;
    if let [only] = listed[..] {
        return vec![only];
    }
    let mut rest = listed.clone();
    rest.sort_by_key(|id| topology.deployment(*id).order);
    let mut ranked = Vec::with_capacity(rest.len());
    while let Some(first) = rest.first() {
        let order = topology.deployment(*first).order;
        let tied = rest.iter().take_while(|id| topology.deployment(**id).order == order);
        let weights: Vec<f64> = tied.map(|id| topology.deployment(*id).weight).collect();
        let drawn = rng.weighted(&weights).unwrap_or_default();
        ranked.push(rest.remove(drawn));
    }
    ranked
}
