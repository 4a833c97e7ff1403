//! What happened, kept: finished requests with their trails, and their sums per minute, hour and day,
//! in one SQLite file.
//!
//! [`History`] takes [`Event`](sanso_watch::Event)s from the gateway and writes them in batches, from
//! a thread of its own. `tally/` says what requests add up to and knows no database; `store/` and
//! `query/` are all that knows SQLite. Prompts, answers and keys are in no event, so they are in no
//! file.

mod error;
mod fill;
mod filter;
mod health;
mod history;
mod plan;
mod query;
mod queue;
mod series;
mod settings;
mod store;
mod tally;
mod varint;
mod writer;

pub use error::{QueryError, StoreError, Trouble};
#[doc(hidden)]
pub use fill::Fill;
pub use filter::RequestFilter;
pub use health::Health;
pub use history::History;
pub use query::{Found, Range};
pub use series::{
    BreakerLane, CostSeries, GroupSeries, ProviderSeries, QuantileSeries, Segment, Series, Values,
};
pub use settings::{Retention, Settings};
