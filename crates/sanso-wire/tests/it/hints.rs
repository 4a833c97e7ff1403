//! When a provider says to come back, in every way that it is said.

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;
use sanso_core::{Dimension, Duration};
use sanso_wire::{Dialect, classify};

/// 1994-11-06 08:49:37 UTC, the instant of RFC 9110's examples.
const NOW: i64 = 784_111_777;

const DAY: Duration = Duration::from_secs(86_400);

fn hint(status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<Duration> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let now = Timestamp::from_second(NOW).unwrap();
    classify::response(Dialect::OpenAiChat, status, &map, body.as_bytes(), now).fault.hint
}

fn said(message: &str) -> String {
    serde_json::json!({ "error": { "message": message } }).to_string()
}

#[test]
fn headers_that_name_a_wait() {
    for (headers, millis) in [
        (&[("retry-after", "7")][..], Some(7_000)),
        (&[("retry-after", "0.5")], Some(500)),
        (&[("retry-after", " 2 ")], Some(2_000)),
        (&[("retry-after", "0")], Some(0)),
        (&[("retry-after-ms", "1500"), ("retry-after", "2")], Some(1_500)),
        (&[("x-ms-retry-after-ms", "250"), ("retry-after", "2")], Some(250)),
        (&[("retry-after-ms", "0"), ("retry-after", "2")], Some(2_000)),
        (&[("retry-after", "1e99")], Some(86_400_000)),
        (&[("retry-after", "-3")], None),
        (&[("retry-after", "NaN")], None),
        (&[("retry-after", "inf")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "")], None),
    ] {
        assert_eq!(hint(429, headers, ""), millis.map(Duration::from_millis), "{headers:?}");
    }
}

#[test]
fn dates_count_from_the_providers_clock() {
    let later = ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT");
    assert_eq!(hint(503, &[later], ""), Some(Duration::from_secs(60)));
    // Its clock is 50 s ahead of ours; the wait is what it means by its own.
    let date = ("date", "Sun, 06 Nov 1994 08:50:27 GMT");
    assert_eq!(hint(503, &[later, date], ""), Some(Duration::from_secs(10)));
    // The past is now, a year is a day, a broken `Date` is none.
    let past = ("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT");
    assert_eq!(hint(503, &[past], ""), Some(Duration::ZERO));
    let year = ("retry-after", "Mon, 06 Nov 1995 08:49:37 GMT");
    assert_eq!(hint(503, &[year], ""), Some(DAY));
    assert_eq!(hint(503, &[later, ("date", "today")], ""), Some(Duration::from_secs(60)));
}

#[test]
fn prose_that_names_a_wait() {
    for (message, millis) in [
        ("Limit 3, Used 3. Please try again in 20s. Visit https://x", 20_000),
        ("Please try again in 6.91s. Need more tokens?", 6_910),
        ("Please try again in 350ms.", 350),
        ("Try again in 1m30s.", 90_000),
        ("Please retry in 34.074824224s.", 34_074),
        ("Please retry after 5 seconds.", 5_000),
        ("Please try again in a while, or try again in 2 minutes", 120_000),
    ] {
        let wait = hint(429, &[], &said(message)).unwrap();
        assert_eq!(wait.as_millis(), millis, "{message}");
    }
    assert_eq!(hint(429, &[], &said("Please try again in a while.")), None);
    let wait = hint(429, &[("retry-after", "3")], &said("try again in 9s"));
    assert_eq!(wait, Some(Duration::from_secs(3)), "headers go before prose");
}

#[test]
fn gemini_says_it_in_the_body() {
    let body = |quota: &str| {
        let violation = serde_json::json!({ "quotaId": quota });
        serde_json::json!({ "error": {
            "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota",
            "details": [
                { "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation] },
                { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s" },
            ],
        }})
        .to_string()
    };
    assert_eq!(hint(429, &[], &body("RequestsPerMinute")), Some(Duration::from_millis(3_500)));
    // A day's quota does not come back in three seconds, whatever is said.
    assert_eq!(hint(429, &[], &body("RequestsPerDay")), None);
}

#[test]
fn resets_count_where_their_window_refused() {
    let (left, reset) = ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests");
    let rpm = said("on requests per min (RPM)");
    assert_eq!(hint(429, &[(left, "0"), (reset, "6m0s")], ""), Some(Duration::from_secs(360)));
    assert_eq!(
        hint(429, &[(left, "196"), (reset, "21m36s")], &rpm),
        None,
        "another window refused"
    );
    assert_eq!(hint(429, &[(reset, "1.5s")], &rpm), Some(Duration::from_millis(1_500)));
    assert_eq!(hint(429, &[(reset, "1.5s")], ""), None, "nothing says that it was this one");
    assert_eq!(hint(500, &[(left, "0"), (reset, "6m0s")], ""), None, "not a matter of quota");

    let (left, reset) = ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens");
    let tpm = said("on tokens per min (TPM)");
    assert_eq!(hint(429, &[(left, "90"), (reset, "58")], &tpm), Some(Duration::from_secs(58)));

    let reset = ("anthropic-ratelimit-requests-reset", "1994-11-06T08:49:44Z");
    let left = ("anthropic-ratelimit-requests-remaining", "0");
    assert_eq!(hint(429, &[left, reset], ""), Some(Duration::from_secs(7)));
    let date = ("date", "Sun, 06 Nov 1994 08:49:40 GMT");
    assert_eq!(hint(429, &[left, reset, date], ""), Some(Duration::from_secs(4)));

    // OpenRouter: an instant in milliseconds.
    let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111787000")];
    assert_eq!(hint(429, &headers, ""), Some(Duration::from_secs(10)));
}

/// Whatever stands in a header, numbers and near-numbers above all.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number}s")),
        any::<u32>().prop_map(|number| format!("{number}h{number}m{number}ms")),
        Just("9999-12-31T23:59:59Z".to_owned()),
        Just("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()),
        Just("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
        "[ -~]{0,30}",
    ]
}

proptest! {
    #[test]
    fn no_value_does_harm(values in prop::collection::vec(values(), 8), prose in values()) {
        let names = [
            "date", "retry-after-ms", "x-ms-retry-after-ms", "retry-after",
            "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
            "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset",
        ];
        let headers: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        let body = said(&format!("tokens per minute: try again in {prose}"));
        // Each alone as well, so that an early one does not hide a later one.
        for headers in (0..headers.len()).map(|from| &headers[from..]) {
            if let Some(wait) = hint(429, headers, &body) {
                prop_assert!(wait <= DAY);
            }
        }
    }

    #[test]
    fn seconds_come_out_as_they_went_in(seconds in 0u64..86_400) {
        let wait = Some(Duration::from_secs(seconds));
        prop_assert_eq!(hint(429, &[("retry-after", &seconds.to_string())], ""), wait);
        prop_assert_eq!(hint(429, &[("retry-after-ms", &(seconds * 1_000).to_string())], ""), wait);
    }
}

#[test]
fn what_an_answer_says_is_spent() {
    let spent = |headers: &[(&'static str, &str)]| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let now = Timestamp::from_second(NOW).unwrap();
        classify::spent(&map, now).map(|it| (it.dimension, it.reset, it.limit)).collect::<Vec<_>>()
    };
    let (requests, tokens) = (Dimension::Requests, Dimension::Tokens);
    let s = Duration::from_secs;
    let openai = |remaining, limit, reset| {
        spent(&[
            ("x-ratelimit-remaining-requests", remaining),
            ("x-ratelimit-limit-requests", limit),
            ("x-ratelimit-reset-requests", reset),
        ])
    };
    assert_eq!(openai("0", "500", "6m0s"), [(requests, s(360), Some(500))]);
    assert_eq!(openai("1", "500", "6m0s"), []);
    assert_eq!(openai("0", "many", "120ms"), [(requests, Duration::from_millis(120), None)]);
    for absurd in ["", "soon", "-1", "NaN"] {
        assert_eq!(openai("0", "500", absurd), [], "{absurd}");
        assert_eq!(openai(absurd, "500", "1s").len(), usize::from(absurd == "-1"), "{absurd}");
    }
    assert_eq!(openai("0", "500", "1e99"), [], "no instant");
    assert_eq!(openai("0", "500", "999999")[0].1, DAY);
    let anthropic = spent(&[
        ("anthropic-ratelimit-output-tokens-remaining", "0"),
        ("anthropic-ratelimit-output-tokens-reset", "1994-11-06T08:50:37Z"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "1994-11-06T08:50:37Z"),
    ]);
    assert_eq!(anthropic, [(tokens, s(60), None)]);
}
