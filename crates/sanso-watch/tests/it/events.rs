//! Names in JSON, and times.

use std::sync::Arc;

use proptest::prelude::*;
use sanso_watch::*;

fn request() -> Finished {
    let attempt = |deployment: &str, leg, outcome, status| AttemptMade {
        deployment: deployment.into(),
        provider: "anthropic".into(),
        model: "claude-sonnet-4-6".into(),
        leg,
        outcome,
        phase: None,
        soft: None,
        status: Some(status),
        note: None,
        wait_before_ms: 0,
        start_ms: 0,
        duration_ms: 94,
        ttft_ms: None,
        forced_probe: false,
    };
    Finished {
        request_id: "019ab".into(),
        at: Millis(1_763_963_528_000),
        task: None,
        model_group: "main-model".into(),
        degradation: Degradation::Partial,
        provider: Some("openai".into()),
        model: Some("gpt-4.1".into()),
        deployment: Some("b".into()),
        answered_by_group: Some("fallback-gpt".into()),
        leg: Some(1),
        fallback: Some(Reason::Fault(Kind::RateLimited)),
        duration_ms: 3404,
        ttft_ms: Some(599),
        input_tokens: Some(1200),
        output_tokens: Some(80),
        cost_usd: None,
        soft: None,
        format_valid: None,
        quality_score: None,
        explores: false,
        first_group: Some("main-model".into()),
        fallback_from: Some("main-model".into()),
        circuit_state: Some(BreakerState::HalfOpen),
        warnings: vec![],
        attempts: vec![
            attempt("a", 0, Outcome::Fault(Kind::RateLimited), 429),
            attempt("b", 1, Outcome::Success, 200),
        ],
        skipped: vec![Skip { deployment: "c".into(), gate: Passed::Breaker, since: None }],
    }
}

#[test]
fn a_row_has_the_names_of_the_request_log() {
    let row = serde_json::to_value(request().row()).unwrap();
    let names = "event ts request_id task provider model deployment attempt first_group fallback_from \
                 duration_ms ttft_ms input_tokens output_tokens cost_usd circuit_state \
                 degradation_level is_fallback format_valid quality_score failure_kinds";
    for name in names.split_whitespace() {
        assert!(row.get(name).is_some(), "{name} is missing: {row}");
    }
    assert_eq!(row["ts"], "2025-11-24T05:52:08.000Z");
    assert_eq!(row["fallback_from"], "main-model");
    assert_eq!(row["failure_kinds"], serde_json::json!(["RateLimited"]));
    assert_eq!(row["circuit_state"], "half-open");
    assert_eq!(row["attempts"][1]["outcome"], "success");
    assert_eq!(row["skipped"][0]["gate"], "breaker open");
}

#[test]
fn a_request_survives_json() {
    let told = request();
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Finished>(&text).unwrap(), told);
    let event = Event::Request(Arc::new(told));
    assert_eq!(event.at(), Millis(1_763_963_528_000));
}

#[test]
fn reasons_have_numbers_and_words_of_their_own() {
    for (index, reason) in Reason::all().enumerate() {
        assert_eq!(reason.index(), index);
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        let read: Reason = serde_json::from_value(reason.as_str().into()).unwrap();
        assert_eq!(read, reason);
    }
    assert_eq!(Reason::all().count(), Reason::COUNT);
}

#[test]
fn kinds_are_found_by_either_spelling() {
    assert_eq!(Kind::parse("RateLimited"), Some(Kind::RateLimited));
    assert_eq!(Kind::parse("rate_limited"), Some(Kind::RateLimited));
    assert_eq!(Kind::parse("rate-limited"), None);
}

#[test]
fn times_are_those_of_the_calendar() {
    let known = [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ];
    for (millis, text) in known {
        assert_eq!(Millis(millis).to_string(), text);
        assert_eq!(text.parse(), Ok(Millis(millis)));
    }
    assert_eq!(Millis(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z", "absurd, yet no panic");
    assert_eq!("2026-11-24T05:52:08Z".parse(), Ok(Millis(1_795_499_528_000)));
    assert_eq!("2026-11-24T05:52:08.5Z".parse(), Ok(Millis(1_795_499_528_500)));
}

#[test]
fn what_is_no_time_is_refused() {
    let wrong = [
        "",
        "Z",
        "now",
        "2026-11-24",
        "2026-11-24T05:52:08",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.xZ",
        "+026-01-01T00:00:00Z",
        "2026-1-01T00:00:00Z",
        "2026-01-01-01T00:00:00Z",
        "2026-01-01T00:00:00+09:00",
    ];
    for text in wrong {
        assert_eq!(text.parse::<Millis>(), Err(NotATime), "{text:?}");
    }
}

proptest! {
    #[test]
    fn times_survive_their_text(millis in 0u64..=253_402_300_799_999) {
        let text = Millis(millis).to_string();
        prop_assert_eq!(text.parse(), Ok(Millis(millis)));
        prop_assert!(Millis(millis - millis / 2).to_string() <= text, "in the order of time");
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = text.parse::<Millis>();
    }
}
