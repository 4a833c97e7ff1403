//! The order of a task's groups before anything is measured, as far as the file alone tells.

use sanso_core::{
    Class, DeploymentId, Figures, GroupId, Score, TaskMemory, Tokens, Unknown, of_group,
};

use super::{OUTPUT_UNKNOWN, each};
use crate::config::{self, Config, GroupIndex, Strategy, Task};
use crate::snapshot::{Snapshot, topology};

/// Prices are compared for this where no request is at hand: the prompt that `sanso explain` takes, and
/// the answer of a task that has had none.
pub(crate) const TYPICAL: Tokens =
    Tokens { input: 1000.0, cached: 0.0, cache_write: 0.0, output: OUTPUT_UNKNOWN };

/// Of scores and prices no class of calls differs.
const CLASS: Class = Class { stream: false, thinks: false };

/// Best first; `None` where measured times alone decide.
pub(crate) fn unmeasured_order(config: &Config, task: &Task) -> Option<Vec<GroupIndex>> {
    let topology = topology(config);
    let listed = &topology.group(Snapshot::group_of(task)).legs;
    let mean = |group: GroupId, figure: &dyn Fn(&config::Deployment) -> Option<f64>| {
        let of = |id: DeploymentId| figure(&config.deployments[id.index()]);
        of_group(&topology, group, Unknown::Spreads, of)
    };
    let settled = |figures| TaskMemory::new(listed.len()).settled(figures, CLASS);
    let places = match task.strategy {
        Strategy::Order => settled(Figures::Listed),
        Strategy::Quality => {
            let given = |group| mean(group, &|it| it.quality);
            let score = |group| Some(Score { given: given(group)?, lost: 0.0 });
            settled(Figures::Quality(&each(listed, score)))
        }
        Strategy::Cost => {
            let cost = |group| mean(group, &|it| it.price?.of(TYPICAL));
            settled(Figures::Cost(&each(listed, cost)))
        }
        Strategy::Latency => return None,
    };
    Some(places.iter().filter_map(|place| task.legs.get(*place).copied()).collect())
}
