//! Which requests are found.

use sanso_history::RequestFilter;
use sanso_watch::{Degradation, Finished, Kind, Outcome, Soft};

use crate::support::{NOW, attempt, finished};

fn request() -> Finished {
    Finished {
        degradation: Degradation::Partial,
        attempts: vec![
            attempt("main-b", 0, Outcome::Fault(Kind::RateLimited)),
            attempt("small-a", 1, Outcome::Success),
        ],
        ..finished("019ab", NOW)
    }
}

fn by_words(q: &str) -> RequestFilter {
    RequestFilter { q: Some(q.to_owned()), ..RequestFilter::default() }
}

#[test]
fn every_part_of_a_filter_must_hold() {
    let found = |filter: RequestFilter| filter.matches(&request());
    let any = RequestFilter::default();
    assert!(found(any.clone()));
    let group = |name: &str| RequestFilter { model_group: Some(name.into()), ..any.clone() };
    assert_eq!((found(group("main")), found(group("mai"))), (true, false));
    let level = |degradation| RequestFilter { degradation: Some(degradation), ..any.clone() };
    assert!(found(level(Degradation::Partial)) && !found(level(Degradation::Full)));
    let kind = |kind| RequestFilter { kind: Some(kind), ..any.clone() };
    assert!(found(kind(Kind::RateLimited)) && !found(kind(Kind::Timeout)));
}

#[test]
fn all_words_must_be_in_it_in_any_case() {
    for q in [
        "",
        "  ",
        "MAIN",
        "019ab partial",
        "ratelimited gpt-4.1",
        "kind:rate_limited",
        "Kind:RateLimited azure",
    ] {
        assert!(by_words(q).matches(&request()), "{q:?} is not found");
    }
    for q in ["embed", "main full", "kind:Timeout", "kind:", "kind:partial"] {
        assert!(!by_words(q).matches(&request()), "{q:?} is found");
    }
}

#[test]
fn a_soft_fault_of_a_given_answer_is_found_by_its_kind_and_its_words() {
    let soft = Finished { soft: Some(Soft::Truncated), ..request() };
    for q in ["soft", "cut", "kind:Soft"] {
        assert!(by_words(q).matches(&soft) && !by_words(q).matches(&request()), "{q:?}");
    }
}

#[test]
fn what_only_trouble_can_match_is_known_beforehand() {
    let any = RequestFilter::default();
    let level = |degradation| RequestFilter { degradation: Some(degradation), ..any.clone() };
    assert!(level(Degradation::Cancelled).only_eventful() && by_words("a kind:x").only_eventful());
    assert!(RequestFilter { kind: Some(Kind::Broken), ..any.clone() }.only_eventful());
    assert!(!any.only_eventful() && !by_words("main").only_eventful());
    assert!(!level(Degradation::Full).only_eventful());
}
