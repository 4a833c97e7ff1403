//! The members of what the providers say, against those of recorded traffic.
//!
//! The law: what all recordings of a kind have, ours has; and ours has nothing that no recording
//! has. The recordings are not part of this repository; without them the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use sanso_sim::provider::{Problem, Provider, Vendor};
use serde_json::Value;

use crate::support::{Ask, ask, data};

type Paths = BTreeSet<String>;

fn corpus() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus"));
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no recorded traffic at {}", path.display());
    None
}

/// The bodies of recordings of this vendor whose file name begins with one of these.
fn recordings(vendor: Vendor, kinds: &[&str]) -> Vec<Value> {
    let Some(corpus) = corpus() else { return Vec::new() };
    // Vertex serves Anthropic's models in Anthropic's own format.
    let folders: &[&str] = match vendor {
        Vendor::OpenAi => &["openai"],
        Vendor::Anthropic => &["anthropic", "vertex_anthropic"],
        Vendor::Gemini => &["gemini"],
    };
    let files = folders.iter().flat_map(|folder| fs::read_dir(corpus.join(folder)).unwrap());
    let mut bodies = Vec::new();
    for entry in files.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if kinds.iter().any(|kind| name.starts_with(kind)) {
            let exchange: Value = serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap();
            bodies.push(exchange["response"]["body"].clone());
        }
    }
    assert!(!bodies.is_empty(), "no recordings of {kinds:?}");
    bodies
}

/// Every path of member names in a value; the members of a tool's arguments are not ours to judge.
fn paths(value: &Value) -> Paths {
    let mut found = Paths::new();
    collect(value, "", &mut found);
    found
}

fn collect(value: &Value, at: &str, found: &mut Paths) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{at}/{name}");
                found.insert(path.clone());
                if !matches!(name.as_str(), "args" | "input" | "metadata" | "quotaDimensions") {
                    collect(member, &path, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, at, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hold_the_law(what: &str, ours: &Paths, recorded: &[Paths]) {
    let Some((first, rest)) = recorded.split_first() else {
        panic!("nothing of this kind was recorded: {what}");
    };
    let common = rest.iter().fold(first.clone(), |common, one| &common & one);
    let missing: Vec<_> = common.difference(ours).collect();
    assert!(missing.is_empty(), "{what}: all recordings have {missing:?}");
    let any: Paths = recorded.iter().flatten().cloned().collect();
    let invented: Vec<_> = ours.difference(&any).collect();
    assert!(invented.is_empty(), "{what}: no recording has {invented:?}");
}

/// The events of streams, sorted by what kind of event they are.
fn by_kind(vendor: Vendor, events: Vec<Value>, into: &mut BTreeMap<String, Vec<Paths>>) {
    for event in events {
        let kind = match vendor {
            Vendor::OpenAi if event["choices"] == serde_json::json!([]) => "usage".to_owned(),
            Vendor::OpenAi
                if event.pointer("/choices/0/finish_reason").is_some_and(Value::is_string) =>
            {
                "finish".to_owned()
            }
            Vendor::OpenAi => {
                let delta = event["choices"][0]["delta"].as_object().unwrap();
                let mut kind = delta.keys().cloned().collect::<Vec<_>>().join("+");
                if event.pointer("/choices/0/delta/tool_calls/0/id").is_some() {
                    kind += "+head";
                }
                kind
            }
            Vendor::Anthropic => {
                let part = event.get("delta").or_else(|| event.get("content_block"));
                let part = part.and_then(|part| part["type"].as_str()).unwrap_or_default();
                format!("{} {part}", event["type"].as_str().unwrap())
            }
            Vendor::Gemini => {
                let part = event.pointer("/candidates/0/content/parts/0");
                let call = part.is_some_and(|part| part.get("functionCall").is_some());
                let last = event.pointer("/candidates/0/finishReason").is_some();
                format!("call {call} last {last}")
            }
        };
        into.entry(kind).or_default().push(paths(&event));
    }
}

fn kinds(vendor: Vendor, stream: bool) -> &'static [&'static str] {
    match (vendor, stream) {
        (Vendor::OpenAi, false) => {
            &["openai-chat_completions-chat-", "openai-chat_completions-tools-"]
        }
        (Vendor::OpenAi, true) => {
            &["openai-chat_completions-chat_stream-", "openai-chat_completions-tools_stream-"]
        }
        (Vendor::Anthropic, false) => {
            &["anthropic-messages-chat-", "vertex_anthropic-rawPredict-tools-"]
        }
        (Vendor::Anthropic, true) => {
            &["anthropic-messages-chat_stream-", "vertex_anthropic-streamRawPredict-tools_stream-"]
        }
        (Vendor::Gemini, false) => {
            &["gemini-generateContent-chat-", "gemini-generateContent-tools-"]
        }
        (Vendor::Gemini, true) => &[
            "gemini-streamGenerateContent-chat_stream-",
            "gemini-streamGenerateContent-tools_stream-",
        ],
    }
}

#[tokio::test]
async fn plain_answers_have_the_members_of_recorded_ones() {
    if corpus().is_none() {
        return;
    }
    for vendor in Vendor::ALL {
        let recorded: Vec<Paths> =
            recordings(vendor, kinds(vendor, false)).iter().map(paths).collect();
        let provider = Provider::start(vendor).await.unwrap();
        for kind in [Ask::Plain, Ask::Tools] {
            let ours = paths(&ask(&provider, kind).await.json());
            hold_the_law(&format!("{vendor:?} {kind:?}"), &ours, &recorded);
        }
    }
}

#[tokio::test]
async fn stream_events_have_the_members_of_recorded_ones() {
    if corpus().is_none() {
        return;
    }
    for vendor in Vendor::ALL {
        let mut recorded = BTreeMap::new();
        for body in recordings(vendor, kinds(vendor, true)) {
            // Gemini without `alt=sse` answers with an array, which is another shape.
            if let Some(text) = body.as_str() {
                by_kind(vendor, data(text), &mut recorded);
            }
        }
        let provider = Provider::start(vendor).await.unwrap();
        for kind in [Ask::Stream, Ask::ToolsStream] {
            let mut ours = BTreeMap::new();
            by_kind(vendor, ask(&provider, kind).await.events(), &mut ours);
            for (event, all) in ours {
                let recorded = recorded.get(&event).map_or(&[][..], Vec::as_slice);
                for one in all {
                    hold_the_law(&format!("{vendor:?} {kind:?} {event}"), &one, recorded);
                }
            }
        }
    }
}

#[tokio::test]
async fn errors_have_the_members_of_recorded_ones() {
    if corpus().is_none() {
        return;
    }
    let wait = Some(std::time::Duration::from_secs(3));
    for vendor in Vendor::ALL {
        let prefix = match vendor {
            Vendor::OpenAi => "openai-chat_completions-error_",
            Vendor::Anthropic => "anthropic-messages-error_",
            Vendor::Gemini => "gemini-generateContent-error_",
        };
        let recorded: Vec<Paths> = recordings(vendor, &[prefix]).iter().map(paths).collect();
        let provider = Provider::start(vendor).await.unwrap();
        for problem in [
            Problem::RateLimited { retry_after: wait },
            Problem::Overloaded,
            Problem::ContextWindow,
            Problem::Status(404),
            Problem::Status(500),
        ] {
            provider.set(problem);
            let ours = paths(&ask(&provider, Ask::Plain).await.json());
            hold_the_law(&format!("{vendor:?} {problem:?}"), &ours, &recorded);
        }
    }
}
