//! The tables of providers: data, not code.

use super::{Auth, Prefill, Provider};
use crate::dialect::Dialect;

const fn openai_like(
    name: &'static str,
    base_url: Option<&'static str>,
    key_vars: &'static [&'static str],
    base_vars: &'static [&'static str],
) -> Provider {
    Provider {
        name,
        dialect: Dialect::OpenAiChat,
        base_url,
        key_vars,
        base_vars,
        auth: Auth::Bearer,
        local: false,
        version: None,
        prefill: Prefill::Itself,
    }
}

/// A server on the operator's own machines, mostly without a key.
const fn local(
    name: &'static str,
    base_url: Option<&'static str>,
    key_vars: &'static [&'static str],
    base_vars: &'static [&'static str],
) -> Provider {
    Provider {
        auth: Auth::BearerIfSet,
        local: true,
        ..openai_like(name, base_url, key_vars, base_vars)
    }
}

/// The same provider, whose base URLs are often given without the version.
const fn versioned(provider: Provider, version: &'static str) -> Provider {
    Provider { version: Some(version), ..provider }
}

/// The same provider, which goes on from a text only if told so in this way.
const fn told(provider: Provider, prefill: Prefill) -> Provider {
    Provider { prefill, ..provider }
}

#[rustfmt::skip] // One provider a line: this is a table, and is read as one.
pub(super) const PROVIDERS: &[Provider] = &[
    Provider {
        name: "anthropic",
        dialect: Dialect::Anthropic,
        base_url: Some("https://api.anthropic.com"),
        key_vars: &["ANTHROPIC_API_KEY"],
        base_vars: &["ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"],
        auth: Auth::XApiKey,
        local: false,
        version: None,
        prefill: Prefill::Itself,
    },
    Provider {
        name: "gemini",
        dialect: Dialect::Gemini,
        base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
        key_vars: &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
        base_vars: &["GEMINI_API_BASE"],
        auth: Auth::XGoogApiKey,
        local: false,
        version: Some("v1beta"),
        prefill: Prefill::Itself,
    },

    openai_like("openai", Some("https://api.openai.com/v1"), &["OPENAI_API_KEY"], &["OPENAI_BASE_URL", "OPENAI_API_BASE"]),
    openai_like("custom_openai", None, &["OPENAI_API_KEY"], &["OPENAI_BASE_URL", "OPENAI_API_BASE"]),
    openai_like("openai_like", None, &["OPENAI_LIKE_API_KEY"], &["OPENAI_LIKE_API_BASE"]),
    openai_like("groq", Some("https://api.groq.com/openai/v1"), &["GROQ_API_KEY"], &["GROQ_API_BASE"]),
    // LiteLLM's default for DeepSeek is its beta address: it takes all that the plain one does.
    told(openai_like("deepseek", Some("https://api.deepseek.com/beta"), &["DEEPSEEK_API_KEY"], &["DEEPSEEK_API_BASE"]), Prefill::Prefix),
    openai_like("openrouter", Some("https://openrouter.ai/api/v1"), &["OPENROUTER_API_KEY", "OR_API_KEY"], &["OPENROUTER_API_BASE"]),
    openai_like("together_ai", Some("https://api.together.ai/v1"), &["TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"], &["TOGETHER_AI_API_BASE"]),
    openai_like("xai", Some("https://api.x.ai/v1"), &["XAI_API_KEY"], &["XAI_API_BASE"]),
    openai_like("perplexity", Some("https://api.perplexity.ai"), &["PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"], &["PERPLEXITY_API_BASE"]),
    openai_like("fireworks_ai", Some("https://api.fireworks.ai/inference/v1"), &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"], &["FIREWORKS_API_BASE"]),
    openai_like("cerebras", Some("https://api.cerebras.ai/v1"), &["CEREBRAS_API_KEY"], &["CEREBRAS_API_BASE"]),
    openai_like("nvidia_nim", Some("https://integrate.api.nvidia.com/v1"), &["NVIDIA_NIM_API_KEY"], &["NVIDIA_NIM_API_BASE"]),
    openai_like("sambanova", Some("https://api.sambanova.ai/v1"), &["SAMBANOVA_API_KEY"], &["SAMBANOVA_API_BASE"]),
    openai_like("deepinfra", Some("https://api.deepinfra.com/v1/openai"), &["DEEPINFRA_API_KEY"], &["DEEPINFRA_API_BASE"]),
    openai_like("moonshot", Some("https://api.moonshot.ai/v1"), &["MOONSHOT_API_KEY"], &["MOONSHOT_API_BASE"]),
    openai_like("zai", Some("https://api.z.ai/api/paas/v4"), &["ZAI_API_KEY"], &["ZAI_API_BASE"]),
    openai_like("bigmodel", Some("https://open.bigmodel.cn/api/paas/v4"), &["BIGMODEL_API_KEY"], &["BIGMODEL_API_BASE"]),
    openai_like("dashscope", Some("https://dashscope.aliyuncs.com/compatible-mode/v1"), &["DASHSCOPE_API_KEY"], &["DASHSCOPE_API_BASE"]),
    openai_like("minimax", Some("https://api.minimax.io/v1"), &["MINIMAX_API_KEY"], &["MINIMAX_API_BASE"]),
    openai_like("volcengine", Some("https://ark.cn-beijing.volces.com/api/v3"), &["VOLCENGINE_API_KEY"], &["VOLCENGINE_API_BASE"]),
    openai_like("tencent", Some("https://tokenhub-intl.tencentcloudmaas.com/v1"), &["TENCENT_API_KEY"], &["TENCENT_API_BASE"]),
    openai_like("xiaomi_mimo", Some("https://api.xiaomimimo.com/v1"), &["XIAOMI_MIMO_API_KEY"], &[]),
    openai_like("modelscope", Some("https://api-inference.modelscope.cn/v1"), &["MODELSCOPE_API_KEY"], &["MODELSCOPE_API_BASE"]),
    told(openai_like("codestral", Some("https://codestral.mistral.ai/v1"), &["CODESTRAL_API_KEY"], &["CODESTRAL_API_BASE"]), Prefill::Prefix),
    openai_like("ai21_chat", Some("https://api.ai21.com/studio/v1"), &["AI21_API_KEY"], &["AI21_API_BASE"]),
    openai_like("meta_llama", Some("https://api.llama.com/compat/v1"), &["LLAMA_API_KEY"], &["LLAMA_API_BASE"]),
    openai_like("nebius", Some("https://api.studio.nebius.ai/v1"), &["NEBIUS_API_KEY"], &["NEBIUS_API_BASE"]),
    openai_like("novita", Some("https://api.novita.ai/v3/openai"), &["NOVITA_API_KEY"], &["NOVITA_API_BASE"]),
    openai_like("friendliai", Some("https://api.friendli.ai/serverless/v1"), &["FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"], &["FRIENDLI_API_BASE"]),
    openai_like("featherless_ai", Some("https://api.featherless.ai/v1"), &["FEATHERLESS_AI_API_KEY", "FEATHERLESS_API_KEY"], &["FEATHERLESS_AI_API_BASE", "FEATHERLESS_API_BASE"]),
    openai_like("hyperbolic", Some("https://api.hyperbolic.xyz/v1"), &["HYPERBOLIC_API_KEY"], &["HYPERBOLIC_API_BASE"]),
    openai_like("nscale", Some("https://inference.api.nscale.com/v1"), &["NSCALE_API_KEY"], &["NSCALE_API_BASE"]),
    openai_like("lambda_ai", Some("https://api.lambda.ai/v1"), &["LAMBDA_API_KEY"], &["LAMBDA_API_BASE"]),
    openai_like("inception", Some("https://api.inceptionlabs.ai/v1"), &["INCEPTION_API_KEY"], &["INCEPTION_API_BASE"]),
    openai_like("v0", Some("https://api.v0.dev/v1"), &["V0_API_KEY"], &["V0_API_BASE"]),
    openai_like("morph", Some("https://api.morphllm.com/v1"), &["MORPH_API_KEY"], &["MORPH_API_BASE"]),
    openai_like("wandb", Some("https://api.inference.wandb.ai/v1"), &["WANDB_API_KEY"], &["WANDB_API_BASE"]),
    openai_like("ovhcloud", Some("https://oai.endpoints.kepler.ai.cloud.ovh.net/v1"), &["OVHCLOUD_API_KEY"], &["OVHCLOUD_API_BASE"]),
    openai_like("scaleway", Some("https://api.scaleway.ai/v1"), &["SCW_SECRET_KEY"], &[]),
    openai_like("veniceai", Some("https://api.venice.ai/api/v1"), &["VENICE_AI_API_KEY"], &[]),
    openai_like("github", Some("https://models.inference.ai.azure.com"), &["GITHUB_API_KEY"], &["GITHUB_API_BASE"]),
    openai_like("vercel_ai_gateway", Some("https://ai-gateway.vercel.sh/v1"), &["VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"], &["VERCEL_AI_GATEWAY_API_BASE"]),
    openai_like("helicone", Some("https://ai-gateway.helicone.ai"), &["HELICONE_API_KEY"], &[]),
    openai_like("aiml", Some("https://api.aimlapi.com/v1"), &["AIML_API_KEY"], &["AIML_API_BASE"]),
    openai_like("aihubmix", Some("https://aihubmix.com/v1"), &["AIHUBMIX_API_KEY"], &["AIHUBMIX_API_BASE"]),
    openai_like("nano-gpt", Some("https://nano-gpt.com/api/v1"), &["NANOGPT_API_KEY"], &[]),
    openai_like("poe", Some("https://api.poe.com/v1"), &["POE_API_KEY"], &[]),
    openai_like("chutes", Some("https://llm.chutes.ai/v1"), &["CHUTES_API_KEY"], &[]),
    openai_like("synthetic", Some("https://api.synthetic.new/openai/v1"), &["SYNTHETIC_API_KEY"], &[]),
    openai_like("publicai", Some("https://api.publicai.co/v1"), &["PUBLICAI_API_KEY"], &["PUBLICAI_API_BASE"]),
    openai_like("parasail", Some("https://api.parasail.io/v1"), &["PARASAIL_API_KEY"], &["PARASAIL_API_BASE"]),
    openai_like("crusoe", Some("https://api.inference.crusoecloud.com/v1"), &["CRUSOE_API_KEY"], &["CRUSOE_API_BASE"]),
    openai_like("gmi", Some("https://api.gmi-serving.com/v1"), &["GMI_API_KEY"], &[]),
    openai_like("reka", Some("https://api.reka.ai/v1"), &["REKA_API_KEY"], &["REKA_API_BASE"]),
    told(versioned(openai_like("mistral", Some("https://api.mistral.ai/v1"), &["MISTRAL_API_KEY"], &["MISTRAL_API_BASE"]), "v1"), Prefill::Prefix),
    versioned(openai_like("cometapi", Some("https://api.cometapi.com/v1"), &["COMETAPI_KEY"], &["COMETAPI_API_BASE"]), "v1"),

    // LiteLLM speaks Ollama's own API at the bare address; `/v1` is its OpenAI-compatible one.
    versioned(local("ollama", Some("http://localhost:11434/v1"), &["OLLAMA_API_KEY"], &["OLLAMA_API_BASE"]), "v1"),
    versioned(local("ollama_chat", Some("http://localhost:11434/v1"), &["OLLAMA_API_KEY"], &["OLLAMA_API_BASE"]), "v1"),
    versioned(local("docker_model_runner", Some("http://localhost:22088/engines/llama.cpp/v1"), &["DOCKER_MODEL_RUNNER_API_KEY"], &["DOCKER_MODEL_RUNNER_API_BASE"]), "v1"),
    told(local("hosted_vllm", None, &["HOSTED_VLLM_API_KEY"], &["HOSTED_VLLM_API_BASE"]), Prefill::FinalMessage),
    told(local("vllm", None, &["HOSTED_VLLM_API_KEY"], &["HOSTED_VLLM_API_BASE"]), Prefill::FinalMessage),
    local("lm_studio", None, &["LM_STUDIO_API_KEY"], &["LM_STUDIO_API_BASE"]),
    local("llamafile", Some("http://127.0.0.1:8080/v1"), &["LLAMAFILE_API_KEY"], &["LLAMAFILE_API_BASE"]),
    local("lemonade", Some("http://localhost:8000/api/v1"), &["LEMONADE_API_KEY"], &["LEMONADE_API_BASE"]),
    local("xinference", None, &["XINFERENCE_API_KEY"], &["XINFERENCE_API_BASE"]),
    local("litellm_proxy", None, &["LITELLM_PROXY_API_KEY"], &["LITELLM_PROXY_API_BASE"]),
];

/// LiteLLM's providers that sanso does not speak to yet.
#[rustfmt::skip]
pub(super) const UNBUILT: &[&str] = &[
    "azure", "azure_text", "azure_ai", "bedrock", "bedrock_mantle", "sagemaker", "sagemaker_chat",
    "sagemaker_nova", "amazon_nova", "vertex_ai", "vertex_ai_beta", "cohere", "cohere_chat",
    "anthropic_text", "text-completion-openai", "text-completion-codestral",
    "text-completion-inception", "ai21", "replicate", "huggingface", "watsonx", "watsonx_text",
    "databricks", "snowflake", "oci", "sap", "cloudflare", "clarifai", "baseten", "predibase",
    "triton", "github_copilot", "chatgpt", "heroku", "gradient_ai", "datarobot", "gigachat",
    "maritalk", "nlp_cloud", "petals", "qwencloud", "qwen_ai_platform", "sarvam", "streamlake",
    "ragflow", "langgraph", "edenai", "compactifai", "bytez", "manus", "empower", "galadriel",
    "anyscale", "aleph_alpha", "palm", "jina_ai", "voyage", "infinity", "auto_router", "a2a",
    "custom", "opencode_go", "fal_ai", "recraft", "stability", "elevenlabs", "deepgram",
    "assemblyai",
];
