//! Requests, read and written.

use sanso_wire::Dialect;
use sanso_wire::envelope::RequestError;
use sanso_wire::ir::{
    Answer, Choice, Effort, Media, OutputFormat, Part, Request, Role, ToolCall, ToolChoice,
};
use sanso_wire::openai_chat::{path, read_answer, read_request, write_answer, write_request};
use serde_json::{Value, json};

use super::call;

fn request(body: &Value) -> Result<Request, RequestError> {
    read_request(body.to_string().as_bytes())
}

/// A request of one message.
fn message(message: &Value) -> Result<Request, RequestError> {
    request(&json!({"model":"m","messages":[message]}))
}

fn parts(of: Value) -> Vec<Part> {
    message(&of).unwrap().messages.remove(0).parts
}

fn refused_at(body: &Value) -> String {
    request(body).unwrap_err().param.unwrap()
}

#[test]
fn the_path_is_openais() {
    assert_eq!(path(), "/chat/completions");
}

#[test]
fn a_request_is_read_whole() {
    let read = request(&json!({
        "model":"m","messages":[{"role":"developer","content":"d"}],
        "tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,
                  "parameters":{"z":1,"a":2}}},{"function":{"name":"g"}}],
        "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},
        "max_tokens":1,"max_completion_tokens":2,"temperature":1,"top_p":0.5,"seed":-3,"n":2,
        "presence_penalty":0.1,"frequency_penalty":0.2,"logprobs":true,"top_logprobs":4,
        "stop":"x","reasoning_effort":"xhigh","user":"u","stream":true,
        "stream_options":{"include_usage":true},"store":true,"verbosity":"low","logit_bias":{}
    }))
    .unwrap();
    assert_eq!((read.model.as_str(), read.messages[0].role), ("m", Role::Developer));
    assert_eq!(read.tools[0].parameters.as_ref().unwrap().get(), r#"{"a":2,"z":1}"#);
    assert_eq!((read.tools[0].strict, read.tools[1].name.as_str()), (Some(true), "g"));
    assert!(read.tools[1].parameters.is_none());
    assert_eq!(read.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!((read.parallel_tool_calls, read.max_tokens), (Some(false), Some(2)));
    assert!(matches!(read.output, OutputFormat::JsonSchema { ref name, .. } if name == "n"));
    assert_eq!((read.sampling.temperature, read.sampling.seed), (Some(1.0), Some(-3)));
    assert_eq!((read.sampling.n, read.sampling.top_logprobs), (Some(2), Some(4)));
    assert_eq!((read.stop.as_slice(), read.user.as_deref()), (&["x".to_owned()][..], Some("u")));
    assert_eq!(read.reasoning_effort, Some(Effort::XHigh));
    assert!(read.stream && read.include_usage);
}

#[test]
fn schemas_keep_the_order_of_their_members() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"x"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"z":1, "a":2}}}]}"#;
    let read = read_request(body.as_bytes()).unwrap();
    assert_eq!(read.tools[0].parameters.as_ref().unwrap().get(), r#"{"z":1, "a":2}"#);
}

#[test]
fn content_may_be_text_parts_or_nothing() {
    assert_eq!(parts(json!({"role":"user","content":"x"})), [Part::Text("x".into())]);
    assert_eq!(parts(json!({"role":"assistant","content":null})), []);
    let data = "data:image/png;base64,QQ==";
    let read = parts(json!({"role":"user","content":[
        {"type":"text","text":"x"},
        {"type":"image_url","image_url":{"url":"https://a/b","detail":"low"}},
        {"type":"image_url","image_url":data},
        {"type":"file","file":{"filename":"f.pdf","file_data":"data:application/pdf;base64,QUI="}},
    ]}));
    let base64 = |media_type: &str, base64: &str| Media::Data {
        media_type: media_type.into(),
        base64: base64.into(),
    };
    assert_eq!(
        read,
        [
            Part::Text("x".into()),
            Part::Image(Media::Url("https://a/b".into())),
            Part::Image(base64("image/png", "QQ==")),
            Part::File { media: base64("application/pdf", "QUI="), name: Some("f.pdf".into()) },
        ]
    );
}

#[test]
fn signed_thoughts_come_back_before_the_call() {
    let assistant = json!({"role":"assistant","content":"t","reasoning_content":"ignored",
        "thinking_blocks":[
            {"type":"thinking","thinking":"hm","signature":"sig"},
            {"type":"redacted_thinking","data":"blob"}],
        "tool_calls":[
            {"id":"1","type":"function","function":{"name":"f","arguments":"{}"},
             "provider_specific_fields":{"thought_signature":"g1"}},
            {"id":"2","function":{"name":"g","arguments":"{}"},
             "extra_content":{"google":{"thought_signature":"g2"}}}]});
    let signed = |id: &str, name: &str, signature: &str| {
        Part::ToolCall(ToolCall { signature: Some(signature.into()), ..call(id, name, "{}") })
    };
    let expected = [
        Part::Reasoning { text: "hm".into(), signature: Some("sig".into()) },
        Part::Reasoning { text: String::new(), signature: Some("blob".into()) },
        Part::Text("t".into()),
        signed("1", "f", "g1"),
        signed("2", "g", "g2"),
    ];
    assert_eq!(parts(assistant), expected);
    let answer = Answer {
        id: "a".into(),
        model: "m".into(),
        created: Some(1),
        choices: vec![Choice { index: 0, parts: expected.to_vec(), finish: None }],
        usage: None,
    };
    assert_eq!(read_answer(&write_answer(&answer, "", 0)).unwrap(), answer);
    let bare = parts(json!({"role":"assistant","content":"t","reasoning_content":"hm"}));
    assert_eq!(bare[0], Part::Reasoning { text: "hm".into(), signature: None });
}

#[test]
fn an_unsigned_thought_is_not_lost_beside_signed_ones() {
    let thought = |text: &str, signature: Option<&str>| Part::Reasoning {
        text: text.into(),
        signature: signature.map(Into::into),
    };
    for (signed, expected) in [
        // Gemini shows a thought, and signs what comes after it.
        (
            json!({"type":"redacted_thinking","data":"sig"}),
            [thought("hm so", None), thought("", Some("sig"))],
        ),
        (
            json!({"type":"thinking","thinking":" so","signature":"sig"}),
            [thought("hm", None), thought(" so", Some("sig"))],
        ),
    ] {
        let said =
            json!({"role":"assistant","reasoning_content":"hm so","thinking_blocks":[signed]});
        assert_eq!(parts(said.clone()), expected);
        let answer = json!({"choices":[{"index":0,"message":said}]}).to_string();
        let answer = read_answer(answer.as_bytes()).unwrap();
        assert_eq!(answer.choices[0].parts, expected);
        assert_eq!(read_answer(&write_answer(&answer, "", 0)).unwrap().choices, answer.choices);
    }
}

#[test]
fn a_thought_whose_text_was_left_out_is_not_taken_for_a_redacted_one() {
    let body = json!({"model":"m","messages":[
        {"role":"user","content":"q"},
        {"role":"assistant","content":"t","thinking_blocks":[
            {"type":"thinking","thinking":"","signature":"c2ln"},
            {"type":"redacted_thinking","data":"YmxvYg=="}]},
        {"role":"user","content":"q"}]});
    let request = read_request(body.to_string().as_bytes()).unwrap();
    let written = Dialect::Anthropic.write_request(&request, "claude-opus-4-7").unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(
        written["messages"][1]["content"],
        json!([
            {"type":"thinking","thinking":"","signature":"c2ln"},
            {"type":"redacted_thinking","data":"YmxvYg=="},
            {"type":"text","text":"t"},
        ])
    );
}

#[test]
fn a_tool_message_is_a_result() {
    let read =
        parts(json!({"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"r"}]}));
    assert_eq!(read, [Part::ToolResult { id: "1".into(), parts: vec![Part::Text("r".into())] }]);
}

#[test]
fn words_for_thinking_become_efforts() {
    let effort = |member: &str, value: Value| {
        let mut body = json!({"model":"m","messages":[{"role":"user","content":"x"}]});
        body[member] = value;
        request(&body).unwrap().reasoning_effort
    };
    assert_eq!(effort("reasoning_effort", json!("none")), Some(Effort::None));
    assert_eq!(effort("reasoning", json!({"effort":"high"})), Some(Effort::High));
    assert_eq!(effort("reasoning", json!({"enabled":true})), None);
    let budget = |tokens: u64| json!({"type":"enabled","budget_tokens":tokens});
    assert_eq!(effort("thinking", budget(1024)), Some(Effort::Low));
    assert_eq!(effort("thinking", budget(2000)), Some(Effort::Medium));
    assert_eq!(effort("thinking", budget(9999)), Some(Effort::High));
    assert_eq!(effort("thinking", json!({"type":"disabled"})), Some(Effort::None));
}

#[test]
fn what_cannot_be_translated_is_named() {
    let with = |member: &str, value: Value| {
        let mut body = json!({"model":"m","messages":[{"role":"user","content":"x"}]});
        body[member] = value;
        refused_at(&body)
    };
    for (member, value) in [
        ("functions", json!([{"name":"f"}])),
        ("function_call", json!("auto")),
        ("logit_bias", json!({"1":2})),
        ("modalities", json!(["text", "audio"])),
        ("audio", json!({"voice":"x"})),
        ("web_search_options", json!({})),
        ("temperature", json!("hot")),
        ("max_tokens", json!(-1)),
        ("stop", json!([1])),
        ("reasoning_effort", json!("some")),
        ("tool_choice", json!("perhaps")),
    ] {
        assert_eq!(with(member, value), member);
    }
    assert_eq!(with("tools", json!([{"type":"custom"}])), "tools[0].type");
    assert_eq!(with("tools", json!([{"type":"function"}])), "tools[0].function");
    assert_eq!(with("response_format", json!({"type":"xml"})), "response_format.type");
    assert_eq!(
        with("response_format", json!({"type":"json_schema","json_schema":{"name":"n"}})),
        "response_format.json_schema.schema"
    );
}

#[test]
fn messages_that_cannot_be_translated_are_named() {
    let at = |of: Value| message(&of).unwrap_err().param.unwrap();
    assert_eq!(at(json!({"content":"x"})), "messages[0].role");
    assert_eq!(at(json!({"role":"robot"})), "messages[0].role");
    assert_eq!(at(json!({"role":"function","name":"f"})), "messages[0].role");
    assert_eq!(at(json!({"role":"user","content":7})), "messages[0].content");
    assert_eq!(at(json!({"role":"tool","content":"x"})), "messages[0].tool_call_id");
    let part =
        |part: Value| at(json!({"role":"user","content":[{"type":"text","text":"x"}, part]}));
    assert_eq!(part(json!({"type":"input_audio","input_audio":{}})), "messages[0].content[1].type");
    assert_eq!(part(json!({"type":"text"})), "messages[0].content[1].text");
    let image = part(json!({"type":"image_url","image_url":{"url":"ftp://x"}}));
    assert_eq!(image, "messages[0].content[1].image_url");
    let file = part(json!({"type":"file","file":{"file_id":"file-1"}}));
    assert_eq!(file, "messages[0].content[1].file");
}

#[test]
fn a_request_written_reads_the_same() {
    let body = json!({
        "model":"m",
        "messages":[
            {"role":"system","content":"s"},
            {"role":"user","content":[{"type":"text","text":"x"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]},
            {"role":"assistant","content":"t","tool_calls":[
                {"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"1","content":"r"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
        "tool_choice":"required","max_tokens":9,"temperature":0.5,"stop":["a","b"],
        "reasoning_effort":"low","response_format":{"type":"json_object"},"stream":true,
        "stream_options":{"include_usage":true}
    });
    let written = write_request(&request(&body).unwrap(), "m").unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), body);
    for model in ["o3-mini", "openai/gpt-5.2", "gpt-5"] {
        let written = write_request(&request(&body).unwrap(), model).unwrap();
        let written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written["max_completion_tokens"], 9);
        assert!(written.get("max_tokens").is_none());
    }
}
