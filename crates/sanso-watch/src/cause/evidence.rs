//! What speaks for a cause, in sentences with their numbers.

use super::mix::{Mix, providers};
use super::rhythm::Rhythm;
use super::{Cause, CauseCode};
use crate::event::GateName;
use crate::figures::{ChainCounts, DeploymentCounts, HOUR};
use crate::kind::Kind;
use crate::millis::Millis;
use crate::reason::{Passed, Reason};
use crate::scene::Scene;
use crate::words::{number, plural, ratio, share};

/// What part of what moved requests on is of the kind.
pub(super) fn moved(cause: &mut Cause, mix: &Mix, counts: &ChainCounts) {
    for (passed, why) in [
        (Passed::Unable, "cannot do what they ask"),
        (Passed::NoTime, "takes longer than they had left"),
        (Passed::Failed, "had failed them before"),
    ] {
        let count = counts.moved_for(Reason::Passed(passed));
        if count > 0 {
            let all = number(counts.moved.total());
            let line = format!("{} of {all} moved on from a model that {why}", number(count));
            cause.evidence.push(line);
        }
    }
    let Some(kind) = cause.kind.map(|kind| kind.kind) else { return };
    let (of_kind, total) = mix.weight(kind);
    if mix.is_counted && counts.moved.total() > 0 {
        let (of_kind, total) = (of_kind as u32, total as u32);
        let rate = ratio(of_kind, total);
        let of = format!("{} of {}", number(of_kind), number(total));
        let what = "of what moved requests on";
        cause.evidence.push(if rate == of {
            format!("{kind} is {of} {what}")
        } else {
            format!("{kind} is {rate} {what} ({of})")
        });
    }
}

/// Each gate that moved requests on, the one that moved most first: a cause may be told by one of them
/// that is not the breaker.
pub(super) fn gates(cause: &mut Cause, counts: &ChainCounts) {
    let gates = [
        (Passed::Breaker, "an open breaker"),
        (Passed::Credential, "a shut credential gate"),
        (Passed::Model, "a shut model gate"),
        (Passed::Quota, "a shut quota gate"),
        (Passed::Host, "a shut host gate"),
        (Passed::Window, "a full window"),
        (Passed::Budget, "a spent retry budget"),
        (Passed::RetryCap, "full retries"),
        (Passed::Inflow, "a full fallback inflow"),
    ];
    let mut moved = gates.map(|(gate, what)| (counts.moved_for(Reason::Passed(gate)), what));
    moved.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    for (count, what) in moved.into_iter().filter(|(count, _)| *count > 0) {
        let times = plural(count, "request", "requests");
        cause.evidence.push(format!("{times} passed by {what}"));
    }
}

/// When a limit was hit.
pub(super) fn rhythm(cause: &mut Cause, rhythm: &Rhythm) {
    let Rhythm { half_in, bins, minutes, hit_minutes, asked_minutes } = *rhythm;
    let span = if minutes == 1 { "minutes".to_owned() } else { format!("spans of {minutes} min") };
    cause.evidence.push(if rhythm.is_steady() {
        format!("steady: in {hit_minutes} of {asked_minutes} minutes with requests")
    } else {
        format!("bursts: half of it in {half_in} of {bins} {span} with requests")
    });
}

/// How many failed attempts a larger plan would have spared.
pub(super) fn plan(cause: &mut Cause, scene: &Scene<'_>, numbers: &[usize], since: Millis) {
    let counts = scene.figures.deployments(numbers, since, scene.now);
    let (limited, failed) = (number(counts.kind(Kind::RateLimited)), counts.provider_faults());
    let failed = plural(failed, "failed attempt", "failed attempts");
    cause.evidence.push(format!("a larger plan would have spared {limited} of {failed}"));
}

/// Which limit was hit, and how much larger it would have to be.
pub(super) fn rate(
    cause: &mut Cause,
    scene: &Scene<'_>,
    chain: usize,
    counts: &ChainCounts,
    since: Millis,
) {
    let own_leg = scene.own_leg(chain, since);
    let dimension = own_leg.iter().find_map(|number| {
        let id = &scene.index.deployments[*number].deployment;
        scene.facts.gate_of(id, GateName::Quota)?.dimension
    });
    let closings = scene.figures.deployments(&own_leg, scene.now.minus(HOUR), scene.now);
    let closings = closings.closings.get(GateName::Quota as usize);
    if closings > 0 {
        let times = plural(closings, "closing", "closings");
        let limit = match dimension {
            Some(crate::Dimension::Requests) => "requests per minute is the limit hit; ",
            Some(crate::Dimension::Tokens) => "tokens per minute is the limit hit; ",
            None => "",
        };
        cause.evidence.push(format!("{limit}{times} of the quota gate in 1 h"));
    }
    let limited: u32 = [Reason::Fault(Kind::RateLimited), Reason::Passed(Passed::Quota)]
        .into_iter()
        .map(|reason| counts.moved_for(reason))
        .sum();
    let answered = scene.figures.deployments(&own_leg, since, scene.now).successes;
    if cause.code == CauseCode::RateSteady && answered > 0 {
        let larger = (f64::from(limited) / f64::from(answered) * 100.0).ceil() as u32;
        let larger = number(larger);
        cause
            .evidence
            .push(format!("on average, a plan {larger} % larger would have answered them"));
    }
}

/// How attempts failed, whether others fail, too, and with how many keys.
pub(super) fn attempts(
    cause: &mut Cause,
    scene: &Scene<'_>,
    mix: &Mix,
    numbers: &[usize],
    since: Millis,
) {
    if cause.code == CauseCode::Network {
        let all = providers(scene, since);
        let named =
            all.iter().map(|(name, trouble, of)| format!("{name} {}", ratio(*trouble, *of)));
        let named: Vec<_> = named.collect();
        if let Some(only) = &cause.provider {
            let own =
                format!("no attempt at {only} could connect, and no other provider was asked");
            cause.evidence.push(own);
            return;
        }
        cause.evidence.push(format!("all {} providers fail: {}", all.len(), named.join(", ")));
        return;
    }
    let counts = scene.figures.deployments(numbers, since, scene.now);
    // What the provider is not to blame for is not among the failed ones, nor among their kinds.
    let kinds = Mix::of_attempts(scene, numbers, since).only(Kind::is_providers).sorted();
    let named = |(kind, part): &(Kind, f64)| format!("{kind} {}", share(*part));
    let kinds: Vec<_> = kinds.iter().take(3).map(named).collect();
    if !kinds.is_empty() && counts.judged() > 0 {
        let failed = ratio(counts.provider_faults(), counts.judged());
        cause.evidence.push(format!("{failed} of the attempts failed: {}", kinds.join(", ")));
    }
    if mix.share_of(Kind::is_trouble) > 0.5
        && let Some(own) = cause.provider.clone()
    {
        let others = providers(scene, since).into_iter().filter(|(name, _, _)| **name != *own);
        let others: Vec<_> =
            others.map(|(name, trouble, of)| format!("{name} {}", ratio(trouble, of))).collect();
        if !others.is_empty() {
            cause.evidence.push(format!("other providers: {}", others.join(", ")));
        }
    }
    if cause.code == CauseCode::Latency {
        let ttft = scene.figures.ttft(numbers, since, scene.now);
        if let (Some(p50), Some(p95)) = (ttft.quantile(0.5), ttft.quantile(0.95)) {
            cause
                .evidence
                .push(format!("first token of those that came: p50 {p50:.0} ms, p95 {p95:.0} ms"));
        }
    }
}

/// What is wrong with a model's answers, and how the others of its chain do.
pub(super) fn soft(
    cause: &mut Cause,
    scene: &Scene<'_>,
    counts: &DeploymentCounts,
    numbers: &[usize],
    since: Millis,
) {
    if let Some(reason) = cause.soft_reason() {
        let (of_reason, total) = (number(counts.soft(reason)), number(counts.soft.total()));
        cause.evidence.push(format!("{of_reason} of {total} were {}", reason.words()));
    }
    let models = scene.index.distinct(|planned| &planned.model);
    let shares_chain = |number: &usize| {
        scene.index.slots.iter().any(|slots| {
            let has = |number| slots.iter().any(|slot| slot.deployment == number);
            has(*number) && numbers.iter().any(|own| has(*own))
        })
    };
    for model in models {
        let of: Vec<_> = scene.index.which(|planned| planned.model == *model).collect();
        if of.iter().any(|number| numbers.contains(number)) || !of.iter().any(shares_chain) {
            continue;
        }
        let theirs = scene.figures.deployments(&of, since, scene.now);
        if theirs.answers() > 0 {
            let rate = ratio(theirs.soft.total(), theirs.answers());
            cause.evidence.push(format!("{model} in the same time: {rate}"));
        }
    }
}

/// When a breaker opened, and for what.
pub(super) fn openings(cause: &mut Cause, scene: &Scene<'_>, numbers: &[usize]) {
    let ids = numbers.iter().map(|number| &*scene.index.deployments[*number].deployment);
    let mut moves: Vec<_> =
        ids.flat_map(|id| scene.facts.openings(id, scene.now.minus(HOUR))).collect();
    moves.sort_by_key(|moved| moved.at);
    /// More would be a wall.
    const SHOWN: usize = 12;
    let shown = moves.iter().skip(moves.len().saturating_sub(SHOWN));
    let shown: Vec<_> = shown
        .map(|moved| match moved.kind {
            Some(kind) => format!("{} {kind}", moved.at.clock()),
            None => moved.at.clock(),
        })
        .collect();
    if !shown.is_empty() {
        cause.evidence.push(format!("{} (UTC)", shown.join(", ")));
    }
}

/// What was refused, and whether the gate is shut.
pub(super) fn refused(
    cause: &mut Cause,
    scene: &Scene<'_>,
    numbers: &[usize],
    kind: Kind,
    since: Millis,
) {
    let counts = scene.figures.deployments(numbers, since, scene.now);
    let what = match (&cause.key_name, &cause.model) {
        (Some(key), _) => format!("the key {key}"),
        (None, Some(model)) if kind == Kind::NotFound => format!("the model {model}"),
        (None, _) => "its key".to_owned(),
    };
    // After a restart a gate may be shut, and nothing be counted of why.
    if counts.kind(kind) > 0 {
        let times = plural(counts.kind(kind), "attempt", "attempts");
        cause.evidence.push(format!("{times} with {what} ended as {kind}"));
    }
    for number in numbers {
        let id = &scene.index.deployments[*number].deployment;
        let gates = [GateName::Credential, GateName::Model];
        let shut = gates.into_iter().find_map(|gate| scene.facts.shut(id, gate));
        if let Some(shut) = shut.filter(|shut| shut.kind == Some(kind)) {
            cause.evidence.push(format!("its gate is shut since {} (UTC)", shut.at.clock()));
            return;
        }
    }
}

/// An operator holds the breaker open.
pub(super) fn forced(by_breaker: u32, moved: u32) -> String {
    format!(
        "{} of {} requests moved on by a breaker that an operator holds open",
        number(by_breaker),
        number(moved)
    )
}
