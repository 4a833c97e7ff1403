//! `GET /admin/series`: what the charts are drawn from. The history gives the same shape for longer
//! ranges.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::compose::share;
use crate::event::{BreakerMoved, BreakerState, Degradation};
use crate::figures::{ChainCounts, DAY, DeploymentCounts, Figures, MINUTE, SECOND, Sketch};
use crate::kind::Kind;
use crate::millis::Millis;
use crate::range::Range;
use crate::scene::Scene;
use crate::verdict::JustBefore;

/// Points in time, and a value of each. `None` where it is not known: before the gateway started, and
/// of rates where nothing was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// Where each step begins; the last one is still filling.
    pub t: Vec<Millis>,
    /// The length of a step.
    pub step_s: u64,
    /// By the chain's name.
    pub model_groups: BTreeMap<Arc<str>, GroupSeries>,
    /// By the provider's name.
    pub providers: BTreeMap<Arc<str>, ProviderSeries>,
    /// By model: the share of its answers that were not what was wanted.
    pub soft: BTreeMap<Arc<str>, Vec<Option<f64>>>,
    /// From arrival to the first content.
    pub ttft_ms: PercentileSeries,
    /// From arrival to the end.
    pub duration_ms: PercentileSeries,
    /// Money.
    pub cost_usd: CostSeries,
    /// Those that moved in the range.
    pub breakers: Vec<BreakerSeries>,
    /// What was done to the gateway.
    pub marks: Vec<JustBefore>,
}

/// One chain over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupSeries {
    /// Those that tell of quality.
    pub requests: Vec<Option<u32>>,
    /// Answered by a leg that is not the first.
    pub fallback_rate: Vec<Option<f64>>,
    /// Answered by nobody.
    pub unavailable_rate: Vec<Option<f64>>,
    /// Answered from store.
    pub degraded_rate: Vec<Option<f64>>,
    /// By leg and deployment: the share that it answered.
    pub served: Vec<Vec<Vec<Option<f64>>>>,
}

/// One provider over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProviderSeries {
    /// How many.
    pub attempts: Vec<Option<u32>>,
    /// By kind of fault: the share of attempts that ended so.
    pub kinds: BTreeMap<Kind, Vec<Option<f64>>>,
}

/// Percentiles over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PercentileSeries {
    pub p50: Vec<Option<f64>>,
    pub p95: Vec<Option<f64>>,
    pub p99: Vec<Option<f64>>,
}

/// Cost per step; what is not told apart yet is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CostSeries {
    /// Of all attempts.
    pub answers: Vec<Option<f64>>,
    /// Of what was called again.
    pub retries: Option<Vec<Option<f64>>>,
    /// Of calls beside others.
    pub hedges: Option<Vec<Option<f64>>>,
    /// Of streams that were thrown away.
    pub discarded_streams: Option<Vec<Option<f64>>>,
    /// Of dearer fallbacks.
    pub fallback_premium: Option<Vec<Option<f64>>>,
}

/// A breaker over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BreakerSeries {
    /// Whose.
    pub deployment: Arc<str>,
    /// The times at which it was not closed.
    pub segments: Vec<Segment>,
    /// From closed to open.
    pub openings: Vec<Millis>,
}

/// A time in one state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Its begin.
    pub from: Millis,
    /// Its end; `None` where it is still so.
    pub to: Option<Millis>,
    /// The state.
    pub state: BreakerState,
}

impl PercentileSeries {
    fn push(&mut self, sketch: &Sketch) {
        let p = super::Percentiles::of(sketch);
        self.p50.push(p.p50);
        self.p95.push(p.p95);
        self.p99.push(p.p99);
    }
}

/// Which series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) range: Range,
    pub(crate) points: usize,
    pub(crate) group: Option<&'a str>,
    /// Before it nothing is known.
    pub(crate) known_from: Millis,
}

/// Steps that divide well, in seconds.
const STEPS: [u64; 12] = [10, 20, 30, 60, 120, 180, 300, 600, 720, 900, 1800, 3600];

impl Series {
    /// The steps of a range in at most so many points: their length, and where the first begins. Steps
    /// are whole parts of an hour, so that points stay where they are while time passes; the last one
    /// is the running one.
    #[must_use]
    pub fn steps(range_ms: u64, points: usize, now: Millis) -> (u64, Vec<Millis>) {
        let points = u64::try_from(points.clamp(1, 1000)).unwrap_or(1000);
        let wanted = range_ms.div_ceil(points);
        let fits = STEPS.into_iter().map(|step| step * SECOND).find(|step| *step >= wanted);
        // Beyond an hour: whole hours.
        let hour = 60 * MINUTE;
        let step = fits.unwrap_or_else(|| wanted.div_ceil(hour) * hour);
        let count = (range_ms / step).max(1);
        let last = now.0 / step;
        let first = (last + 1).saturating_sub(count);
        (step, (first..=last).map(|number| Millis(number * step)).collect())
    }
}

/// Counts by step.
struct Steps {
    begins: Vec<Millis>,
    step: u64,
    known_from: Millis,
}

impl Steps {
    fn sums<'a, C: Default + 'a>(
        &self,
        buckets: impl Iterator<Item = (Millis, &'a C)>,
        merge: impl Fn(&mut C, &C),
    ) -> Vec<C> {
        let mut sums: Vec<C> = self.begins.iter().map(|_| C::default()).collect();
        let first = self.begins.first().copied().unwrap_or_default();
        for (at, counts) in buckets.filter(|(at, _)| *at >= first) {
            if let Some(sum) = sums.get_mut((at.since(first) / self.step) as usize) {
                merge(sum, counts);
            }
        }
        sums
    }

    /// A value per step, where the step is known.
    fn each<C, T>(&self, sums: &[C], value: impl Fn(&C) -> Option<T>) -> Vec<Option<T>> {
        let known = |begin: &Millis| begin.plus(self.step) > self.known_from;
        let steps = self.begins.iter().zip(sums);
        steps.map(|(begin, sum)| if known(begin) { value(sum) } else { None }).collect()
    }
}

pub(crate) fn series(scene: &Scene<'_>, ask: Ask<'_>) -> Series {
    let range = ask.range.millis().min(DAY);
    let (step, begins) = Series::steps(range, ask.points, scene.now);
    let first = begins.first().copied().unwrap_or_default();
    // Buckets of ten seconds, where all of them are still there.
    let is_fine = scene.now.since(first) <= Figures::FINE_SPAN && step < MINUTE;
    let t = begins.clone();
    let steps = Steps { begins, step, known_from: ask.known_from };
    let mut series = Series { t, step_s: step / SECOND, ..Series::default() };
    add_chains(&mut series, scene, ask.group, &steps, is_fine);
    add_deployments(&mut series, scene, &steps, is_fine);
    series.breakers = breakers(scene, first);
    let marks = scene.facts.marks().filter(|mark| mark.at >= first);
    series.marks =
        marks.map(|mark| JustBefore { at: mark.at, what: Arc::clone(&mark.what) }).collect();
    series
}

fn add_chains(
    series: &mut Series,
    scene: &Scene<'_>,
    group: Option<&str>,
    steps: &Steps,
    is_fine: bool,
) {
    let first = steps.begins.first().copied().unwrap_or_default();
    let mut all: Vec<ChainCounts> = steps.begins.iter().map(|_| ChainCounts::default()).collect();
    for number in 0..scene.index.plan.chains.len() {
        let name = scene.index.name(number);
        if group.is_some_and(|group| *group != **name) {
            continue;
        }
        let sums = if is_fine {
            let buckets = scene.figures.chain_buckets(number, first, scene.now);
            steps.sums(buckets, ChainCounts::merge)
        } else {
            let buckets = scene.figures.chain_minutes(number, first, scene.now);
            steps.sums(buckets, ChainCounts::merge)
        };
        let rate =
            |degradation| steps.each(&sums, |c: &ChainCounts| share(c.of(degradation), c.asked()));
        let slots = &scene.index.slots[number];
        let legs = 0..scene.index.plan.chains[number].legs.len();
        let of_slot = |slot: usize| steps.each(&sums, |c| share(c.served.get(slot), c.asked()));
        let served = legs.map(|leg| {
            let of_leg = slots.iter().enumerate().filter(|(_, slot)| slot.leg == leg);
            of_leg.map(|(slot, _)| of_slot(slot)).collect()
        });
        let of_group = GroupSeries {
            requests: steps.each(&sums, |c| Some(c.asked())),
            fallback_rate: rate(Degradation::Partial),
            unavailable_rate: rate(Degradation::Unavailable),
            degraded_rate: rate(Degradation::Degraded),
            served: served.collect(),
        };
        all.iter_mut().zip(&sums).for_each(|(all, sum)| all.merge(sum));
        series.model_groups.insert(Arc::clone(name), of_group);
    }
    series.cost_usd.answers = steps.each(&all, |c| c.cost_usd);
    for sum in &all {
        series.ttft_ms.push(&sum.ttft);
        series.duration_ms.push(&sum.duration);
    }
}

fn add_deployments(series: &mut Series, scene: &Scene<'_>, steps: &Steps, is_fine: bool) {
    let first = steps.begins.first().copied().unwrap_or_default();
    let sums = |numbers: Vec<usize>| {
        let figures = scene.figures;
        if is_fine {
            let of = |number: usize| figures.deployment_buckets(number, first, scene.now);
            steps.sums(numbers.into_iter().flat_map(of), DeploymentCounts::merge)
        } else {
            let of = |number: usize| figures.deployment_minutes(number, first, scene.now);
            steps.sums(numbers.into_iter().flat_map(of), DeploymentCounts::merge)
        }
    };
    for provider in scene.index.distinct(|planned| &planned.provider) {
        let sums = sums(scene.index.which(|planned| planned.provider == *provider).collect());
        let mut of_provider = ProviderSeries {
            attempts: steps.each(&sums, |counts| Some(counts.attempts)),
            kinds: BTreeMap::new(),
        };
        for kind in Kind::ALL {
            if kind != Kind::Cancelled && sums.iter().any(|counts| counts.kind(kind) > 0) {
                let rates = steps.each(&sums, |counts| share(counts.kind(kind), counts.attempts));
                of_provider.kinds.insert(kind, rates);
            }
        }
        series.providers.insert(Arc::clone(provider), of_provider);
    }
    for model in scene.index.distinct(|planned| &planned.model) {
        let sums = sums(scene.index.which(|planned| planned.model == *model).collect());
        let rates = steps.each(&sums, |counts| share(counts.soft.total(), counts.answers()));
        series.soft.insert(Arc::clone(model), rates);
    }
}

fn breakers(scene: &Scene<'_>, first: Millis) -> Vec<BreakerSeries> {
    let of = |id: &Arc<str>| {
        let moves: Vec<&BreakerMoved> = scene.facts.moves(id).collect();
        let mut segments = Vec::new();
        for (place, moved) in moves.iter().enumerate() {
            let to = moves.get(place + 1).map(|next| next.at);
            if moved.to != BreakerState::Closed && to.is_none_or(|to| to > first) {
                segments.push(Segment { from: moved.at.max(first), to, state: moved.to });
            }
        }
        let openings = scene.facts.openings(id, first).map(|moved| moved.at).collect();
        BreakerSeries { deployment: Arc::clone(id), segments, openings }
    };
    let all = scene.index.deployments.iter().map(|planned| of(&planned.deployment));
    all.filter(|series| !series.segments.is_empty()).collect()
}
