//! JSON objects read one level deep: who needs three members of a body builds no tree of the rest.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::envelope::RequestError;

/// The members of an object as they stand in the text, duplicates and all.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A JSON string without its escapes, borrowed where it has none; none where `raw` is no string.
///
/// Half of a surrogate pair, which clients make by cutting an emoji in two, becomes U+FFFD.
pub(crate) fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let lossless = serde_json::from_str::<String>(raw);
    lossless
        .or_else(|_| serde_json::from_str::<Lossy>(raw).map(|Lossy(text)| text))
        .ok()
        .map(Cow::Owned)
}

/// A string whose unpaired surrogates, which come as bytes that are no UTF-8, are replaced.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Replace;

        impl Visitor<'_> for Replace {
            type Value = Lossy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
                Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
            }
        }

        deserializer.deserialize_bytes(Replace)
    }
}

/// Members with their names unescaped.
pub(crate) type Named<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// The name that a key spells.
pub(crate) fn name_of(key: &RawValue) -> Cow<'_, str> {
    unescape(key.get()).unwrap_or_else(|| Cow::Borrowed(key.get()))
}

/// What a JSON value is, in words for a message.
pub(crate) fn kind_of(raw: &str) -> &'static str {
    match raw.bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(_) => "a number",
        None => "nothing",
    }
}

/// An object whose members are read by name, with errors that say where they are.
///
/// `null` counts as absent, as it does at OpenAI; of duplicates the last one counts.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    path: String,
    members: Named<'a>,
}

impl<'a> Object<'a> {
    /// The body itself, with members that were read before.
    pub(crate) const fn body(members: Named<'a>) -> Self {
        Self { path: String::new(), members }
    }

    /// Reads `raw`, which stands at `path` in the body (empty for the body itself).
    pub(crate) fn read(raw: &'a str, path: String) -> Result<Self, RequestError> {
        if !raw.starts_with('{') {
            return Err(RequestError::wrong_type(&path, "an object", kind_of(raw)));
        }
        let Members(members) = serde_json::from_str(raw)
            .map_err(|error| RequestError::wrong_value(&path, &format!("is not JSON: {error}")))?;
        let members = members.into_iter().map(|(key, value)| (name_of(key), value)).collect();
        Ok(Self { path, members })
    }

    /// The path of the member `key`.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The raw member; none where it is absent or `null`.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, value) = self.members.iter().rev().find(|(name, _)| name == key)?;
        (value.get() != "null").then_some(*value)
    }

    /// The member as `T`.
    pub(crate) fn typed<T: Deserialize<'a>>(
        &self,
        key: &str,
        expected: &str,
    ) -> Result<Option<T>, RequestError> {
        let Some(raw) = self.get(key) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| self.wrong_type(key, expected))
    }

    /// The member as a string.
    pub(crate) fn text(&self, key: &str) -> Result<Option<Cow<'a, str>>, RequestError> {
        let Some(raw) = self.get(key) else { return Ok(None) };
        unescape(raw.get()).map(Some).ok_or_else(|| self.wrong_type(key, "a string"))
    }

    /// The member as a string that must be there; `what` says what it is for.
    pub(crate) fn required_text(&self, key: &str, what: &str) -> Result<String, RequestError> {
        self.text(key)?
            .map(Cow::into_owned)
            .ok_or_else(|| RequestError::missing(&self.path_of(key), what))
    }

    /// The member as an object.
    pub(crate) fn object(&self, key: &str) -> Result<Option<Self>, RequestError> {
        self.get(key).map(|raw| Self::read(raw.get(), self.path_of(key))).transpose()
    }

    /// The member as a list, each element with its path.
    pub(crate) fn list(&self, key: &str) -> Result<Vec<(String, &'a RawValue)>, RequestError> {
        let elements: Vec<&RawValue> = self.typed(key, "an array")?.unwrap_or_default();
        let path = self.path_of(key);
        let placed = elements.into_iter().enumerate();
        Ok(placed.map(|(index, raw)| (format!("{path}[{index}]"), raw)).collect())
    }

    /// The member `key` is not `expected`.
    pub(crate) fn wrong_type(&self, key: &str, expected: &str) -> RequestError {
        let found = self.get(key).map_or("null", |raw| kind_of(raw.get()));
        RequestError::wrong_type(&self.path_of(key), expected, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped() {
        assert!(matches!(unescape("\"plain あ\""), Some(Cow::Borrowed("plain あ"))));
        assert_eq!(unescape(r#""a\n\"\u00e9\ud83d\ude00""#).unwrap(), "a\n\"é\u{1f600}");
        assert_eq!(unescape(r#""a\ud83d!""#).unwrap().chars().last(), Some('!'));
        assert_eq!(unescape("7"), None);
        assert_eq!(unescape("null"), None);
    }
}
