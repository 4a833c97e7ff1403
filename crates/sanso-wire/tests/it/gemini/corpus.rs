//! Recorded exchanges, where they are at hand.

use std::fs;
use std::path::Path;

use sanso_wire::gemini::{StreamDecoder, read_answer};
use sanso_wire::ir::{Answer, StreamEvent};
use serde_json::Value;

use super::event;

/// Of a Gemini and a Vertex AI folder, the recorded answers of `generateContent` and its stream.
fn exchanges(corpus: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for provider in ["gemini", "vertex_gemini"] {
        let folder = Path::new(corpus).join(provider);
        for entry in fs::read_dir(folder).expect("a folder of the corpus") {
            let path = entry.expect("a file").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            if name.contains("enerateContent-") {
                let text = fs::read(&path).expect("readable");
                found.push((name, serde_json::from_slice(&text).expect("JSON")));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The events of a stream. Google ends lines with CRLF; every event here is one `data:` line.
fn events(body: &str) -> Vec<&str> {
    body.split("\r\n\r\n").filter_map(|event| event.strip_prefix("data: ")).collect()
}

fn check_answer(name: &str, answer: &Answer) {
    assert!(!answer.model.is_empty(), "{name}");
    assert!(!answer.choices.is_empty(), "{name}");
    assert!(answer.choices.iter().all(|choice| choice.finish.is_some()), "{name}");
}

fn check_stream(name: &str, body: &str) {
    let mut decoder = StreamDecoder::new();
    let mut out = Vec::new();
    for data in events(body) {
        decoder
            .push(&event(data), &mut out)
            .unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
    }
    let count = |is: fn(&StreamEvent) -> bool| out.iter().filter(|event| is(event)).count();
    assert!(matches!(out.first(), Some(StreamEvent::Start { model, .. }) if !model.is_empty()));
    assert_eq!(count(|event| matches!(event, StreamEvent::Start { .. })), 1, "{name}");
    assert_eq!(count(|event| matches!(event, StreamEvent::Finish { .. })), 1, "{name}");
    assert!(count(StreamEvent::is_content) > 0, "{name}");
    assert!(count(|event| matches!(event, StreamEvent::Usage(_))) > 0, "{name}");
}

#[test]
fn recorded_answers() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");
    if !Path::new(corpus).exists() {
        println!("skipped: no corpus at {corpus}");
        return;
    }
    let (mut plain, mut arrays, mut streams, mut errors) = (0, 0, 0, 0);
    for (name, exchange) in exchanges(corpus) {
        let response = &exchange["response"];
        let body = &response["body"];
        if response["status"] != 200 {
            // Classified by status; here it must only not pass for an answer.
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            assert!(read_answer(text.as_bytes()).is_err(), "{name}");
            errors += 1;
        } else if response["format"] == "sse" {
            check_stream(&name, body.as_str().expect("text"));
            streams += 1;
        } else {
            let answer = read_answer(body.to_string().as_bytes())
                .unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
            check_answer(&name, &answer);
            if body.is_array() { arrays += 1 } else { plain += 1 }
        }
    }
    println!("{plain} answers, {arrays} arrays, {streams} streams, {errors} errors");
    assert!(plain > 0 && arrays > 0 && streams > 0 && errors > 0);
}
