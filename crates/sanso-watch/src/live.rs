//! What only the gates know, handed in when the page is made.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{BreakerState, Dimension, GateName};
use crate::millis::Millis;

/// One deployment as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveDeployment {
    /// Its id.
    pub deployment: Arc<str>,
    /// Its breaker.
    pub breaker: LiveBreaker,
    /// Its other gates that are shut.
    pub gates: Vec<LiveGate>,
    /// Calls that have not ended.
    pub in_flight: u32,
}

/// A breaker as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveBreaker {
    /// The state.
    pub state: BreakerState,
    /// Since when.
    pub since: Millis,
    /// When the next probe may go, of an open one.
    pub next_probe: Option<Millis>,
    /// Calls that it lets through at once, of a recovering one.
    pub window: Option<u32>,
    /// What an operator has set it to.
    pub forced: Option<Forced>,
}

/// What an operator can set a breaker to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forced {
    /// No calls.
    Open,
    /// All calls; it counts and never opens.
    Closed,
    /// It counts and reports, and never opens.
    MetricsOnly,
}

/// A gate that is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveGate {
    /// Which.
    pub gate: GateName,
    /// Of a quota: which.
    pub dimension: Option<Dimension>,
    /// Since when.
    pub since: Millis,
    /// When it lets a call through again, where that is known.
    pub not_before: Option<Millis>,
}

/// The deployments as they stand, by id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a>(pub(crate) &'a [LiveDeployment]);

impl<'a> Live<'a> {
    pub(crate) fn of(&self, deployment: &str) -> Option<&'a LiveDeployment> {
        self.0.iter().find(|live| &*live.deployment == deployment)
    }
}
