//! The JSON that the page is made of.

mod compose;
mod overview;
mod requests;
mod series;
mod traffic;

pub(crate) use compose::overview;
pub use overview::{
    About, Breaker, Chain, Delivery, Deployment, FallbackRates, Gate, History, Leg, Opening,
    Overview, Parity, Percentiles, Totals,
};
pub(crate) use requests::Ring;
pub use requests::{Filter, Recent};
pub(crate) use series::{Ask, series};
pub use series::{
    BreakerSeries, CostSeries, GroupSeries, PercentileSeries, ProviderSeries, Segment, Series,
};
pub(crate) use traffic::traffic;
pub use traffic::{DeploymentTraffic, GroupTraffic, Traffic};
