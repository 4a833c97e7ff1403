//! The figure of a group.

use crate::route::{DeploymentId, GroupId, Topology};

/// What becomes of a group of which some deployments have no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It has none either: who may be called next may be the one that is unknown.
    Spreads,
    /// Its figure is that of the others.
    IsPassedOver,
}

/// The figure of a group's next call, as far as that is known: those of its deployments, by their
/// shares of its calls. Of several `order`s the lowest counts, for the others are called only where it
/// fails. Gates are not asked.
pub fn of_group(
    topology: &Topology,
    group: GroupId,
    unknown: Unknown,
    figure: impl Fn(DeploymentId) -> Option<f64>,
) -> Option<f64> {
    let members = &topology.group(group).deployments;
    let order = |id: &DeploymentId| topology.deployment(*id).order;
    let lowest = members.iter().map(order).min()?;
    let first = members.iter().filter(|id| order(id) == lowest);
    let weight = |id: &DeploymentId| {
        let weight = topology.deployment(*id).weight;
        if weight.is_finite() && weight > 0.0 { weight } else { 0.0 }
    };
    // As in the shuffle: without any weight all are alike.
    let is_even = first.clone().all(|id| weight(id) == 0.0);
    let (mut sum, mut shares) = (0.0, 0.0);
    for id in first {
        let share = if is_even { 1.0 } else { weight(id) };
        if share == 0.0 {
            continue;
        }
        match figure(*id) {
            Some(figure) => {
                sum += figure * share;
                shares += share;
            }
            None if unknown == Unknown::Spreads => return None,
            None => {}
        }
    }
    Some(sum / shares).filter(|mean| mean.is_finite())
}
