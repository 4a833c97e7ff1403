//! Is quality being lost right now? One answer, worked out here, so that log, alert and page agree.
//!
//! The rows of the design's table are asked in their order and the first that holds wins; among the
//! chains of one row it is the one that lost most answers. Row 0, `stale`, is the page's own: only it
//! knows that it hears nothing.

mod rows;
mod sentence;
mod trend;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alerts::{Alerts, Severity};
use crate::cause::Cause;
use crate::event::{Degradation, MarkKind};
use crate::figures::{ChainCounts, MINUTE};
use crate::index::Index;
use crate::live::{Live, LiveDeployment};
use crate::millis::Millis;
use crate::range::Range;
use crate::scene::Scene;

/// The verdict, in codes; [`Verdict::sentence`] writes it out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which row of the table holds.
    pub state: State,
    /// How bad that is.
    pub severity: Tone,
    /// The chain that it is about; `None` for all.
    pub model_group: Option<Arc<str>>,
    /// Its task.
    pub task: Option<Arc<str>>,
    /// The model that should answer, or whose answers fail: `provider/model`.
    pub model: Option<Arc<str>>,
    /// Who answers instead, most often: the deployment's id.
    pub served_instead: Option<Arc<str>>,
    /// The same as `provider/model`, for people.
    pub served_instead_model: Option<Arc<str>>,
    /// The share of answers lost since the onset.
    pub rate: Option<f64>,
    /// How many those are.
    pub count: Option<u32>,
    /// Of how many.
    pub of: Option<u32>,
    /// The onset; where nobody is asking, the end of the last request.
    pub since: Option<Millis>,
    /// Whether it gets worse.
    pub trend: Option<Trend>,
    /// The share of what was answered elsewhere that the same model answered.
    pub same_model_share: Option<f64>,
    /// The share of all requests that another model answered.
    pub other_model_rate: Option<f64>,
    /// The share that the first leg answered in the short window, while it is coming back.
    pub own_share: Option<f64>,
    /// Since when it is coming back.
    pub recovering_since: Option<Millis>,
    /// The soonest probe of a first-leg breaker that is open.
    pub next_probe: Option<Millis>,
    /// Chains that are affected beside this one.
    pub others: u32,
    /// All chains of the plan.
    pub of_groups: u32,
    /// Why.
    pub cause: Option<Cause>,
    /// What was done to the gateway shortly before the onset.
    pub just_before: Option<JustBefore>,
    /// The bar of answers.
    pub answers: Answers,
}

/// The rows of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing was asked since the start.
    #[default]
    Empty,
    /// Nobody answers.
    Down,
    /// Some requests get no answer.
    PartlyDown,
    /// Stored answers are being served.
    Degraded,
    /// The first leg is coming back.
    Recovering,
    /// Answered elsewhere, mostly by the same model.
    Rerouted,
    /// Answered elsewhere, every breaker of the first leg open.
    Open,
    /// Answered elsewhere, over the critical line.
    Losing,
    /// Answered elsewhere, over the warn line.
    Slipping,
    /// Answers fail their check.
    Soft,
    /// A key or a model is gone.
    Key,
    /// Nobody is asking.
    Quiet,
    /// Well, and nothing stands behind it.
    Exposed,
    /// Well.
    Healthy,
}

/// How bad a verdict is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Tone {
    Ok,
    Warn,
    Critical,
    #[default]
    Idle,
}

impl From<Severity> for Tone {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Warn => Self::Warn,
            Severity::Critical => Self::Critical,
        }
    }
}

/// The last sixth of the time since the onset against the third before it, by 15 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Trend {
    Steady,
    Rising,
    Falling,
}

/// What was done to the gateway before something began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JustBefore {
    /// When.
    pub at: Millis,
    /// What.
    pub what: Arc<str>,
}

/// How requests were answered, of one chain or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// The chain's name, or `all`.
    pub scope: Arc<str>,
    /// Since when; live figures reach back a day, and not beyond the start.
    pub since: Millis,
    /// All below.
    pub requests: u32,
    /// By the first leg.
    pub full: u32,
    /// By a fallback.
    pub partial: u32,
    /// From store.
    pub degraded: u32,
    /// By nobody.
    pub unavailable: u32,
}

/// The scope of answers that are not one chain's.
const ALL: &str = "all";

/// What a verdict is read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) scene: Scene<'a>,
    pub(crate) alerts: &'a Alerts,
    pub(crate) live: Live<'a>,
    pub(crate) range: Range,
    pub(crate) started_at: Millis,
    pub(crate) last_request: Option<Millis>,
}

/// A mark this long before an onset may have brought it on.
const JUST_BEFORE: u64 = 15 * MINUTE;

impl<'a> Bench<'a> {
    fn index(&self) -> &'a Index {
        self.scene.index
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = rows::first_that_holds(self);
        let from = self.scene.now.minus(self.range.millis());
        let groups =
            (0..self.index().plan.chains.len()).filter(|chain| self.is_shown(*chain, from));
        verdict.of_groups = u32::try_from(groups.count()).unwrap_or(u32::MAX);
        if let Some(since) = verdict.since.filter(|_| verdict.state != State::Quiet) {
            let marks = self.scene.facts.marks().filter(|mark| match mark.kind {
                MarkKind::Reload | MarkKind::Deploy | MarkKind::Drill => {
                    mark.at <= since.plus(MINUTE) && mark.at >= since.minus(JUST_BEFORE)
                }
                MarkKind::Start => false,
            });
            let last = marks.max_by_key(|mark| mark.at);
            verdict.just_before =
                last.map(|mark| JustBefore { at: mark.at, what: Arc::clone(&mark.what) });
        }
        verdict
    }

    /// The short of the two windows that alerts are read over.
    fn short(&self) -> u64 {
        self.alerts.thresholds().short()
    }

    /// A spare that nobody asked for has its place in the chains that it stands behind.
    pub(crate) fn is_shown(&self, chain: usize, from: Millis) -> bool {
        !self.index().plan.chains[chain].spare || self.answers(chain, from).requests > 0
    }

    /// A time, or the first of which the counts tell: a gateway that starts has none.
    fn known(&self, since: Millis) -> Millis {
        self.scene.kept(since).max(self.started_at)
    }

    /// The answers of all chains since a time.
    fn all(&self, since: Millis) -> Answers {
        let since = self.known(since);
        let mut answers = Answers { scope: ALL.into(), since, ..Answers::default() };
        for chain in 0..self.index().plan.chains.len() {
            let parts = self.scene.figures.chain_parts(chain, since, self.scene.now);
            parts.for_each(|counts| answers.add(counts));
        }
        answers
    }

    /// The answers of one chain since a time.
    fn answers(&self, chain: usize, since: Millis) -> Answers {
        let since = self.known(since);
        let scope = Arc::clone(self.index().name(chain));
        let mut answers = Answers { scope, since, ..Answers::default() };
        let parts = self.scene.figures.chain_parts(chain, since, self.scene.now);
        parts.for_each(|counts| answers.add(counts));
        answers
    }

    /// The deployments of the leg that should have answered since a time, as they stand.
    fn own_leg(&self, chain: usize, since: Millis) -> Vec<&'a LiveDeployment> {
        let numbers = self.scene.own_leg(chain, since).into_iter();
        let ids = numbers.map(|number| &self.index().deployments[number].deployment);
        ids.filter_map(|id| self.live.of(id)).collect()
    }
}

impl Verdict {
    /// It says something else than the one before: another row, another chain or another cause.
    #[must_use]
    pub fn is_news_after(&self, before: &Self) -> bool {
        let code = |verdict: &Self| verdict.cause.as_ref().map(|cause| cause.code);
        self.state != before.state
            || self.model_group != before.model_group
            || self.task != before.task
            || code(self) != code(before)
    }
}

impl Answers {
    pub(crate) fn add(&mut self, counts: &ChainCounts) {
        self.requests += counts.asked();
        self.full += counts.of(Degradation::Full);
        self.partial += counts.of(Degradation::Partial);
        self.degraded += counts.of(Degradation::Degraded);
        self.unavailable += counts.of(Degradation::Unavailable);
    }
}
