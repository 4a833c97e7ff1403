//! The fallback lists that a request brings along, in groups of the configuration.

use std::sync::Arc;

use sanso_core::{GroupId, OwnLists, Request};
use sanso_wire::envelope::{Envelope, FallbackLists};

use crate::error::Error;
use crate::matches::{Matches, Taken};
use crate::snapshot::Snapshot;

/// What reading them needs, and what is learned on the way.
pub(crate) struct Reading<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) matches: Matches,
    /// Names those fallbacks that cannot be.
    pub(crate) warnings: Vec<String>,
}

impl Reading<'_> {
    /// Puts the lists of a body into the core's request.
    ///
    /// # Errors
    /// A fallback that is no model of the configuration.
    pub(crate) fn read(&mut self, from: &Envelope, to: &mut Request) -> Result<(), Error> {
        let controls = &from.controls;
        if let Some(names) = &controls.fallbacks {
            to.fallbacks = Some(self.groups(names, "fallbacks")?.into());
        }
        let first = to.first_leg();
        let mut lists = |lists: &Option<FallbackLists>, member| {
            lists.as_ref().map(|lists| self.lists(lists, member, from, first)).transpose()
        };
        to.context_window_fallbacks =
            lists(&controls.context_window_fallbacks, "context_window_fallbacks")?;
        to.content_policy_fallbacks =
            lists(&controls.content_policy_fallbacks, "content_policy_fallbacks")?;
        Ok(())
    }

    /// Lists by the group that they are for. One for a group that is not configured is never asked
    /// for, which is no mistake: clients send the same lists with every model.
    fn lists(
        &mut self,
        lists: &FallbackLists,
        member: &str,
        from: &Envelope,
        asked_for: GroupId,
    ) -> Result<OwnLists, Error> {
        let mut of_groups: Vec<(GroupId, Vec<GroupId>)> = Vec::new();
        let mut of_others: Option<Vec<GroupId>> = None;
        for (name, targets) in lists {
            let targets = self.groups(targets, member)?;
            let group = if *name == from.model {
                Some(asked_for)
            } else {
                find(self.snapshot, name).map(|(group, _)| group)
            };
            match group {
                _ if name == "*" => of_others.get_or_insert_default().extend(targets),
                None => {}
                Some(group) => match of_groups.iter_mut().find(|(known, _)| *known == group) {
                    Some((_, list)) => list.extend(targets),
                    None => of_groups.push((group, targets)),
                },
            }
        }
        let of_groups = of_groups.into_iter().map(|(group, list)| (group, list.into()));
        Ok(OwnLists { of_groups: of_groups.collect(), of_others: of_others.map(Arc::from) })
    }

    fn groups(&mut self, names: &[String], member: &str) -> Result<Vec<GroupId>, Error> {
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            let (group, matched) = find(self.snapshot, name).ok_or_else(|| {
                let known: Vec<&str> = self.snapshot.models().collect();
                Error::unknown_model(name, member, &known).with(|inner| inner.status = 400)
            })?;
            match self.matches.note(group, matched) {
                Ok(()) => groups.push(group),
                Err(Taken) => self.warnings.push(format!(
                    "the fallback `{name}` was passed over: another model of `{}` is asked for \
                     already, and a request calls a model group once",
                    self.snapshot.group_name(group)
                )),
            }
        }
        Ok(groups)
    }
}

/// Longest name that a wildcard matches: it comes back in headers and in the log.
const WILDCARD_NAME_BYTES: usize = 256;

/// The group that answers a model's name, and what stands for its `*`.
pub(crate) fn find<'m>(snapshot: &Snapshot, model: &'m str) -> Option<(GroupId, Option<&'m str>)> {
    let fits = |matched: &str| matched.len() <= WILDCARD_NAME_BYTES;
    snapshot.find(model).filter(|(_, matched)| matched.is_none_or(fits))
}
