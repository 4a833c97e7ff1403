//! What providers say, and the fault that it is: a case for each rule of the table.

use http::HeaderMap;
use jiff::Timestamp;
use proptest::prelude::*;
use sanso_core::FaultKind::{
    self, Authentication, BadRequest, ContentPolicy, ContextWindow, Malformed, NotFound,
    Overloaded, QuotaExhausted, RateLimited, ServerError, Timeout,
};
use sanso_core::{Dimension, Phase};
use sanso_wire::Dialect::{self, Anthropic, Gemini, OpenAiChat};
use sanso_wire::{Failure, classify};

fn classified(dialect: Dialect, status: u16, body: &str) -> Failure {
    classify::response(dialect, status, &HeaderMap::new(), body.as_bytes(), Timestamp::UNIX_EPOCH)
}

/// The last element is a fragment of the message that must come out.
type Case = (Dialect, u16, &'static str, FaultKind, &'static str);

#[rustfmt::skip] // One case a line or two: a table.
const CASES: &[Case] = &[
    // Not an error, and not an answer.
    (OpenAiChat, 302, "", Malformed, "redirect"),
    (OpenAiChat, 101, "", Malformed, "status 101"),
    (OpenAiChat, 700, r#"{"error":{"message":"x"}}"#, Malformed, "x"),
    (OpenAiChat, 200, "", Malformed, "empty body"),
    (OpenAiChat, 200, "<html><title>Welcome</title></html>", Malformed, "an HTML page: Welcome"),
    (OpenAiChat, 200, r#"{"object":"chat.completion","choices":[]}"#, Malformed, "states no error"),
    (Anthropic, 200, r#"{"type":"message","content":[]}"#, Malformed, "states no error"),
    (OpenAiChat, 200, "upstream went away", Malformed, "upstream went away"),

    // Context.
    (OpenAiChat, 400, r#"{"error":{"code":"context_length_exceeded","message":"too much"}}"#, ContextWindow, "too much"),
    (OpenAiChat, 400, r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"request (9 tokens)"}}"#, ContextWindow, "9 tokens"),
    (OpenAiChat, 400, r#"{"object":"error","type":"BadRequestError","code":400,"message":"This model's maximum context length is 8 tokens."}"#, ContextWindow, "8 tokens"),
    (OpenAiChat, 400, r#"{"code":"invalid-argument","error":"This model's maximum prompt length is 8"}"#, ContextWindow, "prompt length"),
    (OpenAiChat, 400, r#"{"error":"the input length exceeds the context length"}"#, ContextWindow, "exceeds"),
    (Anthropic, 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#, ContextWindow, "too long"),
    (Anthropic, 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 8 + 9 > 10"}}"#, ContextWindow, "limit"),
    (Gemini, 400, r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"The input token count (9) exceeds the maximum number of tokens allowed (8)."}}"#, ContextWindow, "(9)"),
    (OpenAiChat, 429, r#"{"error":{"type":"tokens","code":"rate_limit_exceeded","message":"Request too large for m on tokens per min (TPM): Limit 8, Requested 9."}}"#, ContextWindow, "too large"),
    (OpenAiChat, 413, r#"{"error":{"type":"tokens","code":"rate_limit_exceeded","message":"Request too large for model `m`"}}"#, ContextWindow, "too large"),
    (Anthropic, 413, r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#, BadRequest, "maximum size"),

    // Policy.
    (OpenAiChat, 400, r#"{"error":{"code":"content_filter","message":"filtered","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#, ContentPolicy, "filtered"),
    (OpenAiChat, 403, r#"{"error":{"code":403,"message":"refused","metadata":{"reasons":["violence"]}}}"#, ContentPolicy, "refused"),
    (Anthropic, 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#, ContentPolicy, "blocked"),
    (OpenAiChat, 400, r#"{"error":{"code":"1301","message":"sensitive"}}"#, ContentPolicy, "sensitive"),
    (OpenAiChat, 200, r#"{"error":{"code":"content_filter","status":400,"message":"filtered"}}"#, ContentPolicy, "filtered"),

    // Money and daily quotas.
    (OpenAiChat, 429, r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded your current quota"}}"#, QuotaExhausted, "quota"),
    (OpenAiChat, 402, r#"{"error":{"type":"unknown_error","message":"Insufficient Balance"}}"#, QuotaExhausted, "Balance"),
    (Anthropic, 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API"}}"#, QuotaExhausted, "too low"),
    (Anthropic, 429, r#"{"type":"error","error":{"type":"rate_limit_error","error_code":"x","details":{"error_code":"enforced_spend_limit_reached"},"message":"stop"}}"#, QuotaExhausted, "stop"),
    (OpenAiChat, 403, r#"{"error":{"code":403,"message":"Key limit exceeded (total limit)"}}"#, QuotaExhausted, "Key limit"),
    (OpenAiChat, 429, r#"{"error":{"code":"1113","message":"arrears"}}"#, QuotaExhausted, "arrears"),
    (OpenAiChat, 429, r#"{"error":{"type":"requests","code":"rate_limit_exceeded","message":"on requests per day (RPD): Limit 8"}}"#, QuotaExhausted, "RPD"),
    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota","details":[{"@type":"t/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]},{"@type":"t/google.rpc.RetryInfo","retryDelay":"9s"}]}}"#, QuotaExhausted, "quota"),
    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota"}}"#, QuotaExhausted, "quota"),

    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m","details":[{"@type":"t/google.rpc.QuotaFailure","violations":[{"quotaMetric":"x/requests_per_day"}]}]}}"#, QuotaExhausted, "m"),

    // Rates.
    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota","details":[{"@type":"t/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProject"}]}]}}"#, RateLimited, "quota"),
    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota","details":[{"@type":"t/google.rpc.RetryInfo","retryDelay":"9s"}]}}"#, RateLimited, "quota"),
    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded for generate_requests_per_minute"}}"#, RateLimited, "exceeded"),
    (OpenAiChat, 429, r#"{"error":{"type":"requests","code":"rate_limit_exceeded","message":"Limit 3, Used 3"}}"#, RateLimited, "Limit 3"),
    (OpenAiChat, 429, r#"{"message":"slow","type":"too_many_requests_error","param":"quota","code":"request_quota_exceeded"}"#, RateLimited, "slow"),
    (OpenAiChat, 429, "Too many requests", RateLimited, "Too many"),
    (OpenAiChat, 429, "", RateLimited, "status 429"),
    (OpenAiChat, 503, r#"{"error":{"code":"slow_down","message":"slow down"}}"#, RateLimited, "slow down"),
    (OpenAiChat, 429, r#"{"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"m is temporarily rate-limited upstream"}}}"#, RateLimited, "rate-limited upstream"),
    (Anthropic, 429, r#"{"type":"error","error":{"type":"rate_limit_error","message":"Please reduce the prompt length"}}"#, RateLimited, "reduce"),
    (Anthropic, 200, r#"{"type":"error","error":{"type":"rate_limit_error","message":"slower"}}"#, RateLimited, "slower"),
    (OpenAiChat, 200, r#"{"error":{"message":"Rate limit reached"}}"#, RateLimited, "reached"),

    // Capacity.
    (Gemini, 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Resource has been exhausted (e.g. check quota)."}}"#, Overloaded, "exhausted"),
    (Gemini, 503, r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"The model is overloaded."}}"#, Overloaded, "overloaded"),
    (Anthropic, 529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, Overloaded, "Overloaded"),
    (Anthropic, 200, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, Overloaded, "Overloaded"),
    (OpenAiChat, 503, "upstream connect error or disconnect/reset before headers", Overloaded, "reset before"),
    (OpenAiChat, 429, r#"{"error":{"code":"1305","message":"try later"}}"#, Overloaded, "later"),
    (OpenAiChat, 429, r#"{"error":{"type":"server_error","message":"That model is currently overloaded with other requests."}}"#, Overloaded, "overloaded"),
    (OpenAiChat, 498, r#"{"error":{"message":"flex"}}"#, Overloaded, "flex"),

    // Keys.
    (OpenAiChat, 401, r#"{"detail":"Invalid API Key"}"#, Authentication, "Invalid API Key"),
    (OpenAiChat, 401, "", Authentication, "status 401"),
    (OpenAiChat, 400, r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xx."}"#, Authentication, "Incorrect"),
    (Gemini, 400, r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Bad.","details":[{"@type":"t/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#, Authentication, "Bad."),
    (Gemini, 403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Method doesn't allow unregistered callers"}}"#, Authentication, "unregistered"),
    (Anthropic, 403, r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission"}}"#, Authentication, "permission"),

    // Models and addresses.
    (OpenAiChat, 403, r#"{"error":{"code":"unsupported_country_region_territory","message":"Country not supported"}}"#, NotFound, "Country"),
    (OpenAiChat, 403, "<html><head><title> Access\n denied </title></head>", NotFound, "an HTML page: Access denied"),
    (OpenAiChat, 404, r#"{"error":{"code":"model_not_found","message":"no"}}"#, NotFound, "no"),
    (OpenAiChat, 404, r#"{"error":{"type":"invalid_request_error","code":"DeploymentNotFound","message":"The API deployment"}}"#, NotFound, "deployment"),
    (OpenAiChat, 404, r#"{"error":{"param":"model","message":"unknown"}}"#, NotFound, "unknown"),
    (OpenAiChat, 404, r#"{"detail":"Not Found"}"#, NotFound, "Not Found"),
    (OpenAiChat, 404, r#"{"error":{"message":"No endpoints found for a/b:free."}}"#, NotFound, "a/b"),
    (OpenAiChat, 404, "404 page not found", NotFound, "page"),
    (OpenAiChat, 404, r#"{"error":{"type":"not_found"}}"#, NotFound, "without a message"),
    (Anthropic, 404, r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}}"#, NotFound, "claude-x"),
    (Gemini, 404, r#"{"error":{"code":404,"status":"NOT_FOUND","message":"models/x is not found"}}"#, NotFound, "models/x"),
    (OpenAiChat, 404, r#"{"error":{"type":"invalid_request_error","message":"No such File object: file-1"}}"#, BadRequest, "file-1"),
    (OpenAiChat, 400, r#"{"object":"error","type":"invalid_model","code":"1500","message":"Invalid model: x"}"#, NotFound, "Invalid model"),
    (OpenAiChat, 400, r#"{"error":{"code":"1211","message":"Unknown Model"}}"#, NotFound, "Unknown"),
    (OpenAiChat, 400, r#"{"error":{"code":400,"message":"a/b is not a valid model ID"}}"#, NotFound, "a/b"),
    (Gemini, 400, r#"{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"User location is not supported for the API use."}}"#, NotFound, "location"),

    // Time and trouble.
    (OpenAiChat, 408, "upstream request timeout", Timeout(Phase::Total), "timeout"),
    (OpenAiChat, 500, r#"{"error":{"type":"server_error","message":"The server had an error"}}"#, ServerError, "server"),
    (OpenAiChat, 502, "<!DOCTYPE html><html><head><title>502 Bad Gateway</title>", ServerError, "502 Bad Gateway"),
    (Gemini, 504, r#"{"error":{"code":504,"status":"DEADLINE_EXCEEDED","message":"late"}}"#, ServerError, "late"),
    (OpenAiChat, 409, r#"{"error":{"message":"conflict"}}"#, ServerError, "conflict"),
    (OpenAiChat, 424, r#"{"message":"model error"}"#, ServerError, "model error"),
    (OpenAiChat, 425, "", ServerError, "status 425"),
    (Anthropic, 200, r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#, ServerError, "Internal"),
    (OpenAiChat, 200, r#"{"error":"something broke"}"#, ServerError, "something broke"),
    (Gemini, 200, r#"[{"error":{"code":500,"status":"INTERNAL","message":"inside",}},]"#, ServerError, "inside"),

    // The caller.
    (OpenAiChat, 400, r#"{"error":{"code":"unsupported_parameter","message":"Unsupported parameter"}}"#, BadRequest, "Unsupported"),
    (OpenAiChat, 422, r#"{"detail":[{"type":"missing","loc":["body","messages",0],"msg":"Field required"}]}"#, BadRequest, "body.messages.0: Field required"),
    (OpenAiChat, 422, "Failed to deserialize the JSON body", BadRequest, "deserialize"),
    (OpenAiChat, 418, "", BadRequest, "status 418"),
    (OpenAiChat, 200, r#"{"error":{"code":400,"message":"Token limit reached"},"choices":[]}"#, BadRequest, "Token limit"),
    (Anthropic, 400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"see https://docs/extended-thinking#max-tokens-and-context-window-size"}}"#, BadRequest, "docs"),
    (Gemini, 400, r#"[{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Please use a valid role: user, model.",}}]"#, BadRequest, "valid role"),
    (OpenAiChat, 400, r#"{"success":false,"errors":[{"code":7,"message":"bad input"}]}"#, BadRequest, "bad input"),
];

#[test]
fn each_rule_by_example() {
    for &(dialect, status, body, kind, words) in CASES {
        let failure = classified(dialect, status, body);
        println!("{:<12} {status} {:<28} {}", format!("{dialect:?}"), format!("{kind:?}"), body);
        assert_eq!(failure.fault.kind, kind, "{dialect:?} {status} {body}");
        assert!(failure.message.contains(words), "{:?} for {body}", failure.message);
    }
    println!("{} cases", CASES.len());
}

#[test]
fn what_the_provider_said_is_kept() {
    let body = r#"{"error":{"message":"m","type":"t","param":"p","code":42}}"#;
    let failure = classified(OpenAiChat, 400, body);
    assert_eq!(failure.fault.status, Some(400));
    assert_eq!(failure.message, "m");
    assert_eq!(failure.kind.as_deref(), Some("t"));
    assert_eq!(failure.code.as_deref(), Some("42"));
    assert_eq!(failure.param.as_deref(), Some("p"));

    let raw = r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#;
    let body = serde_json::json!({
        "error": { "code": 400, "message": "Provider returned error", "metadata": { "raw": raw } }
    });
    let failure = classified(OpenAiChat, 400, &body.to_string());
    assert_eq!(failure.message, "Provider returned error: m");
    assert_eq!(failure.code.as_deref(), Some("c"));
    assert_eq!(failure.param.as_deref(), Some("p"));
}

#[test]
fn an_error_in_a_200_keeps_its_class() {
    for (body, status) in [
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#, Some(529)),
        (r#"{"error":{"message":"m","code":"tool_use_failed","status_code":400}}"#, Some(400)),
        (r#"{"error":{"message":"m","type":"server_error"}}"#, Some(500)),
        (r#"{"error":{"message":"m"}}"#, None),
    ] {
        assert_eq!(classify::error_in_200(OpenAiChat, body.as_bytes()).fault.status, status);
    }
}

#[test]
fn the_dimension_of_a_quota() {
    for (message, dimension) in [
        ("on tokens per min (TPM): Limit 8", Dimension::Tokens),
        ("of 30,000 input tokens per minute", Dimension::Tokens),
        ("have exceeded token rate limit of your pricing tier", Dimension::Tokens),
        ("have exceeded call rate limit of your pricing tier", Dimension::Requests),
        ("on requests per min (RPM): Limit 3", Dimension::Requests),
        ("later", Dimension::Requests),
    ] {
        let body = serde_json::json!({ "error": { "message": message } }).to_string();
        assert_eq!(classified(OpenAiChat, 429, &body).fault.dimension, dimension, "{message}");
    }
}

#[test]
fn long_messages_are_cut_between_characters() {
    let body = "é".repeat(5_000);
    let failure = classified(OpenAiChat, 500, &body);
    assert_eq!(failure.message.chars().count(), 2_000);
    assert!(failure.message.ends_with("é…"));
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(OpenAiChat), Just(Anthropic), Just(Gemini)]
}

/// Error bodies of every shape, with values of every type where strings are expected.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just(r#"{"message":[1]}"#.to_owned()),
        Just(r#"[{"@type":"google.rpc.QuotaFailure","violations":{}}]"#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        ".{0,20}".prop_map(|text| serde_json::Value::String(text).to_string()),
    ];
    let key = prop_oneof![
        Just("error"),
        Just("message"),
        Just("type"),
        Just("code"),
        Just("status"),
        Just("details"),
        Just("detail"),
        Just("metadata"),
        Just("errors"),
        Just("innererror"),
    ];
    let object = prop::collection::vec((key, value), 0..6).prop_map(|fields| {
        let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
        format!("{{{}}}", fields.join(","))
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        ".{0,100}".prop_map(String::into_bytes),
        object.clone().prop_map(String::into_bytes),
        object.clone().prop_map(|object| format!(r#"{{"error":{object}}}"#).into_bytes()),
        object.prop_map(|object| format!("[{object},]").into_bytes()),
    ]
}

proptest! {
    #[test]
    fn any_answer_has_a_kind_and_a_message(
        dialect in dialects(),
        status in any::<u16>(),
        body in bodies(),
    ) {
        let headers = HeaderMap::new();
        let failure = classify::response(dialect, status, &headers, &body, Timestamp::UNIX_EPOCH);
        prop_assert!(!failure.message.trim().is_empty());
        prop_assert!(failure.message.chars().count() <= 2_000);
        prop_assert!(!classify::error_in_200(dialect, &body).message.is_empty());
    }

    /// A 5xx is never the caller's fault, nor is a 400 the provider's, whatever prose comes along.
    #[test]
    fn prose_does_not_turn_blame_around(status in 500u16..=599, message in ".{0,80}") {
        let body = serde_json::json!({ "error": { "message": message } }).to_string();
        let kind = classified(OpenAiChat, status, &body).fault.kind;
        prop_assert!(kind == ServerError || kind == Overloaded, "{kind:?}");
    }

    /// An error inside a 200 that names a status is judged as if it had come with it.
    #[test]
    fn one_table_for_both(dialect in dialects(), status in 400u16..=599, message in ".{0,80}") {
        let body = serde_json::json!({ "error": { "message": message, "code": status } }).to_string();
        let inside = classify::error_in_200(dialect, body.as_bytes()).fault;
        prop_assert_eq!(inside.kind, classified(dialect, status, &body).fault.kind);
        prop_assert_eq!(inside.status, Some(status));
    }
}

#[test]
fn only_a_code_that_names_the_key_is_certain() {
    let certain = |status, body: &str| {
        let now = Timestamp::UNIX_EPOCH;
        let headers = HeaderMap::new();
        let dialect = OpenAiChat;
        let fault = classify::response(dialect, status, &headers, body.as_bytes(), now).fault;
        (fault.kind == Authentication, fault.certain)
    };
    let code = r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#;
    assert_eq!(certain(401, code), (true, true));
    assert_eq!(certain(401, r#"{"error":{"message":"no"}}"#), (true, false));
    assert_eq!(certain(401, "<html>"), (true, false));
    assert_eq!(certain(500, r#"{"error":{"message":"oops"}}"#), (false, false));
}
