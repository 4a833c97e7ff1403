//! The members of a body that speak to the gateway, not to the model: LiteLLM's, and sanso's own.

use std::time::Duration;

use sanso_core::FallbackOn;
use serde_json::Value;

use crate::envelope::RequestError;
use crate::object::Object;

/// What a request asks of the gateway itself. `None` leaves it to the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Controls {
    /// `fallbacks`: groups that stand in for the plain list of the asked-for group.
    pub fallbacks: Option<Vec<String>>,
    /// `context_window_fallbacks`: lists by the group that they are for, in place of that setting.
    pub context_window_fallbacks: Option<FallbackLists>,
    /// `content_policy_fallbacks`, likewise.
    pub content_policy_fallbacks: Option<FallbackLists>,
    /// `fallback_on`: which refusals of the first leg lead to the plain fallbacks.
    pub fallback_on: Option<FallbackOn>,
    /// `num_retries`: retries per leg.
    pub num_retries: Option<u32>,
    /// `timeout`, else `request_timeout`: the limit of an attempt.
    pub timeout: Option<Duration>,
    /// `stream_timeout`: the limits of a stream.
    pub stream_timeout: Option<Duration>,
    /// `max_fallbacks`: how far the walk may go.
    pub max_fallbacks: Option<u32>,
    /// `disable_fallbacks`: the first leg or an error.
    pub disable_fallbacks: bool,
    /// `metadata.task`: the name of a task of the configuration.
    pub task: Option<String>,
    /// `fallback`: whether another model may answer without the caller being asked.
    pub fallback: Option<FallbackRule>,
    /// `priority`: above 0 the request may be shed when the chain is weak.
    pub priority: Option<i64>,
    /// `buffer`: whether the whole answer is held before any of it goes out (`full`, against `none`).
    pub buffer: Option<bool>,
}

/// Fallback lists, each with the group that it is for, in the order of the body (LiteLLM:
/// `[{"group": ["a", "b"]}]`). `*` is every group; names outside of a mapping are for the asked-for
/// one.
pub type FallbackLists = Vec<(String, Vec<String>)>;

/// sanso's `fallback` (`chain.md`, *Silent fallback can be forbidden*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackRule {
    /// As the configuration says.
    Allow,
    /// The first leg or an error.
    Deny,
}

/// What a control key is for.
#[derive(Clone, Copy)]
enum Use {
    Fallbacks,
    ContextWindowFallbacks,
    ContentPolicyFallbacks,
    FallbackOn,
    NumRetries,
    Timeout,
    StreamTimeout,
    MaxFallbacks,
    DisableFallbacks,
    Fallback,
    Priority,
    Buffer,
    /// LiteLLM takes it out of the body, and so do we; nothing else happens.
    Dropped,
}

/// Every control key. None of them is ever forwarded: providers refuse members that they do not
/// know. Where two mean the same, the later one wins.
const TABLE: &[(&str, Use)] = &[
    ("fallbacks", Use::Fallbacks),
    ("context_window_fallbacks", Use::ContextWindowFallbacks),
    ("content_policy_fallbacks", Use::ContentPolicyFallbacks),
    ("fallback_on", Use::FallbackOn),
    ("num_retries", Use::NumRetries),
    ("request_timeout", Use::Timeout),
    ("timeout", Use::Timeout),
    ("stream_timeout", Use::StreamTimeout),
    ("max_fallbacks", Use::MaxFallbacks),
    ("disable_fallbacks", Use::DisableFallbacks),
    ("fallback", Use::Fallback),
    ("priority", Use::Priority),
    ("model_group_retry_policy", Use::Dropped),
    ("router_settings_override", Use::Dropped),
    ("include_fallback_errors", Use::Dropped),
    ("mock_response", Use::Dropped),
    ("mock_testing_fallbacks", Use::Dropped),
    ("mock_testing_context_fallbacks", Use::Dropped),
    ("mock_testing_content_policy_fallbacks", Use::Dropped),
    ("mock_testing_rate_limit_error", Use::Dropped),
    ("mock_timeout", Use::Dropped),
    ("mock_delay", Use::Dropped),
    ("user_config", Use::Dropped),
    ("cache", Use::Dropped),
    ("tags", Use::Dropped),
    ("litellm_metadata", Use::Dropped),
    ("litellm_call_id", Use::Dropped),
    ("litellm_logging_obj", Use::Dropped),
    ("proxy_server_request", Use::Dropped),
    ("fastest_response", Use::Dropped),
    ("buffer", Use::Buffer),
    // Whom to call, and with which key, is the operator's to say; a caller's key must not reach a
    // provider that it is not for.
    ("api_key", Use::Dropped),
    ("api_base", Use::Dropped),
    ("base_url", Use::Dropped),
    ("api_version", Use::Dropped),
    ("organization", Use::Dropped),
    ("custom_llm_provider", Use::Dropped),
    ("deployment_id", Use::Dropped),
    ("model_info", Use::Dropped),
    ("litellm_params", Use::Dropped),
    ("litellm_credential_name", Use::Dropped),
    ("litellm_session_id", Use::Dropped),
    ("litellm_trace_id", Use::Dropped),
    ("extra_headers", Use::Dropped),
    ("headers", Use::Dropped),
    ("drop_params", Use::Dropped),
    ("additional_drop_params", Use::Dropped),
    ("allowed_openai_params", Use::Dropped),
    ("guardrails", Use::Dropped),
    ("no-log", Use::Dropped),
];

/// Whether the member `name` speaks to the gateway.
pub(super) fn is_control(name: &str) -> bool {
    TABLE.iter().any(|(key, _)| *key == name)
}

impl Controls {
    /// Reads the controls of a body; `model` is the group that it asks for.
    pub(super) fn read(body: &Object<'_>, model: &str) -> Result<Self, RequestError> {
        let mut controls = Self::default();
        for &(key, meaning) in TABLE {
            if body.get(key).is_some() {
                controls.take(body, key, meaning, model)?;
            }
        }
        Ok(controls)
    }

    fn take(
        &mut self,
        body: &Object<'_>,
        key: &str,
        meaning: Use,
        model: &str,
    ) -> Result<(), RequestError> {
        match meaning {
            Use::Fallbacks => self.fallbacks = Some(fallbacks(body, key, model)?),
            Use::ContextWindowFallbacks => {
                self.context_window_fallbacks = Some(fallback_lists(body, key, model)?);
            }
            Use::ContentPolicyFallbacks => {
                self.content_policy_fallbacks = Some(fallback_lists(body, key, model)?);
            }
            Use::FallbackOn => self.fallback_on = Some(fallback_on(body, key)?),
            Use::NumRetries => self.num_retries = Some(count(body, key)?),
            Use::Timeout => self.timeout = seconds(body, key)?.or(self.timeout),
            Use::StreamTimeout => self.stream_timeout = seconds(body, key)?,
            Use::MaxFallbacks => self.max_fallbacks = Some(count(body, key)?),
            Use::DisableFallbacks => {
                self.disable_fallbacks = body.typed(key, "true or false")?.unwrap_or_default();
            }
            Use::Fallback => self.fallback = Some(fallback_rule(body, key)?),
            Use::Priority => self.priority = body.typed(key, "an integer")?,
            Use::Buffer => self.buffer = Some(buffer(body, key)?),
            Use::Dropped => {}
        }
        Ok(())
    }
}

/// Of the lists of [`fallback_lists`] those for the asked-for group and for `*`, in the body's order.
fn fallbacks(body: &Object<'_>, key: &str, model: &str) -> Result<Vec<String>, RequestError> {
    let lists = fallback_lists(body, key, model)?.into_iter();
    Ok(lists
        .filter(|(group, _)| group == model || group == "*")
        .flat_map(|(_, list)| list)
        .collect())
}

/// `["a", {"model": "b"}]`, which are for the asked-for group, or LiteLLM's configuration shape
/// `[{"group": ["a"]}]`. Messages of their own in the objects are not obeyed.
fn fallback_lists(
    body: &Object<'_>,
    key: &str,
    model: &str,
) -> Result<FallbackLists, RequestError> {
    let expected = "a list of model names, or of objects with a `model`";
    let elements: Vec<Value> = body.typed(key, expected)?.unwrap_or_default();
    let mut lists = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let wrong = || {
            RequestError::wrong_value(
                &format!("{key}[{index}]"),
                "must be a model name, or an object with a `model`",
            )
        };
        match element {
            Value::String(group) => lists.push((model.to_owned(), vec![group])),
            Value::Object(mut object) => match object.remove("model") {
                Some(Value::String(group)) => lists.push((model.to_owned(), vec![group])),
                Some(_) => return Err(wrong()),
                None => {
                    for (group, list) in object {
                        lists.push((group, names(list).ok_or_else(wrong)?));
                    }
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(wrong());
            }
        }
    }
    Ok(lists)
}

fn buffer(body: &Object<'_>, key: &str) -> Result<bool, RequestError> {
    match body.text(key)?.as_deref() {
        Some("full") => Ok(true),
        Some("none") => Ok(false),
        Some(_) | None => Err(RequestError::wrong_value(key, "must be \"full\" or \"none\"")),
    }
}

fn fallback_on(body: &Object<'_>, key: &str) -> Result<FallbackOn, RequestError> {
    let names: Vec<String> = body.typed(key, "a list of strings")?.unwrap_or_default();
    let mut on = FallbackOn::default();
    for (index, name) in names.iter().enumerate() {
        match name.as_str() {
            "bad_request" => on.bad_request = true,
            "content_policy" => on.content_policy = true,
            _ => {
                return Err(RequestError::wrong_value(
                    &format!("{key}[{index}]"),
                    "must be \"bad_request\" or \"content_policy\"",
                ));
            }
        }
    }
    Ok(on)
}

/// A list of strings; a single string counts as a list of one.
fn names(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => names
            .into_iter()
            .map(|name| if let Value::String(name) = name { Some(name) } else { None })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// A number, also as a string, as LiteLLM takes it.
fn number(body: &Object<'_>, key: &str, expected: &str) -> Result<f64, RequestError> {
    let parsed = match body.typed(key, expected)? {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    parsed.ok_or_else(|| body.wrong_type(key, expected))
}

fn count(body: &Object<'_>, key: &str) -> Result<u32, RequestError> {
    let expected = "a whole number that is not negative";
    let number = number(body, key, expected)?;
    if number > f64::from(u32::MAX) {
        return Err(RequestError::wrong_value(key, &format!("must be at most {}", u32::MAX)));
    }
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(RequestError::wrong_value(key, &format!("must be {expected}")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number within the range of the type"
    )]
    Ok(number as u32)
}

/// Seconds; 0 counts as not set, as it does for LiteLLM.
fn seconds(body: &Object<'_>, key: &str) -> Result<Option<Duration>, RequestError> {
    let expected = "a number of seconds that is not negative";
    let seconds = number(body, key, expected)?;
    let duration = Duration::try_from_secs_f64(seconds)
        .map_err(|_| RequestError::wrong_value(key, &format!("must be {expected}")))?;
    Ok((duration > Duration::ZERO).then_some(duration))
}

fn fallback_rule(body: &Object<'_>, key: &str) -> Result<FallbackRule, RequestError> {
    match body.text(key)?.as_deref() {
        Some("allow") => Ok(FallbackRule::Allow),
        Some("deny") => Ok(FallbackRule::Deny),
        Some(_) | None => Err(RequestError::wrong_value(key, "must be \"allow\" or \"deny\"")),
    }
}
