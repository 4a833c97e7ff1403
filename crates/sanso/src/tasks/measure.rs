//! What a finished request tells: how quick each deployment was that it called, whether the answer was
//! what was wanted, and how long it was.

use sanso_core::{CallEnd, Class, FaultKind, GateRule, Instant};

use crate::call::Facts;
use crate::observe::trail::{Trail, TrailAttempt};
use crate::snapshot::Snapshot;

/// Takes note of a finished request. `by` is the call that answered, `task` the place of its task.
pub(crate) fn learn(
    snapshot: &Snapshot,
    task: Option<usize>,
    class: Class,
    trail: &Trail,
    by: Option<&TrailAttempt>,
    facts: &Facts,
) {
    if snapshot.config.tasks.is_empty() {
        return;
    }
    for attempt in &trail.attempts {
        let is_answer = by.is_some_and(|by| by.call == attempt.call);
        let soft_live = is_answer && trail.soft.is_some();
        learn_of(snapshot, class, attempt, soft_live);
    }
    let Some((by, usage)) = by.zip(facts.usage) else { return };
    if let Some(task) = task {
        snapshot.tasks.task(task).note_output(usage.completion);
    }
    let flowing = by.end.and_then(|(_, ended)| {
        // Of a plain answer the whole time counts: when its first token was made is not known.
        let since = by.first_content.filter(|_| class.stream).unwrap_or_default();
        ended.checked_sub(since)
    });
    if let Some((took, mut measured)) = flowing.zip(snapshot.tasks.measured(by.deployment)) {
        measured.paces.flowed(class, usage.completion, took);
    }
}

fn learn_of(snapshot: &Snapshot, class: Class, attempt: &TrailAttempt, soft_live: bool) {
    let Some(mut measured) = snapshot.tasks.measured(attempt.deployment) else { return };
    let at = |after| -> Instant { attempt.started + after };
    let (answered, end) = (attempt.first_content, attempt.end);
    let fault = end.and_then(|(end, after)| match end {
        CallEnd::Fault(fault) => Some((fault.kind, after)),
        CallEnd::Finished | CallEnd::Cancelled => None,
    });
    // A caller's mistake says nothing of who was asked.
    let failed = fault.filter(|(kind, _)| kind.rule().gate != GateRule::None);
    match (answered, failed, end) {
        // Of a stream that broke, what it took to begin.
        (_, Some((kind, after)), _) if !matches!(kind, FaultKind::Soft(_)) => {
            measured.paces.failed(class, at(after), answered.unwrap_or(after));
        }
        (Some(after), _, _) => measured.paces.answered(class, at(after), after),
        (None, _, Some((CallEnd::Cancelled, after))) => {
            measured.paces.left(class, at(after), after);
        }
        (None, _, Some((CallEnd::Finished | CallEnd::Fault(_), _)) | None) => {}
    }
    match (fault, end) {
        (Some((FaultKind::Soft(_), after)), _) => measured.soft.record(at(after), true),
        (None, Some((CallEnd::Finished, after))) => measured.soft.record(at(after), soft_live),
        (Some(_), _) | (None, _) => {}
    }
}
