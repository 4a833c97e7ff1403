//! The names of a [`Plan`] as small numbers, so that counting one request costs a few look-ups and
//! unknown names cost nothing.

use std::collections::HashMap;
use std::sync::Arc;

use crate::event::Finished;
use crate::figures::counts::Sparse;
use crate::plan::{Plan, PlannedChain, PlannedDeployment};

/// A plan, with everything in it found by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) plan: Plan,
    /// Every deployment once, in the order in which the plan names them.
    pub(crate) deployments: Vec<PlannedDeployment>,
    by_id: HashMap<Arc<str>, usize>,
    by_group: HashMap<Arc<str>, Vec<usize>>,
    by_task: HashMap<Arc<str>, Vec<usize>>,
    /// Per chain, the places of its deployments: leg by leg.
    pub(crate) slots: Vec<Vec<Slot>>,
}

/// The place of a deployment in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) leg: usize,
    pub(crate) group: Arc<str>,
    pub(crate) deployment: usize,
}

impl Index {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut index = Self::default();
        for (number, chain) in plan.chains.iter().enumerate() {
            index.by_group.entry(Arc::clone(&chain.model_group)).or_default().push(number);
            if let Some(task) = &chain.task {
                index.by_task.entry(Arc::clone(task)).or_default().push(number);
            }
            let mut slots = Vec::new();
            for (leg, planned) in chain.legs.iter().enumerate() {
                for deployment in &planned.deployments {
                    let group = Arc::clone(&planned.model_group);
                    slots.push(Slot { leg, group, deployment: index.number(deployment) });
                }
            }
            index.slots.push(slots);
        }
        index.plan = plan;
        index
    }

    fn number(&mut self, deployment: &PlannedDeployment) -> usize {
        if let Some(number) = self.by_id.get(&deployment.deployment) {
            return *number;
        }
        let number = self.deployments.len();
        self.by_id.insert(Arc::clone(&deployment.deployment), number);
        self.deployments.push(deployment.clone());
        number
    }

    pub(crate) fn deployment(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The chain that a request went through: its task's, else its group's own.
    pub(crate) fn chain_of(&self, request: &Finished) -> Option<usize> {
        self.chain(&request.model_group, request.task.as_deref())
    }

    pub(crate) fn chain(&self, group: &str, task: Option<&str>) -> Option<usize> {
        let of_group = self.by_group.get(group).map_or(&[][..], Vec::as_slice);
        let of_task = task.and_then(|task| self.by_task.get(task)).map_or(&[][..], Vec::as_slice);
        let both = of_group.iter().find(|chain| of_task.contains(chain));
        let no_ones = || of_group.iter().find(|chain| self.plan.chains[**chain].task.is_none());
        both.or_else(|| of_task.first()).or_else(no_ones).or_else(|| of_group.first()).copied()
    }

    /// The place in `chain` of a deployment that answered for a leg of `group`.
    pub(crate) fn slot(
        &self,
        chain: usize,
        deployment: usize,
        group: Option<&str>,
    ) -> Option<usize> {
        let slots = &self.slots[chain];
        let of_leg = slots
            .iter()
            .position(|slot| slot.deployment == deployment && Some(&*slot.group) == group);
        of_leg.or_else(|| slots.iter().position(|slot| slot.deployment == deployment))
    }

    /// A chain's name where each has one of its own: its group, or its task where several chains
    /// begin with the same group.
    pub(crate) fn name(&self, chain: usize) -> &Arc<str> {
        let PlannedChain { model_group, task, .. } = &self.plan.chains[chain];
        let shared = self.by_group.get(model_group).is_some_and(|chains| chains.len() > 1);
        task.as_ref().filter(|_| shared).unwrap_or(model_group)
    }

    /// The number of a chain's leg of a group, as the plan lists it. A group that it does not list is
    /// of an older plan: then it is the first.
    pub(crate) fn leg_of(&self, chain: usize, group: &str) -> usize {
        let legs = &self.plan.chains[chain].legs;
        legs.iter().position(|leg| *leg.model_group == *group).unwrap_or(0)
    }

    /// The deployments of a chain's leg, by its number in the plan.
    pub(crate) fn leg(&self, chain: usize, leg: usize) -> impl Iterator<Item = usize> + '_ {
        self.slots[chain].iter().filter(move |slot| slot.leg == leg).map(|slot| slot.deployment)
    }

    /// Who answered a chain's requests for a leg that was not their first, most often.
    pub(crate) fn served_instead(
        &self,
        chain: usize,
        instead: &Sparse,
    ) -> Option<&PlannedDeployment> {
        let slot = instead.most()?;
        Some(&self.deployments[self.slots[chain][slot].deployment])
    }

    /// The chain that suffers most directly when `deployment` does: one that it leads, else any.
    pub(crate) fn chain_with(&self, deployment: usize) -> Option<usize> {
        let leads = |chain: &usize| self.leg(*chain, 0).any(|first| first == deployment);
        let has = |chain: &usize| self.slots[*chain].iter().any(|s| s.deployment == deployment);
        let mut chains = 0..self.slots.len();
        chains.clone().find(leads).or_else(|| chains.find(has))
    }

    /// The names that deployments have in one way or another, each once, in the plan's order.
    pub(crate) fn distinct<'a>(
        &'a self,
        name: impl Fn(&'a PlannedDeployment) -> &'a Arc<str>,
    ) -> Vec<&'a Arc<str>> {
        let mut names: Vec<&Arc<str>> = Vec::new();
        for deployment in &self.deployments {
            if !names.contains(&name(deployment)) {
                names.push(name(deployment));
            }
        }
        names
    }

    /// The numbers of the deployments that `is` holds for.
    pub(crate) fn which(
        &self,
        is: impl Fn(&PlannedDeployment) -> bool,
    ) -> impl Iterator<Item = usize> {
        self.deployments.iter().enumerate().filter(move |(_, d)| is(d)).map(|(number, _)| number)
    }
}
