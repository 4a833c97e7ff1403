//! Requests: every row of the mapping.

use proptest::prelude::*;
use sanso_core::FaultKind;
use sanso_wire::ir::{Effort, Media, Message, OutputFormat, Part, Request, Role, Tool, ToolChoice};
use sanso_wire::{Failure, gemini};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{message, text, tool_call};

const MODEL: &str = "gemini-2.5-flash";

fn asked(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

fn hello() -> Request {
    asked(vec![message(Role::User, text("Hello"))])
}

fn written(request: &Request, model: &str) -> Value {
    let body = gemini::write_request(request, model).expect("expressible");
    serde_json::from_slice(&body).expect("JSON")
}

fn contents(messages: Vec<Message>, model: &str) -> Value {
    written(&asked(messages), model)["contents"].take()
}

fn generation_config(request: &Request, model: &str) -> Value {
    written(request, model)["generationConfig"].take()
}

fn refused(request: &Request) -> Failure {
    let failure = gemini::write_request(request, MODEL).expect_err("inexpressible");
    assert_eq!(failure.fault.kind, FaultKind::BadRequest);
    failure
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

fn url(url: &str) -> Media {
    Media::Url(url.to_owned())
}

fn png() -> Media {
    Media::Data { media_type: "image/png".to_owned(), base64: "aGk=".to_owned() }
}

fn result(id: &str, parts: Vec<Part>) -> Message {
    message(Role::Tool, Part::ToolResult { id: id.to_owned(), parts })
}

fn call(id: &str, name: &str, arguments: &str) -> Message {
    message(Role::Assistant, Part::ToolCall(tool_call(id, name, arguments)))
}

#[test]
fn paths() {
    for (model, stream, path) in [
        ("gemini-2.5-pro", false, "/models/gemini-2.5-pro:generateContent"),
        ("gemini-2.5-pro", true, "/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("models/gemini-2.5-pro", false, "/models/gemini-2.5-pro:generateContent"),
        ("tunedModels/mine-1", false, "/tunedModels/mine-1:generateContent"),
        ("a/b:c?d#é", false, "/models/a%2Fb%3Ac%3Fd%23%C3%A9:generateContent"),
        ("models/../x", false, "/models/..%2Fx:generateContent"),
    ] {
        assert_eq!(gemini::path(model, stream), path);
    }
}

#[test]
fn the_least_is_a_turn() {
    assert_eq!(
        written(&hello(), MODEL),
        json!({"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], "generationConfig": {}})
    );
}

#[test]
fn system_and_developer_instruct() {
    let mut request = hello();
    request.messages.insert(0, message(Role::System, text("Be brief.")));
    request.messages.push(message(Role::Developer, text("Be kind.")));
    request.messages.push(message(Role::System, text("")));
    let body = written(&request, MODEL);
    assert_eq!(
        body["systemInstruction"],
        json!({"parts": [{"text": "Be brief."}, {"text": "Be kind."}]})
    );
    assert_eq!(body["contents"], json!([{"role": "user", "parts": [{"text": "Hello"}]}]));
}

#[test]
fn roles_alternate() {
    let messages = vec![
        message(Role::User, text("One.")),
        message(Role::User, text("Two.")),
        message(Role::Assistant, Part::Refusal("No.".to_owned())),
        message(Role::Assistant, text("")),
        message(Role::Assistant, text("Yes.")),
        message(Role::User, text("")),
        message(Role::User, text("Three.")),
    ];
    assert_eq!(
        contents(messages, MODEL),
        json!([
            {"role": "user", "parts": [{"text": "One."}, {"text": "Two."}]},
            {"role": "model", "parts": [{"text": "No."}, {"text": "Yes."}]},
            {"role": "user", "parts": [{"text": "Three."}]}
        ])
    );
}

#[test]
fn media() {
    let file = |media, name: Option<&str>| Part::File { media, name: name.map(str::to_owned) };
    let parts = vec![
        Part::Image(png()),
        Part::Image(url("https://a.example/cat.webp?v=1")),
        Part::Image(url("https://a.example/cat")),
        file(url("gs://bucket/paper.pdf"), None),
        file(url("https://a.example/7"), Some("notes.txt")),
        file(url("https://youtu.be/abc"), None),
        file(Media::Data { media_type: "application/pdf".into(), base64: "JVBE".into() }, None),
    ];
    assert_eq!(
        contents(vec![Message { role: Role::User, parts }], MODEL)[0]["parts"],
        json!([
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://a.example/cat.webp?v=1"}},
            {"fileData": {"mimeType": "image/*", "fileUri": "https://a.example/cat"}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://bucket/paper.pdf"}},
            {"fileData": {"mimeType": "text/plain", "fileUri": "https://a.example/7"}},
            {"fileData": {"fileUri": "https://youtu.be/abc"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBE"}}
        ])
    );
}

#[test]
fn thoughts_go_back_without_another_vendors_signature() {
    let reasoning = |text: &str, signature: Option<&str>| Part::Reasoning {
        text: text.to_owned(),
        signature: signature.map(str::to_owned),
    };
    let parts = vec![
        reasoning("Hm.", None),
        reasoning("Hm!", Some("c2ln")),
        reasoning("", None),
        text("Yes."),
        reasoning("", Some("c2lnMg==")),
    ];
    assert_eq!(
        contents(vec![Message { role: Role::Assistant, parts }], MODEL)[0]["parts"],
        json!([
            {"text": "Hm.", "thought": true},
            {"text": "Hm!", "thought": true},
            {"text": "Yes."}
        ])
    );
}

#[test]
fn calls_and_results() {
    let mut signed = tool_call("call_1", "weather", r#"{"city": "Kyōto", "n": 1.0}"#);
    signed.signature = Some("c2ln".to_owned());
    let messages = vec![
        Message {
            role: Role::Assistant,
            parts: vec![
                Part::ToolCall(signed),
                Part::ToolCall(tool_call("call_2", "time", "")),
                Part::ToolCall(tool_call("", "noop", " {}\n")),
            ],
        },
        result("call_2", vec![text("noon")]),
        result("call_1", vec![text(r#" {"degrees": 1e1} "#)]),
        result("", vec![]),
        message(Role::User, text("Well?")),
    ];
    let body = gemini::write_request(&asked(messages), MODEL).expect("expressible");
    let body = String::from_utf8(body).expect("UTF-8");
    assert_eq!(
        body,
        concat!(
            r#"{"contents":[{"role":"model","parts":["#,
            r#"{"functionCall":{"id":"call_1","name":"weather","args":{"city": "Kyōto", "n": 1.0}},"#,
            r#""thoughtSignature":"c2ln"},"#,
            r#"{"functionCall":{"id":"call_2","name":"time","args":{}}},"#,
            r#"{"functionCall":{"name":"noop","args":{}}}]},{"role":"user","parts":["#,
            r#"{"functionResponse":{"id":"call_2","name":"time","response":{"result":"noon"}}},"#,
            r#"{"functionResponse":{"id":"call_1","name":"weather","response":{"degrees": 1e1}}},"#,
            r#"{"functionResponse":{"name":"noop","response":{"result":""}}},"#,
            r#"{"text":"Well?"}]}],"generationConfig":{}}"#,
        )
    );
}

#[test]
fn results_that_are_no_object_are_wrapped() {
    for (parts, response) in [
        (vec![text("[1]")], json!({"result": "[1]"})),
        (vec![text("{broken")], json!({"result": "{broken"})),
        (vec![text("{} {}")], json!({"result": "{} {}"})),
        (vec![text("null")], json!({"result": "null"})),
        (vec![text("a"), text("b")], json!({"result": "ab"})),
        (vec![text("{}")], json!({})),
    ] {
        let messages = vec![call("1", "f", "{}"), result("1", parts)];
        let contents = contents(messages, MODEL);
        assert_eq!(contents[1]["parts"][0]["functionResponse"]["response"], response);
    }
}

#[test]
fn an_id_used_again_means_its_latest_call() {
    let messages = vec![
        call("call_0", "first", "{}"),
        result("call_0", vec![]),
        call("call_0", "second", "{}"),
        result("call_0", vec![]),
    ];
    let contents = contents(messages, MODEL);
    assert_eq!(contents[1]["parts"][0]["functionResponse"]["name"], "first");
    assert_eq!(contents[3]["parts"][0]["functionResponse"]["name"], "second");
}

#[test]
fn pictures_in_results_by_generation() {
    let messages =
        || vec![call("1", "draw", "{}"), result("1", vec![text("Here."), Part::Image(png())])];
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}});
    assert_eq!(
        contents(messages(), "gemini-3-flash-preview")[1]["parts"],
        json!([{"functionResponse": {
            "id": "1", "name": "draw", "response": {"result": "Here."}, "parts": [picture]
        }}])
    );
    assert_eq!(
        contents(messages(), MODEL)[1]["parts"],
        json!([
            {"functionResponse": {"id": "1", "name": "draw", "response": {"result": "Here."}}},
            picture
        ])
    );
}

#[test]
fn calls_of_other_models_are_signed_for_gemini_3() {
    let mut signed = tool_call("3", "h", "{}");
    signed.signature = Some("c2ln".to_owned());
    let messages = || {
        vec![
            call("1", "f", "{}"),
            call("2", "g", "{}"),
            result("1", vec![]),
            result("2", vec![]),
            message(Role::Assistant, Part::ToolCall(signed.clone())),
            result("3", vec![]),
        ]
    };
    let signatures = |model| {
        let contents = contents(messages(), model);
        [(0, 0), (0, 1), (2, 0)].map(|(turn, part)| {
            contents[turn]["parts"][part]["thoughtSignature"].as_str().map(str::to_owned)
        })
    };
    assert_eq!(
        signatures("gemini-3-pro-preview"),
        [Some("skip_thought_signature_validator".to_owned()), None, Some("c2ln".to_owned())]
    );
    assert_eq!(signatures(MODEL), [None, None, Some("c2ln".to_owned())]);
}

fn tool(name: &str, parameters: Option<&str>) -> Tool {
    Tool {
        name: name.to_owned(),
        description: parameters.map(|_| "Does it.".to_owned()),
        parameters: parameters.map(raw),
        strict: Some(true),
    }
}

#[test]
fn tools_keep_their_schema() {
    let schema = r#"{"type":"object","additionalProperties":false,"z":1.0,"a":[]}"#;
    let mut request = hello();
    request.tools = vec![tool("f", Some(schema)), tool("g", None)];
    let body = gemini::write_request(&request, MODEL).expect("expressible");
    let body = String::from_utf8(body).expect("UTF-8");
    let tools = format!(
        r#""tools":[{{"functionDeclarations":[{{"name":"f","description":"Does it.","parametersJsonSchema":{schema}}},{{"name":"g"}}]}}]"#
    );
    assert!(body.contains(&tools), "{body}");
}

#[test]
fn tool_choices() {
    let config = |choice| {
        let tools = vec![tool("f", None)];
        let request = Request { tools, tool_choice: choice, ..hello() };
        written(&request, MODEL)["toolConfig"]["functionCallingConfig"].take()
    };
    assert_eq!(config(None), Value::Null);
    assert_eq!(config(Some(ToolChoice::Auto)), json!({"mode": "AUTO"}));
    assert_eq!(config(Some(ToolChoice::None)), json!({"mode": "NONE"}));
    assert_eq!(config(Some(ToolChoice::Required)), json!({"mode": "ANY"}));
    assert_eq!(
        config(Some(ToolChoice::Named("f".to_owned()))),
        json!({"mode": "ANY", "allowedFunctionNames": ["f"]})
    );
}

#[test]
fn tool_choices_without_tools() {
    let request = |choice| Request { tool_choice: Some(choice), ..hello() };
    for harmless in [ToolChoice::Auto, ToolChoice::None] {
        assert_eq!(written(&request(harmless), MODEL)["toolConfig"], Value::Null);
    }
    for pointless in [ToolChoice::Required, ToolChoice::Named("f".to_owned())] {
        assert_eq!(refused(&request(pointless)).param.as_deref(), Some("tool_choice"));
    }
}

#[test]
fn output_formats() {
    let config = |output| generation_config(&Request { output, ..hello() }, MODEL);
    assert_eq!(config(OutputFormat::Text), json!({}));
    assert_eq!(config(OutputFormat::JsonObject), json!({"responseMimeType": "application/json"}));
    let schema = OutputFormat::JsonSchema {
        name: "answer".to_owned(),
        schema: raw(r##"{"$ref": "#/$defs/a"}"##),
        strict: None,
    };
    assert_eq!(
        config(schema),
        json!({"responseMimeType": "application/json", "responseJsonSchema": {"$ref": "#/$defs/a"}})
    );
}

#[test]
fn sampling_and_limits() {
    let mut request = hello();
    request.max_tokens = Some(100);
    request.stop = vec!["END".to_owned(), "\n".to_owned()];
    request.sampling.temperature = Some(0.5);
    request.sampling.top_p = Some(0.25);
    request.sampling.seed = Some(-7);
    request.sampling.presence_penalty = Some(1.5);
    request.sampling.frequency_penalty = Some(-1.5);
    request.sampling.n = Some(2);
    request.sampling.logprobs = Some(true);
    request.sampling.top_logprobs = Some(3);
    // Gemini has no word for these.
    request.user = Some("someone".to_owned());
    request.parallel_tool_calls = Some(false);
    request.stream = true;
    request.include_usage = true;
    assert_eq!(
        written(&request, MODEL),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
            "generationConfig": {
                "temperature": 0.5,
                "topP": 0.25,
                "seed": -7,
                "presencePenalty": 1.5,
                "frequencyPenalty": -1.5,
                "candidateCount": 2,
                "responseLogprobs": true,
                "logprobs": 3,
                "maxOutputTokens": 100,
                "stopSequences": ["END", "\n"]
            }
        })
    );
}

#[test]
fn effort_by_generation() {
    let config = |model, effort| {
        let request = Request { reasoning_effort: Some(effort), ..hello() };
        generation_config(&request, model)["thinkingConfig"].take()
    };
    assert_eq!(
        config(MODEL, Effort::Medium),
        json!({"includeThoughts": true, "thinkingBudget": 8192})
    );
    assert_eq!(config(MODEL, Effort::None), json!({"includeThoughts": false, "thinkingBudget": 0}));
    assert_eq!(
        config("models/gemini-3.1-pro-preview", Effort::Medium),
        json!({"includeThoughts": true, "thinkingLevel": "MEDIUM"})
    );
    assert_eq!(config("gemini-2.0-flash", Effort::High), Value::Null);
}

#[test]
fn what_cannot_be_expressed_names_the_parameter() {
    let six = Request { stop: vec!["x".to_owned(); 6], ..hello() };
    assert_eq!(refused(&six).param.as_deref(), Some("stop"));
    let mut seed = hello();
    seed.sampling.seed = Some(1 << 31);
    assert_eq!(refused(&seed).param.as_deref(), Some("seed"));
    for (messages, param) in [
        (vec![], "messages"),
        (vec![message(Role::User, text(""))], "messages"),
        (vec![message(Role::System, text("Alone."))], "messages"),
        (vec![message(Role::System, Part::Image(png()))], "messages"),
        (vec![call("1", "f", "[]")], "tool_calls"),
        (vec![call("1", "f", "{\"a\":")], "tool_calls"),
        (vec![call("1", "f", "{}}")], "tool_calls"),
        (vec![result("1", vec![])], "tool_call_id"),
        (vec![result("1", vec![]), call("1", "f", "{}")], "tool_call_id"),
        (
            vec![
                call("1", "f", "{}"),
                result("1", vec![Part::ToolCall(tool_call("2", "g", "{}"))]),
            ],
            "messages",
        ),
    ] {
        let failure = refused(&asked(messages));
        assert_eq!(failure.param.as_deref(), Some(param));
        assert!(failure.message.starts_with("Gemini cannot take"), "{}", failure.message);
    }
}

fn any_part() -> impl Strategy<Value = Part> {
    let reasoning = (".{0,4}", proptest::option::of(".{0,4}"))
        .prop_map(|(text, signature)| Part::Reasoning { text, signature });
    let call = ("[ab]", "[fg]", prop_oneof![Just("{}".to_owned()), ".{0,4}"])
        .prop_map(|(id, name, arguments)| Part::ToolCall(tool_call(&id, &name, &arguments)));
    let result = ("[ab]", proptest::collection::vec(".{0,4}".prop_map(Part::Text), 0..3))
        .prop_map(|(id, parts)| Part::ToolResult { id, parts });
    prop_oneof![
        ".{0,4}".prop_map(Part::Text),
        ".{0,4}".prop_map(|address| Part::Image(Media::Url(address))),
        reasoning,
        call,
        result,
    ]
}

fn any_messages() -> impl Strategy<Value = Vec<Message>> {
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant), Just(Role::Tool)];
    let message = (role, proptest::collection::vec(any_part(), 0..3))
        .prop_map(|(role, parts)| Message { role, parts });
    proptest::collection::vec(message, 0..6)
}

proptest! {
    /// Whatever is said, roles alternate, no turn is empty, and the body is JSON; or a parameter is
    /// named.
    #[test]
    fn turns_are_as_gemini_wants_them(messages in any_messages()) {
        let body = match gemini::write_request(&asked(messages), "gemini-3-flash-preview") {
            Ok(body) => body,
            Err(failure) => {
                prop_assert!(failure.param.is_some());
                return Ok(());
            }
        };
        let body: Value = serde_json::from_slice(&body)?;
        let contents = body["contents"].as_array().cloned().unwrap_or_default();
        prop_assert!(!contents.is_empty());
        prop_assert!(contents.windows(2).all(|pair| pair[0]["role"] != pair[1]["role"]));
        prop_assert!(contents.iter().all(|turn| turn["parts"] != json!([])));
    }

    /// A path is ASCII, and nothing in a name gets out of its segment.
    #[test]
    fn names_stay_in_their_segment(model in ".{0,20}") {
        let path = gemini::path(&model, false);
        let name = path.strip_suffix(":generateContent").expect("the method");
        let (_, segment) = name[1..].split_once('/').expect("a collection");
        prop_assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
    }
}
