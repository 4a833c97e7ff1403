//! `GET /admin/overview`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::alerts::{Alert, SHORT};
use crate::event::{BreakerState, Degradation, Dimension, GateName};
use crate::figures::{ChainCounts, HOUR, Sketch};
use crate::index::Slot;
use crate::kind::Kind;
use crate::live::{Forced, LiveDeployment};
use crate::millis::Millis;
use crate::range::Range;
use crate::reason::Reason;
use crate::scene::Scene;
use crate::verdict::{Bench, Verdict};

/// Everything above the charts.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// When it was made.
    pub now: Millis,
    /// When the gateway started.
    pub started_at: Millis,
    /// What the server knows of itself; it fills it in.
    #[serde(flatten)]
    pub about: About,
    /// The range that was asked for; live figures reach back a day of it.
    pub range: Range,
    /// The answer.
    pub verdict: Verdict,
    /// All requests of the range.
    pub totals: Totals,
    /// Per chain, in the plan's order.
    pub chains: Vec<Chain>,
    /// Open ones, the most severe first.
    pub alerts: Vec<Alert>,
}

/// What is not known here.
#[derive(Clone, Debug, Default, Serialize)]
pub struct About {
    /// Of the gateway.
    pub version: Arc<str>,
    /// Its name among others.
    pub instance: Arc<str>,
    /// Of the machine that it runs on.
    pub utc_offset_min: i32,
    /// The history behind the live figures.
    pub history: Option<History>,
    /// The delivery of notices.
    pub delivery: Option<Delivery>,
}

/// How the history is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct History {
    /// What it is kept in.
    pub store: Arc<str>,
    /// For how many days.
    pub retention_d: u32,
    /// What could not be written.
    pub dropped_rows: u64,
}

/// How the delivery of notices is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Delivery {
    /// The last one arrived.
    pub ok: bool,
    /// Why not.
    pub last_error: Option<Arc<str>>,
}

/// Requests by how they were answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Those that tell of quality: the four below.
    pub requests: u32,
    /// Answered by the first leg.
    pub full: u32,
    /// Answered by another leg.
    pub partial: u32,
    /// Answered from store.
    pub degraded: u32,
    /// Answered by nobody.
    pub unavailable: u32,
    /// The client left first.
    pub cancelled: u32,
    /// The request itself was at fault.
    pub rejected: u32,
    /// Of all attempts, as far as prices are known.
    pub cost_usd: Option<f64>,
}

/// One chain.
#[derive(Clone, Debug, Serialize)]
pub struct Chain {
    /// Its group.
    pub model_group: Arc<str>,
    /// Its task.
    pub task: Option<Arc<str>>,
    /// How its legs or siblings are ordered.
    pub strategy: Arc<str>,
    /// `allow` or `deny`.
    pub fallback: &'static str,
    /// Not yet.
    pub cascade: Option<bool>,
    /// Over the last five minutes.
    pub requests_per_min: f64,
    /// Answered by a leg that is not the first.
    pub fallback_rate: FallbackRates,
    /// Not yet.
    pub escalation_rate: Option<f64>,
    /// The share of its deployments that are not shut.
    pub chain_health: Option<f64>,
    /// In their order.
    pub legs: Vec<Leg>,
}

/// A rate over several spans; `None` where nothing was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FallbackRates {
    /// Five minutes.
    #[serde(rename = "5m")]
    pub short: Option<f64>,
    /// An hour.
    #[serde(rename = "1h")]
    pub long: Option<f64>,
    /// Since the onset of the open alert, if there is one.
    pub since_onset: Option<f64>,
}

/// One leg.
#[derive(Clone, Debug, Serialize)]
pub struct Leg {
    /// Its group.
    pub model_group: Arc<str>,
    /// Its deployments.
    pub deployments: Vec<Deployment>,
}

/// One deployment in its leg.
#[derive(Clone, Debug, Serialize)]
pub struct Deployment {
    /// Its id.
    pub deployment: Arc<str>,
    /// The provider.
    pub provider: Arc<str>,
    /// The model.
    pub model: Arc<str>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The share of the chain's requests that it answered in this place.
    pub share: Option<f64>,
    /// How many those are.
    pub requests: u32,
    /// Its attempts, for whatever chain.
    pub attempts: u32,
    /// How those failed.
    pub faults: BTreeMap<Kind, u32>,
    /// Why requests of this chain went on from it.
    pub reasons_on: BTreeMap<&'static str, u32>,
    /// Calls that have not ended.
    pub in_flight: Option<u32>,
    /// First tokens.
    pub ttft_ms: Percentiles,
    /// Answers that were not what was wanted.
    pub soft_failure_rate: Option<f64>,
    /// Not yet.
    pub parity: Option<Parity>,
    /// Its breaker.
    pub breaker: Option<Breaker>,
    /// Its other gates that are shut, or shut in the last hour.
    pub gates: Vec<Gate>,
}

/// How its answers compare to those of the first leg.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parity {
    /// 0..1.
    pub score: f64,
    /// Of how many replays.
    pub replays: u32,
}

/// Three percentiles in milliseconds, each within 9 % of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

impl Percentiles {
    /// Of a sketch, in whole milliseconds.
    #[must_use]
    pub fn of(sketch: &Sketch) -> Self {
        let quantile = |q| sketch.quantile(q).map(f64::round);
        Self { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) }
    }
}

/// A breaker.
#[derive(Clone, Debug, Serialize)]
pub struct Breaker {
    /// The state.
    pub state: BreakerState,
    /// Since when.
    pub since: Millis,
    /// When the next probe may go.
    pub next_probe: Option<Millis>,
    /// Calls that it lets through at once, while recovering.
    pub window: Option<u32>,
    /// Oldest first.
    pub openings_1h: Vec<Opening>,
    /// What an operator has set it to.
    pub forced: Option<Forced>,
}

/// One opening.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Opening {
    /// When.
    pub at: Millis,
    /// For what.
    pub kind: Option<Kind>,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// Which.
    pub gate: GateName,
    /// It is shut now.
    pub shut: bool,
    /// Of a quota: which.
    pub dimension: Option<Dimension>,
    /// Since when it is as it is.
    pub since: Option<Millis>,
    /// When it lets a call through again.
    pub not_before: Option<Millis>,
    /// How often it shut in the last hour.
    pub closings_1h: u32,
}

pub(crate) fn overview(bench: &Bench<'_>, started_at: Millis) -> Overview {
    let scene = &bench.scene;
    let from = scene.kept(scene.now.minus(bench.range.millis()));
    let chains = 0..scene.index.plan.chains.len();
    let mut totals = Totals::default();
    let chains = chains
        .map(|number| {
            let counts = scene.figures.chain(number, from, scene.now);
            totals.add(&counts);
            chain(bench, number, &counts, from)
        })
        .collect();
    Overview {
        now: scene.now,
        started_at,
        about: About::default(),
        range: bench.range,
        verdict: bench.verdict(),
        totals,
        chains,
        alerts: bench.alerts.open().into_iter().cloned().collect(),
    }
}

impl Totals {
    fn add(&mut self, counts: &ChainCounts) {
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
    let (short, long) = (last(SHORT), last(HOUR));
    let onset = bench.alerts.onset_of_fallback(number, scene.index);
    let since_onset = onset.map(|at| scene.figures.chain(number, scene.kept(at), scene.now));
    Chain {
        model_group: Arc::clone(&planned.model_group),
        task: planned.task.clone(),
        strategy: Arc::clone(&planned.strategy),
        fallback: if planned.denied { "deny" } else { "allow" },
        cascade: None,
        requests_per_min: f64::from(short.asked()) * 60_000.0 / SHORT as f64,
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
        in_flight: live.map(|live| live.in_flight),
        ttft_ms: Percentiles::of(&own.ttft),
        soft_failure_rate: share(own.soft.total(), own.answers()),
        parity: None,
        breaker: live.map(|live| breaker(scene, live)),
        gates: gates(scene, slot.deployment, live),
    }
}

fn breaker(scene: &Scene<'_>, live: &LiveDeployment) -> Breaker {
    let openings = scene.facts.openings(&live.deployment, scene.now.minus(HOUR));
    Breaker {
        state: live.breaker.state,
        since: live.breaker.since,
        next_probe: live.breaker.next_probe,
        window: live.breaker.window,
        openings_1h: openings.map(|m| Opening { at: m.at, kind: m.kind }).collect(),
        forced: live.breaker.forced,
    }
}

/// Gates that are shut now, and those that were in the last hour: a quota that shuts for seconds at a
/// time is never seen shut, and matters all the same.
fn gates(scene: &Scene<'_>, number: usize, live: Option<&LiveDeployment>) -> Vec<Gate> {
    let id = &scene.index.deployments[number].deployment;
    let closings = scene.figures.deployments(&[number], scene.now.minus(HOUR), scene.now).closings;
    let all = [GateName::Credential, GateName::Model, GateName::Quota, GateName::Host];
    let gate = |gate: GateName| {
        let now = live.and_then(|live| live.gates.iter().find(|shut| shut.gate == gate));
        let heard = scene.facts.gate_of(id, gate);
        let closings_1h = closings.get(gate as usize);
        (now.is_some() || closings_1h > 0).then(|| Gate {
            gate,
            shut: now.is_some(),
            dimension: now.and_then(|g| g.dimension).or(heard.and_then(|g| g.dimension)),
            since: now.map(|g| g.since).or(heard.map(|g| g.at)),
            not_before: now.and_then(|g| g.not_before),
            closings_1h,
        })
    };
    all.into_iter().filter_map(gate).collect()
}
