//! No secret in what leaves the process.

use std::borrow::Cow;

use proptest::prelude::*;
use sanso_wire::redact::mask;

#[test]
fn what_looks_like_a_key_is_masked() {
    for (text, masked) in [
        ("Incorrect API key provided: sk-proj-4f9a8b7c6d5e.", "Incorrect API key provided: ***."),
        ("key sk-ant-api03-abcdefghijk refused", "key *** refused"),
        ("sk-3QMrX***************************************qOoz", "***"),
        (
            "https://x/v1beta/models?key=AIzaSyA1234567890abcdefghij&alt=sse",
            "https://x/v1beta/models?key=***&alt=sse",
        ),
        ("?key=whatever", "?key=***"),
        ("authorization: Bearer abc123def456", "authorization: Bearer ***"),
        ("BEARER abcdefghijklmnopqrstuvwxyz", "BEARER ***"),
        (r#"{"key":"gsk_abcdefgh12345678"}"#, r#"{"key":"***"}"#),
    ] {
        assert_eq!(mask(text, &[]), masked);
    }
}

#[test]
fn prose_is_left_alone() {
    for text in [
        "",
        "Use Bearer authentication.",
        "The task-management-service and risk-assessment-tool failed",
        "sk-short",
        "model claude-sonnet-4-6 not found, 日本語",
    ] {
        assert!(matches!(mask(text, &["x", ""]), Cow::Borrowed(same) if same == text), "{text}");
    }
}

#[test]
fn overlapping_secrets_leave_no_end_behind() {
    assert_eq!(mask("<abcdefgh>", &["abcdef", "defgh", "abcde"]), "<***>");
    assert_eq!(mask("<hunter2hunter2>", &["hunter2"]), "<***>");
}

proptest! {
    #[test]
    fn no_given_secret_comes_through(
        secret in "[a-zA-Z0-9_-]{5,40}",
        other in "[a-zA-Z0-9_/+]{5,20}",
        parts in prop::collection::vec(".{0,20}", 1..5),
    ) {
        let text = parts.join(&secret) + &other;
        let masked = mask(&text, &[&secret, &other]);
        prop_assert!(!masked.contains(&secret) && !masked.contains(&other), "{masked}");
    }

    #[test]
    fn any_text_is_survived(text in "(.|sk-|AIza|bearer |\\?key=){0,40}", secret in ".{0,10}") {
        prop_assert_eq!(mask(&text, &[&secret]).is_empty(), text.is_empty());
    }
}
