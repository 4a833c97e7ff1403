//! "Did you mean ...?"

/// Least likeness, from 0 to 1, at which a name is worth naming.
const ALIKE: f64 = 0.80;

/// The help line that names the most similar of `names`, if one is similar.
pub(super) fn did_you_mean<'a>(
    word: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, names).map(|name| format!("did you mean `{name}`?"))
}

/// The most similar of `names`, if one is similar enough.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    names
        .into_iter()
        .map(|name| (likeness(&lower, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Letters that differ, relative to the length: fairer to long keys with one slip than a fixed
/// number of edits, and stricter with short ones.
fn likeness(a: &str, b: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(a, b);
    let shorter = a.len().min(b.len());
    let contained = shorter >= 5 && (a.ends_with(b) || b.ends_with(a));
    if contained { whole.max(ALIKE) } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_caught_and_strangers_are_not() {
        let names = ["num_retries", "timeout", "cooldown_time", "fallback-gpt"];
        assert_eq!(nearest("num_retry", names), None);
        assert_eq!(nearest("num_retrys", names), Some("num_retries"));
        assert_eq!(nearest("request_timeout", names), Some("timeout"));
        assert_eq!(nearest("cooldowntime", names), Some("cooldown_time"));
        assert_eq!(nearest("fallbck-gpt", names), Some("fallback-gpt"));
        assert_eq!(nearest("banana", names), None);
    }
}
