//! The same request, changed where the gateway means it to be.

use serde_json::json;

use super::{Edit, Envelope};
use crate::providers::Prefill;

/// What a request's own token limit is called, now and formerly.
const TOKEN_LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

impl Envelope {
    /// The same request with a smaller token limit of its own; one that sets none gets none.
    ///
    /// ```
    /// use sanso_wire::envelope::Envelope;
    /// let body = r#"{"model":"m","max_tokens":900,"messages":[{"role":"user","content":"hi"}]}"#;
    /// let relaxed = Envelope::read(body.into()).unwrap().with_max_tokens(16);
    /// assert!(relaxed.body_for("m", &[]).starts_with(br#"{"model":"m","max_tokens":16,"#));
    /// ```
    #[must_use]
    pub fn with_max_tokens(&self, max_tokens: u64) -> Self {
        let mut changed = self.clone();
        changed.max_tokens = self.max_tokens.map(|_| max_tokens);
        changed.edit(|name, _| TOKEN_LIMITS.contains(&name).then(|| max_tokens.to_string()));
        changed
    }

    /// The same request with `text` as the beginning of the answer, for a model that goes on from it.
    /// `text` is to end in no white space: Anthropic refuses that.
    #[must_use]
    pub fn continued(&self, text: &str, prefill: Prefill) -> Self {
        let mut message = json!({ "role": "assistant", "content": text });
        if prefill == Prefill::Prefix {
            message["prefix"] = true.into();
        }
        let mut changed = self.clone();
        changed.edit(|name, value| match name {
            "messages" => {
                // It was read before: a list, and not an empty one.
                let messages = value.trim_ascii_end().strip_suffix(']')?;
                Some(format!("{messages},{message}]"))
            }
            _ => None,
        });
        changed
    }

    /// Puts what `put` gives for a member's name and value in the place of its value.
    fn edit(&mut self, put: impl Fn(&str, &str) -> Option<String>) {
        let names = self.layout.names(&self.body);
        let values = self.layout.values(&self.body);
        for ((name, value), edit) in names.zip(values).zip(&mut self.edits) {
            let value = std::str::from_utf8(value).unwrap_or_default();
            if *edit == Edit::Keep
                && let Some(json) = put(&name, value)
            {
                *edit = Edit::Put(json);
            }
        }
    }
}
