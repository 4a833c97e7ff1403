//! Usage, as the many write it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ir::Usage;

/// Usage, where `raw` is one.
pub(super) fn read(raw: Option<&RawValue>) -> Option<Usage> {
    let raw = raw.filter(|raw| raw.get().starts_with('{'))?;
    let wire: WireUsage = serde_json::from_str(raw.get()).ok()?;
    let prompt_details = wire.prompt_tokens_details.unwrap_or_default();
    let completion_details = wire.completion_tokens_details.unwrap_or_default();
    let reasoning = completion_details.reasoning_tokens.map(Count::get);
    let prompt = wire.prompt_tokens?.get();
    let mut completion = wire.completion_tokens.unwrap_or_default().get();
    let total = wire.total_tokens.unwrap_or_default().get();
    // xAI and Gemini's compatible API count reasoning in the total alone.
    if let Some(reasoning) = reasoning
        && reasoning > 0
        && prompt.saturating_add(completion).saturating_add(reasoning) == total
    {
        completion = completion.saturating_add(reasoning);
    }
    Some(Usage {
        prompt,
        completion,
        cached: prompt_details.cached_tokens.or(wire.prompt_cache_hit_tokens).map(Count::get),
        cache_write: prompt_details
            .cache_write_tokens
            .or(wire.cache_creation_input_tokens)
            .map(Count::get),
        reasoning,
    })
}

/// A number of tokens; some servers write whole numbers as floats.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
struct Count(f64);

impl Count {
    /// As an integer. The cast saturates: negative counts are 0.
    const fn get(self) -> u64 {
        self.0 as u64
    }
}

#[derive(Debug, Deserialize)]
struct WireUsage {
    prompt_tokens: Option<Count>,
    completion_tokens: Option<Count>,
    total_tokens: Option<Count>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Option<Count>,
    /// LiteLLM and OpenRouter, for Anthropic.
    cache_creation_input_tokens: Option<Count>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<Count>,
    cache_write_tokens: Option<Count>,
}

#[derive(Debug, Default, Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<Count>,
}
