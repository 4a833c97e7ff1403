//! The headers that say who served a request, and those that a client sends about its patience.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use sanso::Served;

/// Names an answer, so that who asks about it can say which one it was.
pub(super) const REQUEST_ID: &str = "x-sanso-request-id";

/// The header that names an answer.
pub(super) const fn named() -> HeaderName {
    HeaderName::from_static(REQUEST_ID)
}

/// Writes `x-sanso-*`, and the `x-litellm-*` that LiteLLM's clients read.
pub(super) fn write(served: &Served, out: &mut HeaderMap) {
    let mut put = |name: &'static str, value: &str| {
        // What comes from a configuration may hold characters that no header can.
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            out.insert(HeaderName::from_static(name), value);
        }
    };
    put(REQUEST_ID, &served.request_id);
    put("x-litellm-call-id", &served.request_id);
    put("x-sanso-model-group", &served.model_group);
    put("x-litellm-model-group", served.answering_group.as_ref().unwrap_or(&served.model_group));
    if !served.attempts.is_empty() {
        put("x-sanso-attempts", &served.attempts_header());
    }
    put("x-sanso-fallback", if served.fallback { "true" } else { "false" });
    put("x-sanso-degradation", served.degradation.as_str());
    if let Some(served_by) = &served.served_by {
        put("x-sanso-served-by", served_by);
    }
    if let Some(id) = &served.deployment_id {
        put("x-litellm-model-id", id);
    }
    if let Some(cost) = served.cost_usd {
        put("x-litellm-response-cost", &cost.to_string());
    }
    if !served.warnings.is_empty() {
        put("x-sanso-warnings", &served.warnings.join("; "));
    }
    put("x-litellm-attempted-retries", &served.retries().to_string());
    put("x-litellm-attempted-fallbacks", &served.fallbacks().to_string());
}

/// The shortest deadline that a client's headers name. What does not parse is ignored.
pub(super) fn deadline(headers: &HeaderMap) -> Option<Duration> {
    const SECONDS: [&str; 4] = [
        "x-stainless-timeout",
        "x-stainless-read-timeout",
        "x-request-timeout",
        "x-litellm-timeout",
    ];
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let seconds = SECONDS.into_iter().filter_map(text).filter_map(seconds);
    seconds.chain(text("grpc-timeout").and_then(grpc)).min()
}

/// The task that a client's header names.
pub(super) fn task(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-sanso-task")?.as_bytes();
    let name = String::from_utf8_lossy(value.trim_ascii()).into_owned();
    (!name.is_empty()).then_some(name)
}

/// Whether the SDK says that it is repeating itself.
pub(super) fn is_retry(headers: &HeaderMap) -> bool {
    let count = headers.get("x-stainless-retry-count").and_then(|value| value.to_str().ok());
    count.and_then(|count| count.trim().parse::<f64>().ok()).is_some_and(|count| count > 0.0)
}

/// `30`, `2.5`. Zero means none to OpenAI's SDKs.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

/// `1S`, `500m`: up to eight digits and a unit, as gRPC writes it.
fn grpc(text: &str) -> Option<Duration> {
    let (digits, unit) = text.trim().split_at_checked(text.trim().len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count.checked_mul(3600)?)),
        "M" => Some(Duration::from_secs(count.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let pairs = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        });
        deadline(&HeaderMap::from_iter(pairs))
    }

    #[test]
    fn a_repetition_is_one_only_where_its_count_says_so() {
        let said = |value: &'static str| {
            let name = HeaderName::from_static("x-stainless-retry-count");
            is_retry(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))]))
        };
        assert!(said("1") && said("2"));
        assert!(!said("0") && !said("") && !said("often") && !said("-1") && !said("NaN"));
        assert!(!is_retry(&HeaderMap::new()));
    }

    #[test]
    fn the_shortest_deadline_that_parses_counts() {
        let s = Duration::from_secs;
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[("x-stainless-timeout", "30")]), Some(s(30)));
        assert_eq!(named(&[("x-stainless-timeout", "NOT_GIVEN")]), None);
        assert_eq!(named(&[("x-stainless-timeout", "NaN")]), None);
        assert_eq!(named(&[("x-stainless-timeout", "-1")]), None);
        assert_eq!(named(&[("x-stainless-timeout", "0")]), None);
        let both = [("x-stainless-timeout", "600"), ("grpc-timeout", "1500m")];
        assert_eq!(named(&both), Some(Duration::from_millis(1500)));
        assert_eq!(named(&[("grpc-timeout", "1x")]), None);
        assert_eq!(named(&[("grpc-timeout", "")]), None);
        let bytes = HeaderValue::from_bytes("é".as_bytes()).unwrap();
        let odd = HeaderMap::from_iter([(HeaderName::from_static("grpc-timeout"), bytes)]);
        assert_eq!(deadline(&odd), None);
    }
}
