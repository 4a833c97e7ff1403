//! `sanso explain`.

use std::path::Path;
use std::process::ExitCode;

use bytes::Bytes;
use sanso::{Explanation, Gateway};
use serde_json::{Map, Value, json};

use crate::check::load;
use crate::cli::Explain;
use crate::output::{complain, refuse, say};

/// Says what would become of a request, and calls no one. Exits 2 where the configuration or the file
/// cannot be used, 1 where the gateway would refuse the request.
pub(crate) fn run(options: &Explain) -> ExitCode {
    let gateway = load(&options.config, options.reading).and_then(Gateway::from_config);
    let gateway = match gateway {
        Ok(gateway) => gateway,
        Err(report) => return refuse(report),
    };
    let body = match options.file.as_deref().map_or_else(|| Ok(typical()), read) {
        Ok(body) => body,
        Err(why) => return refuse(format!("error: {why}")),
    };
    let body = match &options.task {
        Some(task) => for_task(body, task),
        None => body,
    };
    let asked = Bytes::from(Value::Object(body).to_string());
    let explained = gateway.explain(asked, &gateway.arrive()).map_err(|error| error.to_string());
    let shown = |it| shown(&it, options.json).map_err(|error| error.to_string());
    match explained.and_then(shown) {
        Ok(text) => {
            say(text);
            ExitCode::SUCCESS
        }
        Err(why) => {
            complain(format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// Tokens of the prompt where no request is given.
const TYPICAL_PROMPT: usize = 1000;

/// A request of which nothing is known.
fn typical() -> Map<String, Value> {
    // A token counts as four bytes; without spaces it would be taken for inline media.
    let words = "why ".repeat(TYPICAL_PROMPT);
    Map::from_iter([("messages".to_owned(), json!([{"role": "user", "content": words}]))])
}

fn read(path: &Path) -> Result<Map<String, Value>, String> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| {
        format!("{shown} is no chat request: {error}\n  = help: put the JSON body of POST /v1/chat/completions there")
    })
}

/// The same request for another task: what it named itself does not count.
fn for_task(mut body: Map<String, Value>, task: &str) -> Map<String, Value> {
    body.insert("model".to_owned(), format!("task/{task}").into());
    body
}

/// Each way ends without a line break.
fn shown(explanation: &Explanation, as_json: bool) -> Result<String, serde_json::Error> {
    if as_json {
        return serde_json::to_string(explanation);
    }
    Ok(explanation.to_string().trim_end().to_owned())
}
