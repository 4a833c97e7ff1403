//! How the history does, for whoever looks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::error::{StoreError, Trouble};

/// How the history does, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Where it is kept: `sqlite`.
    pub store: &'static str,
    /// How many days it reaches back.
    pub retention_d: u64,
    /// Events that were not written, since the start.
    pub dropped_rows: u64,
    /// Events that wait to be written.
    pub waiting_rows: u64,
    /// What is wrong now; `None` when all is well.
    pub last_error: Option<String>,
}

/// The part of it that stands in the page's overview.
impl From<&Health> for sanso_watch::History {
    fn from(health: &Health) -> Self {
        Self {
            store: health.store.into(),
            retention_d: u32::try_from(health.retention_d).unwrap_or(u32::MAX),
            dropped_rows: health.dropped_rows,
            waiting_rows: health.waiting_rows,
            last_error: health.last_error.as_deref().map(Into::into),
        }
    }
}

/// What the writer notes and others read.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    dropped: AtomicU64,
    /// Events that the writer holds and could not write yet.
    held: AtomicU64,
    trouble: Mutex<Option<StoreError>>,
}

impl Notes {
    pub(crate) fn drop_rows(&self, rows: usize) {
        self.dropped.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn hold(&self, rows: usize) {
        self.held.store(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn trouble(&self) -> Option<StoreError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how the last try went, and tells the operator: once of each kind of trouble, and once
    /// when it is over.
    pub(crate) fn tried(&self, outcome: Option<StoreError>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = |error: &Option<StoreError>| error.as_ref().map(|error| error.kind);
        if kind(&trouble) != kind(&outcome) {
            match &outcome {
                // Nothing is to be done about it, and the next try makes a new file.
                Some(error) if error.kind == Trouble::Deleted => tracing::warn!("{error}"),
                Some(error) if error.kind == Trouble::Limit => tracing::warn!(
                    "{error}. Requests are served; what does not fit is dropped, {} events so far",
                    self.dropped()
                ),
                Some(error) => {
                    tracing::warn!(
                        "{error}. Requests are served; their history waits, up to a limit"
                    );
                }
                None => tracing::info!(
                    "the history is written again; {} events were not, since the start",
                    self.dropped()
                ),
            }
        }
        *trouble = outcome;
    }
}
