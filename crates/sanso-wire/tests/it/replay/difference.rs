//! What differs between two JSON values.

use std::fmt;

use serde_json::Value;

/// One difference, at a path such as `messages[].content[].cache_control`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) path: String,
    pub(super) change: Change,
    /// For a person to read: the values, shortened.
    values: String,
}

/// How what is written differs from what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Lost,
    Added,
    Changed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} `{}`: {}", self.change, self.path, self.values)
    }
}

/// All differences, by the shortest path that tells them.
pub(super) fn between(recorded: &Value, written: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(recorded), Some(written), &mut found);
    found
}

fn compare(
    path: &str,
    recorded: Option<&Value>,
    written: Option<&Value>,
    out: &mut Vec<Difference>,
) {
    let change = match (recorded, written) {
        (None, None) => return,
        (Some(_), None) => Change::Lost,
        (None, Some(_)) => Change::Added,
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let only_new = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(only_new) {
                let dot = if path.is_empty() { "" } else { "." };
                compare(&format!("{path}{dot}{key}"), old.get(key), new.get(key), out);
            }
            return;
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                compare(&format!("{path}[]"), old.get(index), new.get(index), out);
            }
            return;
        }
        (Some(old), Some(new)) if are_equal(old, new) => return,
        (Some(_), Some(_)) => Change::Changed,
    };
    let values = format!("{} -> {}", shorten(recorded), shorten(written));
    out.push(Difference { path: path.to_owned(), change, values });
}

/// 1 and 1.0 are one number.
fn are_equal(old: &Value, new: &Value) -> bool {
    old == new || (old.is_number() && old.as_f64() == new.as_f64())
}

fn shorten(value: Option<&Value>) -> String {
    value
        .map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(120).collect())
}

#[test]
fn differences_are_told_by_path() {
    use serde_json::json;
    let old = json!({"a": [{"b": 1, "c": "x"}, {"b": 2}], "d": 1});
    let new = json!({"a": [{"b": 1.0, "c": "y"}], "e": null});
    let found: Vec<String> = between(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            r#"Changed `a[].c`: "x" -> "y""#,
            r#"Lost `a[]`: {"b":2} -> nothing"#,
            "Lost `d`: 1 -> nothing",
            "Added `e`: nothing -> null",
        ]
    );
}
