//! The providers that can be played.

/// A provider whose API is played, in its own wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// `POST /v1/chat/completions` (and `/chat/completions`), as api.openai.com.
    OpenAi,
    /// `POST /v1/messages`, as api.anthropic.com.
    Anthropic,
    /// `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`, as
    /// generativelanguage.googleapis.com.
    Gemini,
}

impl Vendor {
    /// Every vendor, in the order of the declaration.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// The prefix that names this provider in a model string, as in `openai/gpt-4.1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// A model of this provider, for examples. Any model name is answered.
    #[must_use]
    pub const fn model(self) -> &'static str {
        match self {
            Self::OpenAi => "gpt-4.1",
            Self::Anthropic => "claude-sonnet-4-6",
            Self::Gemini => "gemini-2.5-flash",
        }
    }

    /// What stands between the origin and the paths that a client adds to its base URL.
    pub(crate) const fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1",
            Self::Anthropic => "",
            Self::Gemini => "/v1beta",
        }
    }
}
