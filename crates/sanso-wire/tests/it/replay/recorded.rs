//! The recorded exchanges of one provider.

use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use sanso_wire::Dialect;
use serde_json::Value;

pub(super) const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");

pub(super) struct Recorded {
    pub(super) id: String,
    pub(super) dialect: Dialect,
    /// The provider's name of the model, from the body or the address.
    pub(super) model: String,
    pub(super) url: String,
    pub(super) request: Value,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) answer: Answer,
}

pub(super) enum Answer {
    /// One body, in the bytes that came (but for white space in JSON).
    Complete(Vec<u8>),
    /// Server-sent events.
    Stream(String),
}

impl Recorded {
    pub(super) fn is_ok(&self) -> bool {
        self.status == 200
    }

    pub(super) fn is_stream(&self) -> bool {
        match self.answer {
            Answer::Stream(_) => true,
            Answer::Complete(_) => false,
        }
    }

    /// Whether a stream was asked for, whatever came.
    pub(super) fn is_asked_to_stream(&self) -> bool {
        match self.dialect {
            Dialect::OpenAiChat | Dialect::Anthropic => self.request["stream"] == true,
            Dialect::Gemini => self.url.contains(":streamGenerateContent"),
        }
    }

    fn read(path: &Path, apis: &[&str], dialect: Dialect) -> Option<Self> {
        let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        if !apis.contains(&json["api"].as_str().unwrap()) {
            return None;
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (request, response) = (&json["request"], &json["response"]);
        let url = text(&request["url"]);
        Some(Self {
            id: text(&json["id"]),
            dialect,
            model: match dialect {
                Dialect::OpenAiChat | Dialect::Anthropic => text(&request["body"]["model"]),
                Dialect::Gemini => model_of(&url).to_owned(),
            },
            url,
            request: request["body"].clone(),
            status: response["status"].as_u64().unwrap().try_into().unwrap(),
            headers: headers(&response["headers"]),
            answer: Answer::new(&response["body"], response["format"] == "sse"),
        })
    }
}

impl Answer {
    fn new(body: &Value, is_sse: bool) -> Self {
        match body {
            Value::String(text) if is_sse => Self::Stream(text.clone()),
            Value::String(text) => Self::Complete(text.clone().into_bytes()),
            // Gemini streams an array where it is not asked for events. We always ask for events, and
            // they would have held these elements.
            Value::Array(elements) if !elements.iter().any(|each| each.get("error").is_some()) => {
                Self::Stream(elements.iter().map(|each| format!("data: {each}\r\n\r\n")).collect())
            }
            json => Self::Complete(json.to_string().into_bytes()),
        }
    }
}

/// `models/{model}:{method}` of a Gemini address.
fn model_of(url: &str) -> &str {
    let (_, rest) = url.split_once("/models/").unwrap();
    rest.split_once(':').unwrap().0
}

fn headers(recorded: &Value) -> HeaderMap {
    let read = |(name, value): (&String, &Value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    };
    recorded.as_object().unwrap().iter().map(read).collect()
}

/// The exchanges over `apis`, by their ids; none where the corpus is absent.
pub(super) fn all(provider: &str, apis: &[&str], dialect: Dialect) -> Vec<Recorded> {
    let folder = std::fs::read_dir(Path::new(CORPUS).join(provider));
    let mut files: Vec<PathBuf> =
        folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().filter_map(|file| Recorded::read(file, apis, dialect)).collect()
}
