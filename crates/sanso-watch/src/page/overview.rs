//! `GET /admin/overview`: what it looks like.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::alerts::Alert;
use crate::event::{BreakerState, Dimension, GateName};
use crate::figures::Sketch;
use crate::kind::Kind;
use crate::live::Forced;
use crate::millis::Millis;
use crate::range::Range;
use crate::verdict::Verdict;

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
    /// What was not written, and will not be.
    pub dropped_rows: u64,
    /// What waits to be written.
    pub waiting_rows: u64,
    /// What is wrong with it now.
    pub last_error: Option<Arc<str>>,
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
    /// What series, live counts and `answers.scope` call it: its group; where several chains share
    /// one, its task.
    pub name: Arc<str>,
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

/// A rate over several spans; `None` where nothing was asked. The two windows go by the names of their
/// usual lengths, whatever [`Thresholds`](crate::Thresholds) say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FallbackRates {
    /// The short window.
    #[serde(rename = "5m")]
    pub short: Option<f64>,
    /// The long window.
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
    pub in_flight: u32,
    /// First tokens.
    pub ttft_ms: Percentiles,
    /// Answers that were not what was wanted.
    pub soft_failure_rate: Option<f64>,
    /// Not yet.
    pub parity: Option<Parity>,
    /// Its breaker.
    pub breaker: Breaker,
    /// Its other gates that are shut, and a quota that shut of late.
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
