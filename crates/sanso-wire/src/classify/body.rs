//! The many shapes of an error body, read once into one struct.
//!
//! Providers answer an error as `{"error": {..}}`, `{"error": "text"}`, flat, as `{"detail": ..}`,
//! as an array of one, as plain text, as a proxy's HTML page, or with nothing at all. Nothing
//! downstream looks at the body again.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Longest message kept, in characters: enough for every real one, and a bound on what a log line or
/// an error answer can grow to.
const MAX_MESSAGE: usize = 2_000;

/// Longest error word (type, code, parameter, quota id) kept, in characters.
const MAX_WORD: usize = 200;

/// What the body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing but white space.
    #[default]
    Empty,
    /// A web page, as proxies and front ends send.
    Html,
    /// Not JSON.
    Text,
    /// JSON in which no error can be found.
    Silent,
    /// JSON that states an error.
    Error,
}

/// What a provider said about a failure, whatever the shape of its body.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What the body is.
    pub(super) shape: Shape,
    /// The message, cut to a sane length; never empty.
    pub(super) message: Option<String>,
    /// `error.type`, `error_type`, `__type`.
    pub(super) kind: Option<String>,
    /// `error.code`, a number as its digits.
    pub(super) code: Option<String>,
    /// `error.param`.
    pub(super) param: Option<String>,
    /// Google's canonical status, such as `RESOURCE_EXHAUSTED`.
    pub(super) rpc: Option<String>,
    /// The HTTP status that the body names, 400 to 599.
    pub(super) status: Option<u16>,
    /// Finer reasons: Google `ErrorInfo.reason`, Azure `innererror.code`, Anthropic `error_code`.
    pub(super) reasons: Vec<String>,
    /// Quotas that Google names, such as `GenerateRequestsPerDayPerProjectPerModel`.
    pub(super) quotas: Vec<String>,
    /// Google `RetryInfo.retryDelay`, such as `34s`.
    pub(super) retry_delay: Option<String>,
    /// OpenRouter lists what its moderation objected to.
    pub(super) flagged: bool,
}

impl Said {
    /// Reads a body, whatever it is.
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        match parse(text) {
            Some(value) => Self::from_json(&value),
            None if text.is_empty() => Self::default(),
            None if is_html(text) => Self::from_text(Shape::Html, &describe_html(text)),
            None => Self::from_text(Shape::Text, text),
        }
    }

    /// Type, code, canonical status and reasons: what can be compared without reading prose, the
    /// most specific first.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let first = [&self.code, &self.kind, &self.rpc].into_iter().flatten();
        self.reasons.iter().chain(first).map(String::as_str)
    }

    fn from_text(shape: Shape, text: &str) -> Self {
        Self { shape, message: Some(cut(text, MAX_MESSAGE)), ..Self::default() }
    }

    fn from_json(value: &Value) -> Self {
        match value {
            Value::Object(body) => Self::from_object(body),
            Value::Array(items) => items.first().map_or_else(Self::silent, Self::from_json),
            Value::String(text) if !text.trim().is_empty() => {
                Self::from_text(Shape::Error, text.trim())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Self::silent(),
        }
    }

    fn silent() -> Self {
        Self { shape: Shape::Silent, ..Self::default() }
    }

    fn from_object(body: &Map<String, Value>) -> Self {
        match (body.get("error"), body.get("errors"), body.get("detail")) {
            (Some(Value::Object(error)), _, _) => Self::from_error(error, Some(body)),
            (Some(Value::String(text)), _, _) => Self::from_error(body, None).with_error_text(text),
            (_, Some(Value::Array(errors)), _) => {
                errors.first().map_or_else(Self::silent, Self::from_json)
            }
            (_, _, Some(Value::Object(detail))) => Self::from_error(detail, Some(body)),
            (_, _, Some(detail)) => Self::from_error(body, None).with_detail(detail),
            (_, _, None) => Self::from_error(body, None),
        }
    }

    /// Reads an error object; `around` is the body that it stands in, where it is not the body
    /// itself.
    fn from_error(error: &Map<String, Value>, around: Option<&Map<String, Value>>) -> Self {
        let code = word(error, &["code", "error_code"]);
        let kind = word(error, &["type", "error_type", "__type"]);
        let mut said = Self {
            shape: Shape::Silent,
            message: first_text(error, &["message", "Message", "msg", "error_message", "error"]),
            // `{"type": "error", ..}` is Anthropic's envelope, not a type of error.
            kind: kind.filter(|kind| kind != "error"),
            param: word(error, &["param"]),
            rpc: word(error, &["status"]).filter(|status| status.parse::<u16>().is_err()),
            status: status_in(error).or_else(|| around.and_then(status_in)),
            code,
            ..Self::default()
        };
        said.status = said.status.or_else(|| said.code.as_deref().and_then(as_status));
        said.read_details(error);
        said.read_upstream(error);
        // An answer has a `type` too: flat, it takes more than that to be an error.
        let named = around.is_some() || error.contains_key("__type");
        if said.message.is_some() || said.code.is_some() || (named && said.words().next().is_some())
        {
            said.shape = Shape::Error;
        }
        said
    }

    /// `{"error": "text"}`: the text is the message, or a kind where there is a message beside it.
    fn with_error_text(mut self, text: &str) -> Self {
        let text = text.trim();
        let message = self.message.take().filter(|message| *message != cut(text, MAX_MESSAGE));
        if message.is_some() {
            self.kind = self.kind.or_else(|| Some(cut(text, MAX_WORD)));
        }
        self.message = message.or_else(|| non_empty(text));
        if self.message.is_some() {
            self.shape = Shape::Error;
        }
        self
    }

    /// FastAPI's `detail`: a text, or a list of what is wrong with which field.
    fn with_detail(mut self, detail: &Value) -> Self {
        let said = match detail {
            Value::String(text) => non_empty(text),
            Value::Array(items) => non_empty(
                &items.iter().take(5).filter_map(validation_error).collect::<Vec<_>>().join("; "),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        };
        self.message = said.or(self.message);
        if self.message.is_some() {
            self.shape = Shape::Error;
        }
        self
    }

    /// Google's `details`, Azure's `innererror`, Anthropic's `error_code`.
    fn read_details(&mut self, error: &Map<String, Value>) {
        for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
            let kind = detail.get("@type").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with("QuotaFailure") {
                let violations = detail.get("violations").and_then(Value::as_array);
                for violation in violations.into_iter().flatten() {
                    self.quotas.extend(string_at(violation, "quotaId"));
                    self.quotas.extend(string_at(violation, "quotaMetric"));
                }
            } else if kind.ends_with("RetryInfo") {
                self.retry_delay = string_at(detail, "retryDelay");
            } else if kind.ends_with("ErrorInfo") {
                self.reasons.extend(string_at(detail, "reason"));
            }
        }
        for (object, key) in [("innererror", "code"), ("details", "error_code")] {
            self.reasons.extend(error.get(object).and_then(|inner| string_at(inner, key)));
        }
    }

    /// OpenRouter wraps the error of the provider behind it, as text or as JSON in a string.
    fn read_upstream(&mut self, error: &Map<String, Value>) {
        let Some(metadata) = error.get("metadata").and_then(Value::as_object) else { return };
        self.flagged = metadata.contains_key("reasons") || metadata.contains_key("flagged_input");
        let Some(raw) = metadata.get("raw").and_then(Value::as_str) else { return };
        let upstream = Self::read(raw.as_bytes());
        if let Some(inner) = upstream.message {
            let outer = self.message.take().unwrap_or_else(|| "Provider returned error".to_owned());
            self.message = Some(cut(&format!("{outer}: {inner}"), MAX_MESSAGE));
        }
        // OpenRouter's own code is only the status again.
        if upstream.code.is_some() {
            self.code = upstream.code;
        }
        self.kind = self.kind.take().or(upstream.kind);
        self.param = self.param.take().or(upstream.param);
        self.rpc = self.rpc.take().or(upstream.rpc);
        self.retry_delay = self.retry_delay.take().or(upstream.retry_delay);
        self.reasons.extend(upstream.reasons);
        self.quotas.extend(upstream.quotas);
    }
}

/// Parses JSON; Vertex AI ends some of its error arrays with a trailing comma, which is forgiven.
fn parse(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(&without_trailing_commas(text)).ok()
}

fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        let closes = |rest: &str| rest.trim_start().starts_with(['}', ']']);
        if c == ',' && !in_string && closes(&text[at + 1..]) {
            continue;
        }
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

fn is_html(text: &str) -> bool {
    let head: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.contains("<html") || head.contains("<head")
}

/// A page is named by its title rather than pasted.
fn describe_html(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|open| {
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        non_empty(&text[start..end].split_whitespace().collect::<Vec<_>>().join(" "))
    });
    match title {
        Some(title) => format!("an HTML page: {}", cut(&title, MAX_WORD)),
        None => "an HTML page without a title".to_owned(),
    }
}

/// `{"loc": ["body", "messages"], "msg": "Field required"}` as `body.messages: Field required`.
fn validation_error(item: &Value) -> Option<String> {
    let message = item.as_str().or_else(|| item.get("msg")?.as_str())?;
    let place = item.get("loc").and_then(Value::as_array).map(|path| {
        let segment = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
        path.iter().map(segment).collect::<Vec<_>>().join(".")
    });
    Some(place.map_or_else(|| message.to_owned(), |place| format!("{place}: {message}")))
}

/// The status that an object names in one of the fields used for it.
fn status_in(object: &Map<String, Value>) -> Option<u16> {
    ["status", "status_code", "statusCode", "raw_status_code"].into_iter().find_map(|key| {
        let value = object.get(key)?;
        as_status(&value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed))
    })
}

fn as_status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (400..=599).contains(status))
}

fn first_text(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| non_empty(object.get(*key)?.as_str()?))
}

/// A short machine-readable value: a string, or a number as its digits.
fn word(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| match object.get(*key)? {
        Value::String(text) if !text.is_empty() => Some(cut(text, MAX_WORD)),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    })
}

fn string_at(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(|text| cut(text, MAX_WORD))
}

fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| cut(text, MAX_MESSAGE))
}

/// At most `limit` characters, the last an ellipsis where something was left out.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}
