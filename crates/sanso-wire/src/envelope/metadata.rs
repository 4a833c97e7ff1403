//! `metadata` belongs to OpenAI, LiteLLM and sanso at once; only OpenAI's part goes upstream.

use serde_json::value::RawValue;

use super::layout::Layout;
use crate::envelope::RequestError;
use crate::object::Object;

/// LiteLLM's own keys in `metadata`, for its logging and tracing.
const LITELLM_KEYS: &[&str] = &[
    "tags",
    "trace_id",
    "trace_name",
    "trace_user_id",
    "trace_metadata",
    "trace_version",
    "trace_release",
    "existing_trace_id",
    "update_trace_keys",
    "session_id",
    "generation_id",
    "generation_name",
    "parent_observation_id",
    "mask_input",
    "mask_output",
    "debug_langfuse",
    "spend_logs_metadata",
    "requester_metadata",
    "requester_ip_address",
    "model_group",
    "caching_groups",
];

/// What becomes of `metadata`.
pub(super) enum Fate {
    /// It is all OpenAI's.
    Kept,
    /// Nothing is left of it.
    Cut,
    /// What is left of it, as JSON.
    Left(String),
}

/// Takes sanso's and LiteLLM's keys out. What is no object is for the provider to refuse.
pub(super) fn strip(raw: &RawValue) -> Fate {
    let Ok((layout, members)) = Layout::read(raw.get()) else { return Fate::Kept };
    if !members.iter().any(|(name, _)| is_ours(name)) {
        return Fate::Kept;
    }
    if members.iter().all(|(name, _)| is_ours(name)) {
        return Fate::Cut;
    }
    let keeps: Vec<bool> = members.iter().map(|(name, _)| !is_ours(name)).collect();
    let text = raw.get().as_bytes();
    let keep = |index: usize, value| keeps.get(index).copied().unwrap_or(true).then_some(value);
    let left = layout.rebuild(text, keep, &[]);
    String::from_utf8(left).map_or(Fate::Kept, Fate::Left)
}

/// `metadata.task`: the task of the configuration that this request belongs to.
pub(super) fn task(body: &Object<'_>) -> Result<Option<String>, RequestError> {
    let is_object = body.get("metadata").is_some_and(|raw| raw.get().starts_with('{'));
    if !is_object {
        return Ok(None);
    }
    let Some(metadata) = body.object("metadata")? else { return Ok(None) };
    Ok(metadata.text("task")?.map(Into::into))
}

fn is_ours(name: &str) -> bool {
    name == "task" || name.starts_with("user_api_key") || LITELLM_KEYS.contains(&name)
}
