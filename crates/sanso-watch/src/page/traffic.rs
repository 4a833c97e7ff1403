//! The `tick` of `GET /admin/events`: what came since the one before. A thousand requests a second are
//! still one tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::overview::Totals;
use crate::figures::Bucket;
use crate::index::Index;
use crate::kind::Kind;
use crate::live::Live;
use crate::millis::Millis;

/// Counts since the last time, and what is in flight now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// When it was made.
    pub at: Millis,
    /// By the chain's name.
    pub model_groups: BTreeMap<Arc<str>, GroupTraffic>,
    /// By id.
    pub deployments: BTreeMap<Arc<str>, DeploymentTraffic>,
}

/// The requests of one chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupTraffic {
    /// By how they were answered.
    #[serde(flatten)]
    pub totals: Totals,
    /// By leg and deployment: how many it answered.
    pub served: Vec<Vec<u32>>,
}

/// The attempts of one deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DeploymentTraffic {
    /// How many.
    pub attempts: u32,
    /// How they failed.
    pub faults: BTreeMap<Kind, u32>,
    /// Calls that have not ended.
    pub in_flight: u32,
}

pub(crate) fn traffic(index: &Index, came: &Bucket, live: Live<'_>, at: Millis) -> Traffic {
    let group = |(number, slots): (usize, &Vec<crate::index::Slot>)| {
        let counts = came.chain(number);
        let legs = 0..index.plan.chains[number].legs.len();
        let of_leg = |leg: usize| {
            let own = slots.iter().enumerate().filter(move |(_, slot)| slot.leg == leg);
            own.map(|(place, _)| counts.served.get(place)).collect()
        };
        let mut totals = Totals::default();
        totals.add(&counts);
        (
            Arc::clone(index.name(number)),
            GroupTraffic { totals, served: legs.map(of_leg).collect() },
        )
    };
    let deployment = |(number, planned): (usize, &crate::PlannedDeployment)| {
        let counts = came.deployment(number);
        let faults = Kind::ALL.into_iter().map(|kind| (kind, counts.kind(kind)));
        let of = DeploymentTraffic {
            attempts: counts.attempts,
            faults: faults.filter(|(_, count)| *count > 0).collect(),
            in_flight: live.of(&planned.deployment).map_or(0, |live| live.in_flight),
        };
        (Arc::clone(&planned.deployment), of)
    };
    Traffic {
        at,
        model_groups: index.slots.iter().enumerate().map(group).collect(),
        deployments: index.deployments.iter().enumerate().map(deployment).collect(),
    }
}
