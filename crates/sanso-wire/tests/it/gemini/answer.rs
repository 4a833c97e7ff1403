//! Plain answers: every row of the mapping.

use proptest::prelude::*;
use sanso_core::FaultKind;
use sanso_wire::gemini::read_answer;
use sanso_wire::ir::{Answer, Choice, FinishReason, Media, Part, Usage};
use serde_json::{Value, json};

use super::text;

fn read(body: &Value) -> Answer {
    read_answer(&serde_json::to_vec(body).expect("JSON")).expect("an answer")
}

/// The parts of a candidate with `parts`.
fn parts(parts: &Value) -> Vec<Part> {
    let body = json!({"candidates": [{"content": {"parts": parts}}], "responseId": "abc"});
    read(&body).choices.remove(0).parts
}

fn finish(reason: &Value, parts: &Value) -> Option<FinishReason> {
    let body = json!({"candidates": [{"content": {"parts": parts}, "finishReason": reason}]});
    read(&body).choices[0].finish
}

fn malformed(body: &[u8]) {
    let failure = read_answer(body).expect_err("no answer");
    assert_eq!(failure.fault.kind, FaultKind::Malformed, "{}", String::from_utf8_lossy(body));
    assert!(!failure.message.is_empty());
}

fn reasoning(text: &str) -> Part {
    Part::Reasoning { text: text.to_owned(), signature: None }
}

#[test]
fn a_whole_answer() {
    let body = json!({
        "candidates": [{
            "content": {"parts": [{"text": "Hi."}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
            "avgLogprobs": -0.5,
            "safetyRatings": []
        }],
        "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6},
        "modelVersion": "gemini-2.5-flash",
        "createTime": "2026-01-02T03:04:05.678901Z",
        "responseId": "r-1"
    });
    assert_eq!(
        read(&body),
        Answer {
            id: "r-1".to_owned(),
            model: "gemini-2.5-flash".to_owned(),
            created: Some(1_767_323_045),
            choices: vec![Choice {
                index: 0,
                parts: vec![text("Hi.")],
                finish: Some(FinishReason::Stop)
            }],
            usage: Some(Usage { prompt: 4, completion: 2, ..Usage::default() }),
        }
    );
}

#[test]
fn texts_and_thoughts() {
    assert_eq!(
        parts(&json!([
            {"text": "Hm. ", "thought": true},
            {"text": "Aha.", "thought": true},
            {"text": "So", "thought": false},
            {"text": ": yes."},
            {"text": ""},
            {"text": "Wait.", "thought": true, "thoughtSignature": "c2ln"},
            {"text": "No.", "thought": true},
        ])),
        [reasoning("Hm. Aha."), text("So: yes."), reasoning("Wait.No.")]
    );
}

#[test]
fn the_signature_of_a_text_is_left_out() {
    let said = [text("Yes.")];
    assert_eq!(parts(&json!([{"text": "Yes.", "thoughtSignature": "c2ln"}])), said);
    assert_eq!(parts(&json!([{"text": "Yes."}, {"text": "", "thoughtSignature": "c2ln"}])), said);
    // An empty answer stays one.
    assert_eq!(parts(&json!([{"text": "", "thoughtSignature": "c2ln"}])), []);
}

#[test]
fn function_calls() {
    let calls: Vec<_> = parts(&json!([
        {"functionCall": {"name": "f", "args": {"a": [1.5, null]}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "g"}},
        {"functionCall": {"name": "h", "args": {}, "id": "given"}},
        {"functionCall": {"name": "i", "args": null, "id": ""}},
    ]))
    .into_iter()
    .map(|part| match part {
        Part::ToolCall(call) => (call.id, call.name, call.arguments, call.signature),
        other => panic!("{other:?}"),
    })
    .collect();
    let call = |id: &str, name: &str, arguments: &str, signature: Option<&str>| {
        (id.to_owned(), name.to_owned(), arguments.to_owned(), signature.map(str::to_owned))
    };
    assert_eq!(
        calls,
        [
            call("call_abc_0", "f", r#"{"a":[1.5,null]}"#, Some("c2ln")),
            call("call_abc_1", "g", "{}", None),
            call("given", "h", "{}", None),
            call("call_abc_3", "i", "{}", None),
        ]
    );
}

#[test]
fn arguments_are_as_the_model_wrote_them() {
    let body = br#"{"candidates": [{"content": {"parts": [{"functionCall":
        {"name": "f", "args": {"z": 1.0, "a": 12345678901234567890123}}}]}}]}"#;
    let answer = read_answer(body).expect("an answer");
    let Part::ToolCall(call) = &answer.choices[0].parts[0] else { panic!("{answer:?}") };
    assert_eq!(call.arguments, r#"{"z": 1.0, "a": 12345678901234567890123}"#);
    assert_eq!(call.id, "call_0");
}

#[test]
fn ids_suit_those_who_check_them() {
    let body = json!({
        "responseId": "x/y.z_-0123456789012345678901234567890123456789",
        "candidates": [
            {"content": {"parts": [{"functionCall": {"name": "f"}}]}},
            {"content": {"parts": [{"functionCall": {"name": "f"}}]}}
        ]
    });
    let ids: Vec<_> = read(&body)
        .choices
        .into_iter()
        .flat_map(|choice| choice.parts)
        .map(|part| match part {
            Part::ToolCall(call) => call.id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["call_xyz_-0123456789012345678_0", "call_xyz_-0123456789012345678_1"]);
}

#[test]
fn media_of_the_model() {
    let data =
        |media_type: &str| Media::Data { media_type: media_type.into(), base64: "aGk=".into() };
    assert_eq!(
        parts(&json!([
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}
        ])),
        [Part::Image(data("image/png")), Part::File { media: data("audio/wav"), name: None }]
    );
}

#[test]
fn what_server_side_tools_say_is_passed_over() {
    assert_eq!(
        parts(&json!([
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
            {"toolCall": {"toolType": "GOOGLE_SEARCH", "id": "1"}, "thoughtSignature": "c2ln"},
            {"somethingNew": 1},
            {"text": "One."}
        ])),
        [text("One.")]
    );
}

#[test]
fn finish_reasons() {
    let said = json!([{"text": "x"}]);
    let called = json!([{"functionCall": {"name": "f"}}]);
    for (reason, meaning) in [
        (json!(null), None),
        (json!("FINISH_REASON_UNSPECIFIED"), None),
        (json!("STOP"), Some(FinishReason::Stop)),
        (json!("MAX_TOKENS"), Some(FinishReason::Length)),
        (json!("SAFETY"), Some(FinishReason::ContentFilter)),
        (json!("RECITATION"), Some(FinishReason::ContentFilter)),
        (json!("LANGUAGE"), Some(FinishReason::ContentFilter)),
        (json!("BLOCKLIST"), Some(FinishReason::ContentFilter)),
        (json!("PROHIBITED_CONTENT"), Some(FinishReason::ContentFilter)),
        (json!("SPII"), Some(FinishReason::ContentFilter)),
        (json!("MODEL_ARMOR"), Some(FinishReason::ContentFilter)),
        (json!("IMAGE_SAFETY"), Some(FinishReason::ContentFilter)),
        (json!("IMAGE_PROHIBITED_CONTENT"), Some(FinishReason::ContentFilter)),
        (json!("IMAGE_RECITATION"), Some(FinishReason::ContentFilter)),
        (json!("MALFORMED_FUNCTION_CALL"), Some(FinishReason::Error)),
        (json!("UNEXPECTED_TOOL_CALL"), Some(FinishReason::Error)),
        (json!("TOO_MANY_TOOL_CALLS"), Some(FinishReason::Error)),
        (json!("MALFORMED_RESPONSE"), Some(FinishReason::Error)),
        (json!("MISSING_THOUGHT_SIGNATURE"), Some(FinishReason::Error)),
        (json!("OTHER"), Some(FinishReason::Error)),
        (json!("NO_IMAGE"), Some(FinishReason::Error)),
        (json!("OF_TOMORROW"), Some(FinishReason::Error)),
        (json!(0), None),
        (json!(1), Some(FinishReason::Stop)),
        (json!(2), Some(FinishReason::Length)),
        (json!(3), Some(FinishReason::ContentFilter)),
        (json!(4), Some(FinishReason::ContentFilter)),
        (json!(9), Some(FinishReason::Error)),
    ] {
        assert_eq!(finish(&reason, &said), meaning, "{reason}");
        let after_call = match meaning {
            Some(FinishReason::Stop) => Some(FinishReason::ToolCalls),
            other => other,
        };
        assert_eq!(finish(&reason, &called), after_call, "{reason} after a call");
    }
}

#[test]
fn all_tokens_may_go_into_thinking() {
    let body =
        json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]});
    assert_eq!(
        read(&body).choices,
        [Choice { index: 0, parts: vec![], finish: Some(FinishReason::Length) }]
    );
    let body = json!({"candidates": [{"finishReason": "SAFETY"}]});
    assert_eq!(read(&body).choices[0].finish, Some(FinishReason::ContentFilter));
}

#[test]
fn a_refused_prompt_is_an_answer() {
    for candidates in [json!(null), json!([])] {
        let body = json!({
            "candidates": candidates,
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []},
            "usageMetadata": {"trafficType": "ON_DEMAND"}
        });
        let answer = read(&body);
        assert_eq!(
            answer.choices,
            [Choice { index: 0, parts: vec![], finish: Some(FinishReason::ContentFilter) }]
        );
        assert_eq!(answer.usage, None);
    }
}

#[test]
fn usage() {
    let usage =
        |metadata: Value| read(&json!({"candidates": [{}], "usageMetadata": metadata})).usage;
    assert_eq!(
        usage(json!({
            "promptTokenCount": 100,
            "toolUsePromptTokenCount": 20,
            "cachedContentTokenCount": 60,
            "candidatesTokenCount": 7,
            "thoughtsTokenCount": 30,
            "totalTokenCount": 157
        })),
        Some(Usage {
            prompt: 120,
            completion: 37,
            cached: Some(60),
            cache_write: None,
            reasoning: Some(30)
        })
    );
    assert_eq!(
        usage(json!({"promptTokenCount": 5, "totalTokenCount": 5})),
        Some(Usage { prompt: 5, ..Usage::default() })
    );
    assert_eq!(
        usage(json!({"candidatesTokenCount": u64::MAX, "thoughtsTokenCount": 1}))
            .map(|usage| usage.completion),
        Some(u64::MAX)
    );
    assert_eq!(usage(json!({})), None);
    assert_eq!(usage(json!(null)), None);
}

#[test]
fn candidates_by_index() {
    let candidate = |index: Value, words: &str| json!({"index": index, "content": {"parts": [{"text": words}]}, "finishReason": "STOP"});
    let said = |body: &Value| {
        read(body).choices.into_iter().map(|c| (c.index, c.parts)).collect::<Vec<_>>()
    };
    let one_two = [(0, vec![text("one")]), (1, vec![text("two")])];
    let named = json!({"candidates": [candidate(json!(1), "two"), candidate(json!(0), "one")]});
    assert_eq!(said(&named), one_two);
    let unnamed =
        json!({"candidates": [candidate(json!(null), "one"), candidate(json!(null), "two")]});
    assert_eq!(said(&unnamed), one_two);
}

#[test]
fn an_array_is_put_together() {
    let body = json!([
        {"candidates": [{"content": {"parts": [{"text": "One, "}]}}], "responseId": "r",
         "modelVersion": "m", "usageMetadata": {"promptTokenCount": 3}},
        {"candidates": [{"content": {"parts": [{"text": "two."}]}}], "responseId": "r"},
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]},
        {"candidates": [{"finishReason": "STOP"}],
         "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9}},
    ]);
    let answer = read(&body);
    assert_eq!((answer.id.as_str(), answer.model.as_str()), ("r", "m"));
    assert_eq!(answer.usage, Some(Usage { prompt: 3, completion: 9, ..Usage::default() }));
    assert_eq!(answer.choices[0].parts.len(), 2);
    assert_eq!(answer.choices[0].parts[0], text("One, two."));
    assert_eq!(answer.choices[0].finish, Some(FinishReason::ToolCalls));
}

#[test]
fn what_is_no_answer() {
    for body in [
        "",
        " ",
        "{}",
        "[]",
        "[{}]",
        "null",
        "1",
        "<html>",
        "{\"candidates\": []}",
        "{\"candidates\": null, \"promptFeedback\": {}}",
        "{\"usageMetadata\": {\"promptTokenCount\": 1}}",
        "{\"candidates\": {}}",
        "{\"candidates\": [{\"index\": -1}]}",
        "{\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {}}]}}]}",
        "{\"candidates\": [{}]",
        "{\"object\": \"chat.completion\", \"choices\": []}",
    ] {
        malformed(body.as_bytes());
    }
    malformed(b"{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\xff\"}]}}]}");
}

#[test]
fn errors_in_a_200() {
    for body in [
        r#"{"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}"#,
        r#"[{"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}]"#,
        "[\n  {\n    \"error\": {\n      \"code\": 503,\n      \"status\": \"UNAVAILABLE\",\n    }\n  }\n]",
        r#"[{"candidates": [{}]}, {"error": {"code": 503}}]"#,
    ] {
        let failure = read_answer(body.as_bytes()).expect_err("an error");
        let direct =
            sanso_wire::classify::error_in_200(sanso_wire::Dialect::Gemini, body.as_bytes());
        assert_eq!(failure, direct, "{body}");
    }
    let body = json!({"candidates": [{}], "error": null});
    assert_eq!(read(&body).choices.len(), 1);
}

proptest! {
    /// Nothing that a provider may send makes it panic.
    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_answer(&body);
    }

    /// Neither does what looks more like an answer, cut off or changed at one place.
    #[test]
    fn any_damage(at in 0_usize..1000, byte in any::<u8>(), cut in any::<bool>()) {
        let mut body = serde_json::to_vec(&json!({
            "candidates": [{
                "content": {"parts": [
                    {"text": "Hm.", "thought": true, "thoughtSignature": "c2ln"},
                    {"text": "Hi."},
                    {"functionCall": {"name": "f", "args": {"a": [1, "b"]}}}
                ], "role": "model"},
                "finishReason": "STOP", "index": 0
            }],
            "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2},
            "modelVersion": "gemini-2.5-flash", "createTime": "2026-01-02T03:04:05Z"
        }))?;
        let at = at % body.len();
        if cut { body.truncate(at) } else { body[at] = byte }
        let _ = read_answer(&body);
    }
}
