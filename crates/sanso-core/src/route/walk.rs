//! Finding the next leg: the walk through the lists of fallbacks, or through the legs of a task.

use std::borrow::Cow;
use std::sync::Arc;

use super::{FallbackOn, GroupId, Topology};
use crate::rule::NextLeg;

/// Where a request is in its chain. Cheap to clone: looking ahead is walking a copy.
///
/// A leg that ends opens its own group's list for the kind of its last fault. When that is spent or
/// absent, the walk goes on with what is left of the list that it came from. No group comes twice,
/// so a cycle in the configuration is harmless.
///
/// A task's legs are one such list, and the only plain one: what its groups list for themselves is
/// for those who ask for the groups. Their special lists hold as far as they name legs of the task.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// Lists that are open, the innermost last.
    open: Vec<List>,
    /// Groups that have had their leg.
    seen: Vec<GroupId>,
    /// A prompt too long for this many tokens goes to no group that is known to take no more.
    outgrown: Option<u64>,
    rules: WalkRules,
}

/// What bounds a request's walk.
#[derive(Clone, Debug, Default)]
pub(crate) struct WalkRules {
    /// The legs of a task, the first one included; empty where a group is asked for.
    pub(crate) legs: Arc<[GroupId]>,
    /// A request's own `fallbacks`, which stand in for the plain list of the asked-for group.
    pub(crate) own: Option<Arc<[GroupId]>>,
    /// A request's own `context_window_fallbacks`, which stand in for those of every group.
    pub(crate) own_context: Option<OwnLists>,
    /// A request's own `content_policy_fallbacks`, likewise.
    pub(crate) own_policy: Option<OwnLists>,
    /// `fallback_on`: the request's own, else the asked-for group's.
    pub(crate) on: FallbackOn,
    /// `fallback: deny`, `disable_fallbacks`: the first leg or an error.
    pub(crate) deny: bool,
    /// `max_fallbacks`: lists open within each other.
    pub(crate) max_nested: usize,
}

/// A request's own lists for one kind of fault, by the group that they are for. They stand in for
/// that setting as a whole: a group that they do not name has no list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnLists {
    /// The lists of single groups.
    pub of_groups: Arc<[(GroupId, Arc<[GroupId]>)]>,
    /// `*`: the list of every other group.
    pub of_others: Option<Arc<[GroupId]>>,
}

impl OwnLists {
    fn of(&self, group: GroupId) -> &[GroupId] {
        let own = self.of_groups.iter().find(|(named, _)| *named == group);
        own.map(|(_, list)| list).or(self.of_others.as_ref()).map_or(&[], |list| list)
    }
}

/// The groups that a request for `first` would pass through if each ended with a plain fault.
pub(crate) fn plain_chain(topology: &Topology, first: GroupId) -> Vec<GroupId> {
    let legs = &topology.group(first).legs;
    if !legs.is_empty() {
        return legs.to_vec();
    }
    let max_nested = topology.rules().max_fallbacks as usize;
    let mut walk = Walk::new(first, WalkRules { max_nested, ..WalkRules::default() });
    let mut chain = vec![first];
    let mut ended = first;
    while let Some(group) = walk.next(topology, ended, NextLeg::Yes) {
        chain.push(group);
        ended = group;
    }
    chain
}

#[derive(Clone, Debug)]
struct List {
    groups: Arc<[GroupId]>,
    next: usize,
}

impl Walk {
    pub(crate) fn new(first: GroupId, rules: WalkRules) -> Self {
        Self { open: Vec::new(), seen: vec![first], outgrown: None, rules }
    }

    /// The same walk at its start.
    pub(crate) fn restarted(&self, first: GroupId) -> Self {
        Self::new(first, self.rules.clone())
    }

    /// The leg that follows when the leg of `ended` ends with a fault whose rule says `next`.
    pub(crate) fn next(
        &mut self,
        topology: &Topology,
        ended: GroupId,
        next: NextLeg,
    ) -> Option<GroupId> {
        if self.rules.deny {
            return None;
        }
        let is_first = self.seen.len() == 1;
        let plain = || self.plain(topology, ended, is_first);
        let list = match next {
            NextLeg::Never => return None,
            NextLeg::NotFromFirst if is_first && !self.rules.on.bad_request => return None,
            NextLeg::ContextList => {
                let listed = self.context(topology, ended);
                if is_first && listed.is_none() {
                    self.outgrown = topology.window(ended);
                    self.plain(topology, ended, is_first)
                } else {
                    listed
                }
            }
            NextLeg::PolicyList => {
                let listed = self.policy(topology, ended);
                let may_use_plain = is_first && self.rules.on.content_policy;
                if may_use_plain { listed.or_else(plain) } else { listed }
            }
            NextLeg::Yes | NextLeg::NotFromFirst => plain(),
        };
        if let Some(list) = list.filter(|list| !list.is_empty())
            && self.open.len() < self.rules.max_nested
        {
            self.open.push(List { groups: list.as_ref().into(), next: 0 });
        }
        self.take(topology)
    }

    fn plain<'a>(
        &'a self,
        topology: &'a Topology,
        group: GroupId,
        is_first: bool,
    ) -> Option<Cow<'a, [GroupId]>> {
        let own = self.rules.own.as_deref().filter(|_| is_first);
        let list = match (own, &*self.rules.legs) {
            (Some(own), _) => Some(own),
            (None, [_, rest @ ..]) => Some(rest).filter(|_| is_first),
            (None, []) => {
                let default = || topology.default_fallbacks().filter(|_| is_first);
                topology.group(group).fallbacks.as_deref().or_else(default)
            }
        };
        list.map(Cow::Borrowed)
    }

    /// The list for a prompt that is too long; `None` where that setting is absent altogether.
    fn context<'a>(&'a self, topology: &'a Topology, group: GroupId) -> Option<Cow<'a, [GroupId]>> {
        let Some(own) = &self.rules.own_context else {
            let listed = topology.group(group).context_window_fallbacks.as_deref()?;
            // That a setting names others says nothing of a task.
            let is_task = !self.rules.legs.is_empty();
            return Some(self.within_task(listed)).filter(|list| !(is_task && list.is_empty()));
        };
        Some(Cow::Borrowed(own.of(group)))
    }

    /// The list for a refusal by a provider's filter; `None` where there is none or it is empty.
    fn policy<'a>(&'a self, topology: &'a Topology, group: GroupId) -> Option<Cow<'a, [GroupId]>> {
        let list = match &self.rules.own_policy {
            Some(own) => Cow::Borrowed(own.of(group)),
            None => self.within_task(&topology.group(group).content_policy_fallbacks),
        };
        Some(list).filter(|list| !list.is_empty())
    }

    /// Of a group's own list, what belongs to the task, where one is asked for.
    fn within_task<'a>(&self, list: &'a [GroupId]) -> Cow<'a, [GroupId]> {
        match &*self.rules.legs {
            [] => Cow::Borrowed(list),
            legs => list.iter().copied().filter(|group| legs.contains(group)).collect(),
        }
    }

    fn take(&mut self, topology: &Topology) -> Option<GroupId> {
        loop {
            let list = self.open.last_mut()?;
            let Some(&group) = list.groups.get(list.next) else {
                self.open.pop();
                continue;
            };
            list.next += 1;
            let is_no_larger = self
                .outgrown
                .is_some_and(|window| topology.window(group).is_some_and(|it| it <= window));
            if !self.seen.contains(&group) && !is_no_larger {
                self.seen.push(group);
                return Some(group);
            }
        }
    }
}
