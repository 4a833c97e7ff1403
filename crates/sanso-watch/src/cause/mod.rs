//! Why: the likely cause of an alert, worked out from the faults behind it.
//!
//! A cause is named where more than half of what happened is of one kind; else it is
//! [`CauseCode::Mixed`]. Every cause comes with the counts that speak for it.

mod evidence;
mod kind;
mod mix;
mod rhythm;
mod sentence;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alerts::{Of, Signal, Watched};
use crate::event::{GateName, Soft};
use crate::kind::Kind;
use crate::millis::Millis;
use crate::reason::{Passed, Reason};
use crate::scene::Scene;
use crate::words::time;
pub use kind::CauseKind;
use mix::Mix;

/// A likely cause.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Which.
    pub code: CauseCode,
    /// The provider that it lies with.
    pub provider: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The name of the key's variable.
    pub key_name: Option<Arc<str>>,
    /// The kind of fault that is most frequent.
    pub kind: Option<CauseKind>,
    /// Its share of all faults behind the alert.
    pub kind_share: Option<f64>,
    /// How the other providers did meanwhile, where this one is in trouble.
    #[serde(default)]
    pub other_providers: Others,
    /// When an exhausted quota is whole again, if the provider named a time.
    pub resets_at: Option<Millis>,
    /// What speaks for it, in sentences with their numbers.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Of a rate: the highest that it was judged by since the onset, over the short window. What is
    /// counted since the onset may be below the line by now; this is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<f64>,
    /// The start, where that was after the onset: nothing before it is in the counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_since: Option<Millis>,
}

/// How the providers that a cause does not lie with did in the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// Too little was asked of them to tell.
    #[default]
    Unknown,
    /// Those that were asked answered.
    Fine,
    /// One at least fails, too.
    Failing,
}

/// The causes of the table in the design.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseCode {
    /// A rate limit is too small for the load.
    RateSteady,
    /// Bursts run into a rate limit that is large enough on average.
    RateBurst,
    /// One provider fails.
    ProviderIncident,
    /// No provider can be reached, or the only one that was asked, which `provider` then names.
    Network,
    /// First tokens take too long.
    Latency,
    /// A key is refused.
    Authentication,
    /// No credit left.
    Quota,
    /// A model is gone.
    NotFound,
    /// Answers fail their check.
    Soft,
    /// Prompts are too long for the model.
    Context,
    /// A filter refuses.
    Policy,
    /// An operator holds a breaker open.
    Forced,
    /// None of them above half.
    #[default]
    Mixed,
}

/// More than this share makes a cause.
const HALF: f64 = 0.5;

impl Cause {
    /// What is wrong with the answers, of soft failures.
    #[must_use]
    pub fn soft_reason(&self) -> Option<Soft> {
        self.kind.and_then(|kind| kind.soft)
    }

    /// ` (counted since 17:14 UTC, the start)`, to stand behind an onset; else nothing.
    #[must_use]
    pub fn counted(&self, now: Millis) -> String {
        let at = self.counted_since.map(|at| time(at, now));
        at.map_or_else(String::new, |at| format!(" (counted since {at}, the start)"))
    }

    /// The cause of what `watched` reads since `since`.
    pub(crate) fn of(scene: &Scene<'_>, watched: &Watched, since: Millis) -> Self {
        let since = scene.kept(since);
        match (&watched.of, watched.signal) {
            (Of::Chain(chain), _) => Self::of_chain(scene, *chain, since),
            (Of::Deployments(numbers), Signal::SoftFailureRate) => {
                Self::soft(scene, numbers, since)
            }
            (Of::Deployments(numbers), Signal::BreakerOpenings) => {
                Self::of_openings(scene, numbers, since)
            }
            (Of::Deployments(numbers), signal) => match signal.at_once() {
                Some(kind) => Self::at_once(scene, numbers, kind, since),
                None => {
                    let mix = Mix::of_attempts(scene, numbers, since);
                    let mut cause = Self::from_mix(scene, &mix, numbers, since);
                    if cause.code == CauseCode::RateSteady {
                        let rhythm = rhythm::of_attempts(scene, numbers, since);
                        cause.code = rhythm.code();
                        evidence::rhythm(&mut cause, &rhythm);
                    }
                    evidence::attempts(&mut cause, scene, &mix, numbers, since);
                    evidence::plan(&mut cause, scene, numbers, since);
                    cause
                }
            },
        }
    }

    fn of_chain(scene: &Scene<'_>, chain: usize, since: Millis) -> Self {
        let own_leg = scene.own_leg(chain, since);
        let counts = scene.figures.chain(chain, since, scene.now);
        let by_breaker = counts.moved_for(Reason::Passed(Passed::Breaker));
        let held = own_leg.iter().map(|number| &scene.index.deployments[*number]);
        let held: Vec<_> =
            held.filter(|planned| scene.facts.is_forced_open(&planned.deployment)).collect();
        if let Some(planned) = held.first().filter(|_| by_breaker * 2 > counts.moved.total()) {
            return Self {
                code: CauseCode::Forced,
                provider: Some(Arc::clone(&planned.provider)),
                model: Some(Arc::clone(&planned.model)),
                evidence: vec![evidence::forced(by_breaker, counts.moved.total())],
                ..Self::default()
            };
        }
        let mix = Mix::of_chain(scene, chain, &counts, since);
        let mut cause = Self::from_mix(scene, &mix, &own_leg, since);
        match cause.code {
            CauseCode::RateSteady | CauseCode::RateBurst => {
                let rhythm = rhythm::of_chain(scene, chain, since);
                cause.code = rhythm.code();
                evidence::moved(&mut cause, &mix, &counts);
                evidence::gates(&mut cause, &counts);
                evidence::rhythm(&mut cause, &rhythm);
                evidence::rate(&mut cause, scene, chain, &counts, since);
            }
            CauseCode::ProviderIncident
            | CauseCode::Network
            | CauseCode::Latency
            | CauseCode::Authentication
            | CauseCode::Quota
            | CauseCode::NotFound
            | CauseCode::Soft
            | CauseCode::Context
            | CauseCode::Policy
            | CauseCode::Forced
            | CauseCode::Mixed => {
                evidence::moved(&mut cause, &mix, &counts);
                evidence::gates(&mut cause, &counts);
                evidence::attempts(&mut cause, scene, &mix, &own_leg, since);
            }
        }
        cause
    }

    /// What a mix comes to, with the deployment of `among` that has most of it.
    fn from_mix(scene: &Scene<'_>, mix: &Mix, among: &[usize], since: Millis) -> Self {
        // What is no fault outweighs every kind.
        let Some((kind, share)) = mix.most().filter(|_| mix.share_of(|_| true) >= HALF) else {
            return Self::default();
        };
        let code = code_of(scene, mix, kind, share, among, since);
        let mut cause =
            Self { code, kind: Some(kind.into()), kind_share: Some(share), ..Self::default() };
        if code == CauseCode::Network {
            cause.provider = mix::only_asked(scene, since).map(Into::into);
            return cause;
        }
        let faults =
            |number: &usize| scene.figures.deployments(&[*number], since, scene.now).kind(kind);
        let most = among.iter().max_by_key(|number| (faults(number), std::cmp::Reverse(**number)));
        if let Some(planned) = most.map(|number| &scene.index.deployments[*number]) {
            cause.provider = Some(Arc::clone(&planned.provider));
            cause.model = Some(Arc::clone(&planned.model));
            if code == CauseCode::ProviderIncident {
                cause.other_providers = mix::others(scene, &planned.provider, since);
            }
            if matches!(code, CauseCode::Authentication | CauseCode::Quota) {
                cause.key_name.clone_from(&planned.key_name);
            }
            if code == CauseCode::Quota {
                let gate = scene.facts.shut(&planned.deployment, GateName::Credential);
                cause.resets_at = gate.and_then(|moved| moved.not_before);
            }
        }
        if code == CauseCode::Soft {
            let soft = most_soft(scene, among, since).map(|(soft, _)| soft);
            cause.kind = Some(CauseKind { kind, soft });
        }
        cause
    }

    fn soft(scene: &Scene<'_>, numbers: &[usize], since: Millis) -> Self {
        let counts = scene.figures.deployments(numbers, since, scene.now);
        let most = most_soft(scene, numbers, since);
        let total = counts.soft.total();
        let planned = numbers.first().map(|number| &scene.index.deployments[*number]);
        let mut cause = Self {
            code: CauseCode::Soft,
            provider: planned.map(|planned| Arc::clone(&planned.provider)),
            model: planned.map(|planned| Arc::clone(&planned.model)),
            kind: Some(CauseKind { kind: Kind::Soft, soft: most.map(|(soft, _)| soft) }),
            kind_share: most.filter(|_| total > 0).map(|(_, n)| f64::from(n) / f64::from(total)),
            ..Self::default()
        };
        evidence::soft(&mut cause, scene, &counts, numbers, since);
        cause
    }

    fn of_openings(scene: &Scene<'_>, numbers: &[usize], since: Millis) -> Self {
        let mix = Mix::of_openings(scene, numbers);
        let mut cause = Self::from_mix(scene, &mix, numbers, since);
        evidence::openings(&mut cause, scene, numbers);
        cause
    }

    fn at_once(scene: &Scene<'_>, numbers: &[usize], kind: Kind, since: Millis) -> Self {
        let mix = Mix::from([(kind, 1.0)]);
        let mut cause = Self::from_mix(scene, &mix, numbers, since);
        cause.kind_share = None;
        evidence::refused(&mut cause, scene, numbers, kind, since);
        cause
    }
}

/// The most frequent reason of soft failures.
fn most_soft(scene: &Scene<'_>, numbers: &[usize], since: Millis) -> Option<(Soft, u32)> {
    let counts = scene.figures.deployments(numbers, since, scene.now);
    let counted = Soft::ALL.into_iter().map(|soft| (soft, counts.soft(soft)));
    let most = counted.max_by_key(|(soft, count)| (*count, std::cmp::Reverse(*soft)));
    most.filter(|(_, count)| *count > 0)
}

fn code_of(
    scene: &Scene<'_>,
    mix: &Mix,
    kind: Kind,
    share: f64,
    among: &[usize],
    since: Millis,
) -> CauseCode {
    // A provider in trouble fails in several ways at once: together they make the half.
    if mix.share_of(Kind::is_trouble) > HALF && kind.is_trouble() {
        let counts = scene.figures.deployments(among, since, scene.now);
        let timeouts = counts.kind(Kind::Timeout);
        let first_token = timeouts > 0 && counts.first_token * 2 > timeouts;
        return if kind == Kind::Timeout && first_token && share > HALF {
            CauseCode::Latency
        } else if mix::all_providers_fail(scene, since) || mix::none_is_reached(scene, since) {
            CauseCode::Network
        } else {
            CauseCode::ProviderIncident
        };
    }
    if share <= HALF {
        return CauseCode::Mixed;
    }
    match kind {
        // Which of the two is told by when it happened.
        Kind::RateLimited => CauseCode::RateSteady,
        Kind::QuotaExhausted => CauseCode::Quota,
        Kind::Authentication => CauseCode::Authentication,
        Kind::NotFound => CauseCode::NotFound,
        Kind::ContextWindow => CauseCode::Context,
        Kind::ContentPolicy => CauseCode::Policy,
        Kind::Soft => CauseCode::Soft,
        Kind::Overloaded
        | Kind::ServerError
        | Kind::Timeout
        | Kind::Connection
        | Kind::Malformed
        | Kind::Broken => CauseCode::ProviderIncident,
        Kind::BadRequest | Kind::Cancelled => CauseCode::Mixed,
    }
}
