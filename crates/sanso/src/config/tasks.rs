//! `sanso.tasks`: kinds of work, each with its own order of models (`tasks.md`).

use super::checks::ChecksLayer;
use super::degradation::DegradeLayer;
use super::describe::{describe_policy, line};
use super::field::Field;
use super::layer::Layer;
use super::reader::{Place, Reader, Table};
use super::section::{choice, fallback_on, preflight, read_streams};
use super::settings::{Target, targets};
use super::types::{Config, Deployment, GroupIndex, Strategy, Task};
use crate::tasks::{TYPICAL, unmeasured_order};

/// What comes before a task's name where it stands for a model: `task/summarize`.
pub(crate) const PREFIX: &str = "task/";

/// One task, as it is written.
pub(super) struct TaskEntry {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) strategy: Strategy,
    /// `models`; `None`: every group of the file.
    pub(super) models: Option<Vec<Target>>,
    /// `fallback: deny`.
    pub(super) deny: bool,
    /// What it says of its requests, over what holds for all.
    pub(super) layer: Layer,
}

/// Named in `tasks.md`, not built yet.
const LATER: &[&str] = &["cascade", "accept", "router", "hedge", "hedge_after"];

pub(super) fn read(section: &mut Table<'_>, reader: &mut Reader<'_>) -> Vec<TaskEntry> {
    let Some(mut table) = section.take("tasks").and_then(|field| field.table(reader)) else {
        return Vec::new();
    };
    let mut tasks = Vec::new();
    for (key, field) in table.rest() {
        let place = table.key_place(key);
        if !is_name(&key.name) {
            let help = "use letters, digits, `_`, `-` and `.`, at most 64 of them";
            let message = format!("`{}` cannot be the name of a task", key.name);
            reader.error(&place, message, Some(help.into()));
            continue;
        }
        tasks.extend(entry(key.name.clone(), place, &field, reader));
    }
    tasks
}

/// A task's name comes back in models' names, headers, metrics and logs.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

fn entry(
    name: String,
    place: Place,
    field: &Field<'_>,
    reader: &mut Reader<'_>,
) -> Option<TaskEntry> {
    const STRATEGIES: [(&str, Strategy); 4] = [
        ("order", Strategy::Order),
        ("quality", Strategy::Quality),
        ("cost", Strategy::Cost),
        ("latency", Strategy::Latency),
    ];
    let mut table = field.table(reader)?;
    let strategy = table.take("strategy").and_then(|field| choice(&field, &STRATEGIES, reader));
    let models = table.take("models").and_then(|field| models(&field, reader));
    let fallback = [("allow", false), ("deny", true)];
    let deny = table.take("fallback").and_then(|field| choice(&field, &fallback, reader));
    let layer = layer(&mut table, reader);
    table.finish(LATER, reader);
    let strategy = strategy.unwrap_or(Strategy::Order);
    Some(TaskEntry { name, place, strategy, models, deny: deny.unwrap_or(false), layer })
}

fn models(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<Target>> {
    let models = targets(field, reader)?;
    if models.is_empty() {
        let help = "name one model at least, or leave `models` out to have all of them";
        reader.error(&field.place, "this task has no models", Some(help.into()));
    }
    Some(models)
}

/// What is settled for a request by whom it asks for. Retries, breakers and limits of time are those
/// of the groups and deployments that it is sent to.
fn layer(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Layer {
    let mut layer = Layer {
        fallback_on: table.take("fallback_on").and_then(|field| fallback_on(&field, reader)),
        preflight: table.take("preflight").and_then(|field| preflight(&field, reader)),
        shed_below: table.take("shed_below").and_then(|field| field.share(reader)),
        deadline: table.take("deadline").and_then(|field| field.limit(reader)),
        ..Layer::default()
    };
    if let Some(checks) = table.take("checks").and_then(|field| field.table(reader)) {
        layer.checks = ChecksLayer::read(checks, reader);
    }
    if let Some(degradation) = table.take("degradation").and_then(|field| field.table(reader)) {
        layer.degrade = DegradeLayer::read(degradation, reader);
    }
    if let Some(streams) = table.take("streams").and_then(|field| field.table(reader)) {
        read_streams(&mut layer, streams, reader);
    }
    layer
}

/// A task, as `sanso check` prints it: its models in the order in which they are called as long as
/// nothing is measured. Where measured times decide, places would be made up, and there are none.
pub(super) fn describe(out: &mut String, config: &Config, index: GroupIndex) {
    let Some((task, group)) = config.task_of(index).zip(config.groups.get(index)) else { return };
    let deny = if task.deny_fallback { "; the first or an error" } else { "" };
    line(out, &format!("{}: {}{}{deny}", group.name, task.strategy.words(), found_out(task)));
    let order = unmeasured_order(config, task);
    let legs = order.as_ref().unwrap_or(&task.legs);
    for (position, leg) in legs.iter().filter_map(|leg| config.groups.get(*leg)).enumerate() {
        let members = leg.deployments.iter().filter_map(|index| config.deployments.get(*index));
        let told: Vec<String> = members.map(facts).collect();
        let place = order.as_ref().map_or_else(|| "- ".into(), |_| format!("{}.", position + 1));
        line(out, &format!("  {place} {:<24} {}", leg.name, told.join("; ")));
    }
    describe_policy(out, config, &group.policy);
    out.push('\n');
}

/// What may move the models of a task from the places that are printed.
fn found_out(task: &Task) -> String {
    match task.strategy {
        Strategy::Order => String::new(),
        Strategy::Quality if task.deny_fallback => String::new(),
        Strategy::Quality => ", as long as its answers are what was wanted".to_owned(),
        Strategy::Cost => {
            let (input, output) = (TYPICAL.input, TYPICAL.output);
            format!(", here of {input} tokens and an answer of {output}")
        }
        Strategy::Latency => ", as measured; as listed until then".to_owned(),
    }
}

/// What orders go by.
fn facts(deployment: &Deployment) -> String {
    let quality =
        deployment.quality.map_or("quality unknown".to_owned(), |it| format!("quality {it}"));
    let price = deployment.price.map_or("price unknown".to_owned(), |price| {
        // As price lists have it: a token's price has too many zeros to be read.
        let shown = |usd: f64| (usd * 1e6 * 1e4).round() / 1e4;
        format!("${} in, ${} out per million tokens", shown(price.input), shown(price.output))
    });
    format!("{quality}, {price}")
}

/// A strategy whose figures are missing leaves its models where they stand, which may not be meant.
pub(super) fn advise(config: &Config, index: GroupIndex, place: &Place, reader: &mut Reader<'_>) {
    let Some(task) = config.task_of(index) else { return };
    let (lacks, what, help): (fn(&Deployment) -> bool, _, _) = match task.strategy {
        Strategy::Quality => {
            (|one| one.quality.is_none(), "score", "set `model_info.quality`, 0 to 100")
        }
        Strategy::Cost => (
            |one| one.price.is_none(),
            "price",
            "set `model_info.input_cost_per_token` and `output_cost_per_token`",
        ),
        Strategy::Order | Strategy::Latency => return,
    };
    let mut named: Vec<String> = Vec::new();
    for leg in task.legs.iter().filter_map(|leg| config.groups.get(*leg)) {
        let members = leg.deployments.iter().filter_map(|index| config.deployments.get(*index));
        named.extend(
            members
                .filter(|one| lacks(one))
                .map(|one| format!("`{}` ({}/{})", leg.name, one.provider, one.model)),
        );
    }
    if !named.is_empty() {
        let message = format!(
            "the task `{}` goes by {}, and no {what} is known of {}: listed places are kept",
            task.name,
            task.strategy.as_str(),
            named.join(", "),
        );
        reader.warning(place, message, Some(help.into()));
    }
}
