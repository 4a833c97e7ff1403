//! Notices that have not arrived, across a restart and a crash: a file that is written anew when
//! something comes or goes while a sink is behind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sanso::watch::{Millis, Notice};
use serde::{Deserialize, Serialize};

use super::Delivery;
use crate::admin::saved::{self, Shelf};

/// Where they are kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// `None`: nowhere.
    path: Option<PathBuf>,
    shelf: Arc<Shelf>,
    last: Mutex<Last>,
}

/// What the file says.
#[derive(Debug, Default)]
struct Last {
    revision: u64,
    is_empty: bool,
}

/// By the sink's name.
pub(super) type Waiting = BTreeMap<String, Vec<KeptNotice>>;

/// One that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptNotice {
    pub(super) since: Millis,
    pub(super) notice: Arc<Notice>,
}

impl Kept {
    pub(crate) const fn at(path: Option<PathBuf>, shelf: Arc<Shelf>) -> Self {
        Self { path, shelf, last: Mutex::new(Last { revision: 0, is_empty: false }) }
    }

    /// Queues what had not arrived when the process before this one ended.
    pub(crate) fn restore(&self, delivery: &Delivery) {
        let waiting: Option<Waiting> = self.path.as_deref().and_then(saved::read);
        delivery.take_up(waiting.unwrap_or_default());
    }

    /// Has what waits written, if that has changed.
    pub(crate) fn keep(&self, delivery: &Delivery) {
        let Some(path) = &self.path else { return };
        let revision = delivery.revision();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.revision == revision {
            return;
        }
        let waiting = delivery.waiting();
        let is_empty = waiting.is_empty();
        if !(is_empty && last.is_empty) {
            self.shelf.put(path, &waiting);
        }
        *last = Last { revision, is_empty };
    }
}
