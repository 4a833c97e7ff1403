//! The rows of the verdict's table, in their order.

use std::sync::Arc;

use super::{Answers, Bench, State, Tone, Verdict, trend};
use crate::alerts::{Alert, Severity, Signal, Tracked, Watched};
use crate::cause::Cause;
use crate::event::{BreakerState, Degradation};
use crate::figures::{FINE, MINUTE};
use crate::live::LiveDeployment;
use crate::millis::Millis;

/// More than this share unanswered is said as "nobody answers".
const NOBODY: f64 = 0.9;
/// From this share on, what was answered elsewhere was answered by the same model.
const SAME: f64 = 0.8;
/// Nothing asked for so long is worth saying.
const QUIET: u64 = 5 * MINUTE;

/// One alert of a chain.
struct Trouble<'a> {
    chain: usize,
    alert: &'a Alert,
    /// Its short window is well again, though it is not resolved yet.
    eases: bool,
}

impl<'a> Trouble<'a> {
    fn of(bench: &Bench<'a>, (tracked, watched): (&'a Tracked, &Watched)) -> Option<Self> {
        let alert = &tracked.alert;
        let group = alert.subject.model_group.as_deref();
        let shown = || bench.index().chain(group?, alert.subject.task.as_deref());
        let own = watched.chain(bench.index()).filter(|_| watched.signal.is_of_chain());
        Some(Self { chain: own.or_else(shown)?, alert, eases: tracked.below_ms > 0 })
    }

    /// What was answered elsewhere was answered by the same model, mostly.
    fn is_rerouted(&self) -> bool {
        self.alert.same_model_share.is_some_and(|share| share >= SAME)
    }
}

pub(super) fn first_that_holds(bench: &Bench<'_>) -> Verdict {
    let Some(last_request) = bench.last_request else { return Verdict::default() };
    let troubles: Vec<_> = bench.alerts.firing().filter_map(|of| Trouble::of(bench, of)).collect();
    // Too few for an alert, and yet nothing that is well: of many quiet groups each would be like that.
    let scarce = bench.alerts.scarce().filter_map(|of| Trouble::of(bench, of));
    let scarce: Vec<_> = scarce.filter(|t| t.alert.signal == Signal::FallbackRate).collect();
    let of = |signal| troubles.iter().filter(move |trouble| trouble.alert.signal == signal);
    let worst = |state: State, of: Vec<&Trouble<'_>>| {
        let worst =
            of.into_iter().max_by_key(|trouble| (trouble.alert.count, usize::MAX - trouble.chain));
        worst.map(|trouble| told(bench, state, trouble, &troubles))
    };
    let fallback = |holds: &dyn Fn(&Trouble<'_>) -> bool| {
        of(Signal::FallbackRate).filter(|trouble| holds(trouble)).collect::<Vec<_>>()
    };
    let nobody = |trouble: &&Trouble<'_>| {
        trouble.alert.severity == Severity::Critical && is_down(bench, trouble.chain)
    };
    let keys = [Signal::Authentication, Signal::Quota, Signal::NotFound];
    let rows = [
        (State::Down, of(Signal::Unavailable).filter(nobody).collect()),
        (State::PartlyDown, of(Signal::Unavailable).collect()),
        (State::Degraded, of(Signal::Degraded).collect()),
        (State::Recovering, fallback(&|trouble| is_recovering(bench, trouble))),
        (State::Rerouted, fallback(&|trouble| trouble.is_rerouted())),
        (State::Open, fallback(&|trouble| is_open(bench, trouble))),
        (State::Losing, fallback(&|trouble| trouble.alert.severity == Severity::Critical)),
        (State::Slipping, fallback(&|_| true)),
        (State::Soft, of(Signal::SoftFailureRate).collect()),
        (State::Key, troubles.iter().filter(|t| keys.contains(&t.alert.signal)).collect()),
        (State::Rerouted, scarce.iter().filter(|trouble| trouble.is_rerouted()).collect()),
        (State::Slipping, scarce.iter().collect()),
    ];
    let said = rows.into_iter().find_map(|(state, of)| worst(state, of));
    said.unwrap_or_else(|| {
        if bench.scene.now.since(last_request) >= QUIET { quiet(bench) } else { well(bench) }
    })
}

/// A row about one chain, with everything that is said of it.
fn told(bench: &Bench<'_>, state: State, trouble: &Trouble<'_>, all: &[Trouble<'_>]) -> Verdict {
    let Trouble { chain, alert, .. } = *trouble;
    let planned = &bench.index().plan.chains[chain];
    let of_all = state == State::Down && all_are_down(bench, alert.since, all);
    let answers = match state {
        State::Recovering => bench.answers(chain, bench.scene.now.minus(bench.short())),
        State::Down if of_all => bench.all(alert.since),
        _ => bench.answers(chain, alert.since),
    };
    let counts = bench.scene.figures.chain(chain, bench.scene.kept(alert.since), bench.scene.now);
    let others = all.iter().filter(|t| t.chain != chain && t.alert.signal.is_of_chain());
    let mut others: Vec<_> = others.map(|trouble| trouble.chain).collect();
    others.sort_unstable();
    others.dedup();
    let lost = lost(state, &answers);
    let instead = bench.index().served_instead(chain, &counts.instead);
    let own_leg = bench.scene.own_leg(chain, alert.since);
    let own_model = own_leg.first().map(|number| bench.index().deployments[*number].label().into());
    let of_alert = alert.subject.model.as_ref().filter(|_| state == State::Soft);
    let mut verdict = Verdict {
        state,
        severity: tone(state, alert.severity),
        model_group: Some(Arc::clone(&planned.model_group)).filter(|_| !of_all),
        task: planned.task.clone().filter(|_| !of_all),
        model: of_alert.map(Arc::clone).or(own_model),
        served_instead: instead.map(|planned| Arc::clone(&planned.deployment)),
        served_instead_model: instead.map(|planned| planned.label().into()),
        rate: lost.map(rate).or(alert.of.map(|_| alert.value)),
        count: Some(lost.map_or(alert.count, |(count, _)| count)),
        of: lost.map(|(_, of)| of).or(alert.of),
        since: Some(alert.since),
        trend: trend::trend(&bench.scene, chain, alert.since),
        same_model_share: alert.same_model_share,
        other_model_rate: (counts.asked() > 0).then(|| {
            let elsewhere = counts.of(Degradation::Partial).saturating_sub(counts.same_model);
            rate((elsewhere, counts.asked()))
        }),
        others: u32::try_from(others.len()).unwrap_or(u32::MAX),
        cause: Some(Cause { evidence: Vec::new(), ..alert.cause.clone() }),
        answers,
        ..Verdict::default()
    };
    let own_leg = bench.own_leg(chain, alert.since);
    if state == State::Recovering {
        let recent = &verdict.answers;
        verdict.own_share = (recent.requests > 0).then(|| rate((recent.full, recent.requests)));
        let coming = own_leg.iter().filter(|live| live.breaker.state != BreakerState::Open);
        verdict.recovering_since = coming.map(|live| live.breaker.since).max();
    }
    if state == State::Open {
        verdict.next_probe = own_leg.iter().filter_map(|live| live.breaker.next_probe).min();
    }
    verdict
}

/// So many of so many answers lost: those that the bar shows, so that sentence and bar agree. `None` of
/// rows that are not about a chain's answers since the onset, and where the counts do not hold them, as
/// after a restart.
fn lost(state: State, answers: &Answers) -> Option<(u32, u32)> {
    let count = match state {
        State::Down | State::PartlyDown => answers.unavailable,
        State::Degraded => answers.degraded,
        State::Rerouted | State::Open | State::Losing | State::Slipping => answers.partial,
        State::Empty
        | State::Recovering
        | State::Soft
        | State::Key
        | State::Quiet
        | State::Exposed
        | State::Healthy => return None,
    };
    (count > 0).then_some((count, answers.requests))
}

fn rate((count, of): (u32, u32)) -> f64 {
    f64::from(count) / f64::from(of)
}

/// Every chain that was asked is down, of several: then it is not about one.
fn all_are_down(bench: &Bench<'_>, since: Millis, all: &[Trouble<'_>]) -> bool {
    let down = |chain: usize| {
        let mut unanswered = all.iter().filter(|t| t.alert.signal == Signal::Unavailable);
        unanswered.any(|t| t.chain == chain) && is_down(bench, chain)
    };
    let asked = |chain: &usize| bench.answers(*chain, since).requests > 0;
    let chains = 0..bench.index().plan.chains.len();
    chains.len() > 1 && chains.filter(asked).all(down)
}

const fn tone(state: State, of_alert: Severity) -> Tone {
    match state {
        State::Recovering | State::Rerouted | State::Slipping | State::Exposed => Tone::Warn,
        State::Down | State::Losing => Tone::Critical,
        State::Empty | State::Quiet => Tone::Idle,
        State::Healthy => Tone::Ok,
        State::PartlyDown | State::Degraded | State::Open | State::Soft | State::Key => {
            match of_alert {
                Severity::Warn => Tone::Warn,
                Severity::Critical => Tone::Critical,
            }
        }
    }
}

/// A first-leg breaker is recovering, or half-open and its probe was answered: an open breaker is
/// half-open for a moment at each probe, and that alone is no recovery. Or all of them are closed and
/// it is well since ([`is_back`]), though the alert still waits for its two windows.
fn is_recovering(bench: &Bench<'_>, trouble: &Trouble<'_>) -> bool {
    let own_leg = bench.own_leg(trouble.chain, trouble.alert.since);
    let answers = |live: &LiveDeployment| {
        let number = bench.index().deployment(&live.deployment);
        number.is_some_and(|number| {
            let since = live.breaker.since;
            bench.scene.figures.deployments(&[number], since, bench.scene.now).successes > 0
        })
    };
    let comes_back = own_leg.iter().any(|live| match live.breaker.state {
        BreakerState::Recovering => true,
        BreakerState::HalfOpen => answers(live),
        BreakerState::Open | BreakerState::Closed => false,
    });
    let all_closed = own_leg.iter().all(|live| live.breaker.state == BreakerState::Closed);
    comes_back || (all_closed && (trouble.eases || is_back(bench, trouble, &own_leg)))
}

/// The last breaker of the first leg closed after the onset, and since then the first leg answers: by the
/// whole ten seconds that passed since, before which nothing says otherwise.
fn is_back(bench: &Bench<'_>, trouble: &Trouble<'_>, own_leg: &[&LiveDeployment]) -> bool {
    let closed = own_leg.iter().map(|live| live.breaker.since).max();
    let Some(closed) = closed.filter(|at| *at > trouble.alert.since) else { return false };
    let whole = Millis(closed.0.div_ceil(FINE) * FINE);
    if whole > bench.scene.now {
        return true;
    }
    let since = bench.answers(trouble.chain, whole);
    let warn = bench.alerts.thresholds().fallback_rate.warn();
    f64::from(since.partial) <= warn * f64::from(since.requests)
}

/// Hardly anyone was answered in the last minute, or in the short window if nobody asked in it.
fn is_down(bench: &Bench<'_>, chain: usize) -> bool {
    let over = |window| bench.answers(chain, bench.scene.now.minus(window));
    let recent = Some(over(MINUTE)).filter(|recent| recent.requests > 0);
    let recent = recent.unwrap_or_else(|| over(bench.short()));
    f64::from(recent.unavailable) > NOBODY * f64::from(recent.requests)
}

fn is_open(bench: &Bench<'_>, trouble: &Trouble<'_>) -> bool {
    let own_leg = bench.own_leg(trouble.chain, trouble.alert.since);
    !own_leg.is_empty() && own_leg.iter().all(|live| live.breaker.state == BreakerState::Open)
}

fn quiet(bench: &Bench<'_>) -> Verdict {
    Verdict {
        state: State::Quiet,
        severity: Tone::Idle,
        since: bench.last_request,
        answers: bench.all(bench.scene.now.minus(bench.range.millis())),
        ..Verdict::default()
    }
}

/// Nothing is wrong; the question left is what stands behind it.
fn well(bench: &Bench<'_>) -> Verdict {
    let answers = bench.all(bench.scene.now.minus(bench.range.millis()));
    let chains = &bench.index().plan.chains;
    let asked =
        |chain: &usize| bench.answers(*chain, bench.scene.now.minus(bench.range.millis())).requests;
    let is_exposed = |chain: &usize| {
        let planned = &chains[*chain];
        let is_meant = planned.denied || (planned.spare && asked(chain) == 0);
        !is_meant && bench.index().slots[*chain].len() == 1
    };
    let exposed = (0..chains.len()).filter(is_exposed);
    let rate = (answers.requests > 0).then(|| rate((answers.full, answers.requests)));
    match exposed.max_by_key(|chain| (asked(chain), usize::MAX - chain)) {
        Some(chain) => Verdict {
            state: State::Exposed,
            severity: Tone::Warn,
            model_group: Some(Arc::clone(&chains[chain].model_group)),
            task: chains[chain].task.clone(),
            model: bench.index().slots[chain]
                .first()
                .map(|slot| bench.index().deployments[slot.deployment].label().into()),
            own_share: rate,
            answers,
            ..Verdict::default()
        },
        None => Verdict {
            state: State::Healthy,
            severity: Tone::Ok,
            own_share: rate,
            answers,
            ..Verdict::default()
        },
    }
}
