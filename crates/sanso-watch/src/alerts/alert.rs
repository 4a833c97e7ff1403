//! One alert, and what is told of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::signal::{Severity, Signal, Subject};
use crate::cause::Cause;
use crate::millis::Millis;

/// A signal over its line, as `alerts[]` of `GET /admin/overview` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Unique while the state is kept.
    pub id: Arc<str>,
    /// What is over its line.
    pub signal: Signal,
    /// The worst that it was since it fired.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: AlertState,
    /// The onset: the first bucket over the warn line that stayed over.
    pub since: Millis,
    /// Of whom.
    #[serde(flatten)]
    pub subject: Subject,
    /// `count` of `of`, or the count where there is no `of`.
    pub value: f64,
    /// The line that it crossed.
    pub threshold: f64,
    /// Over what it is read.
    pub window: Arc<str>,
    /// How many since the onset (at most a day back; after a restart, from then on), or of the last hour, of a breaker's openings.
    pub count: u32,
    /// Of how many.
    pub of: Option<u32>,
    /// Who answered instead, most often: the deployment's id.
    pub served_instead: Option<Arc<str>>,
    /// The same as `provider/model`, for people.
    pub served_instead_model: Option<Arc<str>>,
    /// The share of what was answered instead that the same model answered.
    pub same_model_share: Option<f64>,
    /// Why, as far as the figures tell.
    pub cause: Cause,
    /// No notices until then.
    pub silenced_until: Option<Millis>,
}

/// The life of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Over its line of late, but not for long, or of few requests.
    Pending,
    /// Over its line.
    Firing,
    /// Well again: said once, then gone.
    Resolved,
}

/// Something to tell the people on call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What became of it.
    pub change: Change,
    /// When.
    pub at: Millis,
    /// The alert, as it stood then.
    #[serde(flatten)]
    pub alert: Alert,
    /// Other alerts of the same chain that changed at the same time: one message, not many.
    pub also: Vec<Also>,
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It crossed its line.
    Fired,
    /// It crossed the critical line, too.
    Escalated,
    /// It is well again.
    Resolved,
}

/// An alert that changed beside another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Also {
    /// What became of it.
    pub change: Change,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}
