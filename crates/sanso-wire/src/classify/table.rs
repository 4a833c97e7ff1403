//! The one table from what a provider said to a kind of fault.
//!
//! Rows are read top to bottom and the first hit wins, so a row may rely on all above it. The kinds
//! mean what `chain.md` (*Faults*) says; the signals are those of the providers' documents and of
//! recorded traffic. Words (type, code, canonical status, reason) are compared whole; prose is
//! searched only where a provider gives no word for the case, and only under the statuses that it
//! uses for it.

use sanso_core::FaultKind::{
    self, Authentication, BadRequest, ContentPolicy, ContextWindow, Malformed, NotFound,
    Overloaded, QuotaExhausted, RateLimited, ServerError, Timeout,
};
use sanso_core::{Dimension, Phase};

use self::Test::{
    Always, And, Body, Flagged, Param, Quota, RetryDelay, Text, Whole, Word, Wordless,
};
use super::body::{Said, Shape};
use crate::dialect::Dialect;

/// One rule.
#[derive(Debug)]
struct Row {
    /// The dialect whose providers use the signal; `None` for all. Gateways relay the errors of
    /// others, so a row is bound to a dialect only where its signal would be ambiguous elsewhere.
    dialect: Option<Dialect>,
    /// Inclusive ranges of HTTP statuses; 0 is an error that came in a 200 and names no status.
    status: &'static [(u16, u16)],
    /// What must have been said.
    test: Test,
    /// What it means.
    kind: FaultKind,
}

/// A condition on what was said.
#[derive(Debug)]
enum Test {
    /// Nothing more is asked.
    Always,
    /// Type, code, canonical status or a reason is one of these, whatever the case.
    Word(&'static [&'static str]),
    /// The message contains one of these (lower case).
    Text(&'static [&'static str]),
    /// The message is one of these (lower case) and no more.
    Whole(&'static [&'static str]),
    /// The name of a quota contains this (lower case).
    Quota(&'static str),
    /// The parameter that the provider objects to.
    Param(&'static str),
    /// The body is one of these.
    Body(&'static [Shape]),
    /// There is a body, but no message in it.
    Wordless,
    /// A moderation says what it objected to.
    Flagged,
    /// The body says when to come back.
    RetryDelay,
    /// The first word is there, and one of these holds.
    And(&'static str, &'static [Self]),
}

const ANY: &[(u16, u16)] = &[(0, u16::MAX)];
const UNSAID: &[(u16, u16)] = &[(0, 0)];
const NO_ERROR_STATUS: &[(u16, u16)] = &[(1, 399), (600, u16::MAX)];
const CLIENT: &[(u16, u16)] = &[(400, 499)];
const SERVER: &[(u16, u16)] = &[(409, 409), (424, 425), (500, 599)];
const S400: &[(u16, u16)] = &[(0, 0), (400, 400)];
const S401: &[(u16, u16)] = &[(401, 401)];
const S402: &[(u16, u16)] = &[(402, 402)];
const S403: &[(u16, u16)] = &[(403, 403)];
const S404: &[(u16, u16)] = &[(404, 404)];
const S408: &[(u16, u16)] = &[(408, 408)];
const S429: &[(u16, u16)] = &[(0, 0), (429, 429)];
/// 498 is Groq's flex capacity, 529 Anthropic's overload.
const BUSY: &[(u16, u16)] = &[(498, 498), (503, 503), (529, 529)];
const SIZE: &[(u16, u16)] = &[(0, 0), (400, 400), (413, 413), (422, 422)];
const SIZE_OR_429: &[(u16, u16)] = &[(0, 0), (400, 400), (413, 413), (422, 422), (429, 429)];
const REFUSED: &[(u16, u16)] = &[(0, 0), (400, 400), (403, 403), (422, 422), (451, 451)];
const MONEY: &[(u16, u16)] = &[(0, 0), (400, 400), (403, 403), (429, 429)];

const OPENAI_LIKE: Option<Dialect> = Some(Dialect::OpenAiChat);

const fn row(status: &'static [(u16, u16)], test: Test, kind: FaultKind) -> Row {
    Row { dialect: None, status, test, kind }
}

const fn only(
    dialect: Option<Dialect>,
    status: &'static [(u16, u16)],
    test: Test,
    kind: FaultKind,
) -> Row {
    Row { dialect, status, test, kind }
}

/// Codes that leave no doubt about the key: a 401 alone may be a proxy's, or a passing fault.
const KEY: &[&str] = &[
    "invalid_api_key",
    "wrong_api_key",
    "API_KEY_INVALID",
    "API_KEY_EXPIRED",
    "API_KEY_SERVICE_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "CREDENTIALS_MISSING",
    "ACCESS_TOKEN_EXPIRED",
    "ACCESS_TOKEN_TYPE_UNSUPPORTED",
];

#[rustfmt::skip] // One row a line as far as it fits: this is a table, and is read as one.
const ROWS: &[Row] = &[
    // Neither an answer nor an error: redirects, and a 200 that is no JSON error.
    row(NO_ERROR_STATUS, Always, Malformed),
    row(UNSAID, Body(&[Shape::Empty, Shape::Html, Shape::Silent]), Malformed),

    // The prompt is too long: OpenAI, llama.cpp, Perplexity and Cohere have words for it.
    row(ANY, Word(&[
        "context_length_exceeded", "exceed_context_size_error", "too_many_prompt_tokens",
        "too_many_tokens",
    ]), ContextWindow),
    row(SIZE, Text(&[
        "maximum context length", "context length is only", "model's context length",
        "exceeds the context", "exceeds the available context", "exceed context limit",
        "input length exceeds", "prompt is too long", "prompt too long", "exceeded max context length",
        "maximum prompt length", "input is too long", "input token count", "input tokens exceed",
        "too many input tokens", "exceeds the maximum number of tokens", "too many tokens: size limit",
        "reduce the length of the messages", "`inputs` tokens + `max_new_tokens` must be",
    ]), ContextWindow),
    // OpenAI (429) and Groq (413): the request alone is above the limit per minute. Waiting is vain.
    row(SIZE_OR_429, Text(&["request too large for"]), ContextWindow),

    // Refused by a filter: OpenAI, Azure, DashScope by word; OpenRouter's moderation; z.ai 1301.
    row(ANY, Word(&[
        "content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "invalid_prompt",
        "moderation_blocked", "cyber_policy", "bio_policy", "misalignment_policy_violation",
        "data_inspection_failed",
    ]), ContentPolicy),
    row(CLIENT, Flagged, ContentPolicy),
    only(OPENAI_LIKE, S400, Word(&["1301"]), ContentPolicy),
    row(REFUSED, Text(&[
        "content filtering policy", "content management policy", "content_filter_policy",
        "safety system", "violating our usage policy", "usage policies", "usage guidelines",
        "requires moderation", "content exists risk", "inappropriate content",
    ]), ContentPolicy),

    // Money. Above the keys, because a spent key is named too ("key limit exceeded").
    row(ANY, Word(&[
        "insufficient_quota", "credit_balance_exhausted", "billing_error", "billing_not_active",
        "billing_hard_limit_reached", "enforced_spend_limit_reached", "insufficient_balance",
        "insufficient_credits", "exceeded_current_quota_error", "arrearage",
    ]), QuotaExhausted),
    row(S402, Always, QuotaExhausted),
    // z.ai: arrears, daily calls, usage window, expired plan.
    only(OPENAI_LIKE, S429, Word(&["1113", "1304", "1308", "1309"]), QuotaExhausted),
    row(MONEY, Text(&[
        "credit balance is too low", "insufficient balance", "insufficient credit", "insufficient funds",
        "spend limit", "spending limit", "spend cap", "billing hard limit", "key limit exceeded",
        "reached your specified api usage limits", "out of credits", "any credits",
        "all available credits", "requires more credits", "check your billing",
    ]), QuotaExhausted),

    // A day's quota. "You exceeded your current quota" is what Google says of a minute's, too.
    row(S429, Quota("perday"), QuotaExhausted),
    row(S429, Quota("per_day"), QuotaExhausted),
    row(S429, Quota(""), RateLimited), // whichever it is
    row(S429, Text(&["per day", "per-day", "per_day", "(rpd)", "(tpd)"]), QuotaExhausted),
    row(S429, And("RESOURCE_EXHAUSTED", &[RetryDelay, Text(&["quota exceeded for"])]), RateLimited),
    row(S429, And("RESOURCE_EXHAUSTED", &[Text(&["exceeded your current quota"])]), QuotaExhausted),
    row(ANY, Word(&["RESOURCE_EXHAUSTED"]), Overloaded),

    // The operator's key.
    row(ANY, Word(KEY), Authentication),
    row(ANY, Word(&[
        "authentication_error", "invalid_authentication_error", "AuthenticationError",
        "UNAUTHENTICATED",
    ]), Authentication),
    row(S401, Always, Authentication),
    // xAI and Gemini answer a wrong key with 400.
    row(S400, Text(&[
        "incorrect api key", "invalid api key", "invalid x-api-key", "api key not valid",
        "api key not found", "api key expired", "api key is invalid",
    ]), Authentication),
    row(S403, Text(&[
        "api key", "api-key", "api_key", "access token", "security token", "credential",
        "authentication", "unregistered callers",
    ]), Authentication),

    // `slow_down` has come with 503, and the words of overload with 429: words before statuses.
    row(ANY, Word(&["slow_down"]), RateLimited),
    row(ANY, Word(&[
        "overloaded_error", "server_is_overloaded", "server_overloaded", "engine_overloaded_error",
        "engine_overloaded", "UNAVAILABLE", "capacity_exceeded", "resource_unavailable",
        "ServiceUnavailableException", "ModelNotReadyException",
    ]), Overloaded),
    only(OPENAI_LIKE, S429, Word(&["1305"]), Overloaded),
    row(S429, Text(&["overloaded", "at capacity", "over capacity", "capacity limit"]), Overloaded),
    row(BUSY, Always, Overloaded),

    row(ANY, Word(&[
        "rate_limit_exceeded", "rate_limit_error", "rate_limited", "RateLimitReached",
        "too_many_requests_error", "ThrottlingException",
    ]), RateLimited),
    row(&[(429, 429)], Always, RateLimited),

    // The model or deployment is not there. OpenAI Responses, Mistral (1500), z.ai (1211),
    // Perplexity, OpenRouter and DeepSeek say so with 400, too.
    row(ANY, Word(&[
        "model_not_found", "model_decommissioned", "DeploymentNotFound", "invalid_model",
        "unknown_model", "model_not_supported",
    ]), NotFound),
    only(OPENAI_LIKE, S400, Word(&["1500", "1211"]), NotFound),
    row(S400, Text(&[
        "is not a valid model", "model identifier is invalid", "supported api model names",
        "model not exist", "user location is not supported", "not available in your country",
    ]), NotFound),
    row(S404, Body(&[Shape::Empty, Shape::Html, Shape::Text, Shape::Silent]), NotFound),
    row(S404, Wordless, NotFound),
    row(S404, Param("model"), NotFound),
    // Not the model, but the deployment's address: as wrong for every caller.
    row(S404, Whole(&["not found", "resource not found", "404 page not found"]), NotFound),
    row(S404, Text(&[
        "model", "deployment", "engine", "no endpoints found", "invalid url", "unknown request url",
    ]), NotFound),
    row(S403, Always, NotFound),

    row(S408, Always, Timeout(Phase::Total)),
    row(SERVER, Always, ServerError),
    row(CLIENT, Always, BadRequest),
    // In a 200, no status named.
    row(UNSAID, Text(&["rate limit", "too many requests"]), RateLimited),
    row(UNSAID, Body(&[Shape::Error]), ServerError),
    row(ANY, Always, Malformed),
];

/// The status that a word implies, for errors inside a 200: such an error is then judged as if it
/// had come with its status, so that one table serves both.
#[rustfmt::skip]
const IMPLIED: &[(u16, &[&str])] = &[
    (400, &["invalid_request_error", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE",
            "BadRequestError", "bad_request"]),
    (401, &["authentication_error", "UNAUTHENTICATED", "invalid_api_key", "AuthenticationError"]),
    (402, &["billing_error"]),
    (403, &["permission_error", "PERMISSION_DENIED", "PermissionDeniedError"]),
    (404, &["not_found_error", "NOT_FOUND", "NotFoundError", "model_not_found"]),
    (413, &["request_too_large"]),
    (429, &["rate_limit_error", "rate_limit_exceeded", "rate_limited", "RESOURCE_EXHAUSTED",
            "insufficient_quota", "too_many_requests_error", "requests", "tokens"]),
    (500, &["api_error", "server_error", "internal_server_error", "InternalServerError", "INTERNAL",
            "UNKNOWN"]),
    (503, &["UNAVAILABLE", "server_is_overloaded"]),
    (504, &["timeout_error", "DEADLINE_EXCEEDED"]),
    (529, &["overloaded_error"]),
];

/// The first row that holds. The last one always does.
pub(super) fn kind(dialect: Dialect, status: u16, said: &Said) -> FaultKind {
    let text = said.message.as_deref().unwrap_or_default().to_lowercase();
    ROWS.iter()
        .find(|row| {
            row.dialect.is_none_or(|only| only == dialect)
                && row.status.iter().any(|&(first, last)| (first..=last).contains(&status))
                && row.test.holds(said, &text)
        })
        .map_or(Malformed, |row| row.kind)
}

/// The status of an error inside a 200: its own, else the one that its words imply.
pub(super) fn status_within(said: &Said) -> Option<u16> {
    said.status.or_else(|| {
        said.words().find_map(|word| {
            IMPLIED
                .iter()
                .find(|(_, words)| words.iter().any(|implied| implied.eq_ignore_ascii_case(word)))
                .map(|&(status, _)| status)
        })
    })
}

/// Whether a code says beyond doubt that the key is at fault.
pub(super) fn names_the_key(said: &Said) -> bool {
    said.words().any(|word| KEY.iter().any(|code| code.eq_ignore_ascii_case(word)))
}

/// What a refused quota counts, where the provider says.
pub(super) fn dimension(said: &Said) -> Option<Dimension> {
    const TOKENS: &[&str] = &[
        "tokens per",
        "token rate limit",
        "too many tokens",
        "tokens-per",
        "(tpm)",
        "(tpd)",
        "exceeded token rate",
    ];
    const REQUESTS: &[&str] = &[
        "requests per",
        "number of requests",
        "call rate limit",
        "requests-per",
        "(rpm)",
        "(rpd)",
    ];
    let text = said.message.as_deref().unwrap_or_default().to_lowercase();
    let named = |word: &str, key: &str| {
        said.words().any(|said| said.eq_ignore_ascii_case(word))
            || said.quotas.iter().any(|quota| quota.to_ascii_lowercase().contains(key))
    };
    if named("tokens", "token") || TOKENS.iter().any(|needle| text.contains(needle)) {
        Some(Dimension::Tokens)
    } else if named("requests", "request") || REQUESTS.iter().any(|needle| text.contains(needle)) {
        Some(Dimension::Requests)
    } else {
        None
    }
}

impl Test {
    fn holds(&self, said: &Said, text: &str) -> bool {
        match self {
            Self::Always => true,
            Self::Word(words) => {
                said.words().any(|said| words.iter().any(|word| word.eq_ignore_ascii_case(said)))
            }
            Self::Text(needles) => needles.iter().any(|needle| text.contains(needle)),
            Self::Whole(texts) => texts.contains(&text.trim_end_matches('.')),
            Self::Quota(part) => {
                said.quotas.iter().any(|quota| quota.to_ascii_lowercase().contains(part))
            }
            Self::Param(param) => said.param.as_deref() == Some(param),
            Self::Body(shapes) => shapes.contains(&said.shape),
            Self::Wordless => said.message.is_none(),
            Self::Flagged => said.flagged,
            Self::RetryDelay => said.retry_delay.is_some(),
            Self::And(word, tests) => {
                said.words().any(|said| word.eq_ignore_ascii_case(said))
                    && tests.iter().any(|test| test.holds(said, text))
            }
        }
    }
}
