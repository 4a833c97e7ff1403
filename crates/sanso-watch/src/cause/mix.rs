//! Which kinds of fault are behind something, and how much of it each.

use super::Others;
use crate::figures::{ChainCounts, HOUR};
use crate::kind::Kind;
use crate::millis::Millis;
use crate::reason::{Passed, Reason};
use crate::scene::Scene;

/// Weights by kind. What has no kind weighs in the total alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Mix {
    kinds: Vec<(Kind, f64)>,
    total: f64,
    /// Every weight was counted, none was worked out from others.
    pub(super) is_counted: bool,
}

impl<const N: usize> From<[(Kind, f64); N]> for Mix {
    fn from(kinds: [(Kind, f64); N]) -> Self {
        let total = kinds.iter().map(|(_, weight)| weight).sum();
        Self { kinds: kinds.to_vec(), total, is_counted: true }
    }
}

impl Mix {
    fn add(&mut self, kind: Kind, weight: f64) {
        self.total += weight;
        match self.kinds.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, sum)) => *sum += weight,
            None => self.kinds.push((kind, weight)),
        }
    }

    /// What moved a chain's requests on. A gate stands for the fault that shut it; an open breaker (a
    /// full window, a spent budget) for the faults of its leg's deployments, in their proportion. Who
    /// was passed over for the request's sake stands for no fault.
    pub(super) fn of_chain(
        scene: &Scene<'_>,
        chain: usize,
        counts: &ChainCounts,
        since: Millis,
    ) -> Self {
        let own_leg = scene.own_leg(chain, since);
        let mut mix = Self { is_counted: true, ..Self::default() };
        let (mut blind, mut credential) = (0.0, 0.0);
        for reason in Reason::all() {
            let count = f64::from(counts.moved_for(reason));
            match (reason, reason.kind()) {
                _ if count == 0.0 => {}
                (Reason::Passed(Passed::Credential), _) => credential += count,
                (Reason::Passed(Passed::Unable | Passed::NoTime | Passed::Failed), _) => {
                    mix.total += count;
                }
                (_, Some(kind)) => mix.add(kind, count),
                (_, None) => blind += count,
            }
        }
        let behind = Self::of_attempts(scene, &own_leg, since);
        mix.spread(credential, &behind, |kind| {
            matches!(kind, Kind::Authentication | Kind::QuotaExhausted)
        });
        mix.spread(blind, &behind, |kind| kind.is_trouble() || kind == Kind::Authentication);
        // Nothing moved them: what failed says why they were not answered.
        if mix.total == 0.0 { behind } else { mix }
    }

    /// Spreads a weight over the kinds of another mix.
    fn spread(&mut self, weight: f64, over: &Self, is: impl Fn(Kind) -> bool) {
        if weight == 0.0 {
            return;
        }
        self.is_counted = false;
        let of: f64 = over.kinds.iter().filter(|(kind, _)| is(*kind)).map(|(_, w)| w).sum();
        if of == 0.0 {
            self.total += weight;
            return;
        }
        for (kind, part) in over.kinds.iter().filter(|(kind, _)| is(*kind)) {
            self.add(*kind, weight * part / of);
        }
    }

    /// How the attempts of some deployments failed.
    pub(super) fn of_attempts(scene: &Scene<'_>, numbers: &[usize], since: Millis) -> Self {
        let counts = scene.figures.deployments(numbers, since, scene.now);
        let mut mix = Self { is_counted: true, ..Self::default() };
        for kind in Kind::ALL {
            let count = f64::from(counts.kind(kind));
            if count > 0.0 && !matches!(kind, Kind::Cancelled | Kind::BadRequest) {
                mix.add(kind, count);
            }
        }
        mix
    }

    /// The same without the kinds that `is` does not hold for.
    pub(super) fn only(mut self, is: impl Fn(Kind) -> bool) -> Self {
        self.kinds.retain(|(kind, _)| is(*kind));
        self.total = self.kinds.iter().map(|(_, weight)| weight).sum();
        self
    }

    /// What opened the breakers of some deployments in the last hour.
    pub(super) fn of_openings(scene: &Scene<'_>, numbers: &[usize]) -> Self {
        let mut mix = Self { is_counted: true, ..Self::default() };
        for number in numbers {
            let id = &scene.index.deployments[*number].deployment;
            for moved in scene.facts.openings(id, scene.now.minus(HOUR)) {
                match moved.kind {
                    Some(kind) => mix.add(kind, 1.0),
                    None => mix.total += 1.0,
                }
            }
        }
        mix
    }

    /// The most frequent kind, and its share.
    pub(super) fn most(&self) -> Option<(Kind, f64)> {
        self.sorted().into_iter().next()
    }

    /// The kinds with their shares, the most frequent first.
    pub(super) fn sorted(&self) -> Vec<(Kind, f64)> {
        let share = |(kind, weight): &(Kind, f64)| (*kind, weight / self.total);
        let mut shares: Vec<_> = self.kinds.iter().map(share).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        shares
    }

    pub(super) fn share_of(&self, is: impl Fn(Kind) -> bool) -> f64 {
        let sum: f64 = self.kinds.iter().filter(|(kind, _)| is(*kind)).map(|(_, w)| w).sum();
        if self.total > 0.0 { sum / self.total } else { 0.0 }
    }

    /// The weight of a kind, and of everything.
    pub(super) fn weight(&self, kind: Kind) -> (f64, f64) {
        let of = self.kinds.iter().find(|(k, _)| *k == kind).map_or(0.0, |(_, weight)| *weight);
        (of, self.total)
    }
}

impl Kind {
    /// A provider that is not well, or the way to it.
    pub(super) const fn is_trouble(self) -> bool {
        match self {
            Self::Overloaded
            | Self::ServerError
            | Self::Timeout
            | Self::Connection
            | Self::Malformed
            | Self::Broken => true,
            Self::RateLimited
            | Self::QuotaExhausted
            | Self::ContextWindow
            | Self::ContentPolicy
            | Self::Authentication
            | Self::NotFound
            | Self::BadRequest
            | Self::Soft
            | Self::Cancelled => false,
        }
    }
}

/// Attempts below which a provider says nothing of itself.
const SPEAKS: u32 = 3;

/// Of each provider that was asked: its name, the attempts in trouble and all that tell of it.
pub(super) fn providers<'a>(scene: &Scene<'a>, since: Millis) -> Vec<(&'a str, u32, u32)> {
    let index = scene.index;
    let of = |provider: &&std::sync::Arc<str>| {
        let numbers: Vec<_> = index.which(|planned| planned.provider == **provider).collect();
        let counts = scene.figures.deployments(&numbers, since, scene.now);
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_trouble());
        (kinds.map(|kind| counts.kind(kind)).sum(), counts.judged())
    };
    let named = index.distinct(|planned| &planned.provider);
    let counted = named.iter().map(|provider| {
        let (trouble, judged) = of(provider);
        (&***provider, trouble, judged)
    });
    counted.filter(|(_, _, judged)| *judged >= SPEAKS).collect()
}

/// The provider that was asked, if it was the only one.
pub(super) fn only_asked<'a>(scene: &Scene<'a>, since: Millis) -> Option<&'a str> {
    match providers(scene, since)[..] {
        [(name, _, _)] => Some(name),
        _ => None,
    }
}

/// The only provider that was asked could not even be connected to. Whether that is its fault or that
/// of the way to it, no other can tell.
pub(super) fn none_is_reached(scene: &Scene<'_>, since: Millis) -> bool {
    let Some(only) = only_asked(scene, since) else { return false };
    let numbers: Vec<_> = scene.index.which(|planned| *planned.provider == *only).collect();
    let counts = scene.figures.deployments(&numbers, since, scene.now);
    counts.kind(Kind::Connection) == counts.judged()
}

/// How the providers beside `own` did. One in twenty attempts may fail anywhere.
pub(super) fn others(scene: &Scene<'_>, own: &str, since: Millis) -> Others {
    let index = scene.index;
    let others = index.distinct(|planned| &planned.provider).into_iter().filter(|o| ***o != *own);
    let counted = others.map(|other| {
        let numbers: Vec<_> = index.which(|planned| planned.provider == *other).collect();
        scene.figures.deployments(&numbers, since, scene.now)
    });
    let asked: Vec<_> = counted.filter(|counts| counts.judged() >= SPEAKS).collect();
    if asked.is_empty() {
        Others::Unknown
    } else if asked.iter().any(|counts| counts.provider_faults() * 20 > counts.judged()) {
        Others::Failing
    } else {
        Others::Fine
    }
}

/// More than half of every provider's attempts are in trouble, and there are at least two of them:
/// what they share is our own network.
pub(super) fn all_providers_fail(scene: &Scene<'_>, since: Millis) -> bool {
    let asked = providers(scene, since);
    asked.len() >= 2 && asked.iter().all(|(_, trouble, judged)| trouble * 2 > *judged)
}
