//! Recorded errors of real providers, where the corpus is at hand.

use std::collections::BTreeMap;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use sanso_core::{Duration, FaultKind};
use sanso_wire::{Dialect, Failure, classify};
use serde_json::Value;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");

/// A 400 whose tags do not tell, and which is not the caller's fault: the provider says so in a
/// type, a code or a sentence of its own.
const MODEL_MISSING_IN_A_400: &[&str] = &[
    "deepseek-chat_completions-error_400-4832b0d9da", // "The supported API model names are .."
    "mistral-embeddings-error_400-e1b81967ef",        // type `invalid_model`
    "perplexity-chat_completions-error_400-87fad3e57e", // type `invalid_model`
];

struct Exchange {
    id: String,
    dialect: Dialect,
    kind: String,
    status: u16,
    tags: Vec<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Exchange {
    fn read(path: &Path) -> Self {
        let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let response = &json["response"];
        let mut headers = HeaderMap::new();
        for (name, value) in response["headers"].as_object().unwrap() {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&json["id"]),
            dialect: match json["provider"].as_str().unwrap() {
                "anthropic" => Dialect::Anthropic,
                "gemini" | "vertex_gemini" => Dialect::Gemini,
                _ => Dialect::OpenAiChat,
            },
            kind: text(&json["kind"]),
            status: response["status"].as_u64().unwrap().try_into().unwrap(),
            tags: json["tags"].as_array().unwrap().iter().map(text).collect(),
            headers,
            body: match &response["body"] {
                Value::String(text) => text.clone().into_bytes(),
                Value::Null => Vec::new(),
                json => json.to_string().into_bytes(),
            },
        }
    }

    fn classify(&self) -> Failure {
        if self.kind == "error_in_stream" {
            let text = String::from_utf8_lossy(&self.body);
            let event = text.lines().find(|line| line.contains(r#""error":{"#)).unwrap();
            return classify::error_in_200(
                self.dialect,
                event.trim_start_matches("data:").as_bytes(),
            );
        }
        let now = Timestamp::UNIX_EPOCH;
        classify::response(self.dialect, self.status, &self.headers, &self.body, now)
    }

    /// What the tags and the status say that it is.
    fn expected(&self) -> FaultKind {
        let tagged = |tag: &str| self.tags.iter().any(|own| own == tag);
        match self.status {
            _ if tagged("context_length") => FaultKind::ContextWindow,
            _ if tagged("content_policy") => FaultKind::ContentPolicy,
            401 | 403 => FaultKind::Authentication,
            404 => FaultKind::NotFound,
            429 if tagged("quota") => FaultKind::QuotaExhausted,
            429 if tagged("overloaded") => FaultKind::Overloaded,
            429 => FaultKind::RateLimited,
            503 | 529 => FaultKind::Overloaded,
            500.. => FaultKind::ServerError,
            _ if tagged("not_found") => FaultKind::NotFound,
            _ if MODEL_MISSING_IN_A_400.contains(&self.id.as_str()) => FaultKind::NotFound,
            _ => FaultKind::BadRequest,
        }
    }
}

fn recorded_errors() -> Vec<Exchange> {
    let Ok(providers) = std::fs::read_dir(CORPUS) else {
        println!("skipped: no corpus at {CORPUS}");
        return Vec::new();
    };
    let folders = providers.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().contains("-error_"));
    paths.sort();
    paths.iter().map(|path| Exchange::read(path)).collect()
}

#[test]
fn recorded_errors_have_the_kind_of_their_tags() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for exchange in recorded_errors() {
        let failure = exchange.classify();
        let (kind, expected) = (failure.fault.kind, exchange.expected());
        println!("{:<52} {:?}", exchange.id, kind);
        if kind != expected {
            wrong.push(format!("{}: {kind:?}, not {expected:?}: {}", exchange.id, failure.message));
        }
        *counts.entry(format!("{kind:?}")).or_default() += 1;
    }
    println!("{} recorded errors, none left out: {counts:?}", counts.values().sum::<usize>());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn recorded_hints_are_found() {
    let mut hinted = 0;
    for exchange in recorded_errors() {
        let told = |name: &str, unit: u64| {
            let value = exchange.headers.get(name)?.to_str().ok()?;
            Some(Duration::from_millis(value.parse::<u64>().ok()? * unit))
        };
        let Some(wait) = told("retry-after-ms", 1).or_else(|| told("retry-after", 1_000)) else {
            continue;
        };
        assert_eq!(exchange.classify().fault.hint, Some(wait), "{}", exchange.id);
        hinted += 1;
    }
    println!("{hinted} recorded errors with a header that says when to come back");
}
