//! Who is watched for what, and what their counts are.

use std::sync::Arc;

use super::reading::{Ratio, Reading};
use super::signal::{Signal, Subject};
use super::thresholds::{Rate, Thresholds};
use crate::event::GateName;
use crate::figures::{ChainCounts, DAY, DeploymentCounts};
use crate::index::Index;
use crate::kind::Kind;
use crate::millis::Millis;
use crate::scene::Scene;

/// One signal of one subject.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) signal: Signal,
    /// What tells it from others, across reloads and restarts.
    pub(crate) subject: Subject,
    pub(crate) of: Of,
}

/// Whose counts it reads.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    Chain(usize),
    Deployments(Vec<usize>),
}

/// Everything that is watched under a plan.
pub(crate) fn watched(index: &Index) -> Vec<Watched> {
    let mut watched = Vec::new();
    for (number, chain) in index.plan.chains.iter().enumerate() {
        for signal in [Signal::Unavailable, Signal::Degraded, Signal::FallbackRate] {
            let model_group = Some(Arc::clone(&chain.model_group));
            let subject = Subject { model_group, task: chain.task.clone(), ..Subject::default() };
            watched.push(Watched { signal, subject, of: Of::Chain(number) });
        }
    }
    let mut watch = |signal, subject: Subject| {
        let is = |name: &Option<Arc<str>>, own: &Arc<str>| name.as_ref().is_none_or(|n| n == own);
        let of = index.which(|planned| {
            is(&subject.provider, &planned.provider)
                && is(&subject.model, &planned.model)
                && is(&subject.deployment, &planned.deployment)
                && (!is_of_key(signal) || subject.key_name == planned.key_name)
        });
        let of = Of::Deployments(of.collect());
        if !watched.iter().any(|w| w.signal == signal && w.subject == subject) {
            watched.push(Watched { signal, subject, of });
        }
    };
    for planned in &index.deployments {
        let provider = Some(Arc::clone(&planned.provider));
        let model = Some(Arc::clone(&planned.model));
        let key_name = planned.key_name.clone();
        let deployment = Some(Arc::clone(&planned.deployment));
        let none = Subject::default;
        watch(Signal::SoftFailureRate, Subject { model: model.clone(), ..none() });
        watch(Signal::ProviderErrorRate, Subject { provider: provider.clone(), ..none() });
        watch(Signal::BreakerOpenings, Subject { deployment, ..none() });
        watch(Signal::NotFound, Subject { provider: provider.clone(), model, ..none() });
        let key = Subject { provider, key_name, ..none() };
        watch(Signal::Authentication, key.clone());
        watch(Signal::Quota, key);
    }
    watched
}

/// It is about one key: that of a variable, or those of a provider that have no name. These are no
/// stand-in for the named ones, which have alerts of their own.
const fn is_of_key(signal: Signal) -> bool {
    matches!(signal, Signal::Authentication | Signal::Quota)
}

impl Watched {
    /// What it reads now. Nothing before `floor` counts. Where the long window holds too few requests
    /// for a rate, it reaches as far back as it must, up to a day: else a quiet group could lose every
    /// answer for ever without a word.
    pub(crate) fn read(&self, scene: &Scene<'_>, lines: &Thresholds, floor: Millis) -> Reading {
        let (short, long) = (lines.short(), lines.long());
        let over = |window| self.over(scene, scene.now.minus(window).max(floor));
        let at_once = |lines| Reading::Rate { short: over(short), long: over(short), lines };
        let rate = |short, long, lines: Rate| {
            let (short, mut long) = (over(short), over(long));
            if short.is_over(lines.warn()) && long.of < lines.min_samples() {
                long = self.last(scene, lines.min_samples(), scene.now.minus(DAY).max(floor));
            }
            Reading::Rate { short, long, lines }
        };
        match self.signal {
            Signal::FallbackRate => rate(short, long, lines.fallback_rate),
            Signal::ProviderErrorRate => rate(short, long, lines.provider_error_rate),
            Signal::Unavailable => at_once(lines.unavailable),
            Signal::Degraded => at_once(lines.degraded),
            Signal::SoftFailureRate => rate(long, long, lines.soft_failure_rate),
            Signal::BreakerOpenings => {
                let count = over(long).count;
                Reading::Count { count, limit: lines.breaker_openings, holds: false }
            }
            Signal::Authentication | Signal::NotFound | Signal::Quota => {
                Reading::Count { count: over(short).count, limit: 0, holds: self.is_shut(scene) }
            }
        }
    }

    /// The sum from a time on.
    pub(crate) fn over(&self, scene: &Scene<'_>, from: Millis) -> Ratio {
        match &self.of {
            Of::Chain(chain) => scene
                .figures
                .chain_parts(*chain, from, scene.now)
                .fold(Ratio::default(), |sum, counts| sum.plus(self.of_chain(counts))),
            Of::Deployments(numbers) => numbers
                .iter()
                .flat_map(|number| scene.figures.deployment_parts(*number, from, scene.now))
                .fold(Ratio::default(), |sum, counts| sum.plus(self.of_deployment(counts))),
        }
    }

    /// The last minutes that hold as many requests as `enough`, none of them before `from`.
    fn last(&self, scene: &Scene<'_>, enough: u32, from: Millis) -> Ratio {
        let mut sum = Ratio::default();
        for (_, ratio) in self.minutes(scene, from).into_iter().rev() {
            if sum.of >= enough {
                break;
            }
            sum = sum.plus(ratio);
        }
        sum
    }

    /// Minute by minute, from a time on; minutes in which nothing came are missing.
    pub(crate) fn minutes(&self, scene: &Scene<'_>, from: Millis) -> Vec<(Millis, Ratio)> {
        let figures = scene.figures;
        match &self.of {
            Of::Chain(chain) => {
                let minutes = figures.chain_minutes(*chain, from, scene.now);
                by_time(minutes.map(|(at, counts)| (at, self.of_chain(counts))))
            }
            Of::Deployments(numbers) => {
                let of = |number: &usize| figures.deployment_minutes(*number, from, scene.now);
                let minutes = numbers.iter().flat_map(of);
                by_time(minutes.map(|(at, counts)| (at, self.of_deployment(counts))))
            }
        }
    }

    /// The same in ten seconds, where those reach back so far.
    pub(crate) fn buckets(&self, scene: &Scene<'_>, from: Millis) -> Vec<(Millis, Ratio)> {
        let figures = scene.figures;
        match &self.of {
            Of::Chain(chain) => {
                let buckets = figures.chain_buckets(*chain, from, scene.now);
                by_time(buckets.map(|(at, counts)| (at, self.of_chain(counts))))
            }
            Of::Deployments(numbers) => {
                let of = |number: &usize| figures.deployment_buckets(*number, from, scene.now);
                let buckets = numbers.iter().flat_map(of);
                by_time(buckets.map(|(at, counts)| (at, self.of_deployment(counts))))
            }
        }
    }

    /// The chain that it is about, or that suffers most directly.
    pub(crate) fn chain(&self, index: &Index) -> Option<usize> {
        match &self.of {
            Of::Chain(chain) => Some(*chain),
            Of::Deployments(numbers) => numbers.iter().find_map(|number| index.chain_with(*number)),
        }
    }

    fn of_chain(&self, counts: &ChainCounts) -> Ratio {
        use crate::event::Degradation;
        let degradation = match self.signal {
            Signal::Unavailable => Degradation::Unavailable,
            Signal::Degraded => Degradation::Degraded,
            Signal::FallbackRate
            | Signal::Authentication
            | Signal::Quota
            | Signal::NotFound
            | Signal::SoftFailureRate
            | Signal::ProviderErrorRate
            | Signal::BreakerOpenings => Degradation::Partial,
        };
        Ratio { count: counts.of(degradation), of: counts.asked() }
    }

    fn of_deployment(&self, counts: &DeploymentCounts) -> Ratio {
        match self.signal {
            Signal::SoftFailureRate => Ratio { count: counts.soft.total(), of: counts.answers() },
            Signal::BreakerOpenings => Ratio { count: counts.openings, of: 1 },
            Signal::Authentication => of_kind(counts, Kind::Authentication),
            Signal::Quota => of_kind(counts, Kind::QuotaExhausted),
            Signal::NotFound => of_kind(counts, Kind::NotFound),
            Signal::Unavailable
            | Signal::Degraded
            | Signal::FallbackRate
            | Signal::ProviderErrorRate => {
                Ratio { count: counts.provider_faults(), of: counts.judged() }
            }
        }
    }

    fn is_shut(&self, scene: &Scene<'_>) -> bool {
        let Of::Deployments(numbers) = &self.of else { return false };
        numbers.iter().any(|number| {
            let id = &scene.index.deployments[*number].deployment;
            let gates = [GateName::Credential, GateName::Model];
            let mut shut = gates.into_iter().filter_map(|gate| scene.facts.shut(id, gate));
            shut.any(|moved| moved.kind.is_some() && moved.kind == self.signal.at_once())
        })
    }
}

/// Sums of the same time, in order.
fn by_time(parts: impl Iterator<Item = (Millis, Ratio)>) -> Vec<(Millis, Ratio)> {
    let mut sums: Vec<(Millis, Ratio)> = Vec::new();
    for (at, ratio) in parts.filter(|(_, ratio)| ratio.of > 0) {
        match sums.binary_search_by_key(&at, |(at, _)| *at) {
            Ok(place) => sums[place].1 = sums[place].1.plus(ratio),
            Err(place) => sums.insert(place, (at, ratio)),
        }
    }
    sums
}

fn of_kind(counts: &DeploymentCounts, kind: Kind) -> Ratio {
    Ratio { count: counts.kind(kind), of: counts.attempts }
}
