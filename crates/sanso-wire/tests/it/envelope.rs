//! A client's body: what is read of it, and what is passed on.
#![cfg(test)] // Lets the lints know that helpers here fail tests only.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sanso_core::Needs;
use sanso_wire::envelope::{Envelope, FallbackRule, RequestError};
use sanso_wire::providers::Prefill;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::corpus;

const HELLO: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

fn read(body: &str) -> Result<Envelope, RequestError> {
    Envelope::read(Bytes::copy_from_slice(body.as_bytes()))
}

/// A good body with more members.
fn with(members: &str) -> Envelope {
    read(&format!(r#"{{"model":"m",{HELLO},{members}}}"#)).unwrap()
}

fn refused(members: &str) -> RequestError {
    read(&format!(r#"{{"model":"m",{HELLO},{members}}}"#)).unwrap_err()
}

fn passed_on(body: &str) -> String {
    String::from_utf8(read(body).unwrap().body_for("up", &[]).to_vec()).unwrap()
}

#[test]
fn facts_are_read() {
    let plain = with(r#""stream":null,"temperature":1"#);
    assert_eq!(plain.model, "m");
    assert!(!plain.stream && !plain.include_usage && !plain.thinks && !plain.has_tools);
    assert_eq!((plain.max_tokens, plain.controls), (None, Default::default()));

    let rich = with(
        r#""stream":true,"stream_options":{"include_usage":true},"reasoning_effort":"low",
           "tools":[{"type":"function"}],"max_tokens":5,"max_completion_tokens":7"#,
    );
    assert!(rich.stream && rich.include_usage && rich.thinks && rich.has_tools);
    assert_eq!(rich.max_tokens, Some(7));
    assert_eq!(with(r#""max_tokens":5"#).max_tokens, Some(5));
    assert_eq!((plain.needs, plain.wants_json), (Needs::NONE, false));
    assert_eq!((rich.needs, rich.wants_json), (Needs::TOOLS, false));
    assert_eq!(with(r#""n":2,"logprobs":true"#).needs, Needs::SEVERAL.and(Needs::LOGPROBS));
    assert_eq!(with(r#""n":1,"logprobs":false"#).needs, Needs::NONE);
    let schema = with(r#""response_format":{"type":"json_schema"}"#);
    assert_eq!((schema.needs, schema.wants_json), (Needs::SCHEMA, true));
    let object = with(r#""response_format":{"type":"json_object"}"#);
    assert_eq!((object.needs, object.wants_json), (Needs::NONE, true));
    assert!(!with(r#""response_format":{"type":"text"}"#).wants_json);
    assert!(!with(r#""tools":[ ]"#).has_tools);
    assert!(with(r#""functions":[{}]"#).has_tools);
}

#[test]
fn thinking_is_told_from_its_absence() {
    for on in [
        r#""reasoning_effort":"minimal""#,
        r#""thinking":{"type":"enabled","budget_tokens":2000}"#,
        r#""reasoning":{"max_tokens":100}"#,
    ] {
        assert!(with(on).thinks, "{on}");
    }
    for off in [
        r#""reasoning_effort":"none""#,
        r#""reasoning_effort":null"#,
        r#""thinking":{"type":"disabled"}"#,
        r#""reasoning":{"effort":"none"}"#,
        r#""reasoning":{"enabled":false}"#,
        r#""thinking":true"#,
    ] {
        assert!(!with(off).thinks, "{off}");
    }
}

#[test]
fn the_prompt_is_estimated_without_inline_data() {
    let image = format!("data:image/png;base64,{}", "A/9+".repeat(10_000));
    let message = json!([{"role":"user","content":[
        {"type":"text","text":"one two ".repeat(100)},
        {"type":"image_url","image_url":{"url":image}},
        {"type":"input_audio","input_audio":{"data":"QUJD".repeat(10_000),"format":"wav"}},
    ]}]);
    let estimate =
        read(&json!({"model":"m","messages":message}).to_string()).unwrap().prompt_tokens_estimate;
    assert!((200..300).contains(&estimate), "{estimate}");
}

#[test]
fn what_is_no_request_is_refused_with_the_place() {
    let message = |body: &str| read(body).unwrap_err().message;
    assert!(message("").contains("empty"));
    assert!(message("[1]").contains("not an array"));
    assert!(message(" \"x\"").contains("not a string"));
    assert!(message("{\n  \"model\": }").contains("line 2 column"));
    assert!(message("{\"model\":\"m\"").contains("not valid JSON"));
    assert!(message("hello").contains("not valid JSON"));
    let more = format!(r#"{{"model":"m",{HELLO}}} {{}}"#);
    assert!(message(&more).contains("goes on after its JSON object"), "{}", message(&more));
    let broken = Envelope::read(Bytes::from_static(b"{\n\"model\":\"\xff\"}")).unwrap_err();
    assert!(broken.message.contains("line 2 column 10"), "{}", broken.message);
}

#[test]
fn members_that_must_be_there_are_named() {
    let at = |body: &str| {
        let error = read(body).unwrap_err();
        (error.param.unwrap(), error.code.unwrap())
    };
    let model = |value: &str| at(&format!(r#"{{"model":{value},{HELLO}}}"#));
    let messages = |value: &str| at(&format!(r#"{{"model":"m","messages":{value}}}"#));
    let missing = "missing_required_parameter";
    assert_eq!(at(&format!("{{{HELLO}}}")), ("model".into(), missing));
    assert_eq!(model("null"), ("model".into(), missing));
    assert_eq!(model("7"), ("model".into(), "invalid_type"));
    assert_eq!(model("\"\""), ("model".into(), "invalid_value"));
    assert_eq!(at(r#"{"model":"m"}"#), ("messages".into(), missing));
    assert_eq!(messages("null"), ("messages".into(), missing));
    assert_eq!(messages("{}"), ("messages".into(), "invalid_type"));
    assert_eq!(messages("[]"), ("messages".into(), "invalid_value"));
    assert_eq!(messages("[{},1]"), ("messages[1]".into(), "invalid_value"));
    assert_eq!(refused(r#""stream":"yes""#).param.as_deref(), Some("stream"));
}

#[test]
fn depth_is_limited_without_recursion() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&format!(r#"{{"model":"m",{HELLO},"x":{}}}"#, nested(127))).is_ok());
    let error = refused(&format!(r#""x":{}"#, nested(128)));
    assert!(error.message.contains("128 levels"), "{}", error.message);
    assert!(read(&format!(r#"{{"model":"m",{HELLO},"x":{}}}"#, nested(1_000_000))).is_err());
}

#[test]
fn controls_are_read_and_cut() {
    let body = format!(
        r#"{{"fallbacks":["a",{{"model":"b"}},{{"m":["c"]}},{{"other":["d"]}}],"model":"m",{HELLO},
        "context_window_fallbacks":[{{"m":["big"]}},"huge"],"fallback_on":["bad_request"],
        "content_policy_fallbacks":[{{"m":"mild"}},{{"model":"x"}},{{"*":["y"]}}],
        "num_retries":"3","request_timeout":9,"timeout":1.5,"stream_timeout":"2","max_fallbacks":1,
        "disable_fallbacks":true,"fallback":"deny","priority":-1,"mock_response":"x","tags":[],
        "metadata":{{"task":"summary","trace_id":"t"}},"user_config":{{"api_key":"k"}},"top_k":1}}"#
    );
    let controls = read(&body).unwrap().controls;
    assert_eq!(controls.fallbacks.unwrap(), ["a", "b", "c"]);
    let list = |group: &str, to: &str| (group.to_owned(), vec![to.to_owned()]);
    let (context, policy) = (controls.context_window_fallbacks, controls.content_policy_fallbacks);
    assert_eq!(context.unwrap(), [list("m", "big"), list("m", "huge")]);
    assert_eq!(policy.unwrap(), [list("m", "mild"), list("m", "x"), list("*", "y")]);
    let on = controls.fallback_on.unwrap();
    assert_eq!((on.bad_request, on.content_policy), (true, false));
    assert_eq!((controls.num_retries, controls.max_fallbacks), (Some(3), Some(1)));
    assert_eq!(controls.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(controls.stream_timeout, Some(Duration::from_secs(2)));
    assert!(controls.disable_fallbacks);
    assert_eq!(controls.fallback, Some(FallbackRule::Deny));
    assert_eq!((controls.priority, controls.task.as_deref()), (Some(-1), Some("summary")));
    assert_eq!(passed_on(&body), format!("{{\"model\":\"up\",{HELLO},\"top_k\":1}}"));
}

#[test]
fn debug_output_shows_no_secret() {
    let shown = format!(
        "{:?}",
        with(r#""user_config":{"api_key":"sk-1"},"metadata":{"a":"sk-2","task":"t"}"#)
    );
    assert!(shown.contains("\"m\"") && !shown.contains("sk-") && !shown.contains("hi"), "{shown}");
}

#[test]
fn zero_and_null_controls_count_as_absent() {
    let controls = with(r#""timeout":0,"num_retries":null,"fallback":null"#).controls;
    assert_eq!(controls, Default::default());
    assert_eq!(with(r#""request_timeout":4,"timeout":0"#).controls.timeout.unwrap().as_secs(), 4);
}

#[test]
fn a_control_of_the_wrong_type_is_named() {
    for (members, param) in [
        (r#""num_retries":-1"#, "num_retries"),
        (r#""num_retries":1.5"#, "num_retries"),
        (r#""num_retries":[]"#, "num_retries"),
        (r#""timeout":-1"#, "timeout"),
        (r#""timeout":"NaN""#, "timeout"),
        (r#""timeout":1e300"#, "timeout"),
        (r#""stream_timeout":"soon""#, "stream_timeout"),
        (r#""fallbacks":"a""#, "fallbacks"),
        (r#""fallbacks":["a",1]"#, "fallbacks[1]"),
        (r#""context_window_fallbacks":"a""#, "context_window_fallbacks"),
        (r#""context_window_fallbacks":["a",[]]"#, "context_window_fallbacks[1]"),
        (r#""content_policy_fallbacks":[{"m":[7]}]"#, "content_policy_fallbacks[0]"),
        (r#""fallback_on":"bad_request""#, "fallback_on"),
        (r#""fallback_on":["bad_request","timeout"]"#, "fallback_on[1]"),
        (r#""disable_fallbacks":"x""#, "disable_fallbacks"),
        (r#""fallback":"never""#, "fallback"),
        (r#""priority":"high""#, "priority"),
        (r#""metadata":{"task":1}"#, "metadata.task"),
    ] {
        let error = refused(members);
        assert_eq!(error.param.as_deref(), Some(param), "{members}");
        assert!(error.code.is_some() && error.message.contains(param), "{}", error.message);
    }
}

#[test]
fn metadata_keeps_what_is_openais() {
    let passed =
        |metadata: &str| passed_on(&format!(r#"{{"model":"m",{HELLO},"metadata":{metadata}}}"#));
    let expected = |tail: &str| format!(r#"{{"model":"up",{HELLO}{tail}}}"#);
    let mixed = r#"{ "task":"t", "z": "1", "tags":["x"], "a" : "2" , "user_api_key_alias":"k"}"#;
    assert_eq!(passed(mixed), expected(r#","metadata":{ "z": "1", "a" : "2"}"#));
    assert_eq!(passed(r#"{"tags":["x"]}"#), expected(""));
    for kept in ["{}", "null", "7", r#"{"a":"b"}"#] {
        assert_eq!(passed(kept), expected(&format!(r#","metadata":{kept}"#)));
    }
}

#[test]
fn every_other_byte_survives() {
    let body = "{ \"temperature\" : 1.0e0,\n\t\"num_retries\":2 , \"mod\\u0065l\" :\t\"a\",\
                \"x\":{\"model\":\"in\"}, \"messages\":[ {\"content\":\"\\u00e9\\/ あ\"} ],\"model\":\"b\" , \
                \"cache\":{} }\n";
    let expected = "{ \"temperature\" : 1.0e0 , \"mod\\u0065l\" :\t\"q\\\"\\\\\",\
                \"x\":{\"model\":\"in\"}, \"messages\":[ {\"content\":\"\\u00e9\\/ あ\"} ],\"model\":\"q\\\"\\\\\" }\n";
    let envelope = read(body).unwrap();
    assert_eq!(envelope.model, "b");
    assert_eq!(envelope.body_for("q\"\\", &[]), expected);
}

#[test]
fn nothing_to_change_means_the_same_bytes() {
    let envelope = read(&format!(r#"{{"model":"m",{HELLO}}}"#)).unwrap();
    assert_eq!(envelope.body_for("m", &[]).as_ptr(), envelope.body().as_ptr());
    assert_ne!(envelope.body_for("n", &[]).as_ptr(), envelope.body().as_ptr());
}

#[test]
fn the_configuration_adds_what_the_client_did_not_set() {
    let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
    let extra = [("top_k".to_owned(), raw("4")), ("temperature".to_owned(), raw("0.5"))];
    let envelope = read(&format!(r#"{{"model":"m",{HELLO}, "temperature":1 }}"#)).unwrap();
    let expected = format!(r#"{{"model":"m",{HELLO}, "temperature":1,"top_k":4 }}"#);
    assert_eq!(envelope.body_for("m", &extra), expected);
}

/// Keys that mean something, with escapes and without, and keys that do not.
/// The messages, and what vLLM is told, of a request that is to be gone on with.
fn continued(messages: Value, prefill: Prefill) -> (Value, Value) {
    let body = json!({"model": "m", "continue_final_message": false, "messages": messages});
    let extra = [("continue_final_message", "false"), ("add_generation_prompt", "true")];
    let extra = extra
        .map(|(name, json)| (name.to_owned(), RawValue::from_string(json.to_owned()).unwrap()));
    let envelope = read(&body.to_string()).unwrap().continued(" upon", prefill);
    let sent = envelope.body_for("m", &extra);
    assert_eq!(sent.windows(21).filter(|it| it == b"add_generation_prompt").count(), 1);
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let told = json!([sent["continue_final_message"], sent["add_generation_prompt"]]);
    (sent["messages"].clone(), told)
}

#[test]
fn a_continuation_follows_on_what_the_client_began_in_one_message() {
    let of = |content: Value| json!({"role": "assistant", "content": content});
    let asked = json!({"role": "user", "content": "Tell"});
    let text = |text: &str| json!({"type": "text", "text": text});
    let calls = json!({"role": "assistant", "content": "Hm", "tool_calls": []});
    for (messages, expected) in [
        (json!([asked]), json!([asked, of(" upon".into())])),
        (json!([asked, of("Once".into())]), json!([asked, of("Once upon".into())])),
        (json!([of(json!([text("Once")]))]), json!([of(json!([text("Once"), text(" upon")]))])),
        (json!([of(Value::Null)]), json!([of(Value::Null), of(" upon".into())])),
        (json!([calls]), json!([calls, of(" upon".into())])),
    ] {
        assert_eq!(continued(messages, Prefill::Itself).0, expected);
    }
    let prefixed = json!([{"role": "assistant", "content": "Once upon", "prefix": true}]);
    assert_eq!(continued(json!([of("Once".into())]), Prefill::Prefix).0, prefixed);
}

#[test]
fn vllm_is_told_to_go_on_whatever_client_and_configuration_say() {
    let messages = json!([{"role": "user", "content": "Tell"}]);
    assert_eq!(continued(messages.clone(), Prefill::FinalMessage).1, json!([true, false]));
    assert_eq!(continued(messages, Prefill::Itself).1, json!([false, true]));
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"model\"".to_owned()),
        Just("\"m\\u006fdel\"".to_owned()),
        Just("\"num_retries\"".to_owned()),
        Just("\"num_\\u0072etries\"".to_owned()),
        Just("\"cache\"".to_owned()),
        "[a-c]{1,2}".prop_map(|key| format!("\"{key}\"")),
        any::<String>().prop_map(|key| Value::from(key).to_string()),
    ]
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|s| Value::from(s).to_string()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let object = prop::collection::vec((any::<String>(), inner), 0..4);
        prop_oneof![
            list.prop_map(|list| format!("[ {} ]", list.join(" ,\n"))),
            object.prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(k, v)| format!("{} : {v}", Value::from(k.as_str())))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

/// A body with random members around those that must be there, and random white space.
fn body() -> impl Strategy<Value = String> {
    let space = prop_oneof![Just(""), Just(" "), Just("\n\t"), Just("\r\n")];
    let members = prop::collection::vec((key(), value(), space), 0..8);
    (members, any::<prop::sample::Index>()).prop_map(|(members, at)| {
        let mut parts: Vec<String> = members
            .into_iter()
            .map(|(key, value, space)| {
                let name: String = serde_json::from_str(&key).unwrap();
                let value = match name.as_str() {
                    "model" => "\"again\"".to_owned(),
                    "num_retries" => "1".to_owned(),
                    "messages" => "[{}]".to_owned(),
                    "metadata" | "stream" => "null".to_owned(),
                    _ => value,
                };
                format!("{space}{key}{space}:{space}{value}{space}")
            })
            .collect();
        parts.insert(at.index(parts.len() + 1), "\"messages\" : [{}]".to_owned());
        parts.insert(at.index(parts.len() + 1), " \"model\" : \"first\"".to_owned());
        format!(" {{{}}} ", parts.join(","))
    })
}

proptest! {
    #[test]
    fn the_edits_are_the_only_difference(body in body()) {
        let envelope = read(&body).unwrap();
        let added = RawValue::from_string("[1]".to_owned()).unwrap();
        let passed = envelope.body_for("up", &[("a".to_owned(), added)]);
        let mut expected: Map<String, Value> = serde_json::from_str(&body).unwrap();
        expected.insert("model".into(), "up".into());
        expected.remove("num_retries");
        expected.remove("cache");
        expected.entry("a").or_insert_with(|| json!([1]));
        let found: Map<String, Value> = serde_json::from_slice(&passed).unwrap();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn members_that_stay_keep_their_bytes_and_their_order(body in body()) {
        let passed = read(&body).unwrap().body_for("up", &[]);
        let mut rest = std::str::from_utf8(&passed).unwrap();
        for (key, value) in raw_members(&body) {
            let name: String = serde_json::from_str(&key).unwrap();
            let value = match name.as_str() {
                "num_retries" | "cache" => continue,
                "model" => "\"up\"".to_owned(),
                _ => value,
            };
            let at = rest.find(&key).unwrap();
            rest = rest[at + key.len()..].trim_start().strip_prefix(':').unwrap().trim_start();
            prop_assert!(rest.starts_with(&value));
            rest = &rest[value.len()..];
        }
    }

    #[test]
    fn no_input_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Envelope::read(Bytes::from(body));
    }

    #[test]
    fn no_text_like_json_makes_it_panic(tokens in prop::collection::vec(
        prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"model\""),
            Just("\"messages\""), Just("\"m\""), Just("[{}]"), Just("null"), Just("\"\\ud800\""),
            Just("1"), Just("\"metadata\""), Just("\""), Just("\\"), Just(" "),
        ], 0..30)
    ) {
        if let Ok(envelope) = read(&format!("{{\"model\":\"m\",\"messages\":[{{}}],{}", tokens.concat())) {
            let passed = envelope.body_for("n", &[]);
            prop_assert!(serde_json::from_slice::<&RawValue>(&passed).is_ok());
        }
    }
}

/// The members of an object as they stand in the text.
fn raw_members(body: &str) -> Vec<(String, String)> {
    struct Members(Vec<(String, String)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                        members.push((key.get().to_owned(), value.get().to_owned()));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members>(body).unwrap().0
}

#[test]
fn recorded_requests_pass_through_unchanged_but_for_the_model() {
    for exchange in corpus::chat_completions() {
        let original: Value = serde_json::from_str(&exchange.request).unwrap();
        let read = read(&exchange.request);
        if original["model"].is_null() {
            // Recorded to see what a server says to it.
            assert_eq!(read.unwrap_err().param.as_deref(), Some("model"), "{}", exchange.name);
            continue;
        }
        let envelope = read.unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
        assert_eq!(envelope.model, original["model"], "{}", exchange.name);
        assert_eq!(envelope.body_for(&envelope.model, &[]), exchange.request, "{}", exchange.name);
        let passed: Value = serde_json::from_slice(&envelope.body_for("up", &[])).unwrap();
        let mut expected = original;
        expected["model"] = "up".into();
        assert_eq!(passed, expected, "{}", exchange.name);
    }
}

#[test]
fn a_number_that_is_too_large_is_not_called_negative() {
    for name in ["num_retries", "max_fallbacks"] {
        let body = format!(r#"{{"model":"a","{name}":1000000000000,"messages":[{{}}]}}"#);
        let error = Envelope::read(body.into()).unwrap_err().to_string();
        assert!(error.contains("at most 4294967295") && !error.contains("negative"), "{error}");
    }
}
