//! Our own scores of models.

use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../catalogue/quality.tsv");
static SCORES: LazyLock<HashMap<String, f64>> = LazyLock::new(|| {
    let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
    let score = |line: &str| {
        let (name, score) = line.split_once('\t')?;
        Some((plain(name), score.parse().ok()?))
    };
    lines.filter_map(score).collect()
});

/// What may follow a name without making it another model.
const VERSIONS: [&str; 7] = ["latest", "preview", "exp", "instruct", "it", "free", "versatile"];

/// The score of a model, by whatever provider: of the name, or of the name that it is a version of.
/// A model of which nothing is known has none; least of all has a newer one the score of an older.
pub(crate) fn quality(model: &str) -> Option<f64> {
    let name = model.rsplit('/').next().map(plain)?;
    let mut rest = name.as_str();
    loop {
        if let Some(score) = SCORES.get(rest) {
            return Some(*score);
        }
        let (shorter, last) = rest.rsplit_once('-')?;
        if !is_version(last) {
            return None;
        }
        rest = shorter;
    }
}

/// A word, or a part of a date; `5` of `gpt-4-5` is neither.
fn is_version(part: &str) -> bool {
    let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
    VERSIONS.contains(&part) || (is_number && part.len() >= 2)
}

/// Providers write `4.6` and `4-6`, and `:` before a variant.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['.', ':', '@', '_'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_read_and_lies_between_0_and_100() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(SCORES.len(), lines, "a model stands there twice, or is not read");
        assert!(SCORES.values().all(|score| (0.0..=100.0).contains(score)));
    }

    #[test]
    fn a_score_is_that_of_the_longest_name() {
        let same = |one: &str, other: &str| {
            assert!(quality(one).is_some(), "{one}");
            assert_eq!(quality(one), quality(other), "{one}");
        };
        same("claude-sonnet-4-6", "anthropic/claude-sonnet-4.6");
        same("claude-sonnet-4-6-20250514", "claude-sonnet-4-6");
        same("gpt-4.1-2025-04-14", "gpt-4.1");
        same("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash");
        same("meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b-versatile");
        assert!(quality("gpt-4.1") > quality("gpt-4.1-mini"));
        assert_ne!(quality("claude-sonnet-4-6"), quality("claude-sonnet-4"));
        for unknown in
            ["gpt-4.7", "gpt-5-codex", "claude-sonnet-6", "gemini-2.5-flash-image", "", "-"]
        {
            assert_eq!(quality(unknown), None, "{unknown}");
        }
    }
}
