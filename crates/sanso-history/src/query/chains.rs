//! The configured chains, found by what requests asked for and by who answered them.

use std::sync::Arc;

use sanso_watch::{Plan, PlannedChain, PlannedDeployment};

/// A plan to look things up in.
pub(super) struct Chains<'a> {
    pub(super) plan: &'a Plan,
}

impl Chains<'_> {
    /// The chain that requests went through: the one for their group and task, else the task's, else
    /// the group's own.
    pub(super) fn of(&self, model_group: &str, task: Option<&str>) -> Option<usize> {
        let of_group = |chain: &PlannedChain| &*chain.model_group == model_group;
        let of_task = |chain: &PlannedChain| task.is_some() && chain.task.as_deref() == task;
        let of_none = |chain: &PlannedChain| of_group(chain) && chain.task.is_none();
        let find = |is: &dyn Fn(&PlannedChain) -> bool| self.plan.chains.iter().position(is);
        find(&|chain| of_group(chain) && of_task(chain))
            .or_else(|| find(&of_task))
            .or_else(|| find(&of_none))
            .or_else(|| find(&of_group))
    }

    /// A chain's name where each has one of its own: its group, or its task where several chains begin
    /// with the same group.
    pub(super) fn name(&self, number: usize) -> &Arc<str> {
        let chain = &self.plan.chains[number];
        let same = |other: &&PlannedChain| other.model_group == chain.model_group;
        let shared = self.plan.chains.iter().filter(same).count() > 1;
        chain.task.as_ref().filter(|_| shared).unwrap_or(&chain.model_group)
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        (0..self.plan.chains.len()).find(|number| &**self.name(*number) == name)
    }

    /// The leg and place of a deployment in a chain. A leg that the plan no longer has under that
    /// name is looked for by its deployment.
    pub(super) fn place(
        &self,
        chain: usize,
        leg_group: &str,
        deployment: &str,
    ) -> Option<(usize, usize)> {
        let places = || {
            self.plan.chains[chain].legs.iter().enumerate().filter_map(|(number, leg)| {
                let is = |d: &PlannedDeployment| &*d.deployment == deployment;
                Some((number, leg.deployments.iter().position(is)?, &leg.model_group))
            })
        };
        let found = places().find(|(_, _, group)| ***group == *leg_group);
        found.or_else(|| places().next()).map(|(leg, place, _)| (leg, place))
    }
}
