//! `reasoning_effort`, by the generation of the model.

use sanso_wire::ir::{Effort, Request, Role, ToolChoice};
use serde_json::{Value, json};

use super::request::{question, written};
use super::turns::{call, message, result, text, thought};

/// `[thinking, output_config, max_tokens]` for an effort.
fn plan(effort: Effort, model: &str, max_tokens: Option<u64>) -> Value {
    let body =
        written(&Request { reasoning_effort: Some(effort), max_tokens, ..question() }, model);
    json!([body["thinking"], body["output_config"], body["max_tokens"]])
}

fn enabled(budget: u64) -> Value {
    json!({"type": "enabled", "budget_tokens": budget})
}

#[test]
fn older_models_get_a_budget_below_the_limit() {
    for (effort, limit, expected) in [
        (Effort::None, None, json!([null, null, 4096])),
        (Effort::Minimal, None, json!([enabled(1024), null, 5120])),
        (Effort::Medium, None, json!([enabled(2048), null, 6144])),
        (Effort::Max, None, json!([enabled(16384), null, 20480])),
        (Effort::High, Some(50_000), json!([enabled(4096), null, 50_000])),
        (Effort::High, Some(4096), json!([enabled(2048), null, 4096])),
        (Effort::High, Some(1025), json!([enabled(1024), null, 1025])),
        (Effort::High, Some(1024), json!([enabled(1024), null, 2048])),
        (Effort::High, Some(1), json!([enabled(1024), null, 1025])),
    ] {
        for model in ["claude-3-7-sonnet-20250219", "claude-haiku-4-5", "kimi-k3"] {
            assert_eq!(plan(effort, model, limit), expected, "{model} {effort:?} {limit:?}");
        }
    }
}

#[test]
fn newer_models_get_a_level() {
    let plain = json!({"type": "adaptive"});
    let shown = json!({"type": "adaptive", "display": "summarized"});
    for (effort, model, expected) in [
        (Effort::Low, "claude-sonnet-4-6", json!([plain, {"effort": "low"}, 5120])),
        (Effort::XHigh, "claude-opus-4-6", json!([plain, {"effort": "high"}, 12288])),
        (Effort::XHigh, "claude-opus-5", json!([shown, {"effort": "xhigh"}, 12288])),
        (Effort::Max, "claude-fable-5", json!([shown, {"effort": "max"}, 20480])),
        (Effort::None, "claude-opus-4-6", json!([null, null, 4096])),
        (Effort::None, "claude-opus-5", json!([{"type": "disabled"}, null, 4096])),
        (Effort::None, "claude-opus-5-5", json!([shown, {"effort": "low"}, 4096])),
    ] {
        assert_eq!(plan(effort, model, None), expected, "{model} {effort:?}");
    }
    assert_eq!(plan(Effort::High, "claude-opus-5", Some(100))[2], 100);
}

#[test]
fn models_that_cannot_think_are_not_asked_to() {
    assert_eq!(plan(Effort::High, "claude-3-5-haiku-latest", None), json!([null, null, 4096]));
}

#[test]
fn who_thinks_takes_no_temperature() {
    let mut request = Request { reasoning_effort: Some(Effort::Low), ..question() };
    request.sampling.temperature = Some(0.3);
    assert_eq!(written(&request, "claude-sonnet-4-5").get("temperature"), None);
    request.reasoning_effort = Some(Effort::None);
    assert_eq!(written(&request, "claude-sonnet-4-5")["temperature"], 0.3);
}

#[test]
fn a_forced_call_goes_before_thinking() {
    for choice in [ToolChoice::Required, ToolChoice::Named("weather".to_owned())] {
        let request = Request {
            reasoning_effort: Some(Effort::High),
            tool_choice: Some(choice),
            ..question()
        };
        let body = written(&request, "claude-sonnet-4-5");
        assert_eq!(body.get("thinking"), None);
        let body = written(&request, "claude-opus-4-6");
        assert_eq!(body.get("thinking"), None);
        assert_eq!(body["output_config"], json!({"effort": "high"}));
    }
}

#[test]
fn a_begun_answer_is_continued_without_thinking() {
    let mut request = Request { reasoning_effort: Some(Effort::High), ..question() };
    request.messages.push(message(Role::Assistant, vec![text("Because")]));
    assert_eq!(written(&request, "claude-sonnet-4-5").get("thinking"), None);
}

#[test]
fn a_call_without_its_thought_is_continued_without_thinking() {
    let thinks = |spoken| {
        let request = Request {
            reasoning_effort: Some(Effort::High),
            messages: vec![
                message(Role::User, vec![text("Weather?")]),
                message(Role::Assistant, spoken),
                result("a", vec![text("rain")]),
            ],
            ..Request::default()
        };
        written(&request, "claude-sonnet-4-5").get("thinking").is_some()
    };
    assert!(thinks(vec![thought("Kyoto.", Some("c2ln")), call("a", "{}")]));
    assert!(!thinks(vec![call("a", "{}")]));
    assert!(!thinks(vec![thought("Kyoto.", None), call("a", "{}")]));
    assert!(thinks(vec![text("No call, no proof needed.")]));
}
