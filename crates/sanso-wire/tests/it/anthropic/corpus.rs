//! Every recorded answer of the Messages API, where the recordings are at hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sanso_wire::Failure;
use sanso_wire::anthropic::{StreamDecoder, read_answer};
use sanso_wire::ir::{Answer, FinishReason, Part, StreamEvent};
use sanso_wire::sse::Event;
use serde_json::Value;

/// The other endpoints of the same provider have other formats.
const MESSAGES: [&str; 3] = ["messages", "rawPredict", "streamRawPredict"];

#[test]
fn every_recorded_answer_is_read() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus"));
    let files = files(root);
    if files.is_empty() {
        println!("skipped: no corpus at {}", root.display());
        return;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        let exchange: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let id = exchange["id"].as_str().unwrap();
        let response = &exchange["response"];
        let kind = if !MESSAGES.iter().any(|api| exchange["api"] == *api) {
            println!("excluded, not the Messages API: {id}");
            "excluded"
        } else if response["status"] != 200 {
            error(id, &response["body"]);
            "errors"
        } else if response["format"] == "sse" {
            stream(id, response["body"].as_str().unwrap());
            "streams"
        } else {
            answer(id, &response["body"]);
            "answers"
        };
        *counts.entry(kind).or_default() += 1;
    }
    println!("{} exchanges: {counts:?}", files.len());
    assert!(counts["answers"] > 0 && counts["streams"] > 0 && counts["errors"] > 0);
}

fn files(root: &Path) -> Vec<PathBuf> {
    let folders = ["anthropic", "vertex_anthropic"].map(|provider| root.join(provider));
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Error bodies would be no answers with a 200 either.
fn error(id: &str, body: &Value) {
    assert!(read_answer(body.to_string().as_bytes()).is_err(), "{id}");
}

fn answer(id: &str, body: &Value) {
    let answer = read_answer(body.to_string().as_bytes())
        .unwrap_or_else(|failure| panic!("{id}: {failure:?}"));
    assert_eq!(answer.id, body["id"], "{id}");
    assert_eq!(answer.model, body["model"], "{id}");
    assert_eq!(answer.choices.len(), 1, "{id}");
    let choice = &answer.choices[0];
    let said: String = choice.parts.iter().map(visible).collect();
    let words = |key: &'static str| {
        body["content"].as_array().unwrap().iter().filter_map(move |block| block[key].as_str())
    };
    assert_eq!(said, words("text").collect::<String>(), "{id}");
    let inputs = body["content"].as_array().unwrap().iter();
    let inputs = inputs.filter(|block| block["type"] == "tool_use").map(|block| &block["input"]);
    assert!(choice.parts.iter().filter_map(arguments).eq(inputs.cloned()), "{id}");
    check_usage(id, answer.usage.map(|usage| (usage.prompt, usage.completion)), &body["usage"]);
    check_finish(id, choice.finish, &choice.parts);
}

/// What a stream says, put together.
#[derive(Default)]
struct Whole {
    answer: Answer,
    text: String,
    calls: Vec<String>,
    thoughts: String,
    finish: Option<FinishReason>,
    ended: bool,
}

fn stream(id: &str, body: &str) {
    let mut decoder = StreamDecoder::new();
    let mut whole = Whole::default();
    let mut last_usage = Value::Null;
    let mut expected_text = String::new();
    for event in events(body) {
        let mut out = Vec::new();
        let pushed: Result<(), Failure> = decoder.push(&event, &mut out);
        pushed.unwrap_or_else(|failure| panic!("{id}: {event:?}: {failure:?}"));
        out.into_iter().for_each(|event| whole.take(event));
        let data: Value = serde_json::from_slice(&event.data).unwrap_or_default();
        expected_text.push_str(data["delta"]["text"].as_str().unwrap_or_default());
        if data["type"] == "message_delta" {
            last_usage = data["usage"].clone();
        }
    }
    assert!(!whole.answer.id.is_empty() && !whole.answer.model.is_empty(), "{id}");
    assert_eq!(whole.text, expected_text, "{id}");
    for arguments in &whole.calls {
        let parsed: Value = serde_json::from_str(arguments).unwrap();
        assert!(parsed.is_object(), "{id}: {arguments}");
    }
    let usage = whole.answer.usage.unwrap_or_else(|| panic!("{id}: no usage"));
    assert_eq!(usage.completion, last_usage["output_tokens"], "{id}");
    assert!(whole.finish.is_some() && whole.ended, "{id}");
}

impl Whole {
    fn take(&mut self, event: StreamEvent) {
        assert!(!self.ended, "nothing follows the end");
        match event {
            StreamEvent::Start { id, model, .. } => {
                self.answer.id = id;
                self.answer.model = model;
            }
            StreamEvent::Text { text, .. } => self.text.push_str(&text),
            StreamEvent::Reasoning { text, .. } => self.thoughts.push_str(&text),
            StreamEvent::ToolCall { index, call, .. } => {
                assert_eq!(index as usize, self.calls.len());
                self.calls.push(call.arguments);
            }
            StreamEvent::ToolArguments { index, fragment, .. } => {
                self.calls[index as usize].push_str(&fragment);
            }
            StreamEvent::Finish { reason, .. } => self.finish = Some(reason),
            StreamEvent::Usage(usage) => self.answer.usage = Some(usage),
            StreamEvent::End => self.ended = true,
            StreamEvent::ReasoningSignature { signature, .. } => assert!(!signature.is_empty()),
            StreamEvent::Refusal { .. } | StreamEvent::Image { .. } => {
                panic!("this dialect has none")
            }
        }
    }
}

fn visible(part: &Part) -> &str {
    match part {
        Part::Text(text) => text,
        Part::Reasoning { .. } | Part::ToolCall(_) => "",
        Part::Image(_) | Part::File { .. } | Part::Refusal(_) | Part::ToolResult { .. } => {
            panic!("not part of an answer: {part:?}")
        }
    }
}

fn arguments(part: &Part) -> Option<Value> {
    let Part::ToolCall(call) = part else { return None };
    Some(serde_json::from_str(&call.arguments).unwrap())
}

fn check_usage(id: &str, usage: Option<(u64, u64)>, body: &Value) {
    let count = |key: &str| body[key].as_u64().unwrap_or(0);
    let prompt = count("input_tokens")
        + count("cache_read_input_tokens")
        + count("cache_creation_input_tokens");
    assert_eq!(usage, Some((prompt, count("output_tokens"))), "{id}");
}

fn check_finish(id: &str, finish: Option<FinishReason>, parts: &[Part]) {
    let calls = parts.iter().any(|part| arguments(part).is_some());
    assert_eq!(finish == Some(FinishReason::ToolCalls), calls, "{id}");
    assert!(finish.is_some(), "{id}");
}

/// Just enough of server-sent events for recordings that are known to be well formed.
fn events(body: &str) -> Vec<Event> {
    let mut events = Vec::new();
    for block in body.replace("\r\n", "\n").split("\n\n") {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        if let Some(data) = field("data:") {
            let name = field("event:").unwrap_or_default().trim().to_owned();
            let data = Bytes::copy_from_slice(data.strip_prefix(' ').unwrap_or(data).as_bytes());
            events.push(Event { name, data });
        }
    }
    events
}
