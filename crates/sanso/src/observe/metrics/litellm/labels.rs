//! LiteLLM's label names, those that can be filled truthfully: sanso has no users, teams or virtual
//! keys, and a label without a value is no label to Prometheus. A client's address and agent are left
//! out on purpose: each would make series.

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Deployment {
    pub(super) litellm_model_name: String,
    pub(super) model_id: String,
    pub(super) api_base: String,
    pub(super) api_provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct CooledDown {
    pub(super) litellm_model_name: String,
    pub(super) model_id: String,
    pub(super) api_base: String,
    pub(super) api_provider: String,
    pub(super) exception_status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Responses {
    pub(super) requested_model: String,
    pub(super) model_group: String,
    pub(super) litellm_model_name: String,
    pub(super) model_id: String,
    pub(super) api_base: String,
    pub(super) api_provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Failures {
    pub(super) requested_model: String,
    pub(super) model_group: String,
    pub(super) litellm_model_name: String,
    pub(super) model_id: String,
    pub(super) api_base: String,
    pub(super) api_provider: String,
    pub(super) exception_status: &'static str,
    pub(super) exception_class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Overhead {
    pub(super) model_group: String,
    pub(super) litellm_model_name: String,
    pub(super) api_base: String,
    pub(super) api_provider: String,
}

/// Of an answer, for a requested model: latency, tokens, spend.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Answers {
    pub(super) requested_model: String,
    pub(super) model: String,
    pub(super) model_id: String,
    pub(super) api_provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Fallbacks {
    pub(super) requested_model: String,
    pub(super) fallback_model: String,
    pub(super) exception_status: &'static str,
    pub(super) exception_class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Requests {
    pub(super) requested_model: String,
    pub(super) status_code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct FailedRequests {
    pub(super) requested_model: String,
    pub(super) exception_status: &'static str,
    pub(super) exception_class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Latency {
    pub(super) requested_model: String,
}
