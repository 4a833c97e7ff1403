//! One line of the request log.

use std::sync::Arc;
use std::time::Duration;

use sanso_core::{CallEnd, DeploymentId, FaultKind, GroupId, LegIndex, SoftReason};
use serde::Serialize;

use super::state_name;
use super::trail::{Trail, TrailAttempt, kind_name};
use crate::call::Facts;
use crate::checks::reason_name;
use crate::clock::Clock;
use crate::exchange::Exchange;
use crate::served::{Degradation, Served};

/// A finished request, with the field names of `monitoring.md`. Prompts and answers are not in it.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    event: &'static str,
    ts: String,
    request_id: String,
    task: Option<String>,
    model_group: Arc<str>,
    provider: Option<Arc<str>>,
    model: Option<Arc<str>>,
    deployment: Option<Arc<str>>,
    attempt: usize,
    fallback_from: Option<Arc<str>>,
    duration_ms: u128,
    ttft_ms: Option<u128>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<f64>,
    circuit_state: Option<&'static str>,
    degradation_level: &'static str,
    is_fallback: bool,
    format_valid: Option<bool>,
    soft_fault: Option<&'static str>,
    quality_score: Option<f64>,
    failure_kinds: Vec<&'static str>,
    warnings: Vec<String>,
    #[serde(skip)]
    pub(crate) group: GroupId,
    #[serde(skip)]
    pub(crate) first_leg: GroupId,
    #[serde(skip)]
    pub(crate) degradation: Degradation,
    #[serde(skip)]
    pub(crate) duration: Duration,
    #[serde(skip)]
    pub(crate) ttft: Option<Duration>,
    /// How each call ended.
    #[serde(skip)]
    pub(crate) attempts: Vec<(DeploymentId, CallEnd)>,
    /// Answers that were not what was wanted, of whom.
    #[serde(skip)]
    pub(crate) soft_faults: Vec<(DeploymentId, SoftReason)>,
    /// The group that answered instead, and the fault that began it.
    #[serde(skip)]
    pub(crate) fell_back: Option<(Arc<str>, &'static str)>,
}

impl Record {
    pub(crate) fn new(exchange: &Exchange, served: &Served, facts: Facts) -> Self {
        let now = exchange.shared.clock.now();
        let snapshot = &exchange.snapshot;
        let trail = exchange.trail();
        let by = exchange.answering(served);
        let target = by.map(|attempt| snapshot.target(attempt.deployment));
        // Of an answer in two parts the first word is the first one's.
        let broke = trail.attempts.iter().find(|it| Some(it.call) == trail.carried_on);
        let ttft = broke.or(by).and_then(|attempt| {
            attempt.first_content.map(|after| (attempt.started + after) - exchange.started)
        });
        let asked_for = snapshot.topology.group(exchange.group());
        let first = &snapshot.topology.group(exchange.first_leg()).name;
        let duration = now - exchange.started;
        Self {
            event: "request",
            ts: Clock::wall().to_string(),
            request_id: served.request_id.clone(),
            task: task(exchange),
            model_group: Arc::clone(&asked_for.name),
            provider: target.map(|target| Arc::clone(&target.provider)),
            model: by.map(|by| {
                snapshot.target(by.deployment).model_for(exchange.asked.matches.of(by.group))
            }),
            deployment: target.map(|target| Arc::clone(&target.id)),
            attempt: trail.attempts.len(),
            fallback_from: served.fallback.then(|| Arc::clone(first)),
            duration_ms: duration.as_millis(),
            ttft_ms: ttft.map(|ttft| ttft.as_millis()),
            input_tokens: facts.usage.map(|usage| usage.prompt),
            output_tokens: facts.usage.map(|usage| usage.completion),
            cost_usd: exchange.cost_usd(served, &facts),
            circuit_state: by.map(|by| state_name(snapshot.circuit_state(by.deployment, now))),
            degradation_level: served.degradation.as_str(),
            is_fallback: by.is_some_and(|attempt| attempt.leg != LegIndex::FIRST),
            format_valid: by.and_then(|_| exchange.asked.checks.as_ref()?.format_valid(trail.soft)),
            soft_fault: trail.soft.map(reason_name),
            quality_score: by
                .and_then(|by| snapshot.config.deployments[by.deployment.index()].quality),
            failure_kinds: trail.faults().map(kind_name).collect(),
            warnings: served.warnings.clone(),
            group: exchange.group(),
            first_leg: exchange.first_leg(),
            degradation: served.degradation,
            duration,
            ttft,
            soft_faults: soft_faults(trail, by),
            attempts: trail
                .attempts
                .iter()
                .filter_map(|a| Some((a.deployment, a.end?.0)))
                .collect(),
            fell_back: served.answering_group.clone().filter(|_| served.fallback).map(|group| {
                // Without a fault the first leg was passed over.
                let passed_over = if trail.outdone { "preflight" } else { "gate_shut" };
                (group, trail.faults().next().or(trail.moved_for).map_or(passed_over, kind_name))
            }),
        }
    }
}

/// The task that was asked for. Where the file has none, what the client calls it.
fn task(exchange: &Exchange) -> Option<String> {
    let configured = exchange.snapshot.task_of(exchange.group()).map(|task| task.name.clone());
    configured.or_else(|| exchange.asked.envelope.controls.task.clone())
}

/// Those that were acted on, and that of a live stream, whose call ended well.
fn soft_faults(trail: &Trail, by: Option<&TrailAttempt>) -> Vec<(DeploymentId, SoftReason)> {
    let of_attempt = |attempt: &TrailAttempt| match attempt.end {
        Some((CallEnd::Fault(fault), _)) => match fault.kind {
            FaultKind::Soft(reason) => Some((attempt.deployment, reason)),
            _ => None,
        },
        Some((CallEnd::Finished | CallEnd::Cancelled, _)) | None => None,
    };
    let live = by.filter(|attempt| matches!(attempt.end, Some((CallEnd::Finished, _))));
    let live = live.and_then(|attempt| Some((attempt.deployment, trail.soft?)));
    trail.attempts.iter().filter_map(of_attempt).chain(live).collect()
}
