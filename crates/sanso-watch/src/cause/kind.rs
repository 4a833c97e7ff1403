//! The kind of fault that a cause names.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::Soft;
use crate::kind::Kind;

/// A kind of fault; of a soft one with what is wrong. In JSON one word: `Overloaded`, `Soft(schema)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseKind {
    /// The kind.
    pub kind: Kind,
    /// What is wrong with the answers, of [`Kind::Soft`].
    pub soft: Option<Soft>,
}

impl From<Kind> for CauseKind {
    fn from(kind: Kind) -> Self {
        Self { kind, soft: None }
    }
}

impl fmt::Display for CauseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.soft {
            Some(soft) => write!(f, "{}({})", self.kind, soft.as_str()),
            None => self.kind.fmt(f),
        }
    }
}

impl CauseKind {
    /// Reads what [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some((kind, soft)) = text.strip_suffix(')').and_then(|text| text.split_once('('))
        else {
            return Kind::parse(text).map(Self::from);
        };
        let soft = Soft::ALL.into_iter().find(|known| known.as_str() == soft)?;
        let kind = Kind::parse(kind).filter(|kind| *kind == Kind::Soft)?;
        Some(Self { kind, soft: Some(soft) })
    }
}

impl Serialize for CauseKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CauseKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a kind of fault"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let soft = |soft| CauseKind { kind: Kind::Soft, soft: Some(soft) };
        for kind in Kind::ALL.map(CauseKind::from).into_iter().chain(Soft::ALL.map(soft)) {
            assert_eq!(CauseKind::parse(&kind.to_string()), Some(kind));
        }
        assert_eq!(soft(Soft::Schema).to_string(), "Soft(schema)");
        for text in ["", "()", "Soft()", "Timeout(schema)", "Soft(schema", "Nobody"] {
            assert_eq!(CauseKind::parse(text), None, "{text}");
        }
    }
}
