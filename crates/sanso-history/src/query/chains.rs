//! The configured chains, found by what requests asked for and by who answered them.

use std::sync::Arc;

use sanso_watch::Plan;

use crate::tally::Asked;

/// A plan to look things up in.
pub(super) struct Chains<'a> {
    pub(super) plan: &'a Plan,
}

impl Chains<'_> {
    /// The chain that requests went through: the one for their group and task, else the group's own.
    pub(super) fn of(&self, asked: &Asked) -> Option<usize> {
        let chains = || self.plan.chains.iter().enumerate();
        let both = chains()
            .find(|(_, chain)| chain.model_group == asked.model_group && chain.task == asked.task);
        let of_task = || chains().find(|(_, c)| asked.task.is_some() && c.task == asked.task);
        let of_group = || {
            let mut of_group = chains().filter(|(_, c)| c.model_group == asked.model_group);
            of_group.clone().find(|(_, chain)| chain.task.is_none()).or_else(|| of_group.next())
        };
        both.or_else(of_task).or_else(of_group).map(|(number, _)| number)
    }

    /// A chain's name where each has one of its own: its group, or its task where several chains begin
    /// with the same group.
    pub(super) fn name(&self, number: usize) -> &Arc<str> {
        let chain = &self.plan.chains[number];
        let same = |other: &&sanso_watch::PlannedChain| other.model_group == chain.model_group;
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
        leg_group: Option<&Arc<str>>,
        deployment: &str,
    ) -> Option<(usize, usize)> {
        let places = || {
            self.plan.chains[chain].legs.iter().enumerate().filter_map(|(number, leg)| {
                let is = |d: &sanso_watch::PlannedDeployment| &*d.deployment == deployment;
                Some((number, leg.deployments.iter().position(is)?, &leg.model_group))
            })
        };
        let found = places().find(|(_, _, group)| Some(*group) == leg_group);
        found.or_else(|| places().next()).map(|(leg, place, _)| (leg, place))
    }
}
