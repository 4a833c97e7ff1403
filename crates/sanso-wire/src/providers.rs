//! The providers that sanso can speak to, as data, and how their URLs are put together.
//!
//! Names, default addresses and environment variables are those of LiteLLM, so that a `config.yaml`
//! written for it finds the same keys at the same place.

mod table;

use crate::dialect::Dialect;

/// A provider: the part before the slash in `litellm_params.model`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// LiteLLM's name of it, such as `together_ai`.
    pub name: &'static str,
    /// What it speaks.
    pub dialect: Dialect,
    /// Its address; `None` where each installation has its own.
    pub base_url: Option<&'static str>,
    /// Environment variables that may hold the key; the first that is set counts.
    pub key_vars: &'static [&'static str],
    /// Environment variables that may hold the base URL; the first that is set counts.
    pub base_vars: &'static [&'static str],
    /// How the key is sent.
    pub auth: Auth,
    /// Whether it usually runs on the operator's own machines, where a first token may take its time
    /// (`chain.md`, *Streams*).
    pub local: bool,
    /// The API version that a base URL must end in, and gets where it does not.
    pub version: Option<&'static str>,
    /// How it is told to go on from a text.
    pub prefill: Prefill,
}

/// How a provider is told to go on from the last message, where that is the assistant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefill {
    /// It does so by itself.
    Itself,
    /// The message has `prefix: true` (Mistral, DeepSeek).
    Prefix,
    /// The request has `continue_final_message: true`, and `add_generation_prompt: false` (vLLM).
    FinalMessage,
}

/// How a provider's key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The same, but a call without a key is fine.
    BearerIfSet,
    /// `x-api-key: KEY` (Anthropic).
    XApiKey,
    /// `x-goog-api-key: KEY` (Gemini).
    XGoogApiKey,
}

/// The provider of that name, where sanso speaks its dialect.
///
/// ```
/// use sanso_wire::providers::{provider, unbuilt};
/// assert_eq!(provider("groq").map(|groq| groq.key_vars), Some(&["GROQ_API_KEY"][..]));
/// assert!(provider("bedrock").is_none() && unbuilt("bedrock"));
/// ```
#[must_use]
pub fn provider(name: &str) -> Option<&'static Provider> {
    table::PROVIDERS.iter().find(|provider| provider.name == name)
}

/// Whether LiteLLM has a provider of that name that sanso does not speak to yet: reason to say "not
/// built yet" rather than "unknown".
#[must_use]
pub fn unbuilt(name: &str) -> bool {
    table::UNBUILT.contains(&name)
}

/// The names of all providers that sanso speaks to, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    table::PROVIDERS.iter().map(|provider| provider.name)
}

/// The URL of a chat call to `model` under `base`.
///
/// `base` is used as LiteLLM uses `api_base`: with or without a trailing slash, with or without the
/// path that the dialect adds (`/chat/completions`; `/v1` and `/v1/messages` for Anthropic). An
/// OpenAI-compatible base gets no guessed `/v1`, except for the providers whose
/// [`Provider::version`] says so. A query in `base` is kept.
#[must_use]
pub fn endpoint(provider: &Provider, base: &str, model: &str, stream: bool) -> String {
    join(provider, base, &provider.dialect.path(model, stream))
}

/// Joins a base URL and a dialect's path, neither doubling a segment nor losing a query.
fn join(provider: &Provider, base: &str, path: &str) -> String {
    let (base, base_query) = split_query(base.trim());
    let (path, path_query) = split_query(path);
    let mut url = without_suffix(base.trim_end_matches('/'), already_spelt(provider.dialect));
    if let Some(version) = provider.version.filter(|_| !is_versioned(&url)) {
        url.push('/');
        url.push_str(version);
    }
    url.push('/');
    url.push_str(path.trim_start_matches('/'));
    let queries = [base_query, path_query].into_iter().flatten().filter(|query| !query.is_empty());
    for (separator, query) in ['?', '&'].into_iter().zip(queries) {
        url.push(separator);
        url.push_str(query);
    }
    url
}

fn split_query(url: &str) -> (&str, Option<&str>) {
    url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)))
}

/// What people write at the end of a base although the dialect's path brings it; longest first.
const fn already_spelt(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenAiChat => &["/chat/completions"],
        Dialect::Anthropic => &["/v1/messages", "/v1"],
        Dialect::Gemini => &["/models"],
    }
}

fn without_suffix(base: &str, suffixes: &[&str]) -> String {
    let rest = suffixes.iter().find_map(|suffix| base.strip_suffix(suffix));
    rest.unwrap_or(base).trim_end_matches('/').to_owned()
}

/// Whether the last segment of the path is an API version: `v1`, `v1beta`, `v4`.
fn is_versioned(url: &str) -> bool {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let last = path.split('/').skip(1).last().unwrap_or_default();
    last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
#[path = "providers/tests.rs"]
mod tests;
