//! Which models think before they speak though no one asks them to: they are given more time for their
//! first token (`chain.md`, *Limits of a stream*).

use sanso_wire::anthropic;

/// Whether `model` thinks before it speaks, whatever the request says. `said` is what the file says of
/// it (`supports_reasoning`).
///
/// The specification names *models that think before they speak* beside *requests with
/// `reasoning_effort` or `thinking`*. LiteLLM's key says that a model can, which is not the same where
/// it does so only when asked: to wait a minute for such a model would delay the fallback of every
/// ordinary request. So of those that are known for that, only requests that ask count.
pub(crate) fn thinks(model: &str, said: Option<bool>) -> bool {
    match (said, anthropic::thinks_unasked(model)) {
        (Some(false), _) | (Some(true), Some(anthropic::Unasked::Never)) => false,
        (Some(true), _) | (None, Some(anthropic::Unasked::Always)) => true,
        (None, Some(anthropic::Unasked::Never | anthropic::Unasked::Perhaps)) => false,
        (None, None) => always_thinks(model),
    }
}

/// Models of other makers that cannot be told not to think, and do not show it: OpenAI's `o` series
/// and Gemini 2.5 Pro. What is missing here is said by `model_info.supports_reasoning`.
fn always_thinks(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let is_o =
        name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_o || name.starts_with("gemini-2.5-pro")
}
