//! Whom a request asks for: a task, or a model group.
//!
//! A task is named in three places; the nearest to the request itself wins: `model: "task/NAME"`, then
//! `metadata.task`, then the header `x-sanso-task`, which a proxy on the way may have set for everyone.
//! With a task, the task alone decides who is called and in which order (`tasks.md`): a `model` beside
//! it is what the client library had to send.

use sanso_core::GroupId;
use sanso_wire::envelope::Envelope;

use crate::config::Task;
use crate::config::tasks::PREFIX;
use crate::error::Error;
use crate::own_lists;
use crate::snapshot::Snapshot;

/// Whom a request asks for.
#[derive(Debug)]
pub(crate) struct AskedFor<'r> {
    /// The group, or the one that stands for the task.
    pub(crate) group: GroupId,
    /// What stands for the `*` of a wildcard.
    pub(crate) matched: Option<&'r str>,
    /// The task, where one is named.
    pub(crate) task: Option<&'r Task>,
    /// What was said and not followed.
    pub(crate) warning: Option<String>,
}

/// A place that names a task, and what it says.
#[derive(Clone, Copy)]
struct Named<'r> {
    /// As an error's `param`.
    at: &'static str,
    task: &'r str,
}

/// Finds whom a request asks for; `header` is the value of `x-sanso-task`.
///
/// # Errors
/// No such task, or no such model.
pub(crate) fn find<'r>(
    snapshot: &'r Snapshot,
    envelope: &'r Envelope,
    header: Option<&'r str>,
) -> Result<AskedFor<'r>, Error> {
    if snapshot.config.tasks.is_empty() {
        // Nothing is asked of clients that name tasks for other gateways' sake.
        let mut asked = model(snapshot, &envelope.model)?;
        let said = envelope.controls.task.as_deref().or(header);
        asked.warning = said.map(|task| format!("the task `{}` is not configured", shown(task)));
        return Ok(asked);
    }
    let by_model = named_by_model(snapshot, &envelope.model);
    let by_model = by_model.map(|task| Named { at: "model", task });
    let by_metadata = envelope.controls.task.as_deref();
    let by_metadata = by_metadata.map(|task| Named { at: "metadata.task", task });
    let by_header = header.map(|task| Named { at: "x-sanso-task", task });
    let mut all = [by_model, by_metadata, by_header].into_iter().flatten();
    let Some(first) = all.next() else { return model(snapshot, &envelope.model) };
    let task = snapshot.config.task(first.task).ok_or_else(|| {
        let known = snapshot.config.tasks.iter().map(|task| task.name.as_str());
        Error::unknown_task(first.task, first.at, &known.collect::<Vec<_>>())
    })?;
    let outdone = all.find(|other| other.task != first.task).map(|other| {
        format!("the task `{}` of `{}` counts, `{}` does not", first.task, first.at, other.at)
    });
    // With a task a mistyped model would go unseen.
    let unknown = || {
        let is_known = first.at == "model" || own_lists::find(snapshot, &envelope.model).is_some();
        (!is_known).then(|| {
            let model = shown(&envelope.model);
            format!("the model `{model}` is not configured here; the task decides without it")
        })
    };
    let warning = outdone.or_else(unknown);
    Ok(AskedFor { group: Snapshot::group_of(task), matched: None, task: Some(task), warning })
}

/// As much of a client's own words as a warning repeats.
fn shown(words: &str) -> String {
    words.chars().take(64).collect()
}

/// The name after `task/`, unless a group is called so as a whole.
fn named_by_model<'r>(snapshot: &Snapshot, model: &'r str) -> Option<&'r str> {
    let task = model.strip_prefix(PREFIX)?;
    let is_group = || matches!(own_lists::find(snapshot, model), Some((_, None)));
    (!is_group()).then_some(task)
}

/// An unknown model goes to the first of `default_fallbacks` if there is one.
fn model<'r>(snapshot: &Snapshot, model: &'r str) -> Result<AskedFor<'r>, Error> {
    let default = || {
        let first = *snapshot.topology.default_fallbacks()?.first()?;
        Some((first, None))
    };
    let found = own_lists::find(snapshot, model).or_else(default);
    let (group, matched) = found.ok_or_else(|| {
        let known: Vec<&str> = snapshot.models().collect();
        Error::unknown_model(model, "model", &known)
    })?;
    Ok(AskedFor { group, matched, task: None, warning: None })
}
