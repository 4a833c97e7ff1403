//! URLs as they come out of every way to write a base.

use super::*;

fn named(name: &str) -> &'static Provider {
    provider(name).expect("it is in the table")
}

const CLAUDE: &str = "/v1/messages";
const CHAT: &str = "/chat/completions";
const GENERATE: &str = "/models/m:streamGenerateContent?alt=sse";

/// Provider, the dialect's path, ways to write the base, the URL.
type Case = (&'static str, &'static str, &'static [&'static str], &'static str);

#[rustfmt::skip] // A table.
const CASES: &[Case] = &[
    ("anthropic", CLAUDE, &[
        "https://api.anthropic.com", "https://api.anthropic.com/", "https://api.anthropic.com/v1",
        "https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages",
        " https://api.anthropic.com/v1/messages/ ",
    ], "https://api.anthropic.com/v1/messages"),
    ("anthropic", CLAUDE, &["https://gateway/claude", "https://gateway/claude/v1"],
        "https://gateway/claude/v1/messages"),
    ("gemini", GENERATE, &[
        "https://g.example", "https://g.example/v1beta", "https://g.example/v1beta/",
        "https://g.example/v1beta/models",
    ], "https://g.example/v1beta/models/m:streamGenerateContent?alt=sse"),
    ("gemini", GENERATE, &["http://x/v1"], "http://x/v1/models/m:streamGenerateContent?alt=sse"),
    ("gemini", GENERATE, &["https://gateway/v1beta?tenant=7"],
        "https://gateway/v1beta/models/m:streamGenerateContent?tenant=7&alt=sse"),
    ("openai", CHAT, &[
        "https://api.openai.com/v1", "https://api.openai.com/v1/",
        "https://api.openai.com/v1/chat/completions",
    ], "https://api.openai.com/v1/chat/completions"),
    // As in LiteLLM, nothing is guessed: Perplexity has no version, and neither may a gateway.
    ("openai", CHAT, &["http://10.0.0.1:8000"], "http://10.0.0.1:8000/chat/completions"),
    ("openai", CHAT, &["https://r.example/openai/v1?api-version=preview"],
        "https://r.example/openai/v1/chat/completions?api-version=preview"),
    ("ollama", "chat/completions", &["http://localhost:11434", "http://localhost:11434/v1/"],
        "http://localhost:11434/v1/chat/completions"),
    ("mistral", CHAT, &["https://api.mistral.ai", "https://api.mistral.ai/v1"],
        "https://api.mistral.ai/v1/chat/completions"),
];

#[test]
fn bases_with_and_without_their_path_give_one_url() {
    for &(name, path, bases, url) in CASES {
        for base in bases {
            assert_eq!(join(named(name), base, path), url, "{name} {base}");
        }
    }
}

#[test]
fn the_table_is_sound() {
    let mut names: Vec<_> = names().collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table::PROVIDERS.len(), "a name stands twice");
    for provider in table::PROVIDERS {
        assert!(!unbuilt(provider.name), "{} is built", provider.name);
        assert!(!provider.key_vars.is_empty(), "{}", provider.name);
        let base = provider.base_url.unwrap_or("http://localhost");
        assert!(base.starts_with("http") && !base.ends_with('/'), "{}", provider.name);
        // The default base is already what `endpoint` makes of it.
        if let (Some(_), Some(_)) = (provider.base_url, provider.version) {
            assert!(is_versioned(base), "{}", provider.name);
        }
    }
}
