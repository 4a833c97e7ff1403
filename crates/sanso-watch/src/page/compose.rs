//! The overview, made from the figures, the alerts and what the gates know.

use std::sync::Arc;

use super::overview::{
    About, Breaker, Chain, Deployment, FallbackRates, Gate, Leg, Opening, Overview, Percentiles,
    Totals,
};
use crate::event::{BreakerState, Degradation, GateName};
use crate::figures::{ChainCounts, HOUR, MINUTE};
use crate::index::Slot;
use crate::kind::Kind;
use crate::live::{LiveBreaker, LiveDeployment};
use crate::millis::Millis;
use crate::reason::Reason;
use crate::verdict::Bench;

pub(crate) fn overview(bench: &Bench<'_>) -> Overview {
    let scene = &bench.scene;
    let from = scene.kept(scene.now.minus(bench.range.millis()));
    let chains = 0..scene.index.plan.chains.len();
    let mut totals = Totals::default();
    let chains = chains
        .map(|number| {
            let counts = scene.figures.chain(number, from, scene.now);
            totals.add(&counts);
            (number, counts)
        })
        .filter(|(number, _)| bench.is_shown(*number, from))
        .map(|(number, counts)| chain(bench, number, &counts, from))
        .collect();
    Overview {
        now: scene.now,
        started_at: bench.started_at,
        about: About::default(),
        range: bench.range,
        verdict: bench.verdict(),
        totals,
        chains,
        alerts: bench.alerts.open().into_iter().cloned().collect(),
    }
}

impl Totals {
    pub(super) fn add(&mut self, counts: &ChainCounts) {
        self.requests += counts.asked();
        self.full += counts.of(Degradation::Full);
        self.partial += counts.of(Degradation::Partial);
        self.degraded += counts.of(Degradation::Degraded);
        self.unavailable += counts.of(Degradation::Unavailable);
        self.cancelled += counts.of(Degradation::Cancelled);
        self.rejected += counts.of(Degradation::Rejected);
        self.cost_usd = crate::figures::counts::plus(self.cost_usd, counts.cost_usd);
    }
}

fn chain(bench: &Bench<'_>, number: usize, counts: &ChainCounts, from: Millis) -> Chain {
    let scene = &bench.scene;
    let planned = &scene.index.plan.chains[number];
    let mut slots = scene.index.slots[number].iter().enumerate();
    let legs = planned.legs.iter().map(|leg| Leg {
        model_group: Arc::clone(&leg.model_group),
        deployments: slots
            .by_ref()
            .take(leg.deployments.len())
            .map(|slot| deployment(bench, slot, counts, from))
            .collect(),
    });
    let legs = legs.collect();
    let last = |window| scene.figures.chain(number, scene.now.minus(window), scene.now);
    let windows = bench.alerts.thresholds();
    let (short, long) = (last(windows.short()), last(windows.long()));
    let onset = bench.alerts.onset_of_fallback(number, scene.index);
    let since_onset = onset.map(|at| scene.figures.chain(number, scene.kept(at), scene.now));
    Chain {
        name: Arc::clone(scene.index.name(number)),
        model_group: Arc::clone(&planned.model_group),
        task: planned.task.clone(),
        strategy: Arc::clone(&planned.strategy),
        fallback: if planned.denied { "deny" } else { "allow" },
        cascade: None,
        requests_per_min: f64::from(short.asked()) * MINUTE as f64 / windows.short() as f64,
        fallback_rate: FallbackRates {
            short: fallback_rate(&short),
            long: fallback_rate(&long),
            since_onset: since_onset.as_ref().and_then(fallback_rate),
        },
        escalation_rate: None,
        chain_health: health(bench, number),
        legs,
    }
}

fn fallback_rate(counts: &ChainCounts) -> Option<f64> {
    share(counts.of(Degradation::Partial), counts.asked())
}

pub(super) fn share(part: u32, of: u32) -> Option<f64> {
    (of > 0).then(|| f64::from(part) / f64::from(of))
}

/// Of the deployments of which the gates told: the share that lets calls through. A breaker past its
/// time only waits to be asked.
fn health(bench: &Bench<'_>, chain: usize) -> Option<f64> {
    let now = bench.scene.now;
    let mut deployments: Vec<_> =
        bench.scene.index.slots[chain].iter().map(|slot| slot.deployment).collect();
    deployments.sort_unstable();
    deployments.dedup();
    let ids = deployments.iter().map(|number| &bench.scene.index.deployments[*number].deployment);
    let known: Vec<_> = ids.filter_map(|id| bench.live.of(id)).collect();
    let is_shut = |live: &LiveDeployment| {
        let waits = live.breaker.next_probe.is_none_or(|at| at > now);
        (live.breaker.state == BreakerState::Open && waits) || !live.gates.is_empty()
    };
    let well = known.iter().filter(|live| !is_shut(live)).count();
    (!known.is_empty()).then(|| well as f64 / known.len() as f64)
}

fn deployment(
    bench: &Bench<'_>,
    (place, slot): (usize, &Slot),
    counts: &ChainCounts,
    from: Millis,
) -> Deployment {
    let scene = &bench.scene;
    let planned = &scene.index.deployments[slot.deployment];
    let own = scene.figures.deployments(&[slot.deployment], from, scene.now);
    let live = bench.live.of(&planned.deployment);
    let requests = counts.served.get(place);
    let faults = Kind::ALL.into_iter().map(|kind| (kind, own.kind(kind)));
    let reasons_on = Reason::all().map(|reason| {
        (reason.as_str(), counts.passed_on.get(place * Reason::COUNT + reason.index()))
    });
    Deployment {
        deployment: Arc::clone(&planned.deployment),
        provider: Arc::clone(&planned.provider),
        model: Arc::clone(&planned.model),
        region: planned.region.clone(),
        share: share(requests, counts.asked()),
        requests,
        attempts: own.attempts,
        faults: faults.filter(|(_, count)| *count > 0).collect(),
        reasons_on: reasons_on.filter(|(_, count)| *count > 0).collect(),
        in_flight: live.map_or(0, |live| live.in_flight),
        ttft_ms: Percentiles::of(&scene.figures.ttft(&[slot.deployment], from, scene.now)),
        soft_failure_rate: share(own.soft.total(), own.answers()),
        parity: None,
        breaker: breaker(bench, &planned.deployment),
        gates: gates(bench, slot.deployment, live),
    }
}

/// As the gates say; where they do not, as was last heard. Breakers start closed.
fn breaker(bench: &Bench<'_>, id: &Arc<str>) -> Breaker {
    let scene = &bench.scene;
    let openings = scene.facts.openings(id, scene.now.minus(HOUR));
    let openings_1h = openings.map(|m| Opening { at: m.at, kind: m.kind }).collect();
    if let Some(LiveDeployment { breaker: live, .. }) = bench.live.of(id) {
        let LiveBreaker { state, since, next_probe, window, forced } = *live;
        return Breaker { state, since, next_probe, window, openings_1h, forced };
    }
    let last = scene.facts.moves(id).last();
    Breaker {
        state: last.map_or(BreakerState::Closed, |moved| moved.to),
        since: last.map_or(bench.started_at, |moved| moved.at),
        next_probe: last.and_then(|moved| moved.next_probe),
        window: last.and_then(|moved| moved.window),
        openings_1h,
        forced: None,
    }
}

/// Gates that are shut now; and a quota that was of late, since it shuts for seconds at a time and is
/// seldom seen shut.
fn gates(bench: &Bench<'_>, number: usize, live: Option<&LiveDeployment>) -> Vec<Gate> {
    let scene = &bench.scene;
    let id = &scene.index.deployments[number].deployment;
    let closings = |window| {
        let counts = scene.figures.deployments(&[number], scene.now.minus(window), scene.now);
        counts.closings
    };
    let of_late = closings(bench.alerts.thresholds().short());
    let in_hour = closings(HOUR);
    let all = [GateName::Credential, GateName::Model, GateName::Quota, GateName::Host];
    let gate = |gate: GateName| {
        let now = live.and_then(|live| live.gates.iter().find(|shut| shut.gate == gate));
        let heard = scene.facts.gate_of(id, gate);
        let was = gate == GateName::Quota && of_late.get(gate as usize) > 0;
        (now.is_some() || was).then(|| Gate {
            gate,
            shut: now.is_some(),
            dimension: now.and_then(|g| g.dimension).or(heard.and_then(|g| g.dimension)),
            since: now.map(|g| g.since).or(heard.map(|g| g.at)),
            not_before: now.and_then(|g| g.not_before),
            closings_1h: in_hour.get(gate as usize),
        })
    };
    all.into_iter().filter_map(gate).collect()
}
