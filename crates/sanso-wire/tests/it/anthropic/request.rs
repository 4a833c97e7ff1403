//! Parameters, one test per row of the mapping.

use sanso_core::FaultKind;
use sanso_wire::ir::{Message, OutputFormat, Part, Request, Role, Sampling, Tool, ToolChoice};
use sanso_wire::{Dialect, anthropic};
use serde_json::value::RawValue;
use serde_json::{Value, json};

const MODEL: &str = "claude-sonnet-4-5";

/// A question, and nothing more.
pub(super) fn question() -> Request {
    let parts = vec![Part::Text("Why is the sky blue?".to_owned())];
    Request { messages: vec![Message { role: Role::User, parts }], ..Request::default() }
}

pub(super) fn written(request: &Request, model: &str) -> Value {
    serde_json::from_slice(&anthropic::write_request(request, model).unwrap()).unwrap()
}

/// The parameter that is refused.
pub(super) fn refused(request: &Request) -> String {
    let failure = anthropic::write_request(request, MODEL).unwrap_err();
    assert_eq!(failure.fault.kind, FaultKind::BadRequest);
    assert!(failure.message.starts_with("Anthropic cannot take `"), "{}", failure.message);
    failure.param.unwrap()
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn tool(parameters: Option<&str>) -> Tool {
    let (name, description) = ("weather".to_owned(), Some("Tells it.".to_owned()));
    Tool { name, description, parameters: parameters.map(raw), strict: None }
}

#[test]
fn the_least_request_names_model_limit_and_messages() {
    assert_eq!(Dialect::Anthropic.path(MODEL, true), "/v1/messages");
    assert_eq!(
        written(&question(), MODEL),
        json!({
            "model": MODEL,
            "max_tokens": 4096,
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Why is the sky blue?"}]},
            ],
        })
    );
}

#[test]
fn plain_parameters_keep_their_value() {
    let mut request = question();
    request.max_tokens = Some(77);
    request.stop = vec!["END".to_owned(), String::new(), "\n\nHuman:".to_owned()];
    request.user = Some("u-1".to_owned());
    request.stream = true;
    request.sampling.top_p = Some(0.5);
    let body = written(&request, MODEL);
    assert_eq!(body["max_tokens"], 77);
    assert_eq!(body["stop_sequences"], json!(["END", "\n\nHuman:"]));
    assert_eq!(body["metadata"], json!({"user_id": "u-1"}));
    assert_eq!(body["stream"], true);
    assert_eq!(body["top_p"], 0.5);
}

#[test]
fn what_changes_the_shape_of_the_answer_is_refused_by_name() {
    let with = |sampling| Request { sampling, ..question() };
    assert_eq!(refused(&with(Sampling { n: Some(2), ..Sampling::default() })), "n");
    assert_eq!(
        refused(&with(Sampling { logprobs: Some(true), ..Sampling::default() })),
        "logprobs"
    );
    assert_eq!(
        refused(&with(Sampling { top_logprobs: Some(3), ..Sampling::default() })),
        "top_logprobs"
    );
    assert_eq!(refused(&Request { stop: vec!["\n".to_owned()], ..question() }), "stop");
}

#[test]
fn what_only_nudges_the_sampling_is_dropped() {
    let sampling = Sampling {
        seed: Some(7),
        presence_penalty: Some(0.5),
        frequency_penalty: Some(0.5),
        n: Some(1),
        logprobs: Some(false),
        top_logprobs: Some(0),
        ..Sampling::default()
    };
    assert_eq!(written(&Request { sampling, ..question() }, MODEL), written(&question(), MODEL));
}

#[test]
fn sampling_follows_what_the_model_takes() {
    for (model, temperature, top_p, expected) in [
        (MODEL, Some(1.7), None, json!([1.0, null])),
        (MODEL, Some(0.2), None, json!([0.2, null])),
        (MODEL, Some(0.2), Some(0.9), json!([0.2, null])),
        (MODEL, None, Some(0.9), json!([null, 0.9])),
        ("claude-3-haiku-20240307", Some(0.2), Some(0.9), json!([0.2, 0.9])),
        ("claude-sonnet-4-20250514", Some(0.2), Some(0.9), json!([0.2, 0.9])),
        ("claude-opus-4-1", Some(0.2), Some(0.9), json!([0.2, null])),
        ("claude-opus-4-6", Some(0.2), Some(0.9), json!([0.2, null])),
        ("claude-opus-4-7", Some(0.2), Some(0.9), json!([null, null])),
        ("claude-sonnet-5", Some(0.2), None, json!([null, null])),
        ("kimi-k3", Some(0.2), Some(0.9), json!([0.2, 0.9])),
    ] {
        let sampling = Sampling { temperature, top_p, ..Sampling::default() };
        let body = written(&Request { sampling, ..question() }, model);
        assert_eq!(json!([body["temperature"], body["top_p"]]), expected, "{model}");
    }
}

#[test]
fn tools_carry_their_schema_as_it_was_written() {
    let schema = r#"{"type": "object", "properties": {"z": {"const": 1.10}, "a": {}}}"#;
    let mut request = Request { tools: vec![tool(Some(schema))], ..question() };
    request.tools[0].strict = Some(true);
    let text = String::from_utf8(anthropic::write_request(&request, MODEL).unwrap()).unwrap();
    assert!(text.contains(schema), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["tools"][0]["name"], "weather");
    assert_eq!(body["tools"][0]["description"], "Tells it.");
    assert_eq!(body["tools"][0]["strict"], true);
    assert_eq!(body.get("tool_choice"), None);
}

#[test]
fn a_schema_gets_the_type_that_the_api_insists_on() {
    let nothing = json!({"type": "object", "properties": {}});
    for (parameters, expected) in [
        (None, nothing.clone()),
        (Some("null"), nothing.clone()),
        (Some(" { } "), nothing),
        (
            Some(r#"{"properties": {"a": {"type": "string"}}}"#),
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
        ),
        (Some(r#"{"type": "object"}"#), json!({"type": "object"})),
    ] {
        let request = Request { tools: vec![tool(parameters)], ..question() };
        assert_eq!(
            written(&request, MODEL)["tools"][0]["input_schema"],
            expected,
            "{parameters:?}"
        );
    }
    for parameters in ["[]", "true", r#""object""#] {
        assert_eq!(
            refused(&Request { tools: vec![tool(Some(parameters))], ..question() }),
            "tools"
        );
    }
}

#[test]
fn tool_choice_holds_the_ban_of_parallel_calls() {
    let named = || Some(ToolChoice::Named("weather".to_owned()));
    for (choice, parallel, expected) in [
        (None, None, Value::Null),
        (None, Some(true), Value::Null),
        (None, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Auto), None, json!({"type": "auto"})),
        (Some(ToolChoice::None), Some(false), json!({"type": "none"})),
        (Some(ToolChoice::Required), Some(true), json!({"type": "any"})),
        (
            Some(ToolChoice::Required),
            Some(false),
            json!({"type": "any", "disable_parallel_tool_use": true}),
        ),
        (named(), None, json!({"type": "tool", "name": "weather"})),
        (
            named(),
            Some(false),
            json!({"type": "tool", "name": "weather", "disable_parallel_tool_use": true}),
        ),
    ] {
        let request = Request {
            tools: vec![tool(None)],
            tool_choice: choice.clone(),
            parallel_tool_calls: parallel,
            ..question()
        };
        assert_eq!(written(&request, MODEL)["tool_choice"], expected, "{choice:?} {parallel:?}");
    }
}

#[test]
fn no_choice_is_offered_without_tools() {
    for choice in [None, Some(ToolChoice::Auto), Some(ToolChoice::None)] {
        let request =
            Request { tool_choice: choice, parallel_tool_calls: Some(false), ..question() };
        assert_eq!(written(&request, MODEL).get("tool_choice"), None);
    }
    // The caller's mistake, which the provider explains.
    let forced = Request { tool_choice: Some(ToolChoice::Required), ..question() };
    assert_eq!(written(&forced, MODEL)["tool_choice"], json!({"type": "any"}));
}

#[test]
fn a_json_schema_becomes_the_output_format() {
    let schema = r#"{"type":"object","additionalProperties":false}"#;
    let output =
        OutputFormat::JsonSchema { name: "x".to_owned(), schema: raw(schema), strict: Some(true) };
    let body = written(&Request { output, ..question() }, MODEL);
    let schema_value: Value = serde_json::from_str(schema).unwrap();
    assert_eq!(
        body["output_config"],
        json!({"format": {"type": "json_schema", "schema": schema_value}})
    );
}

#[test]
fn a_json_object_is_asked_for_in_words() {
    let mut request = Request { output: OutputFormat::JsonObject, ..question() };
    let instruction = vec![Part::Text("Be brief.".to_owned())];
    request.messages.insert(0, Message { role: Role::System, parts: instruction });
    let body = written(&request, MODEL);
    let system = body["system"].as_str().unwrap();
    assert!(system.starts_with("Be brief.\n\nAnswer with one JSON object"), "{system}");
    assert_eq!(body.get("output_config"), None);
}
