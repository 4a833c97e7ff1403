//! What there is to watch: the configured chains. Series are made for these names and for no others,
//! so that hostile names in requests make none.

use std::sync::Arc;

/// The configured chains and tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One per model group that can be asked for.
    pub chains: Vec<PlannedChain>,
    /// The names of the configured tasks.
    pub tasks: Vec<Arc<str>>,
}

/// A model group and the legs behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedChain {
    /// The group's name.
    pub model_group: Arc<str>,
    /// The task that this chain is for, if it is one's.
    pub task: Option<Arc<str>>,
    /// The order of its legs or siblings, as the configuration names it.
    pub strategy: Arc<str>,
    /// `fallback: deny`: no other model may answer.
    pub denied: bool,
    /// It is there for others to fall back to, or for a task: that nothing stands behind it is meant.
    pub spare: bool,
    /// The first leg, then its fallbacks.
    pub legs: Vec<PlannedLeg>,
}

/// One leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedLeg {
    /// Its group's name.
    pub model_group: Arc<str>,
    /// Its deployments, in their order.
    pub deployments: Vec<PlannedDeployment>,
}

/// One deployment. The same one may stand in several chains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedDeployment {
    /// Its id, as in the request log and in the metrics' labels.
    pub deployment: Arc<str>,
    /// The provider's name.
    pub provider: Arc<str>,
    /// The model, as the provider names it.
    pub model: Arc<str>,
    /// Where it is served, if that is configured.
    pub region: Option<Arc<str>>,
    /// The name of the variable that holds its key; never the key.
    pub key_name: Option<Arc<str>>,
}

impl PlannedDeployment {
    /// `provider/model`, for people.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}
