//! The labels of sanso's own metrics. All come from the configuration, or from a closed list.

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Requests {
    pub(super) model_group: String,
    pub(super) task: String,
    pub(super) degradation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Attempts {
    pub(super) deployment: String,
    pub(super) provider: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct SoftFaults {
    pub(super) model_group: String,
    pub(super) deployment: String,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Fallbacks {
    pub(super) model_group: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Deployment {
    pub(super) deployment: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct DeploymentInfo {
    pub(super) deployment: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) model_group: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Tokens {
    pub(super) deployment: String,
    pub(super) direction: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Gate {
    pub(super) deployment: String,
    pub(super) gate: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Group {
    pub(super) model_group: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct View {
    pub(super) view: &'static str,
}
