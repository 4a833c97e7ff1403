//! Finding the next leg: the walk through the lists of fallbacks.

use std::sync::Arc;

use super::{GroupId, Topology};
use crate::rule::NextLeg;

/// Where a request is in its chain. Cheap to clone: looking ahead is walking a copy.
///
/// A leg that ends opens its own group's list for the kind of its last fault. When that is spent or
/// absent, the walk goes on with what is left of the list that it came from. No group comes twice,
/// so a cycle in the configuration is harmless.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// Lists that are open, the innermost last.
    open: Vec<List>,
    /// Groups that have had their leg.
    seen: Vec<GroupId>,
    rules: WalkRules,
}

/// What bounds a request's walk.
#[derive(Clone, Debug)]
pub(crate) struct WalkRules {
    /// A request's own `fallbacks`, which stand in for the plain list of the asked-for group.
    pub(crate) own: Option<Arc<[GroupId]>>,
    /// `fallback: deny`, `disable_fallbacks`: the first leg or an error.
    pub(crate) deny: bool,
    /// `max_fallbacks`: lists open within each other.
    pub(crate) max_nested: usize,
}

#[derive(Clone, Debug)]
struct List {
    groups: Arc<[GroupId]>,
    next: usize,
}

impl Walk {
    pub(crate) fn new(first: GroupId, rules: WalkRules) -> Self {
        Self { open: Vec::new(), seen: vec![first], rules }
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
        let group = topology.group(ended);
        let list = match next {
            NextLeg::Never => return None,
            NextLeg::NotFromFirst if is_first => return None,
            NextLeg::ContextList if is_first => match &group.context_window_fallbacks {
                Some(own) => Some(own.as_slice()),
                None => self.plain(topology, ended, is_first),
            },
            NextLeg::ContextList => group.context_window_fallbacks.as_deref(),
            NextLeg::PolicyList => Some(group.content_policy_fallbacks.as_slice()),
            NextLeg::Yes | NextLeg::NotFromFirst => self.plain(topology, ended, is_first),
        };
        if let Some(list) = list.filter(|list| !list.is_empty())
            && self.open.len() < self.rules.max_nested
        {
            self.open.push(List { groups: list.into(), next: 0 });
        }
        self.take()
    }

    fn plain<'a>(
        &'a self,
        topology: &'a Topology,
        group: GroupId,
        is_first: bool,
    ) -> Option<&'a [GroupId]> {
        let listed = topology.group(group).fallbacks.as_deref();
        if is_first {
            self.rules.own.as_deref().or(listed).or_else(|| topology.default_fallbacks())
        } else {
            listed
        }
    }

    fn take(&mut self) -> Option<GroupId> {
        loop {
            let list = self.open.last_mut()?;
            let Some(&group) = list.groups.get(list.next) else {
                self.open.pop();
                continue;
            };
            list.next += 1;
            if !self.seen.contains(&group) {
                self.seen.push(group);
                return Some(group);
            }
        }
    }
}
