//! What cannot be asked for over OpenAI's API, and what comes out otherwise than it was recorded.

use sanso_wire::Dialect;

use super::difference::Change;

/// What is known of one dialect.
pub(super) struct Known {
    pub(super) exclusions: &'static [Exclusion],
    pub(super) meant: &'static [Meant],
}

/// Recorded requests that no client of OpenAI's API can make. Their answers are replayed all the same.
pub(super) struct Exclusion {
    /// The ends of the recordings' ids.
    pub(super) ids: &'static [&'static str],
    /// A part of what the attempt to ask, or the dialect, says.
    pub(super) said: &'static str,
    pub(super) why: &'static str,
}

/// A difference that is meant.
pub(super) struct Meant {
    pub(super) change: Change,
    pub(super) path: &'static str,
    /// How many exchanges have it: one more is one too many.
    pub(super) exchanges: usize,
    pub(super) why: &'static str,
}

/// The lists of one dialect. What is OpenAI's already passes through, so that there are none.
pub(super) const fn known(dialect: Dialect) -> Known {
    match dialect {
        Dialect::OpenAiChat => Known { exclusions: &[], meant: &[] },
        Dialect::Anthropic => Known { exclusions: ANTHROPIC_EXCLUSIONS, meant: ANTHROPIC_MEANT },
        Dialect::Gemini => Known { exclusions: GEMINI_EXCLUSIONS, meant: GEMINI_MEANT },
    }
}

const ANTHROPIC_EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        ids: &["037dc61550", "4bdf7c13ab", "35e02c8f0c", "501f57c6ec"],
        said: "`server_tool_use` block",
        why: "calls in the history that Anthropic made on its own side",
    },
    Exclusion {
        ids: &["a6a432245d", "e5421c8796", "08f84d2aa5"],
        said: "tool of type `web_search_20250305`",
        why: "a web search by Anthropic",
    },
    Exclusion {
        ids: &["8e1cb3021a"],
        said: "tool of type `advisor_20260301`",
        why: "a second model as adviser",
    },
    Exclusion {
        ids: &["bdc26b46ef"],
        said: "tool of type `code_execution_20260120`",
        why: "code that Anthropic runs",
    },
    Exclusion {
        ids: &["88b19b8288", "63e9f945cf"],
        said: "`container`",
        why: "code that Anthropic runs, in a container that it kept",
    },
    Exclusion {
        ids: &["d977db5885", "a7469927d5"],
        said: "`mcp_servers`",
        why: "MCP servers that Anthropic connects to",
    },
    Exclusion {
        ids: &["af612c6df9", "48cd530ece", "9f249e4bcb", "79f8e4dea2"],
        said: "source of type \"file\"",
        why: "files that lie at Anthropic",
    },
    Exclusion {
        ids: &["ce1f11e82c"],
        said: "a message without its role",
        why: "recorded to see what the API says to a message that is no object",
    },
];

const ANTHROPIC_MEANT: &[Meant] = &[
    Meant {
        change: Change::Lost,
        path: "cache_control",
        exchanges: 3,
        why: "OpenAI caches unasked and has no mark for it",
    },
    Meant {
        change: Change::Lost,
        path: "system.cache_control",
        exchanges: 5,
        why: "OpenAI caches unasked and has no mark for it",
    },
    Meant {
        change: Change::Lost,
        path: "messages[].content[].cache_control",
        exchanges: 2,
        why: "OpenAI caches unasked and has no mark for it",
    },
    Meant {
        change: Change::Lost,
        path: "tools[].cache_control",
        exchanges: 1,
        why: "OpenAI caches unasked and has no mark for it",
    },
    Meant {
        change: Change::Lost,
        path: "context_management",
        exchanges: 2,
        why: "the history is the client's own affair in OpenAI's chat",
    },
    Meant {
        change: Change::Lost,
        path: "messages[].content[].citations",
        exchanges: 1,
        why: "OpenAI's chat cannot ask for citations of a document",
    },
    Meant {
        change: Change::Lost,
        path: "temperature",
        exchanges: 2,
        why: "it was 1, the default and the only one for a model that thinks",
    },
    Meant {
        change: Change::Lost,
        path: "thinking.budget_tokens",
        exchanges: 4,
        why: "levels took the place of budgets in the models from 4.6 on",
    },
    Meant {
        change: Change::Changed,
        path: "thinking.type",
        exchanges: 4,
        why: "levels took the place of budgets in the models from 4.6 on",
    },
    Meant {
        change: Change::Added,
        path: "output_config.effort",
        exchanges: 6,
        why: "OpenAI knows thinking by its level only",
    },
    Meant {
        change: Change::Added,
        path: "thinking.display",
        exchanges: 1,
        why: "OpenAI's clients expect to see what thoughts there are",
    },
];

const GEMINI_EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        ids: &["aa1ea471a6", "fe7e8660d2"],
        said: "tool of type `fileSearch`",
        why: "a search in files that lie at Google",
    },
    Exclusion {
        ids: &["819cdcd535"],
        said: "part of thoughtSignature, toolCall",
        why: "calls in the history that Google made on its own side",
    },
];

const GEMINI_MEANT: &[Meant] = &[
    Meant { change: Change::Lost, path: "model", exchanges: 6, why: "it is in the path" },
    Meant {
        change: Change::Lost,
        path: "safetySettings",
        exchanges: 6,
        why: "OpenAI has no thresholds to set",
    },
    Meant {
        change: Change::Lost,
        path: "generationConfig.topK",
        exchanges: 6,
        why: "OpenAI has no such parameter",
    },
    Meant {
        change: Change::Lost,
        path: "generationConfig.responseModalities",
        exchanges: 12,
        why: "it was text alone, the default",
    },
    Meant {
        change: Change::Changed,
        path: "generationConfig.thinkingConfig.thinkingBudget",
        exchanges: 3,
        why: "OpenAI knows thinking by its level only; the budgets are those of Google's own table",
    },
    Meant {
        change: Change::Changed,
        path: "toolConfig.functionCallingConfig.mode",
        exchanges: 1,
        why: "it was VALIDATED, which OpenAI has no word for beside `auto`",
    },
    Meant {
        change: Change::Lost,
        path: "contents[].parts[].fileData.mimeType",
        exchanges: 2,
        why: "a client gives an address without a type, and this one does not tell it",
    },
    Meant {
        change: Change::Lost,
        path: "contents[].parts[].videoMetadata",
        exchanges: 1,
        why: "OpenAI's chat has no videos to sample",
    },
    Meant {
        change: Change::Lost,
        path: "contents[].parts[].mediaResolution",
        exchanges: 1,
        why: "OpenAI sets a `detail` for pictures only, and this was a video",
    },
    Meant {
        change: Change::Added,
        path: "contents[].parts[].functionCall.id",
        exchanges: 2,
        why: "a client links results to calls by nothing else",
    },
    Meant {
        change: Change::Added,
        path: "contents[].parts[].functionResponse.id",
        exchanges: 2,
        why: "a client links results to calls by nothing else",
    },
];
