//! One value of the file, read as the kind that is wanted.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value as Json;

use super::reader::{Place, Reader, Table};
use super::units::{self, BadDuration};
use super::yaml::{Node, Value};

/// A value and its place. Every reading that fails has noted why.
#[derive(Clone)]
pub(super) struct Field<'n> {
    pub(super) node: &'n Node,
    pub(super) place: Place,
}

/// A scalar after `os.environ/` and `file:` were followed.
enum Scalar {
    Bool(bool),
    Number(f64),
    Text(String),
}

impl<'n> Field<'n> {
    pub(super) fn table(&self, reader: &mut Reader<'_>) -> Option<Table<'n>> {
        match &self.node.value {
            Value::Map(entries) => Some(Table::new(entries, self.place.clone(), reader)),
            _ => self.wrong_kind(reader, "a mapping"),
        }
    }

    /// As [`Self::table`], where something else is no mistake.
    pub(super) fn as_mapping(&self, reader: &mut Reader<'_>) -> Option<Table<'n>> {
        match &self.node.value {
            Value::Map(entries) => Some(Table::new(entries, self.place.clone(), reader)),
            _ => None,
        }
    }

    pub(super) fn list(&self, reader: &mut Reader<'_>) -> Option<Vec<Self>> {
        match &self.node.value {
            Value::List(items) => {
                let item = |(index, node): (usize, &'n Node)| Field {
                    node,
                    place: Place {
                        path: format!("{}[{index}]", self.place.path),
                        span: Some(node.span),
                    },
                };
                Some(items.iter().enumerate().map(item).collect())
            }
            _ => self.wrong_kind(reader, "a list"),
        }
    }

    pub(super) fn text(&self, reader: &mut Reader<'_>) -> Option<String> {
        match &self.node.value {
            Value::Text(text) => self.follow(text, reader),
            _ => self.wrong_kind(reader, "a string"),
        }
    }

    /// Text that is never shown.
    pub(super) fn secret(&self, reader: &mut Reader<'_>) -> Option<SecretString> {
        reader.source.hide(self.node);
        let text = self.text(reader)?;
        if text.trim().is_empty() {
            reader.error(&self.place, "an empty string is no secret", None);
            return None;
        }
        Some(text.into())
    }

    pub(super) fn boolean(&self, reader: &mut Reader<'_>) -> Option<bool> {
        match self.scalar(reader, "true or false")? {
            Scalar::Bool(value) => Some(value),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Scalar::Number(_) | Scalar::Text(_) => self.wrong(reader, "true or false"),
        }
    }

    /// Whether it says `false`, and nothing else.
    pub(super) fn is_false(&self) -> bool {
        matches!(self.node.value, Value::Bool(false))
    }

    /// A finite number that is not negative, or its digits in quotes.
    pub(super) fn number(&self, reader: &mut Reader<'_>) -> Option<f64> {
        let number = match self.scalar(reader, "a number")? {
            Scalar::Number(number) => Some(number),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Bool(_) => None,
        };
        match number.filter(|number: &f64| number.is_finite()) {
            None => self.wrong(reader, "a number"),
            Some(number) if number < 0.0 => self.negative(reader),
            Some(number) => Some(number),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, reader: &mut Reader<'_>) -> Option<u32> {
        let number = self.number(reader)?;
        if number.fract() == 0.0 && number <= f64::from(u32::MAX) {
            Some(number as u32)
        } else {
            self.wrong(reader, "a whole number")
        }
    }

    /// As [`Self::count`], without its limit.
    pub(super) fn tokens(&self, reader: &mut Reader<'_>) -> Option<u64> {
        let number = self.number(reader)?;
        if number.fract() == 0.0 && number < 1e15 {
            Some(number as u64)
        } else {
            self.wrong(reader, "a whole number")
        }
    }

    /// A number from 0 to 1.
    pub(super) fn share(&self, reader: &mut Reader<'_>) -> Option<f64> {
        let number = self.number(reader)?;
        if number <= 1.0 { Some(number) } else { self.wrong(reader, "a number from 0 to 1") }
    }

    /// Seconds as LiteLLM writes them (a number, maybe in quotes), or with a unit as sanso does.
    pub(super) fn duration(&self, reader: &mut Reader<'_>) -> Option<Duration> {
        const WANTED: &str = "a duration such as 30, \"30s\" or \"250ms\"";
        let duration = match self.scalar(reader, WANTED)? {
            Scalar::Number(number) => units::seconds(number),
            Scalar::Text(text) => units::duration(&text),
            Scalar::Bool(_) => Err(BadDuration::NotADuration),
        };
        match duration {
            Ok(duration) => Some(duration),
            Err(BadDuration::NotADuration) => self.wrong(reader, WANTED),
            Err(BadDuration::Negative) => self.negative(reader),
            Err(BadDuration::TooLong) => self.wrong(reader, "a duration of at most a year"),
        }
    }

    /// A duration above zero: a limit of nothing would refuse every call.
    pub(super) fn limit(&self, reader: &mut Reader<'_>) -> Option<Duration> {
        let duration = self.duration(reader)?;
        if duration.is_zero() {
            return self.wrong(reader, "a duration above zero");
        }
        Some(duration)
    }

    pub(super) fn size(&self, reader: &mut Reader<'_>) -> Option<usize> {
        const WANTED: &str = "a size such as \"256KiB\" or \"8MiB\"";
        let text = match self.scalar(reader, WANTED)? {
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text,
            Scalar::Bool(_) => String::new(),
        };
        match units::size(&text) {
            Some(0) | None => self.wrong(reader, WANTED),
            Some(size) => Some(size),
        }
    }

    /// The value as it goes to a provider, with every string followed.
    pub(super) fn json(&self, reader: &mut Reader<'_>) -> Option<Json> {
        Some(match &self.node.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Float(value) if value.is_finite() => Json::from(*value),
            Value::Float(_) => return self.wrong(reader, "a finite number"),
            Value::Text(text) => Json::String(self.follow(text, reader)?),
            Value::List(_) => {
                let items = self.list(reader)?;
                Json::Array(items.iter().filter_map(|item| item.json(reader)).collect())
            }
            Value::Map(_) => {
                let entries = self.table(reader)?.rest();
                let entry = |(key, field): (&super::yaml::Key, Field<'n>)| {
                    Some((key.name.clone(), field.json(reader)?))
                };
                Json::Object(entries.into_iter().filter_map(entry).collect())
            }
        })
    }

    fn scalar(&self, reader: &mut Reader<'_>, wanted: &str) -> Option<Scalar> {
        match &self.node.value {
            Value::Bool(value) => Some(Scalar::Bool(*value)),
            Value::Int(value) => Some(Scalar::Number(*value as f64)),
            Value::Float(value) => Some(Scalar::Number(*value)),
            Value::Text(text) => self.follow(text, reader).map(Scalar::Text),
            Value::Null | Value::List(_) | Value::Map(_) => self.wrong_kind(reader, wanted),
        }
    }

    /// The variable or the file that stands for the value.
    pub(super) fn follows(&self) -> Option<String> {
        let Value::Text(text) = &self.node.value else { return None };
        let named = text.strip_prefix("os.environ/");
        named
            .or_else(|| text.strip_prefix("file:").filter(|it| it.starts_with('/')))
            .map(str::to_owned)
    }

    /// Follows `os.environ/NAME` and `file:/path`; all other text is itself.
    fn follow(&self, text: &str, reader: &mut Reader<'_>) -> Option<String> {
        if let Some(name) = text.strip_prefix("os.environ/") {
            match reader.variable(name) {
                Some(value) => Some(reader.keep_out_of_messages(value)),
                None => {
                    reader.unset(&self.place, format!("the variable `{name}` is not set"));
                    None
                }
            }
        } else if let Some(path) = text.strip_prefix("file:").filter(|path| path.starts_with('/')) {
            match reader.file(path) {
                Ok(value) => Some(reader.keep_out_of_messages(value)),
                Err(error) => {
                    reader.unset(&self.place, format!("cannot read `{path}`: {}", error.kind()));
                    None
                }
            }
        } else {
            Some(text.to_owned())
        }
    }

    /// Notes that a value of another kind was expected.
    fn wrong_kind<T>(&self, reader: &mut Reader<'_>, wanted: &str) -> Option<T> {
        let message =
            format!("`{}` must be {wanted}, found {}", self.key(), self.node.value.kind());
        reader.error(&self.place, message, None);
        None
    }

    /// Notes that a value is not what it must be. It is not quoted: it may be a secret.
    pub(super) fn wrong<T>(&self, reader: &mut Reader<'_>, wanted: &str) -> Option<T> {
        reader.error(&self.place, format!("`{}` must be {wanted}", self.key()), None);
        None
    }

    /// The last key of the path, for messages.
    pub(super) fn key(&self) -> &str {
        self.place.path.rsplit('.').next().unwrap_or_default()
    }

    fn negative<T>(&self, reader: &mut Reader<'_>) -> Option<T> {
        let key = self.key();
        reader.error(&self.place, format!("`{key}` must not be negative"), None);
        None
    }
}
