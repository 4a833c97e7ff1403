//! A request before anyone is called for it: whom it asks for, in which order, and by which rules.

use sanso_core::{Class, Needs, Request};
use sanso_wire::envelope::{Envelope, FallbackRule};

use crate::asked_for;
use crate::error::Error;
use crate::gateway::Arrival;
use crate::matches::Matches;
use crate::own_lists;
use crate::snapshot::Snapshot;
use crate::tasks;

/// What a request asks of the chain.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) request: Request,
    /// What stands for the `*` of wildcards.
    pub(crate) matches: Matches,
    /// What was said and not followed.
    pub(crate) warnings: Vec<String>,
    /// The request as it goes upstream, where that is streamed and its client asked for a plain answer.
    pub(crate) streamed: Option<Envelope>,
    /// The first leg is there to be measured, see [`tasks::Ordered`].
    pub(crate) explores: bool,
}

/// Makes a plan. `order` finds the legs of a task, which is told by its place.
///
/// # Errors
/// No such task, or no such model; a fallback of the request's own that nothing is called.
pub(crate) fn make(
    snapshot: &Snapshot,
    envelope: &Envelope,
    arrival: &Arrival,
    order: impl FnOnce(usize, &tasks::Ask) -> tasks::Ordered,
) -> Result<Plan, Error> {
    let asked_for = asked_for::find(snapshot, envelope, arrival.task.as_deref())?;
    let (group, task, warning) = (asked_for.group, asked_for.task, asked_for.warning);
    let mut matches = Matches::default();
    // The first of a request is alone: it cannot stand against another.
    let _ = matches.note(group, asked_for.matched);
    let policy = &snapshot.config.groups[group.index()].policy;
    let streamed = (policy.streams.upstream_stream && !envelope.stream)
        .then(|| envelope.streamed())
        .transpose()?;
    let buffered = envelope.controls.buffer.unwrap_or(policy.streams.buffer_full);
    let class = Class { stream: envelope.stream || streamed.is_some(), thinks: envelope.thinks };
    let configured = policy.timeouts.deadline;
    let deadline = arrival.deadline.map_or(configured, |own| own.min(configured));
    let mut request = Request::new(group, class, arrival.at + deadline);
    request.held = streamed.is_some() || (envelope.stream && buffered);
    request.is_retry = arrival.is_retry;
    apply_controls(&mut request, envelope);
    request.deny_fallback |= task.is_some_and(|task| task.deny_fallback);
    request.relax = policy.degrade.relax;
    request.continues = policy.streams.continues && !request.held && is_one_text(envelope);
    let mut explores = false;
    if let Some(task) = snapshot.task_index(group) {
        let ordered = order(task, &tasks::Ask::of(envelope, &request));
        (request.legs, explores) = (ordered.legs, ordered.explores);
    }
    let mut own = own_lists::Reading { snapshot, matches, warnings: Vec::new() };
    own.read(envelope, &mut request)?;
    let own_lists::Reading { matches, mut warnings, .. } = own;
    warnings.extend(warning);
    Ok(Plan { request, matches, warnings, streamed, explores })
}

/// What the request says of its own chain.
fn apply_controls(request: &mut Request, envelope: &Envelope) {
    let controls = &envelope.controls;
    request.prompt_tokens = u32::try_from(envelope.prompt_tokens_estimate).unwrap_or(u32::MAX);
    request.needs = envelope.needs;
    request.max_tokens = envelope.max_tokens.map(|most| u32::try_from(most).unwrap_or(u32::MAX));
    request.num_retries = controls.num_retries;
    request.fallback_on = controls.fallback_on;
    request.priority = controls.priority.unwrap_or_default();
    request.max_fallbacks = controls.max_fallbacks;
    request.deny_fallback =
        controls.disable_fallbacks || controls.fallback == Some(FallbackRule::Deny);
    request.timeout = match envelope.stream {
        true => controls.stream_timeout.or(controls.timeout),
        false => controls.timeout,
    };
}

/// Whether the answer that is asked for is one stream of text, which another could carry on: no call,
/// no form that two halves would have to share, no thoughts before it.
fn is_one_text(envelope: &Envelope) -> bool {
    let more = [
        envelope.has_tools,
        envelope.wants_json,
        envelope.wants_media,
        envelope.thinks,
        envelope.candidates > 1,
        !envelope.needs.common(Needs::LOGPROBS).is_empty(),
    ];
    envelope.stream && !more.contains(&true)
}
