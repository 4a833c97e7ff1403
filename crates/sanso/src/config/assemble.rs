//! Entries, settings and lists to a [`Config`]: every name becomes a position.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::chain::best_wildcard;
use super::layer::Layer;
use super::models::{Entry, Layers};
use super::reader::{Place, Reader};
use super::section::Section;
use super::settings::{List, Settings, Target};
use super::tasks::{PREFIX, TaskEntry};
use super::types::{
    Alias, Config, Deployment, Fallbacks, Group, GroupIndex, Listing, Origin, Task,
};
use super::{advice, defaults, facts, identity, suggest};

/// The groups as they come to be.
struct Assembly {
    groups: Vec<Group>,
    /// Where each group is first named, for findings about it.
    places: Vec<Place>,
    layers: Vec<Layer>,
    deployments: Vec<Deployment>,
    names: HashMap<String, GroupIndex>,
    aliases: BTreeMap<String, Alias>,
}

pub(super) fn assemble(
    entries: Vec<Entry>,
    layers: &Layers,
    settings: Settings,
    section: Section,
    reader: &mut Reader<'_>,
) -> Config {
    let mut assembly = Assembly::of(entries, layers, reader);
    assembly.add_aliases(&settings, reader);
    let lists = settings.lists;
    let everyone = |list: &List| list.source == "*";
    let (default, plain): (Vec<List>, Vec<List>) =
        lists.plain.unwrap_or_default().into_iter().partition(everyone);
    let default_targets =
        lists.default.into_iter().chain(default.into_iter().map(|list| list.targets));
    let default_fallbacks: Vec<GroupIndex> =
        default_targets.flat_map(|targets| assembly.resolve_all(None, &targets, reader)).collect();
    assembly.set_plain(&plain, reader);
    assembly.set_special(lists.context_window, |fallbacks| &mut fallbacks.context_window, reader);
    assembly.set_special(lists.content_policy, |fallbacks| &mut fallbacks.content_policy, reader);
    for (name, place, _) in section.groups.iter().chain(&settings.groups) {
        assembly.known_or_warn(name, place, reader);
    }
    let tasks = assembly.add_tasks(section.tasks, &layers.all, reader);

    let mut limits = section.limits;
    let max_fallbacks = section.max_fallbacks.or(settings.max_fallbacks);
    limits.max_fallbacks = max_fallbacks.unwrap_or(defaults::MAX_FALLBACKS);
    if let (false, Some(body)) = (section.body_is_set, settings.body) {
        limits.body = body;
    }
    let config = Config {
        deployments: assembly.deployments,
        groups: assembly.groups,
        tasks,
        aliases: assembly.aliases,
        default_fallbacks,
        policy: layers.all.policy(),
        limits,
        log: section.log,
        admin: section.admin,
        history: section.history,
        trust: settings.trust,
        alerts: section.alerts.with(settings.alerting),
        master_key: settings.master_key,
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    // Advice on half a configuration would be noise.
    if !reader.failed() {
        advice::advise(&config, &assembly.places, &plain, reader);
    }
    config
}

impl Assembly {
    fn of(entries: Vec<Entry>, layers: &Layers, reader: &mut Reader<'_>) -> Self {
        let mut assembly = Self {
            groups: Vec::new(),
            places: Vec::new(),
            layers: Vec::new(),
            deployments: Vec::new(),
            names: HashMap::new(),
            aliases: BTreeMap::new(),
        };
        for entry in entries {
            let origin = match entry.group.matches('*').count() {
                0 => Origin::Listed,
                1 => Origin::Wildcard,
                _ => {
                    reader.not_done(
                        &entry.place,
                        "more than one `*` in a name is not built yet; it is taken as it stands",
                        None,
                    );
                    Origin::Listed
                }
            };
            let group = match assembly.names.get(&entry.group) {
                Some(group) => *group,
                None => {
                    let layer = layers.of(&entry.group);
                    assembly.add_group(entry.group, origin, layer, entry.place)
                }
            };
            for deployment in entry.deployments {
                assembly.add_deployment(group, deployment);
            }
        }
        assembly
    }

    fn add_group(
        &mut self,
        name: String,
        origin: Origin,
        layer: Layer,
        place: Place,
    ) -> GroupIndex {
        let index = self.groups.len();
        self.names.insert(name.clone(), index);
        self.places.push(place);
        self.groups.push(Group {
            name,
            deployments: Vec::new(),
            origin,
            fallbacks: Fallbacks {
                plain: None,
                context_window: Listing::Absent,
                content_policy: Listing::Absent,
            },
            policy: layer.policy(),
        });
        self.layers.push(layer);
        index
    }

    fn add_deployment(&mut self, group: GroupIndex, deployment: Deployment) {
        let index = self.deployments.len();
        self.join(group, index, deployment.timeouts.timeout);
        self.deployments.push(deployment);
    }

    /// Puts a deployment into a group. A deadline that the file does not set leaves room for two of
    /// its calls.
    fn join(&mut self, group: GroupIndex, deployment: usize, timeout: std::time::Duration) {
        let set = self.layers.get(group).is_some_and(|layer| layer.deadline.is_some());
        if let Some(group) = self.groups.get_mut(group) {
            group.deployments.push(deployment);
            if !set {
                let deadline = &mut group.policy.timeouts.deadline;
                *deadline = (*deadline).max(timeout * 2);
            }
        }
    }

    fn add_aliases(&mut self, settings: &Settings, reader: &mut Reader<'_>) {
        for entry in &settings.aliases {
            if self.names.contains_key(&entry.alias) {
                let message =
                    format!("`{}` is a model group; as an alias it would hide it", entry.alias);
                reader.error(&entry.target.place, message, None);
            } else if let Some(group) = self.resolve(None, &entry.target, reader) {
                self.aliases.insert(entry.alias.clone(), Alias { group, hidden: entry.hidden });
            }
        }
    }

    fn set_plain(&mut self, lists: &[List], reader: &mut Reader<'_>) {
        for list in lists {
            let targets = self.resolve_all(Some(list), &list.targets, reader);
            if let Some(source) = self.source(list, reader)
                && let Some(group) = self.groups.get_mut(source)
            {
                group.fallbacks.plain.get_or_insert_default().extend(targets);
            }
        }
    }

    /// A special list that is used for anyone says *elsewhere* for everyone else. `"*"` is everyone.
    fn set_special(
        &mut self,
        lists: Option<Vec<List>>,
        which: impl Fn(&mut Fallbacks) -> &mut Listing,
        reader: &mut Reader<'_>,
    ) {
        let Some(lists) = lists.filter(|lists| !lists.is_empty()) else { return };
        let mut everyone = Listing::Elsewhere;
        let mut own = Vec::new();
        for list in &lists {
            let targets = self.resolve_all(Some(list), &list.targets, reader);
            if list.source == "*" {
                everyone = Listing::To(targets);
            } else if let Some(source) = self.source(list, reader) {
                own.push((source, targets));
            }
        }
        for group in &mut self.groups {
            *which(&mut group.fallbacks) = everyone.clone();
        }
        for (source, targets) in own {
            if let Some(group) = self.groups.get_mut(source) {
                *which(&mut group.fallbacks) = Listing::To(targets);
            }
        }
    }

    /// The group whose list this is. LiteLLM also finds it with or without the provider's prefix. An
    /// alias with a list becomes a group of its own, so that the list is not its group's too.
    fn source(&mut self, list: &List, reader: &mut Reader<'_>) -> Option<GroupIndex> {
        if let Some(alias) = self.aliases.get(&list.source).copied() {
            return Some(self.alias_group(&list.source, alias, &list.place));
        }
        let tail = |name: &str| name.rsplit_once('/').map(|(_, tail)| tail.to_owned());
        let named = self.names.get(&list.source).copied();
        let without = || tail(&list.source).and_then(|tail| self.names.get(&tail).copied());
        let with = || {
            let same = |group: &Group| tail(&group.name).is_some_and(|tail| tail == list.source);
            self.groups.iter().position(same)
        };
        let source = named.or_else(without).or_else(with);
        source.or_else(|| self.concrete(&list.source, &list.place)).or_else(|| {
            self.known_or_warn(&list.source, &list.place, reader);
            None
        })
    }

    fn alias_group(&mut self, name: &str, alias: Alias, place: &Place) -> GroupIndex {
        if self.groups.get(alias.group).is_some_and(|group| group.name == name) {
            return alias.group;
        }
        let layer = self.layers.get(alias.group).cloned().unwrap_or_default();
        let group = self.add_group(name.to_owned(), Origin::Target, layer, place.clone());
        for deployment in self.members(alias.group) {
            let timeout = self.deployments.get(deployment).map(|one| one.timeouts.timeout);
            self.join(group, deployment, timeout.unwrap_or_default());
        }
        self.aliases.insert(name.to_owned(), Alias { group, ..alias });
        group
    }

    fn members(&self, group: GroupIndex) -> Vec<usize> {
        self.groups.get(group).map(|group| group.deployments.clone()).unwrap_or_default()
    }

    fn resolve_all(
        &mut self,
        of: Option<&List>,
        targets: &[Target],
        reader: &mut Reader<'_>,
    ) -> Vec<GroupIndex> {
        targets.iter().filter_map(|target| self.resolve(of, target, reader)).collect()
    }

    /// The group that a fallback names: a group, an alias, a deployment's id, or what only a wildcard
    /// matches. A wildcard itself can be named only in the list `of` another one, whose match it takes
    /// over.
    fn resolve(
        &mut self,
        of: Option<&List>,
        target: &Target,
        reader: &mut Reader<'_>,
    ) -> Option<GroupIndex> {
        let name = &target.name;
        let known = self.names.get(name).copied();
        let known = known.or_else(|| self.aliases.get(name).map(|alias| alias.group));
        let found = known
            .or_else(|| self.single(name, &target.place))
            .or_else(|| self.concrete(name, &target.place));
        let is_wildcard = |group: &GroupIndex| {
            self.groups.get(*group).is_some_and(|group| group.origin == Origin::Wildcard)
        };
        let of_wildcard = of.is_some_and(|list| list.source != "*" && list.source.contains('*'));
        if found.as_ref().is_some_and(is_wildcard) && !of_wildcard {
            let message = format!("nothing says what the `*` of `{name}` stands for here");
            reader.error(&target.place, message, Some("name one model".into()));
        }
        if found.is_none() {
            let help = suggest::did_you_mean(name, self.all_names());
            reader.error(&target.place, format!("nothing is named `{name}`"), help);
        }
        found
    }

    /// A group of the one deployment with this id.
    fn single(&mut self, id: &str, place: &Place) -> Option<GroupIndex> {
        let index = self.deployments.iter().position(|deployment| deployment.id == id)?;
        let deployment = self.deployments.get(index)?;
        let timeout = deployment.timeouts.timeout;
        let layer =
            self.names.get(&deployment.group).and_then(|home| self.layers.get(*home)).cloned();
        let group =
            self.add_group(id.to_owned(), Origin::Target, layer.unwrap_or_default(), place.clone());
        self.join(group, index, timeout);
        Some(group)
    }

    /// A group of its own for one model that a wildcard matches.
    fn concrete(&mut self, model: &str, place: &Place) -> Option<GroupIndex> {
        let groups = self.groups.iter().map(|group| (group.name.as_str(), group.origin));
        let found = best_wildcard(groups, model)?;
        let layer = self.layers.get(found.group).cloned().unwrap_or_default();
        let group = self.add_group(model.to_owned(), Origin::Target, layer, place.clone());
        for member in self.members(found.group) {
            let Some(mut deployment) = self.deployments.get(member).cloned() else { continue };
            deployment.id = identity::derived(&deployment.id, model);
            deployment.model = deployment.model_for(found.matched).into_owned();
            facts::complete(&mut deployment);
            self.add_deployment(group, deployment);
        }
        Some(group)
    }

    /// Tasks are groups of a kind of their own, so that what is known of a group (its policy, its
    /// metrics) is known of them. They come last: no list can name them.
    fn add_tasks(
        &mut self,
        entries: Vec<TaskEntry>,
        all: &Layer,
        reader: &mut Reader<'_>,
    ) -> Vec<Task> {
        let listed = |(_, group): &(usize, &Group)| group.origin == Origin::Listed;
        let everyone: Vec<GroupIndex> =
            self.groups.iter().enumerate().filter(listed).map(|(index, _)| index).collect();
        let resolved: Vec<(TaskEntry, Vec<GroupIndex>)> = entries
            .into_iter()
            .map(|entry| {
                let named = entry.models.as_ref().map(|it| self.resolve_all(None, it, reader));
                let mut legs = named.unwrap_or_else(|| everyone.clone());
                let mut seen = HashSet::new();
                legs.retain(|leg| seen.insert(*leg));
                (entry, legs)
            })
            .collect();
        resolved.into_iter().map(|(entry, legs)| self.add_task(entry, legs, all, reader)).collect()
    }

    fn add_task(
        &mut self,
        entry: TaskEntry,
        legs: Vec<GroupIndex>,
        all: &Layer,
        reader: &mut Reader<'_>,
    ) -> Task {
        let name = format!("{PREFIX}{}", entry.name);
        if self.names.contains_key(&name) || self.aliases.contains_key(&name) {
            let message = format!("`{name}` is a model group, which this task would hide");
            reader.error(&entry.place, message, Some("rename one of them".into()));
        }
        if entry.models.is_none() && legs.is_empty() && !reader.failed() {
            let message = "this task has no models, and the file lists none by name";
            reader.error(&entry.place, message, Some("name its `models`".into()));
        }
        let layer = entry.layer.over(all);
        let deadline_is_set = layer.deadline.is_some();
        let group = self.add_group(name, Origin::Task, layer, entry.place);
        let of_leg = |leg: &GroupIndex| Some(self.groups.get(*leg)?.policy.timeouts.deadline);
        let longest = legs.iter().filter_map(of_leg).max();
        if let (false, Some(longest)) = (deadline_is_set, longest)
            && let Some(group) = self.groups.get_mut(group)
        {
            group.policy.timeouts.deadline = longest;
        }
        let (strategy, deny_fallback) = (entry.strategy, entry.deny);
        Task { name: entry.name, strategy, legs, deny_fallback, group }
    }

    fn known_or_warn(&self, name: &str, place: &Place, reader: &mut Reader<'_>) {
        if !self.names.contains_key(name) && !self.aliases.contains_key(name) {
            let help = suggest::did_you_mean(name, self.all_names());
            reader.warning(
                place,
                format!("nothing is named `{name}`, so this is never used"),
                help,
            );
        }
    }

    fn all_names(&self) -> impl Iterator<Item = &str> {
        self.groups
            .iter()
            .map(|group| group.name.as_str())
            .chain(self.aliases.keys().map(String::as_str))
    }
}
