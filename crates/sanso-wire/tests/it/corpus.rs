//! The recorded exchanges, where they are at hand.
#![cfg(test)] // Lets the lints know that helpers here fail tests only.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One recorded exchange of OpenAI's chat completions.
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) request: String,
    pub(crate) status: u64,
    /// `json` or `sse`.
    pub(crate) format: String,
    pub(crate) body: String,
}

/// All exchanges over `/chat/completions`; none, with a word about it, where the corpus is absent.
pub(crate) fn chat_completions() -> Vec<Exchange> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus"));
    let mut files: Vec<PathBuf> = Vec::new();
    for provider in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let exchanges = std::fs::read_dir(provider.path()).into_iter().flatten().flatten();
        files.extend(exchanges.map(|entry| entry.path()));
    }
    if files.is_empty() {
        println!("skipped: no corpus at {}", root.display());
    }
    files.sort();
    files.iter().filter_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Option<Exchange> {
    let exchange: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    if exchange["api"] != "chat_completions" {
        return None;
    }
    let response = &exchange["response"];
    Some(Exchange {
        name: file.file_stem()?.to_string_lossy().into_owned(),
        request: text(&exchange["request"]["body"]),
        status: response["status"].as_u64()?,
        format: response["format"].as_str()?.to_owned(),
        body: text(&response["body"]),
    })
}

/// A body that is kept as text, or as the JSON that it was.
fn text(body: &Value) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}
