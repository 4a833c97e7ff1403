//! A JSON schema that came with a request: compiled once, asked within bounds.
//!
//! It is a stranger's program. References are followed within it alone, never to a file or over the
//! network; patterns are matched in linear time; and what a validation would cost is counted before
//! it is begun (`effort.rs`).

use std::fmt;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::effort;

/// Larger schemas are not compiled. OpenAI takes 120,000 characters of names and values.
const SCHEMA_BYTES: usize = 256 << 10;
/// Most that one compiled pattern may take.
const PATTERN_BYTES: usize = 128 << 10;

/// A schema that can be asked.
pub(super) struct Schema {
    source: Value,
    validator: Validator,
}

/// Why a schema says nothing of an answer. The answer then counts as good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("is larger than {SCHEMA_BYTES} bytes")]
    Large,
    #[error("is no JSON schema that can be used here")]
    Invalid,
    #[error("costs too much to check, or refers to something outside of it")]
    Costly,
}

impl Schema {
    pub(super) fn compile(text: &str) -> Result<Self, Unusable> {
        if text.len() > SCHEMA_BYTES {
            return Err(Unusable::Large);
        }
        let source: Value = serde_json::from_str(text).map_err(|_| Unusable::Invalid)?;
        if !effort::is_compiled_once(&source) {
            return Err(Unusable::Costly);
        }
        let patterns =
            PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(8 * PATTERN_BYTES);
        let options = jsonschema::options().offline().with_pattern_options(patterns);
        // What a format means is less certain than that an answer which breaks it is useless.
        let validator = options.should_validate_formats(false).build(&source);
        Ok(Self { validator: validator.map_err(|_| Unusable::Invalid)?, source })
    }

    /// Whether the schema describes `value`.
    pub(super) fn accepts(&self, value: &Value) -> Result<bool, Unusable> {
        if !effort::is_bounded(&self.source, value) {
            return Err(Unusable::Costly);
        }
        Ok(self.validator.is_valid(value))
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}
