//! Where the members of an object stand in its text, so that some can be cut out or replaced while
//! every other byte stays as the client wrote it.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::object::{Members, Named, name_of, unescape};

/// The places of an object's members within a text, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout(Vec<Place>);

#[derive(Clone, Debug)]
struct Place {
    /// With its quotes.
    key: Range<usize>,
    value: Range<usize>,
}

impl Layout {
    /// Reads an object that fills `text`, white space around it apart.
    pub(super) fn read(text: &str) -> Result<(Self, Named<'_>), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let Members(members) = Members::deserialize(&mut deserializer)?;
        deserializer.end()?;
        let place = |raw: &RawValue| {
            let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
            start..start + raw.get().len()
        };
        let places =
            members.iter().map(|(key, value)| Place { key: place(key), value: place(value) });
        let layout = Self(places.collect());
        let named = members.into_iter().map(|(key, value)| (name_of(key), value)).collect();
        Ok((layout, named))
    }

    /// The members' names.
    pub(super) fn names<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.iter().map(|place| {
            let key = std::str::from_utf8(slice(text, place.key.clone())).unwrap_or_default();
            unescape(key).unwrap_or(Cow::Borrowed(key))
        })
    }

    /// The members' values.
    pub(super) fn values<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().map(|place| slice(text, place.value.clone()))
    }

    /// Writes the object again, each member with the value that `value_of` gives for its position
    /// and value, or without the member where that is none; then what is `added`.
    pub(super) fn rebuild<'a>(
        &self,
        text: &'a [u8],
        value_of: impl Fn(usize, &'a [u8]) -> Option<&'a [u8]>,
        added: &[&(String, Box<RawValue>)],
    ) -> Vec<u8> {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return text.to_vec();
        };
        let mut out = Vec::with_capacity(text.len() + 64);
        out.extend_from_slice(slice(text, 0..first.key.start));
        let (mut previous_end, mut is_first) = (first.key.start, true);
        for (index, place) in self.0.iter().enumerate() {
            if let Some(value) = value_of(index, slice(text, place.value.clone())) {
                // A member brings along the comma before it, so the commas come out right
                // whichever members are cut.
                let from = if is_first { place.key.start } else { previous_end };
                out.extend_from_slice(slice(text, from..place.value.start));
                out.extend_from_slice(value);
                is_first = false;
            }
            previous_end = place.value.end;
        }
        for (name, value) in added {
            if !is_first {
                out.push(b',');
            }
            out.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
            out.push(b':');
            out.extend_from_slice(value.get().as_bytes());
            is_first = false;
        }
        out.extend_from_slice(slice(text, last.value.end..text.len()));
        out
    }
}

fn slice(text: &[u8], range: Range<usize>) -> &[u8] {
    text.get(range).unwrap_or_default()
}
