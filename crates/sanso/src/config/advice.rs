//! What is no mistake, but may not be what was meant.

use std::collections::BTreeSet;
use std::time::Duration;

use super::base_url;
use super::diagnostic::Severity;
use super::reader::{Place, Reader};
use super::settings::List;
use super::tasks;
use super::types::{Config, Deployment, Group, GroupIndex, Needs, Origin, Preflight};
use super::units::show;

pub(super) fn advise(config: &Config, places: &[Place], lists: &[List], reader: &mut Reader<'_>) {
    let nowhere = Place::default();
    for (index, group) in config.groups.iter().enumerate() {
        let place = places.get(index).unwrap_or(&nowhere);
        if group.origin == Origin::Task {
            tasks::advise(config, index, place, reader);
            continue;
        }
        let list = lists.iter().find(|list| list.source == group.name);
        let chain_place = list.map_or(place, |list| &list.place);
        empty(group, place, reader);
        if group.origin == Origin::Target {
            continue;
        }
        same_origin(config, index, chain_place, reader);
        short_deadline(config, index, chain_place, reader);
        uneven_retries(config, index, place, reader);
        smaller_windows(config, index, chain_place, reader);
        lesser_fallbacks(config, index, chain_place, reader);
        no_continuation(config, index, chain_place, reader);
    }
    no_timeout(config, reader);
    cycles(config, lists, reader);
    if config.master_key.is_none() {
        let help = "set `general_settings.master_key: os.environ/NAME`";
        reader.warning(
            &nowhere,
            "there is no master key: whoever reaches the gateway can use it",
            Some(help.into()),
        );
    }
}

fn empty(group: &Group, place: &Place, reader: &mut Reader<'_>) {
    if group.deployments.is_empty() {
        reader.warning(place, format!("no deployment of `{}` is left", group.name), None);
    }
}

/// Vendor and region, or else host, of every deployment that a chain can reach.
fn origins<'c>(config: &'c Config, legs: &[GroupIndex]) -> Vec<(&'c str, &'c str)> {
    let groups = legs.iter().filter_map(|leg| config.groups.get(*leg));
    let members = groups.flat_map(|group| &group.deployments);
    let deployments = members.filter_map(|index| config.deployments.get(*index));
    let origin = |one: &'c Deployment| match &one.mock_response {
        Some(_) => ("the configuration itself", "no host"),
        None => {
            let host = || base_url::authority(&one.api_base);
            (one.domain.vendor.as_str(), one.domain.region.as_deref().unwrap_or_else(host))
        }
    };
    deployments.map(origin).collect()
}

fn same_origin(config: &Config, group: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let legs = config.chain(group);
    let filled = legs.iter().filter_map(|leg| config.groups.get(*leg));
    let filled = filled.filter(|leg| !leg.deployments.is_empty()).count();
    let all = origins(config, &legs);
    let different: BTreeSet<_> = all.iter().collect();
    if let (Some((provider, host)), true, 1) = (all.first(), filled > 1, different.len()) {
        let name = name_of(config, group);
        let message = format!(
            "every leg of `{name}` is `{provider}` at {host}: when that is down, all of them are"
        );
        reader.warning(
            place,
            message,
            Some("add a leg at another provider or in another region".into()),
        );
    }
}

fn short_deadline(config: &Config, group: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let Some(first) = config.groups.get(group) else { return };
    let timeouts = &first.policy.timeouts;
    let mut promised = Duration::ZERO;
    let mut attempts = 0_u32;
    for index in config.chain(group) {
        let Some(leg) = config.groups.get(index).filter(|leg| !leg.deployments.is_empty()) else {
            continue;
        };
        let of_leg = config.leg_attempts(index).min(config.max_attempts(group) - attempts);
        attempts += of_leg;
        promised = promised.saturating_add(leg.policy.timeouts.timeout.saturating_mul(of_leg));
    }
    if timeouts.timeout_is_set && promised > timeouts.deadline {
        let message = format!(
            "`{}` may make {attempts} attempts, which can take {}, but its deadline is {}",
            first.name,
            show(promised),
            show(timeouts.deadline),
        );
        let help = "shorten the timeout, or set `sanso.timeouts.deadline`";
        reader.warning(place, message, Some(help.into()));
    }
}

/// The chain knows one `num_retries` for a leg.
fn uneven_retries(config: &Config, group: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let Some(of) = config.groups.get(group) else { return };
    let general = of.policy.retry.num_retries;
    let members = of.deployments.iter().filter_map(|index| config.deployments.get(*index));
    let own: BTreeSet<Option<u32>> = members.map(|one| one.num_retries.or(general)).collect();
    if let (true, Some(most)) = (own.len() > 1, config.num_retries(group)) {
        let message = format!(
            "`num_retries` differs among the deployments of `{}`, which is not built yet; the \
             highest, {most}, holds for all of them",
            of.name
        );
        reader.not_done(place, message, None);
    }
}

/// The longest prompt that some deployment of the group takes, if all of them are known.
fn window(config: &Config, group: &Group) -> Option<u64> {
    let windows =
        group.deployments.iter().map(|index| config.deployments.get(*index)?.max_input_tokens);
    windows.collect::<Option<Vec<u64>>>()?.into_iter().max()
}

fn smaller_windows(config: &Config, group: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let Some(first) = config.groups.get(group) else { return };
    let Some(own) = window(config, first) else { return };
    for leg in config.chain(group).iter().skip(1).filter_map(|leg| config.groups.get(*leg)) {
        if let Some(other) = window(config, leg).filter(|other| *other < own) {
            let message = format!(
                "the fallback `{}` takes {other} tokens, fewer than the {own} of `{}`",
                leg.name, first.name,
            );
            reader.warning(place, message, None);
        }
    }
}

/// What no deployment of a group can do.
fn lacks(config: &Config, group: &Group) -> Needs {
    let members = group.deployments.iter().filter_map(|index| config.deployments.get(*index));
    let called = members.filter(|one| one.mock_response.is_none());
    called.map(|one| one.lacks).reduce(Needs::common).unwrap_or_default()
}

/// A leg that some requests cannot be helped by, though the first one serves them. What is rarely
/// asked for, and whole dialects lack, is not worth a note in every other chain.
fn lesser_fallbacks(config: &Config, group: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let Some(first) = config.groups.get(group) else { return };
    if first.policy.preflight != Preflight::Skip {
        return;
    }
    const OFTEN: Needs = Needs::TOOLS.and(Needs::SCHEMA).and(Needs::IMAGES).and(Needs::FILES);
    let own = lacks(config, first);
    for leg in config.chain(group).iter().skip(1).filter_map(|leg| config.groups.get(*leg)) {
        let less: Vec<&str> = lacks(config, leg).common(OFTEN).without(own).names().collect();
        if !less.is_empty() {
            let message = format!(
                "the fallback `{}` does not support {}: requests that need it pass it over",
                leg.name,
                less.join(", "),
            );
            reader.note(Severity::Note, place, message, None);
        }
    }
}

/// A stream that breaks is to be carried on, and nobody of its chain is said to be able to.
fn no_continuation(config: &Config, group: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let Some(first) = config.groups.get(group).filter(|it| it.policy.streams.continues) else {
        return;
    };
    let chain = config.chain(group);
    let legs = chain.iter().filter_map(|leg| config.groups.get(*leg));
    let members = legs.flat_map(|leg| &leg.deployments);
    let members: Vec<_> = members.filter_map(|one| config.deployments.get(*one)).collect();
    let is_able = |one: &&Deployment| one.lacks.common(Needs::CONTINUATION).is_empty();
    if members.len() > 1 && !members.iter().any(is_able) {
        let message =
            format!("nobody of the chain of `{}` is said to go on from a text", first.name);
        let help = "where a model can, set `model_info.supports_assistant_prefill: true`";
        reader.warning(place, message, Some(help.into()));
    }
}

/// Plain calls know no limit but `timeout`; its default suits no one who waits.
fn no_timeout(config: &Config, reader: &mut Reader<'_>) {
    let unlimited = config.deployments.iter().any(|one| !one.timeouts.timeout_is_set);
    if unlimited {
        let timeout = show(config.policy.timeouts.timeout);
        let message = format!(
            "no `request_timeout` is set: a plain call to a provider that hangs takes {timeout}"
        );
        let help = "set `litellm_settings.request_timeout`, or stream";
        reader.warning(&Place::default(), message, Some(help.into()));
    }
}

/// A note for each cycle, at the first of its lists.
fn cycles(config: &Config, lists: &[List], reader: &mut Reader<'_>) {
    let mut told = BTreeSet::new();
    for list in lists {
        let Some(start) = config.groups.iter().position(|group| group.name == list.source) else {
            continue;
        };
        if told.contains(&start) {
            continue;
        }
        if let Some(cycle) = cycle(config, start) {
            let names: Vec<&str> = cycle.iter().map(|group| name_of(config, *group)).collect();
            let message = format!(
                "the fallbacks go in a circle ({}); no leg runs twice, so this does no harm",
                names.join(" -> ")
            );
            reader.note(Severity::Note, &list.place, message, None);
            told.extend(cycle);
        }
    }
}

/// The shortest way along the lists from a group back to itself.
fn cycle(config: &Config, start: GroupIndex) -> Option<Vec<GroupIndex>> {
    let mut ways = std::collections::VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let here = config.groups.get(*way.last()?)?;
        for &next in here.fallbacks.plain.iter().flatten() {
            let mut longer = way.clone();
            longer.push(next);
            if next == start {
                return Some(longer);
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

fn name_of(config: &Config, group: GroupIndex) -> &str {
    config.groups.get(group).map_or("", |group| &group.name)
}
