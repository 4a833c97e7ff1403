//! Which requests are shown.

use sanso_watch::{Degradation, Filter, Kind, Soft};

use crate::rig::{fallback, own, soft};

fn by_words(q: &str) -> Filter {
    Filter { q: Some(q.to_owned()), ..Filter::default() }
}

#[test]
fn every_part_of_a_filter_must_hold() {
    let takes = |filter: Filter| filter.takes(&fallback(Kind::RateLimited));
    let any = Filter::default();
    assert!(takes(any.clone()));
    let group = |name: &str| Filter { model_group: Some(name.into()), ..any.clone() };
    assert!(takes(group("main-model")) && !takes(group("main")));
    let level = |level| Filter { degradation_level: Some(level), ..any.clone() };
    assert!(takes(level(Degradation::Partial)) && !takes(level(Degradation::Full)));
    let kind = |kind| Filter { kind: Some(kind), ..any.clone() };
    assert!(takes(kind(Kind::RateLimited)) && !takes(kind(Kind::Timeout)));
}

#[test]
fn all_words_must_be_in_it_in_any_case() {
    let request = fallback(Kind::RateLimited);
    for q in
        ["", "  ", "MAIN", "partial main", "ratelimited anthropic", "kind:rate_limited", "Fallback"]
    {
        assert!(by_words(q).takes(&request), "{q:?} is not found");
    }
    for q in ["embed", "main full", "kind:Timeout", "kind:", "kind:partial"] {
        assert!(!by_words(q).takes(&request), "{q:?} is found");
    }
}

#[test]
fn a_soft_fault_of_an_answer_that_was_given_is_found_by_its_kind_and_its_words() {
    for filter in [
        by_words("soft"),
        by_words("cut"),
        by_words("kind:Soft"),
        Filter { kind: Some(Kind::Soft), ..Filter::default() },
    ] {
        assert!(filter.takes(&soft(Soft::Truncated)) && !filter.takes(&own()), "{filter:?}");
    }
}
