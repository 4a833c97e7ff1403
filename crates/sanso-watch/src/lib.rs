//! What happened, turned into figures, alerts, likely causes and the verdict.
//!
//! Pure: no clock, no sockets, no tasks. Whoever drives it hands in [`Event`]s and the time; the way
//! in is [`Watch`]. `monitoring.md` says what is watched.

mod alerts;
mod cause;
mod event;
mod figures;
mod index;
mod kind;
mod live;
mod millis;
mod page;
mod plan;
mod range;
mod reason;
mod rules;
mod scene;
mod verdict;
mod watch;
pub mod words;

pub use alerts::{
    Alert, AlertState, Also, BadRate, Change, Notice, Rate, Severity, Signal, Subject, Thresholds,
    UnknownAlert,
};
pub use cause::{Cause, CauseCode, CauseKind, Others};
pub use event::{
    AttemptMade, BreakerMoved, BreakerState, Degradation, Dimension, Event, Finished, GateMoved,
    GateName, Mark, MarkKind, Row, Skip, Soft,
};
pub use figures::Sketch;
pub use kind::{Kind, Outcome, Phase};
pub use live::{Forced, LiveBreaker, LiveDeployment, LiveGate};
pub use millis::{Millis, NotATime};
pub use page::{
    About, Breaker, BreakerSeries, Chain, CostSeries, Delivery, Deployment, DeploymentTraffic,
    FallbackRates, Filter, Gate, GroupSeries, GroupTraffic, History, Leg, Opening, Overview,
    Parity, PercentileSeries, Percentiles, ProviderSeries, Recent, Segment, Series, Totals,
    Traffic,
};
pub use plan::{Plan, PlannedChain, PlannedDeployment, PlannedLeg};
pub use range::{Range, UnknownRange};
pub use reason::{Passed, Reason};
pub use rules::prometheus_rules;
pub use verdict::{Answers, JustBefore, State, Tone, Trend, Verdict};
pub use watch::{Saved, Watch};
