//! The providers, as far as the configuration must know them.

use sanso_wire::Dialect;

/// A provider that can be called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
    /// Where it is, unless `api_base` or one of `base_vars` says otherwise.
    pub(super) base: Option<&'static str>,
    /// The variables that may hold its key, first one first. None: it needs no key.
    pub(super) key_vars: &'static [&'static str],
    pub(super) base_vars: &'static [&'static str],
}

impl Provider {
    /// Whether it runs on the operator's own machines by nature: those that need no key do.
    pub(super) const fn is_local(&self) -> bool {
        self.key_vars.is_empty()
    }

    /// The base URL that an operator means. LiteLLM's users give ollama's own address, without the
    /// path of its OpenAI-compatible side.
    pub(super) fn base_meant(&self, base: String) -> String {
        if self.name == "ollama" && !base.ends_with("/v1") { base + "/v1" } else { base }
    }
}

/// Stands for a provider that nobody knows, so that the rest of its entry is still read. The file is
/// refused anyway.
pub(super) const NOBODY: &Provider =
    &like_openai("unknown", Some("http://unknown.invalid"), &[], &[]);

/// What a name means.
pub(super) enum Named {
    Provider(&'static Provider),
    /// LiteLLM has it; we have not.
    NotBuilt,
    Unknown,
}

pub(super) fn named(name: &str) -> Named {
    match PROVIDERS.iter().find(|provider| provider.name == name) {
        Some(provider) => Named::Provider(provider),
        None if NOT_BUILT.contains(&name) => Named::NotBuilt,
        None => Named::Unknown,
    }
}

/// All names, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let built = PROVIDERS.iter().map(|provider| provider.name);
    built.chain(NOT_BUILT.iter().copied())
}

/// The provider of a bare model name: LiteLLM allows those of OpenAI and of a few others.
pub(super) fn of_bare_model(model: &str) -> Option<&'static str> {
    const FAMILIES: [(&str, &[&str]); 3] = [
        ("openai", &["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"]),
        ("anthropic", &["claude-"]),
        ("gemini", &["gemini-"]),
    ];
    let of = |(_, prefixes): &&(&str, &[&str])| prefixes.iter().any(|p| model.starts_with(p));
    FAMILIES.iter().find(of).map(|(provider, _)| *provider)
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "openai",
        dialect: Dialect::OpenAiChat,
        base: Some("https://api.openai.com/v1"),
        key_vars: &["OPENAI_API_KEY"],
        base_vars: &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
    },
    Provider {
        name: "anthropic",
        dialect: Dialect::Anthropic,
        base: Some("https://api.anthropic.com"),
        key_vars: &["ANTHROPIC_API_KEY"],
        base_vars: &["ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"],
    },
    Provider {
        name: "gemini",
        dialect: Dialect::Gemini,
        base: Some("https://generativelanguage.googleapis.com/v1beta"),
        key_vars: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        base_vars: &["GEMINI_API_BASE"],
    },
    like_openai(
        "mistral",
        Some("https://api.mistral.ai/v1"),
        &["MISTRAL_API_KEY"],
        &["MISTRAL_API_BASE"],
    ),
    like_openai(
        "groq",
        Some("https://api.groq.com/openai/v1"),
        &["GROQ_API_KEY"],
        &["GROQ_API_BASE"],
    ),
    like_openai(
        "deepseek",
        Some("https://api.deepseek.com/v1"),
        &["DEEPSEEK_API_KEY"],
        &["DEEPSEEK_API_BASE"],
    ),
    like_openai(
        "openrouter",
        Some("https://openrouter.ai/api/v1"),
        &["OPENROUTER_API_KEY"],
        &["OPENROUTER_API_BASE"],
    ),
    like_openai(
        "together_ai",
        Some("https://api.together.xyz/v1"),
        &["TOGETHERAI_API_KEY", "TOGETHER_API_KEY"],
        &[],
    ),
    like_openai("xai", Some("https://api.x.ai/v1"), &["XAI_API_KEY"], &["XAI_API_BASE"]),
    like_openai("ollama", Some("http://localhost:11434/v1"), &[], &["OLLAMA_API_BASE"]),
    like_openai("hosted_vllm", None, &[], &["HOSTED_VLLM_API_BASE"]),
    like_openai("lm_studio", None, &[], &["LM_STUDIO_API_BASE"]),
];

const fn like_openai(
    name: &'static str,
    base: Option<&'static str>,
    key_vars: &'static [&'static str],
    base_vars: &'static [&'static str],
) -> Provider {
    Provider { name, dialect: Dialect::OpenAiChat, base, key_vars, base_vars }
}

/// Providers of LiteLLM that need a dialect or an authentication of their own.
const NOT_BUILT: &[&str] = &[
    "azure",
    "azure_ai",
    "azure_text",
    "bedrock",
    "bedrock_converse",
    "vertex_ai",
    "vertex_ai_beta",
    "sagemaker",
    "sagemaker_chat",
    "cohere",
    "cohere_chat",
    "huggingface",
    "replicate",
    "databricks",
    "watsonx",
    "ollama_chat",
    "github_copilot",
    "snowflake",
    "oci",
    "cloudflare",
    "predibase",
    "petals",
    "nlp_cloud",
    "aleph_alpha",
    "voyage",
    "jina_ai",
    "infinity",
    "triton",
    "topaz",
    "text-completion-openai",
    "text-completion-codestral",
    "litellm_proxy",
    "custom",
    "sap",
    "gigachat",
    "clarifai",
    "deepgram",
    "elevenlabs",
    "assemblyai",
    "fal_ai",
    "runwayml",
    "bytez",
];
