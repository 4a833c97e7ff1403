//! Questions that the gateway asks of a configuration.

use std::borrow::Cow;

use super::defaults;
use super::types::{Config, Deployment, Group, GroupIndex, Origin, Task, Weights};

/// The group that answers a model's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'m> {
    /// The group.
    pub group: GroupIndex,
    /// What stood for the `*`, where the group is a wildcard; see [`Deployment::model_for`].
    pub matched: Option<&'m str>,
}

impl Config {
    /// The group that answers `model`: of that name, by an alias, or by the wildcard with the most
    /// letters of its own. `None` is an unknown model. Tasks are no models: see [`Config::task`].
    #[must_use]
    pub fn find<'m>(&self, model: &'m str) -> Option<Found<'m>> {
        let alias = || self.aliases.get(model).map(|alias| alias.group);
        let is_named = |group: &Group| group.name == model && group.origin != Origin::Task;
        let named = || self.groups.iter().position(is_named);
        match alias().or_else(named) {
            Some(group) => Some(Found { group, matched: None }),
            None => best_wildcard(self.groups.iter().map(|g| (g.name.as_str(), g.origin)), model),
        }
    }

    /// The task of that name.
    #[must_use]
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The task that a group stands for, where it is one.
    #[must_use]
    pub fn task_of(&self, group: GroupIndex) -> Option<&Task> {
        self.tasks.iter().find(|task| task.group == group)
    }

    /// `num_retries` of a leg: of its deployments' own the highest, where one has none the group's.
    /// `None` where nothing sets it.
    #[must_use]
    pub fn num_retries(&self, group: GroupIndex) -> Option<u32> {
        let group = self.groups.get(group)?;
        let general = group.policy.retry.num_retries;
        let members = group.deployments.iter().filter_map(|index| self.deployments.get(*index));
        let own: Vec<Option<u32>> = members.map(|one| one.num_retries.or(general)).collect();
        if own.iter().all(Option::is_none) {
            return general;
        }
        own.into_iter().map(|own| own.unwrap_or(defaults::NUM_RETRIES)).max()
    }

    /// A deployment's share of its group's calls: by the first of `weight`, `rpm` and `tpm` that any
    /// of its siblings has, as in LiteLLM's `simple-shuffle`. Without any it is zero for all of them.
    #[must_use]
    pub fn weight(&self, deployment: &Deployment) -> f64 {
        const SIGNALS: [fn(&Weights) -> Option<f64>; 3] =
            [|weights| weights.weight, |weights| weights.rpm, |weights| weights.tpm];
        let siblings = self.deployments.iter().filter(|one| one.group == deployment.group);
        let decides = |signal: &fn(&Weights) -> Option<f64>| {
            siblings.clone().any(|one| signal(&one.weights).is_some_and(|weight| weight > 0.0))
        };
        let signal = SIGNALS.into_iter().find(decides);
        signal.and_then(|signal| signal(&deployment.weights)).unwrap_or_default()
    }

    /// Attempts of one leg.
    pub(super) fn leg_attempts(&self, group: GroupIndex) -> u32 {
        self.num_retries(group).unwrap_or(defaults::NUM_RETRIES).saturating_add(1)
    }

    /// The most attempts of a request for `group`, for people: the chain itself counts them, by the
    /// same rule. It is `max_attempts` where that is set; else [`defaults::MAX_ATTEMPTS`], and more
    /// where a set `num_retries` promises more over the legs.
    #[must_use]
    pub fn max_attempts(&self, group: GroupIndex) -> u32 {
        let set = self.groups.get(group).and_then(|group| group.policy.retry.max_attempts);
        if let Some(set) = set {
            return set;
        }
        let legs = self.chain(group);
        if legs.iter().all(|leg| self.num_retries(*leg).is_none()) {
            return defaults::MAX_ATTEMPTS;
        }
        let promised = legs.into_iter().map(|leg| self.leg_attempts(leg));
        promised.fold(0, u32::saturating_add).max(defaults::MAX_ATTEMPTS)
    }

    /// The legs of a request for `group` if every one fails with a fault that has no list of its own:
    /// the group itself, then depth first what the lists name, each group once. Of a task, its groups.
    #[must_use]
    pub fn chain(&self, group: GroupIndex) -> Vec<GroupIndex> {
        if let Some(task) = self.task_of(group) {
            return task.legs.clone();
        }
        let mut legs = vec![group];
        let own = self.groups.get(group).and_then(|first| first.fallbacks.plain.as_ref());
        self.walk(own.unwrap_or(&self.default_fallbacks), 1, &mut legs);
        legs
    }

    fn walk(&self, list: &[GroupIndex], depth: u32, legs: &mut Vec<GroupIndex>) {
        if depth > self.limits.max_fallbacks {
            return;
        }
        for &leg in list {
            if legs.contains(&leg) {
                continue;
            }
            legs.push(leg);
            if let Some(own) = self.groups.get(leg).and_then(|leg| leg.fallbacks.plain.as_ref()) {
                self.walk(own, depth + 1, legs);
            }
        }
    }
}

impl Deployment {
    /// The provider's name of the model for a request that a wildcard matched.
    #[must_use]
    pub fn model_for(&self, matched: Option<&str>) -> Cow<'_, str> {
        filled(&self.model, matched)
    }
}

/// A provider's name of a model, in which a `*` stands for what the request's wildcard matched.
pub(crate) fn filled<'m>(model: &'m str, matched: Option<&str>) -> Cow<'m, str> {
    match matched {
        Some(matched) if model.contains('*') => Cow::Owned(model.replacen('*', matched, 1)),
        Some(_) | None => Cow::Borrowed(model),
    }
}

/// The most telling of the wildcards that match.
pub(super) fn best_wildcard<'g, 'm>(
    groups: impl Iterator<Item = (&'g str, Origin)>,
    model: &'m str,
) -> Option<Found<'m>> {
    groups
        .enumerate()
        .filter(|(_, (_, origin))| *origin == Origin::Wildcard)
        .filter_map(|(group, (name, _))| Some((group, name.len(), wildcard(name, model)?)))
        // The longest; of equals the first.
        .max_by_key(|(group, length, _)| (*length, std::cmp::Reverse(*group)))
        .map(|(group, _, matched)| Found { group, matched: Some(matched) })
}

/// What the `*` of `pattern` stands for in `text`, if it matches. It stands for one letter at least.
fn wildcard<'m>(pattern: &str, text: &'m str) -> Option<&'m str> {
    let (before, after) = pattern.split_once('*')?;
    text.strip_prefix(before)?.strip_suffix(after).filter(|matched| !matched.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wildcard_wins() {
        let groups =
            [("*", Origin::Wildcard), ("openai/*", Origin::Wildcard), ("openai/x", Origin::Listed)];
        let find = |model| best_wildcard(groups.into_iter(), model);
        assert_eq!(find("openai/gpt"), Some(Found { group: 1, matched: Some("gpt") }));
        assert_eq!(find("other"), Some(Found { group: 0, matched: Some("other") }));
        assert_eq!(wildcard("a*a", "a"), None);
        assert_eq!(wildcard("openai/*", "openai/"), None);
        assert_eq!(wildcard("no", "no"), None);
    }
}
