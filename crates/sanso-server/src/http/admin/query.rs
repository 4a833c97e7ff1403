//! What stands behind the `?` of an address.

use std::str::FromStr;

use axum::http::Uri;
use percent_encoding::percent_decode_str;
use sanso::watch::Range;

use super::super::error::ApiError;

/// Names and values, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// # Errors
    /// What is not UTF-8, or a name that the endpoint does not know: a filter that is misspelt and
    /// ignored would show what was not asked for.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            let text = percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned);
            text.map_err(|_| ApiError::new(400, "The address is not UTF-8."))
        };
        let mut pairs = Vec::new();
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                let message =
                    format!("`{name}` is not known here; there are: {}.", known.join(", "));
                return Err(ApiError::new(400, message));
            }
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        name: &str,
        least: usize,
        most: usize,
    ) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Ok(_) | Err(_) => {
                let message = format!("`{name}` is `{text}`, and must be from {least} to {most}.");
                Err(ApiError::new(400, message))
            }
        }
    }

    /// The range; an hour where none is named.
    pub(super) fn range(&self) -> Result<Range, ApiError> {
        let Some(text) = self.text("range") else { return Ok(Range::default()) };
        Range::from_str(text).map_err(|unknown| ApiError::new(400, unknown.to_string()))
    }
}
