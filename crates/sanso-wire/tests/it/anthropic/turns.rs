//! The conversation.

use proptest::prelude::*;
use sanso_wire::anthropic;
use sanso_wire::ir::{Media, Message, Part, Request, Role, ToolCall};
use serde_json::{Value, json};

use super::request::{refused, written};

const MODEL: &str = "claude-sonnet-4-5";

pub(super) fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

pub(super) fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts }
}

pub(super) fn call(id: &str, arguments: &str) -> Part {
    let (id, name, arguments) = (id.to_owned(), "weather".to_owned(), arguments.to_owned());
    Part::ToolCall(ToolCall { id, name, arguments, signature: None })
}

pub(super) fn result(id: &str, parts: Vec<Part>) -> Message {
    message(Role::Tool, vec![Part::ToolResult { id: id.to_owned(), parts }])
}

pub(super) fn thought(text: &str, signature: Option<&str>) -> Part {
    Part::Reasoning { text: text.to_owned(), signature: signature.map(str::to_owned) }
}

fn request(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

/// Role and content of each turn.
fn turns(messages: Vec<Message>) -> Vec<(String, Value)> {
    let body = written(&request(messages), MODEL);
    let turns = body["messages"].as_array().unwrap();
    turns.iter().map(|t| (t["role"].as_str().unwrap().to_owned(), t["content"].clone())).collect()
}

#[test]
fn instructions_from_anywhere_become_the_system_prompt() {
    let body = written(
        &request(vec![
            message(Role::System, vec![text("One."), text(" "), text("Two.")]),
            message(Role::User, vec![text("Hi")]),
            message(Role::Assistant, vec![text("Hello")]),
            message(Role::Developer, vec![text("Three.")]),
            message(Role::User, vec![text("Bye")]),
        ]),
        MODEL,
    );
    assert_eq!(body["system"], "One.\n\nTwo.\n\nThree.");
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|t| &t["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
}

#[test]
fn neighbours_of_one_role_become_one_turn_and_empty_text_is_dropped() {
    let turns = turns(vec![
        message(Role::User, vec![text("a"), text(""), text("\n ")]),
        message(Role::Assistant, vec![text("")]),
        message(Role::User, vec![text("b")]),
        message(Role::Assistant, vec![text("c")]),
        message(Role::Assistant, vec![text("d")]),
        message(Role::User, vec![text("e")]),
    ]);
    let block = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        turns,
        [
            ("user".to_owned(), json!([block("a"), block("b")])),
            ("assistant".to_owned(), json!([block("c"), block("d")])),
            ("user".to_owned(), json!([block("e")])),
        ]
    );
}

#[test]
fn a_last_word_of_the_assistant_loses_its_trailing_whitespace() {
    let words = |text_: &str| message(Role::Assistant, vec![text(text_)]);
    let user = || message(Role::User, vec![text("Hi \n")]);
    let kept = turns(vec![user(), words("Well, \n"), user()]);
    assert_eq!(kept[1].1[0]["text"], "Well, \n");
    let trimmed = turns(vec![user(), words(" Well, \n")]);
    assert_eq!(trimmed[1].1[0]["text"], " Well,");
    assert_eq!(trimmed[0].1[0]["text"], "Hi \n");
}

#[test]
fn the_assistant_may_begin() {
    let turns = turns(vec![
        message(Role::Assistant, vec![text("Welcome!")]),
        message(Role::User, vec![text("Hi")]),
    ]);
    assert_eq!(turns[0].0, "assistant");
    assert_eq!(turns.len(), 2);
}

#[test]
fn a_conversation_without_words_is_refused() {
    for messages in [
        vec![],
        vec![message(Role::System, vec![text("Be brief.")])],
        vec![message(Role::User, vec![text(" ")])],
    ] {
        assert_eq!(refused(&request(messages)), "messages");
    }
}

#[test]
fn media_become_images_and_documents() {
    let data = |media_type: &str| Media::Data {
        media_type: media_type.to_owned(),
        base64: "aGk=".to_owned(),
    };
    let url = || Media::Url("https://example.com/x".to_owned());
    let file = |media, name: Option<&str>| Part::File { media, name: name.map(str::to_owned) };
    let turns = turns(vec![message(
        Role::User,
        vec![
            Part::Image(url()),
            Part::Image(data("image/webp")),
            file(data("application/pdf"), Some("a.pdf")),
            file(url(), None),
            file(data("image/png"), Some("b.png")),
        ],
    )]);
    let base64 = |kind: &str| json!({"type": "base64", "media_type": kind, "data": "aGk="});
    let link = json!({"type": "url", "url": "https://example.com/x"});
    assert_eq!(
        turns[0].1,
        json!([
            {"type": "image", "source": link},
            {"type": "image", "source": base64("image/webp")},
            {"type": "document", "source": base64("application/pdf"), "title": "a.pdf"},
            {"type": "document", "source": link},
            {"type": "image", "source": base64("image/png")},
        ])
    );
    let spreadsheet = file(data("text/csv"), None);
    assert_eq!(refused(&request(vec![message(Role::User, vec![spreadsheet])])), "file");
}

#[test]
fn parts_in_the_wrong_role_are_refused() {
    let image = || Part::Image(Media::Url("https://example.com/x".to_owned()));
    for messages in [
        vec![message(Role::System, vec![image()]), message(Role::User, vec![text("a")])],
        vec![message(Role::Assistant, vec![image()])],
        vec![message(Role::User, vec![call("a", "{}")])],
    ] {
        assert_eq!(refused(&request(messages)), "messages");
    }
}

#[test]
fn results_of_tools_come_first_in_one_turn() {
    let turns = turns(vec![
        message(Role::User, vec![text("Weather?")]),
        message(
            Role::Assistant,
            vec![call("a", r#"{"city":"Kyoto"}"#), text("Let me see."), call("b", "")],
        ),
        message(Role::User, vec![text("Quick!")]),
        result("a", vec![text("rain")]),
        result("b", vec![text("sun"), Part::Image(Media::Url("https://example.com/x".to_owned()))]),
        result("c", vec![text("")]),
    ]);
    assert_eq!(turns.len(), 3);
    assert_eq!(
        turns[1].1,
        json!([
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Kyoto"}},
            {"type": "tool_use", "id": "b", "name": "weather", "input": {}},
        ])
    );
    let picture =
        json!({"type": "image", "source": {"type": "url", "url": "https://example.com/x"}});
    assert_eq!(
        turns[2].1,
        json!([
            {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "rain"}]},
            {
                "type": "tool_result",
                "tool_use_id": "b",
                "content": [{"type": "text", "text": "sun"}, picture],
            },
            {"type": "tool_result", "tool_use_id": "c"},
            {"type": "text", "text": "Quick!"},
        ])
    );
}

#[test]
fn arguments_pass_as_they_were_written() {
    let arguments = r#"{"z": 1.10, "a": [12345678901234567890123], "é":"\u00e9"}"#;
    let spoken = message(Role::Assistant, vec![call("a", arguments)]);
    let body = anthropic::write_request(&request(vec![spoken]), MODEL).unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains(&format!(r#""input":{arguments}"#)), "{body}");
}

#[test]
fn arguments_that_are_no_object_are_refused() {
    for arguments in ["[]", "null", "\"{}\"", "{", "{} {}", "1"] {
        let spoken = message(Role::Assistant, vec![call("a", arguments)]);
        assert_eq!(refused(&request(vec![spoken])), "tool_calls", "{arguments}");
    }
}

#[test]
fn ids_of_other_providers_are_respelt_alike_in_call_and_result() {
    for (id, expected) in [
        ("toolu_01A-b", "toolu_01A-b"),
        ("functions.weather:0", "functions_2eweather_3a0"),
        ("", "_"),
        ("é", "_e9"),
    ] {
        let turns = turns(vec![
            message(Role::Assistant, vec![call(id, "{}")]),
            result(id, vec![text("rain")]),
        ]);
        assert_eq!(turns[0].1[0]["id"], expected);
        assert_eq!(turns[1].1[0]["tool_use_id"], expected);
    }
}

#[test]
fn signed_thoughts_are_replayed_before_the_call_and_others_dropped() {
    let turns = turns(vec![
        message(Role::User, vec![text("Weather?")]),
        message(
            Role::Assistant,
            vec![
                call("a", "{}"),
                thought("Kyoto, then.", Some("c2ln")),
                thought("", Some("aGlkZGVu")),
                thought("", Some("omitted:c2ln")),
                thought("unsigned", None),
                thought("", Some("")),
            ],
        ),
        result("a", vec![text("rain")]),
    ]);
    assert_eq!(
        turns[1].1,
        json!([
            {"type": "thinking", "thinking": "Kyoto, then.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "aGlkZGVu"},
            {"type": "thinking", "thinking": "", "signature": "c2ln"},
            {"type": "tool_use", "id": "a", "name": "weather", "input": {}},
        ])
    );
}

#[test]
fn a_refusal_is_replayed_as_the_text_it_was() {
    let turns = turns(vec![message(Role::Assistant, vec![Part::Refusal("No.".to_owned())])]);
    assert_eq!(turns[0].1, json!([{"type": "text", "text": "No."}]));
}

fn any_message() -> impl Strategy<Value = Message> {
    let word = prop_oneof![Just(""), Just(" "), Just("a "), Just("b")].prop_map(text);
    let words = proptest::collection::vec(word, 0..3);
    prop_oneof![
        words.clone().prop_map(|parts| message(Role::System, parts)),
        words.clone().prop_map(|parts| message(Role::User, parts)),
        (words.clone(), proptest::collection::vec("[a-c.]", 0..3)).prop_map(|(mut parts, ids)| {
            parts.extend(ids.iter().map(|id| call(id, "")));
            message(Role::Assistant, parts)
        }),
        ("[a-c.]", words).prop_map(|(id, parts)| result(&id, parts)),
    ]
}

proptest! {
    /// Whatever is said in whatever order, the API's rules of form hold.
    #[test]
    fn turns_alternate_and_hold_no_empty_block(
        messages in proptest::collection::vec(any_message(), 0..12),
    ) {
        let request = request(messages);
        let Ok(body) = anthropic::write_request(&request, MODEL) else { return Ok(()) };
        let body: Value = serde_json::from_slice(&body).unwrap();
        let turns = body["messages"].as_array().unwrap();
        prop_assert!(!turns.is_empty());
        prop_assert!(turns.windows(2).all(|pair| pair[0]["role"] != pair[1]["role"]));
        for turn in turns {
            let blocks = turn["content"].as_array().unwrap();
            prop_assert!(!blocks.is_empty());
            let is_blank = |text: &str| text.trim().is_empty();
            prop_assert!(!blocks.iter().any(|block| block["text"].as_str().is_some_and(is_blank)));
            let is_result = |block: &Value| block["type"] == "tool_result";
            let first_other = blocks.iter().position(|block| !is_result(block));
            prop_assert!(!blocks[first_other.unwrap_or(blocks.len())..].iter().any(is_result));
        }
    }
}
