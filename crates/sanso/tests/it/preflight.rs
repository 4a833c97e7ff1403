//! What a deployment cannot do is known before it is called.

use sanso::ErrorKind;
use sanso_sim::provider::{Provider, Vendor};
use serde_json::json;

use crate::support::{Setup, ask, soon, trail};

/// `main` says of itself what the test says, and falls back to a `spare` that can do anything.
async fn chain(info: &str, set: &str) -> (Provider, sanso::Gateway) {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &main).info(info).provider("spare", &spare);
    let gateway = setup.with_spare().set(set).gateway();
    // A test holds on to the one that it asks about; the other one lives as long as the process.
    Box::leak(Box::new(spare));
    (main, gateway)
}

fn tools() -> sanso::ChatRequest {
    ask().set("tools", json!([{"type": "function", "function": {"name": "look"}}]))
}

fn picture() -> sanso::ChatRequest {
    let url = json!({"url": "data:image/png;base64,AAAA"});
    ask().message(json!({"role": "user", "content": [{"type": "image_url", "image_url": url}]}))
}

fn schema() -> sanso::ChatRequest {
    let schema = json!({"name": "it", "schema": {"type": "object"}});
    ask().set("response_format", json!({"type": "json_schema", "json_schema": schema}))
}

#[tokio::test]
async fn what_model_info_denies_goes_to_the_next_leg_with_a_warning() {
    for (key, request, word) in [
        ("supports_function_calling", tools(), "tools"),
        ("supports_vision", picture(), "images"),
        ("supports_response_schema", schema(), "JSON schema"),
    ] {
        let (main, gateway) = chain(&format!("{key}: false"), "").await;
        let answer = soon(gateway.chat(request)).await.unwrap();
        assert!(answer.served().fallback, "{key}");
        assert_eq!(main.stats().calls, 0, "{key}");
        let warning = format!("`openai/gpt-4.1` was passed over: it does not support {word}");
        assert_eq!(answer.served().warnings, [warning]);
        let answer = soon(gateway.chat(ask())).await.unwrap();
        assert!(!answer.served().fallback, "{key}: nobody asked for it");
        assert!(answer.served().warnings.is_empty());
    }
}

#[tokio::test]
async fn a_prompt_that_is_far_too_long_is_not_sent_there() {
    let (main, gateway) = chain("max_input_tokens: 100", "").await;
    let answer = soon(gateway.chat(ask().user(&"word ".repeat(400)))).await.unwrap();
    assert!(answer.served().fallback);
    assert_eq!(main.stats().calls, 0);
    let warnings = answer.served().warnings.join("; ");
    assert!(warnings.contains("it takes prompts of at most 100 tokens"), "{warnings}");
}

#[tokio::test]
async fn warn_asks_all_the_same_and_off_says_nothing() {
    let (_main, gateway) =
        chain("supports_function_calling: false", "sanso: {preflight: warn}").await;
    let answer = soon(gateway.chat(tools())).await.unwrap();
    assert!(!answer.served().fallback);
    let warning = "`openai/gpt-4.1` was asked, though it does not support tools";
    assert_eq!(answer.served().warnings, [warning]);

    let off = "sanso: {groups: {main: {preflight: off}}}";
    let (_main, gateway) = chain("supports_function_calling: false", off).await;
    let answer = soon(gateway.chat(tools())).await.unwrap();
    assert!(!answer.served().fallback && answer.served().warnings.is_empty());
}

#[tokio::test]
async fn what_nobody_can_do_is_the_callers_to_change() {
    let main = Provider::start(Vendor::Anthropic).await.unwrap();
    let (gateway, mut log) = Setup::default().provider("main", &main).logged();
    let error = soon(gateway.chat(ask().set("n", 2))).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (400, ErrorKind::InvalidRequest));
    assert_eq!(error.code(), Some("unsupported_by_model"));
    let said = "does not support more than one candidate";
    assert!(error.to_string().contains(said), "{error}");
    assert_eq!(error.served().map(trail).as_deref(), Some(""));
    assert_eq!(main.stats().calls, 0);
    let line = log.line().await;
    assert_eq!(line["degradation_level"], "rejected");
}

#[tokio::test]
async fn a_dialect_without_the_words_is_passed_over_for_one_that_has_them() {
    for vendor in [Vendor::Anthropic, Vendor::Gemini] {
        let main = Provider::start(vendor).await.unwrap();
        let spare = Provider::start(Vendor::OpenAi).await.unwrap();
        let setup = Setup::default().provider("main", &main).provider("spare", &spare);
        let (gateway, mut log) = setup.with_spare().logged();
        let answer = soon(gateway.chat(ask().set("logprobs", true))).await.unwrap();
        assert_eq!(trail(answer.served()), "openai/gpt-4.1=200", "{vendor:?}");
        assert_eq!(main.stats().calls, 0);
        assert_eq!(log.line().await["fallback_from"], "main");
        let metrics = gateway.metrics();
        assert!(metrics.contains("preflight"), "{metrics}");
    }
}
