//! YAML text to a tree of values that know where they stand.
//!
//! The one file that knows the YAML library. It gives every node a position, hands repeated keys on
//! (so that we report them together with everything else), expands anchors and merge keys, and bounds
//! depth, size and alias expansion.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

/// A place in the text. Lines and columns count from 1, in characters; `start..end` are bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A value, where it is used, and where it was written (elsewhere, if it came through an alias).
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
    pub(super) written: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file; a repeated key stands here twice.
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Span,
}

impl Value {
    /// What the value is, for "found ...".
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Why the text is not YAML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) span: Span,
}

/// Reads one YAML document. An empty text is a null.
pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        // A file of honest anchors stays far below; a bomb of them is refused in milliseconds.
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| syntax_error(text, &error))
}

fn syntax_error(text: &str, error: &serde_saphyr::Error) -> SyntaxError {
    let message = match error.without_snippet() {
        serde_saphyr::Error::MultipleDocuments { .. } => "a second document begins".to_owned(),
        other => other.to_string(),
    };
    let mut span = error.location().map(span).unwrap_or_default();
    // Errors know line and column, but no bytes; and the line need not stand there twice.
    let place = format!(" at line {}, column {}", span.line, span.column);
    let line = text.split_inclusive('\n').take(span.line.saturating_sub(1));
    let line_start: usize = line.map(str::len).sum();
    let rest = text.get(line_start..).unwrap_or_default();
    let column = rest.char_indices().nth(span.column.saturating_sub(1));
    span.start = line_start + column.map_or(rest.len(), |(offset, _)| offset);
    span.end = span.start;
    SyntaxError { message: message.strip_suffix(&place).unwrap_or(&message).to_owned(), span }
}

fn span(location: Location) -> Span {
    let index = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let bytes = location.span();
    let start = bytes.byte_offset().map_or(0, index);
    Span {
        line: index(location.line()),
        column: index(location.column()),
        start,
        end: start.saturating_add(bytes.byte_len().map_or(0, index)),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value, span: span(referenced), written: span(defined) })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self { name: key.value, span: span(key.referenced) })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Float(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Float(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(node: &Node) -> &[(Key, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            other => panic!("expected a mapping, found {other:?}"),
        }
    }

    #[test]
    fn every_scalar_knows_its_bytes() {
        let text = "a: \"x y\" # c\nb: {c: plain, d: 'ü'}\ne: |\n  one\n  two\nf: [1, 2.5]\n";
        let node = parse(text).unwrap();
        let at = |span: Span| &text[span.start..span.end];
        let top = entries(&node);
        assert_eq!(at(top[0].1.written), "\"x y\"");
        assert_eq!(at(entries(&top[1].1)[0].1.written), "plain");
        assert_eq!(at(entries(&top[1].1)[1].1.written), "'ü'");
        assert!(at(top[2].1.written).contains("two"), "{:?}", top[2].1);
        assert_eq!((top[3].0.span.line, top[3].0.span.column), (6, 1));
    }

    #[test]
    fn repeated_keys_and_aliases_are_handed_on() {
        let text = "k: &k secret\nk: 2\nm: *k\nn: {<<: {a: 1}, b: 2}\n";
        let node = parse(text).unwrap();
        let top = entries(&node);
        assert_eq!(top.len(), 4);
        assert_eq!(top[2].1.span.line, 3);
        assert_eq!(top[2].1.written.line, 1);
        assert_eq!(entries(&top[3].1).len(), 2);
    }

    #[test]
    fn what_is_not_yaml_has_a_place() {
        let error = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.span.line >= 2, "{error:?}");
        assert!(!error.message.contains('\n'), "{error:?}");
        assert!(matches!(parse("").unwrap().value, Value::Null));
    }
}
