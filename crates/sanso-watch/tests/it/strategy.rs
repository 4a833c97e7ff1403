//! A strategy puts the legs of each request in an order of its own: what is said of a chain goes by
//! that order, not by the list.

use std::sync::Arc;

use sanso_watch::*;

use crate::rig::*;

/// `pool`, whose third leg (`e`, gpt-4.1) was put first; then its first (`k1`, claude-opus-4-8).
fn last_first(attempts: &[(&str, u32, Outcome)]) -> Finished {
    let request = request("pool", attempts);
    let groups = ["last", "pool", "direct"];
    let group = |leg: u32| Arc::<str>::from(groups[leg as usize]);
    let first_group = Some(group(0));
    let fallback_from = first_group.clone().filter(|_| request.is_fallback());
    Finished { answered_by_group: request.leg.map(group), first_group, fallback_from, ..request }
}

fn well() -> Finished {
    last_first(&[("e", 0, Outcome::Success)])
}

fn moved() -> Finished {
    let failed = ("e", 0, Outcome::Fault(Kind::ServerError));
    last_first(&[failed, ("k1", 1, Outcome::Success)])
}

#[test]
fn who_answers_instead_and_who_fails_go_by_the_order_of_the_request() {
    let mut rig = Rig::new();
    rig.run(60, 2, |_| well());
    rig.run(20, 2, |_| moved());
    let alert = rig.alert(Signal::FallbackRate);
    assert_eq!(alert.served_instead.as_deref(), Some("k1"));
    assert_eq!(alert.same_model_share, Some(0.0));
    assert_eq!(alert.cause.code, CauseCode::ProviderIncident);
    assert_eq!(alert.cause.provider.as_deref(), Some("openai"));
    let verdict = rig.verdict();
    assert_eq!(verdict.model.as_deref(), Some("openai/gpt-4.1"));
    assert_eq!(verdict.other_model_rate, Some(1.0));
    let why = "since 01:00 UTC, because openai is failing.";
    assert_eq!(
        rig.sentence(),
        format!("pool has been answered by its fallback, claude-opus-4-8, 100 % of the time {why}")
    );
}

#[test]
fn the_breaker_that_is_looked_at_is_that_of_the_leg_that_was_first() {
    let mut rig = Rig::new();
    rig.run(20, 2, |_| moved());
    rig.stands("k1", BreakerState::Closed, rig.now);
    rig.stands("k2", BreakerState::Closed, rig.now);
    rig.stands("e", BreakerState::Open, rig.now);
    assert_eq!(rig.verdict().state, State::Open);
    rig.stands("e", BreakerState::Recovering, rig.now);
    assert_eq!(rig.verdict().state, State::Recovering);
}

#[test]
fn an_open_breaker_stands_for_the_faults_of_the_leg_that_was_first() {
    let mut rig = Rig::new();
    rig.run(1, 10, |_| moved());
    rig.run(10, 20, |_| {
        let mut passed = last_first(&[("k1", 1, Outcome::Success)]);
        passed.fallback = Some(Reason::Passed(Passed::Breaker));
        passed.skipped = vec![Skip { deployment: "e".into(), gate: Passed::Breaker, since: None }];
        passed
    });
    let cause = rig.alert(Signal::FallbackRate).cause;
    assert_eq!(
        (cause.code, cause.provider.as_deref()),
        (CauseCode::ProviderIncident, Some("openai"))
    );
}

#[test]
fn the_same_model_is_that_of_the_leg_that_was_first() {
    let direct_first = Finished {
        explores: false,
        first_group: Some("direct".into()),
        answered_by_group: Some("pool".into()),
        ..request(
            "pool",
            &[("d", 0, Outcome::Fault(Kind::ServerError)), ("k1", 1, Outcome::Success)],
        )
    };
    let mut rig = Rig::new();
    rig.run(20, 2, |_| direct_first.clone());
    let alert = rig.alert(Signal::FallbackRate);
    assert_eq!(alert.same_model_share, Some(1.0));
    assert_eq!(alert.served_instead.as_deref(), Some("k1"));
}

#[test]
fn a_request_kept_by_an_earlier_version_tells_its_first_group_as_far_as_it_can() {
    let own = |request: Finished| request.own_group().to_owned();
    let kept = |request: Finished| Finished { first_group: None, ..request };
    assert_eq!(own(kept(well())), "last");
    assert_eq!(own(kept(moved())), "last");
    assert_eq!(own(kept(last_first(&[]))), "pool", "nothing else is known");
    assert_eq!(own(last_first(&[])), "last");
}
