//! What happened, kept: finished requests with their trails, and their sums per minute, hour and day,
//! in one SQLite file.
//!
//! [`History`] takes [`Event`](sanso_watch::Event)s from the gateway and writes them in batches, from
//! a thread of its own. `tally/` says what requests add up to and knows no database; `store/` and
//! `query/` are all that knows SQLite. Prompts, answers and keys are in no event, so they are in no
//! file.
//!
//! ```
//! use std::time::Duration;
//!
//! use sanso_history::{History, QueryError, Range, Settings};
//! use sanso_watch::{Event, Filter, Mark, MarkKind, Millis, Plan};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("sanso-history-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let path = directory.join("history.db");
//! # let (plan, reloaded) = (Plan::default(), Plan::default());
//! fn now() -> Millis {
//!     Millis(1_796_083_210_000) // The time of day.
//! }
//!
//! // A file that cannot be opened is no error: it is logged, shown and tried again. The plan's chains
//! // lay out the series; its tasks are those that get sums of their own.
//! let history = History::start(Settings::new(path, now), plan)?;
//!
//! // Never waits, so it may stand on the path of a request. A start is an event, too: breakers are
//! // closed after it, and from the first one on a time without requests is known to be one.
//! history.note(Event::Mark(Mark { at: now(), kind: MarkKind::Start, what: "started".into() }));
//! history.set_plan(reloaded);
//!
//! // Questions block for up to some hundred milliseconds: ask them where a thread may.
//! # history.flush()?;
//! let month = Range::last(Duration::from_hours(30 * 24), now());
//! let series = history.series(month, 140, None)?;
//! assert_eq!(series.step_s, 6 * 3600);
//! let page = history.requests(&Filter { limit: Some(50), ..Filter::default() })?;
//! assert!(page.requests.is_empty() && page.before.is_none());
//! assert!(history.request("0199c2a4")?.is_none());
//!
//! // What is asked for wrongly has an error of its own; all but `Store` are the asker's.
//! let error = history.series(month, 0, None).unwrap_err();
//! assert!(matches!(error, QueryError::Bounds { name: "points", .. }));
//! assert_eq!(error.to_string(), "points is 0, and must be from 1 to 2000");
//!
//! // For the overview, and for whoever looks.
//! let health = history.health();
//! assert_eq!((health.store, health.dropped_rows, health.last_error.clone()), ("sqlite", 0, None));
//! let shown = sanso_watch::History::from(&health);
//! assert_eq!(shown.retention_d, 730);
//!
//! // Writes what waits, in one try; blocks meanwhile.
//! drop(history);
//! # std::fs::remove_dir_all(directory)?;
//! # Ok(())
//! # }
//! ```

mod error;
mod fill;
mod health;
mod history;
mod plan;
mod query;
mod queue;
mod settings;
mod store;
mod tally;
mod varint;
mod writer;

pub use error::{QueryError, StoreError, Trouble};
#[doc(hidden)]
pub use fill::Fill;
pub use health::Health;
pub use history::History;
pub use query::{Found, Range};
pub use settings::{Retention, Settings};
