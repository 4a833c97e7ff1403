//! A finished request, as whoever watches is told it.

use std::sync::Arc;

use sanso_core::{CallEnd, CallId, FaultKind, LegIndex};
use sanso_watch::{AttemptMade, Finished, Kind, Outcome, Phase, Reason, Skip};

use super::happened::{millis, whole};
use super::record::Record;
use super::trail::{TrailAttempt, TrailSkip};
use crate::served::Degradation;

/// Characters of a provider's message that are kept.
const NOTE: usize = 200;

pub(super) fn of(record: &Record<'_>) -> Finished {
    let (exchange, served, facts) = (record.exchange, record.served, &record.facts);
    let (snapshot, trail) = (&exchange.snapshot, exchange.trail());
    let by = record.by;
    let target = by.map(|by| snapshot.target(by.deployment));
    Finished {
        request_id: served.request_id.as_str().into(),
        at: millis(record.now, record.now),
        task: record.task(),
        model_group: snapshot.group_name(exchange.group()),
        degradation: served.degradation,
        provider: target.map(|target| Arc::clone(&target.provider)),
        model: by.map(|by| model(record, by)),
        deployment: target.map(|target| Arc::clone(&target.id)),
        answered_by_group: by.map(|by| snapshot.group_name(by.group)),
        leg: by.map(|by| by.leg.0),
        explores: trail.explores,
        first_group: Some(snapshot.group_name(exchange.first_leg())),
        fallback_from: served.fallback.then(|| snapshot.group_name(exchange.first_leg())),
        fallback: reason(record),
        duration_ms: whole(record.duration),
        ttft_ms: record.ttft.map(whole),
        input_tokens: facts.usage.map(|usage| usage.prompt),
        output_tokens: facts.usage.map(|usage| usage.completion),
        cost_usd: record.cost_usd,
        soft: trail.soft.map(Into::into),
        format_valid: by.and_then(|_| exchange.asked.checks.as_ref()?.format_valid(trail.soft)),
        circuit_state: by.map(|by| snapshot.circuit_state(by.deployment, record.now).into()),
        quality_score: by.and_then(|by| snapshot.config.deployments[by.deployment.index()].quality),
        warnings: served.warnings.iter().map(|warning| warning.as_str().into()).collect(),
        attempts: attempts(record),
        skipped: trail.skipped.iter().map(|skip| skipped(record, skip)).collect(),
    }
}

/// Why the leg that the request was meant for did not answer, where a later one did, or no one.
fn reason(record: &Record<'_>) -> Option<Reason> {
    let trail = record.exchange.trail();
    let lost = match record.served.degradation {
        Degradation::Full | Degradation::Cancelled | Degradation::Rejected => false,
        Degradation::Partial | Degradation::Degraded | Degradation::Unavailable => true,
    };
    let fault = |kind: FaultKind| Reason::Fault(kind.into());
    let passed = || trail.passed_first().map(Reason::Passed);
    // It was not reached: then that is the reason for which who was tried out before it has none.
    let tried_out = || trail.fault_of(LegIndex::FIRST).map(fault);
    trail.moved().map(fault).or_else(passed).or_else(tried_out).filter(|_| lost)
}

fn attempts(record: &Record<'_>) -> Vec<AttemptMade> {
    let mut attempts: Vec<AttemptMade> = Vec::with_capacity(record.exchange.trail().attempts.len());
    for attempt in &record.exchange.trail().attempts {
        let before = attempts.last().map_or(0, |last| last.start_ms + last.duration_ms);
        attempts.push(made(record, attempt, before));
    }
    attempts
}

/// One call. The one before it ended `before` milliseconds after the request's arrival.
fn made(record: &Record<'_>, attempt: &TrailAttempt, before: u64) -> AttemptMade {
    let target = record.exchange.snapshot.target(attempt.deployment);
    let (outcome, phase, soft, status) = match attempt.end {
        Some((CallEnd::Finished, _)) => (Outcome::Success, None, None, None),
        Some((CallEnd::Fault(fault), _)) => {
            let (phase, soft) = match fault.kind {
                FaultKind::Timeout(phase) => (Some(Phase::from(phase)), None),
                FaultKind::Soft(reason) => (None, Some(reason.into())),
                _ => (None, None),
            };
            (Outcome::Fault(fault.kind.into()), phase, soft, fault.status)
        }
        Some((CallEnd::Cancelled, _)) | None => (Outcome::Fault(Kind::Cancelled), None, None, None),
    };
    let start_ms = whole(attempt.started - record.exchange.started);
    let elapsed = attempt.end.map_or(record.now - attempt.started, |(_, after)| after);
    AttemptMade {
        deployment: Arc::clone(&target.id),
        provider: Arc::clone(&target.provider),
        model: model(record, attempt),
        leg: attempt.leg.0,
        outcome,
        phase,
        soft,
        status,
        note: note(record, attempt.call),
        wait_before_ms: if attempt.waited { start_ms.saturating_sub(before) } else { 0 },
        start_ms,
        duration_ms: whole(elapsed),
        ttft_ms: attempt.first_content.map(whole),
        forced_probe: attempt.forced,
    }
}

fn skipped(record: &Record<'_>, skip: &TrailSkip) -> Skip {
    Skip {
        deployment: Arc::clone(&record.exchange.snapshot.target(skip.deployment).id),
        gate: skip.passed,
        since: skip.since.map(|since| millis(since, record.now)),
    }
}

/// The model that was really asked for.
fn model(record: &Record<'_>, attempt: &TrailAttempt) -> Arc<str> {
    let exchange = record.exchange;
    let matched = exchange.asked.matches.of(attempt.group);
    exchange.snapshot.target(attempt.deployment).model_for(matched)
}

/// What the provider said, without a key in it, and not all of it.
fn note(record: &Record<'_>, call: CallId) -> Option<Arc<str>> {
    let failure = record.exchange.failure(call)?;
    let said = record.exchange.snapshot.masked(failure).message;
    let end = said.char_indices().nth(NOTE).map_or(said.len(), |(end, _)| end);
    let more = if end < said.len() { "…" } else { "" };
    Some(format!("{}{more}", &said[..end]).into())
}
