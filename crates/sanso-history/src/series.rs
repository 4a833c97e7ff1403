//! Figures over time, as the page draws them: `GET /admin/series`. Made from the live figures for
//! short ranges, from the history for long ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use sanso_watch::{BreakerState, Mark, Millis};
use serde::{Deserialize, Serialize};

/// One value for each point in time; `None` where there is none.
pub type Values = Vec<Option<f64>>;

/// Every figure at the same points in time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Where each point's span begins. The last span may still be filling.
    pub t: Vec<Millis>,
    /// How long a span is.
    pub step_s: u64,
    /// By the chain's name.
    pub model_groups: BTreeMap<Arc<str>, GroupSeries>,
    /// By the provider's name.
    pub providers: BTreeMap<Arc<str>, ProviderSeries>,
    /// By model: the share of its answers that were not what was wanted.
    pub soft: BTreeMap<Arc<str>, Values>,
    /// From arrival to first content.
    pub ttft_ms: QuantileSeries,
    /// From arrival to the end.
    pub duration_ms: QuantileSeries,
    /// What was paid in each span.
    pub cost_usd: CostSeries,
    /// The breakers that were not closed all the time.
    pub breakers: Vec<BreakerLane>,
    /// What was done to the gateway.
    pub marks: Vec<Mark>,
}

/// The requests of one chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupSeries {
    /// How many; without those whose client left, or whose request was at fault.
    pub requests: Vec<u64>,
    /// The share that another leg answered.
    pub fallback_rate: Values,
    /// The share that no one answered.
    pub unavailable_rate: Values,
    /// The share that was answered from store, or by a static answer.
    pub degraded_rate: Values,
    /// By leg and deployment, in the plan's order: the share that it answered.
    pub served: Vec<Vec<Values>>,
}

/// The attempts at one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProviderSeries {
    /// How many.
    pub attempts: Vec<u64>,
    /// By kind of fault: the share of the attempts.
    pub kinds: BTreeMap<Arc<str>, Values>,
}

/// Quantiles in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct QuantileSeries {
    pub p50: Values,
    pub p95: Values,
    pub p99: Values,
}

/// Money, in US dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostSeries {
    /// Of the answers, with all attempts made for them.
    pub answers: Values,
}

/// What became of one breaker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakerLane {
    /// Whose.
    pub deployment: Arc<str>,
    /// Its states, in order; what is not covered is closed.
    pub segments: Vec<Segment>,
    /// From closed to open; reopenings are not among them.
    pub openings: Vec<Millis>,
}

/// A time in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Segment {
    pub from: Millis,
    /// `None` where it is still in it.
    pub to: Option<Millis>,
    pub state: BreakerState,
}
