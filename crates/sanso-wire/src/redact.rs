//! Takes secrets out of text that others wrote, before it reaches a client or a log.
//!
//! Providers quote the key that they refuse, and some quote the URL that it was in.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in a secret's place.
pub const MASK: &str = "***";

/// A given secret shorter than this is not one: local servers are often configured with `none` or
/// `x`, and masking every `x` would leave no message readable.
const MIN_SECRET: usize = 5;

/// Prefixes of keys by provider, and the fewest characters that must follow for it to be a key
/// rather than a word.
const KEYS: &[(&str, usize)] = &[
    ("sk-", 8),     // OpenAI, Anthropic (sk-ant-), DeepSeek, OpenRouter (sk-or-), Moonshot
    ("sk_", 16),    // ElevenLabs, Stripe-like
    ("AIza", 20),   // Google API keys
    ("ya29.", 8),   // Google OAuth tokens
    ("gsk_", 8),    // Groq
    ("xai-", 16),   // xAI
    ("pplx-", 16),  // Perplexity
    ("csk-", 8),    // Cerebras
    ("nvapi-", 8),  // NVIDIA
    ("hf_", 16),    // Hugging Face
    ("fw_", 16),    // Fireworks
    ("tgp_v1_", 8), // Together
    ("AKIA", 16),   // AWS access keys
    ("eyJ", 20),    // JSON web tokens
];

/// What precedes a secret in a header or a URL that is quoted, and the fewest characters of it.
const BEFORE_A_SECRET: &[(&str, usize)] =
    &[("bearer ", 8), ("?key=", 1), ("&key=", 1), ("x-api-key: ", 4), ("x-goog-api-key: ", 4)];

/// Replaces each of `secrets`, and whatever looks like a key, by [`MASK`].
///
/// ```
/// let text = "Incorrect API key provided: sk-proj-4f9a8b7c6d. Was it hunter2?";
/// assert_eq!(
///     sanso_wire::redact::mask(text, &["hunter2"]),
///     "Incorrect API key provided: ***. Was it ***?",
/// );
/// ```
#[must_use]
pub fn mask<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let hidden = union(given(text, secrets).chain(keys(text)).chain(introduced(text)).collect());
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut shown = 0;
    for range in hidden {
        out.push_str(&text[shown..range.start]);
        out.push_str(MASK);
        shown = range.end;
    }
    out.push_str(&text[shown..]);
    Cow::Owned(out)
}

/// The ranges in order, those that touch as one: half a secret is a secret, too.
fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut union: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match union.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => union.push(range),
        }
    }
    union
}

/// Every place of every given secret, overlapping ones included.
fn given<'t>(text: &'t str, secrets: &'t [&str]) -> impl Iterator<Item = Range<usize>> + 't {
    secrets.iter().filter(|secret| secret.len() >= MIN_SECRET).flat_map(move |secret| {
        let starts = text.char_indices().map(|(at, _)| at);
        starts
            .filter(move |&at| text[at..].starts_with(secret))
            .map(move |at| at..at + secret.len())
    })
}

/// Every word that begins as a provider's keys do.
fn keys(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    KEYS.iter().flat_map(move |&(prefix, least)| {
        text.match_indices(prefix).filter_map(move |(at, _)| {
            // Inside a word it is none: `task-`, `risk-`.
            let inside = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            let end = end_of_key(text, at + prefix.len());
            (!inside && end - at - prefix.len() >= least).then_some(at..end)
        })
    })
}

/// Every word that stands where a secret does.
fn introduced(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    // Of the same length as the text, so that an index holds in both.
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for &(before, least) in BEFORE_A_SECRET {
        for (at, _) in lower.match_indices(before) {
            let start = at + before.len();
            let end = end_of_key(text, start);
            // "Bearer authentication" is prose; a token has digits, or is long.
            let token = &text[start..end];
            let prose = before.ends_with(' ')
                && token.len() < 24
                && token.chars().all(|c| c.is_ascii_alphabetic());
            if token.len() >= least && !prose {
                found.push(start..end);
            }
        }
    }
    found.into_iter()
}

/// The end of the run of characters that keys are made of. Asterisks belong to it: providers mask
/// the middle of a key and show its ends.
fn end_of_key(text: &str, start: usize) -> usize {
    let of_key = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=*%".contains(c);
    let run = text[start..].find(|c| !of_key(c)).map_or(text.len(), |length| start + length);
    // A full stop ends the sentence, not the key.
    start + text[start..run].trim_end_matches('.').len()
}
