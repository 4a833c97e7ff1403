//! The operator's own check: texts that match one of their patterns.

use crate::config::Pattern;

/// Whether any pattern is found in the text. Patterns are matched in linear time and were bounded
/// when the configuration was read.
pub(super) fn is_caught(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(text))
}
