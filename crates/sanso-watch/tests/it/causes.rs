//! Why: each cause, with the numbers that speak for it, and what is not enough for it.

use sanso_watch::*;

use crate::rig::*;

fn cause(rig: &Rig) -> Cause {
    rig.alert(Signal::FallbackRate).cause
}

fn says(cause: &Cause, text: &str) {
    let found = cause.evidence.iter().any(|line| line.contains(text));
    assert!(found, "{text:?} is not among {:?}", cause.evidence);
}

#[test]
fn a_limit_that_is_hit_all_the_time_is_too_small() {
    let mut rig = Rig::new();
    rig.gate("a", GateName::Quota, true, Some(Kind::RateLimited));
    rig.main_model(70, 12, Kind::RateLimited);
    let cause = cause(&rig);
    assert_eq!(cause.code, CauseCode::RateSteady);
    assert_eq!(cause.kind, Some(Kind::RateLimited.into()));
    assert_eq!(cause.kind_share, Some(1.0));
    assert_eq!(cause.provider.as_deref(), Some("anthropic"));
    assert_eq!(cause.why(), "because anthropic rate-limits it");
    assert!(cause.advice().starts_with("Raise the anthropic plan or add a deployment:"));
    says(&cause, "RateLimited is 100 % of what moved requests on (840 of 840)");
    says(&cause, "steady: in 70 of 70 minutes with requests");
    // 12 moved on for 88 answered: a plan larger by 12 / 88.
    says(&cause, "on average, a plan 14 % larger would have answered them");
}

#[test]
fn the_limit_that_was_hit_is_named() {
    let mut rig = Rig::new();
    rig.main_model(60, 12, Kind::RateLimited);
    rig.gate("a", GateName::Quota, true, Some(Kind::RateLimited));
    rig.main_model(1, 12, Kind::RateLimited);
    says(&cause(&rig), "tokens per minute is the limit hit; 1 closing of the quota gate in 1 h");
}

#[test]
fn a_limit_that_is_hit_in_bursts_is_large_enough_on_average() {
    let mut rig = Rig::new();
    for _ in 0..7 {
        rig.main_model(1, 90, Kind::RateLimited);
        rig.main_model(9, 0, Kind::RateLimited);
    }
    rig.main_model(1, 90, Kind::RateLimited);
    let cause = cause(&rig);
    assert_eq!(cause.code, CauseCode::RateBurst);
    assert_eq!(cause.why(), "because bursts run into anthropic's rate limit");
    says(&cause, "bursts: half of it in 4 of 71 minutes with requests");
}

#[test]
fn one_provider_in_trouble_is_its_incident() {
    for (kind, why) in [
        (Kind::ServerError, "because anthropic is failing"),
        (Kind::Overloaded, "because anthropic is overloaded"),
        (Kind::Connection, "because anthropic is failing"),
    ] {
        let mut rig = Rig::new();
        rig.main_model(10, 60, kind);
        let cause = cause(&rig);
        assert_eq!((cause.code, &*cause.why()), (CauseCode::ProviderIncident, why));
        says(&cause, "other providers: openai 0 %");
    }
}

#[test]
fn the_troubles_of_a_provider_are_one_cause() {
    // Three kinds of which none is the half.
    let kinds = [Kind::ServerError, Kind::Overloaded, Kind::Broken];
    let mut rig = Rig::new();
    rig.run(10, 30, |n| fallback(kinds[n as usize % 3]));
    assert_eq!(cause(&rig).code, CauseCode::ProviderIncident);
}

#[test]
fn all_providers_in_trouble_are_our_own_network() {
    let mut rig = Rig::new();
    rig.run(10, 20, |_| nobody(Kind::Connection));
    let unanswered = rig.alert(Signal::Unavailable).cause;
    assert_eq!(unanswered.code, CauseCode::Network);
    assert_eq!(unanswered.why(), "because no provider can be reached");
    says(&unanswered, "all 2 providers fail: anthropic 100 %, openai 100 %");
    // One that answers, and it is not the network.
    rig.run(1, 20, |_| request("flash", &[("g", 0, Outcome::Success)]));
    assert_eq!(rig.alert(Signal::Unavailable).cause.code, CauseCode::ProviderIncident);
}

#[test]
fn the_only_provider_that_cannot_be_reached_may_be_our_own_network() {
    let alone = chain("main-model", None, [("main-model", &["a anthropic claude-sonnet-4-6"][..])]);
    let mut rig = Rig::with(Plan { chains: vec![alone], tasks: vec![] });
    let fails = |kind| request("main-model", &[("a", 0, Outcome::Fault(kind))]);
    rig.run(10, 20, |_| fails(Kind::Connection));
    let unreached = rig.alert(Signal::Unavailable).cause;
    assert_eq!(unreached.code, CauseCode::Network);
    assert_eq!(unreached.why(), "because anthropic cannot be reached");
    let advice = "Look at our own network first: DNS, proxy, egress rules; then at anthropic.";
    assert_eq!(unreached.advice(), advice);
    says(&unreached, "no attempt at anthropic could connect, and no other provider was asked");
    // One that says something was reached.
    rig.run(1, 20, |_| fails(Kind::ServerError));
    let cause = rig.alert(Signal::Unavailable).cause;
    assert_eq!((cause.code, cause.other_providers), (CauseCode::ProviderIncident, Others::Unknown));
    assert!(!cause.advice().contains("fine"), "{}", cause.advice());
}

#[test]
fn the_others_are_fine_only_if_they_are() {
    for (failed, others) in
        [(0, Others::Fine), (1, Others::Fine), (2, Others::Failing), (9, Others::Failing)]
    {
        let mut rig = Rig::new();
        let kind = Kind::ServerError;
        rig.run(10, 20, |n| if n < failed { nobody(kind) } else { fallback(kind) });
        let cause = cause(&rig);
        assert_eq!(
            (cause.code, cause.other_providers),
            (CauseCode::ProviderIncident, others),
            "{failed}"
        );
        assert_eq!(cause.advice().contains("the other providers are fine"), others == Others::Fine);
    }
}

#[test]
fn who_was_passed_over_for_the_requests_sake_is_no_fault() {
    for passed_for in [Passed::Unable, Passed::NoTime, Passed::Failed] {
        let mut rig = Rig::new();
        rig.run(10, 30, |n| if n == 0 { fallback(Kind::Timeout) } else { passed(passed_for) });
        let cause = cause(&rig);
        assert_eq!((cause.code, cause.kind), (CauseCode::Mixed, None), "{passed_for:?}");
        assert_eq!(cause.why(), "for a reason that is no fault");
        says(&cause, "290 of 300 moved on from a model that ");
    }
    // What stands for the faults of the leg still does.
    for stands in [Passed::Window, Passed::Budget, Passed::RetryCap, Passed::Inflow] {
        let mut rig = Rig::new();
        rig.run(10, 30, |n| if n == 0 { fallback(Kind::Timeout) } else { passed(stands) });
        assert_eq!(cause(&rig).kind, Some(Kind::Timeout.into()), "{stands:?}");
    }
}

#[test]
fn first_tokens_that_do_not_come_are_latency() {
    let timeout = |phase| {
        let mut request = fallback(Kind::Timeout);
        request.attempts[0].phase = Some(phase);
        request
    };
    let mut rig = Rig::new();
    rig.run(10, 20, |n| timeout(if n < 11 { Phase::FirstToken } else { Phase::Total }));
    assert_eq!(cause(&rig).code, CauseCode::Latency);
    assert_eq!(cause(&rig).why(), "because anthropic's first token takes too long");
    let mut rig = Rig::new();
    rig.run(10, 20, |n| timeout(if n < 10 { Phase::FirstToken } else { Phase::Total }));
    assert_eq!(cause(&rig).code, CauseCode::ProviderIncident, "half of them is not most");
}

#[test]
fn a_kind_that_moves_most_requests_names_its_cause() {
    for (kind, code, why) in [
        (
            Kind::Authentication,
            CauseCode::Authentication,
            "because anthropic refuses the key ANTHROPIC_API_KEY",
        ),
        (
            Kind::QuotaExhausted,
            CauseCode::Quota,
            "because the anthropic account has no credit left",
        ),
        (
            Kind::NotFound,
            CauseCode::NotFound,
            "because anthropic no longer offers claude-sonnet-4-6",
        ),
        (
            Kind::ContextWindow,
            CauseCode::Context,
            "because prompts are longer than claude-sonnet-4-6's window",
        ),
        (Kind::ContentPolicy, CauseCode::Policy, "because anthropic's filter refuses it"),
    ] {
        let mut rig = Rig::new();
        rig.main_model(10, 30, kind);
        assert_eq!((cause(&rig).code, &*cause(&rig).why()), (code, why));
    }
}

#[test]
fn a_changed_configuration_holds_from_the_next_start() {
    for code in [CauseCode::Authentication, CauseCode::NotFound] {
        let advice = Cause { code, ..Cause::default() }.advice();
        assert!(advice.contains(" and restart") && !advice.contains("reload"), "{advice}");
    }
}

#[test]
fn no_kind_above_half_is_mixed() {
    for (of_hundred, code) in [(50, CauseCode::Mixed), (51, CauseCode::Context)] {
        let mut rig = Rig::new();
        rig.run(10, 100, |n| {
            fallback(if n < of_hundred { Kind::ContextWindow } else { Kind::ContentPolicy })
        });
        assert_eq!(cause(&rig).code, code, "{of_hundred} of 100");
    }
    let several = Cause { kind: Some(Kind::ContextWindow.into()), ..Cause::default() };
    assert_eq!(several.why(), "for several reasons, none above half");
    assert_eq!(Cause::default().why(), "for a reason that is no fault");
}

#[test]
fn an_open_breaker_stands_for_the_faults_that_opened_it() {
    let mut rig = Rig::new();
    rig.run(1, 10, |_| fallback(Kind::Overloaded));
    rig.opening("a", Kind::Overloaded);
    rig.run(10, 20, |_| passed(Passed::Breaker));
    let cause = cause(&rig);
    assert_eq!(cause.code, CauseCode::ProviderIncident);
    assert_eq!(cause.kind, Some(Kind::Overloaded.into()));
    says(&cause, "200 requests passed by an open breaker");
}

#[test]
fn a_shut_gate_stands_for_the_fault_that_shut_it() {
    for (gate, code) in [
        (Passed::Quota, CauseCode::RateSteady),
        (Passed::Model, CauseCode::NotFound),
        (Passed::Host, CauseCode::ProviderIncident),
    ] {
        let mut rig = Rig::new();
        rig.run(10, 20, |_| passed(gate));
        assert_eq!(cause(&rig).code, code, "{gate:?}");
    }
    let mut rig = Rig::new();
    rig.ask(fallback(Kind::QuotaExhausted));
    rig.run(10, 20, |_| passed(Passed::Credential));
    assert_eq!(cause(&rig).code, CauseCode::Quota, "a credential gate has two faults to shut it");
}

#[test]
fn a_breaker_that_an_operator_holds_open_is_no_incident() {
    let mut rig = Rig::new();
    let forced = BreakerMoved {
        deployment: "a".into(),
        at: rig.now,
        from: BreakerState::Closed,
        to: BreakerState::Open,
        kind: None,
        forced: true,
        next_probe: None,
        window: None,
    };
    rig.watch.note(&Event::Breaker(forced.clone()));
    rig.run(10, 20, |_| passed(Passed::Breaker));
    assert_eq!(cause(&rig).code, CauseCode::Forced);
    assert_eq!(cause(&rig).why(), "because an operator forced its breaker open");
    says(&cause(&rig), "200 of 200 requests moved on by a breaker that an operator holds open");
    // Released: what moves requests on from now on is something else.
    let released =
        BreakerMoved { at: rig.now, from: BreakerState::Open, to: BreakerState::Closed, ..forced };
    rig.watch.note(&Event::Breaker(released));
    rig.pass(MINUTE);
    assert_ne!(cause(&rig).code, CauseCode::Forced);
}

#[test]
fn answers_that_fail_their_check_name_the_reason_and_the_others() {
    let mut rig = Rig::new();
    rig.run(60, 20, |n| match n {
        0 => soft(Soft::Schema),
        1 => soft(Soft::Empty),
        2 => soft(Soft::Schema),
        3 => fallback(Kind::ContextWindow),
        _ => own(),
    });
    let cause = rig.alert(Signal::SoftFailureRate).cause;
    assert_eq!(cause.code, CauseCode::Soft);
    assert_eq!(cause.model.as_deref(), Some("claude-sonnet-4-6"));
    assert_eq!(cause.soft_reason(), Some(Soft::Schema));
    let json = serde_json::to_value(&cause).unwrap();
    assert_eq!(json["kind"], "Soft(schema)");
    says(&cause, "120 of 180 were not the JSON asked for");
    says(&cause, "gpt-4.1 in the same time: 0 %");
}

#[test]
fn provider_errors_say_whether_a_larger_plan_would_have_helped() {
    let failed =
        |kind| request("main-model", &[("a", 0, Outcome::Fault(kind)), ("a", 0, Outcome::Success)]);
    let mut rig = Rig::new();
    rig.run(60, 20, |n| match n {
        0..3 => failed(Kind::RateLimited),
        3 => failed(Kind::ServerError),
        _ => own(),
    });
    let cause = rig.alert(Signal::ProviderErrorRate).cause;
    assert_eq!(cause.code, CauseCode::RateSteady);
    says(&cause, "a larger plan would have spared 180 of 240 failed attempts");
    let mut rig = Rig::new();
    for _ in 0..8 {
        rig.run(1, 20, |_| failed(Kind::RateLimited));
        rig.run(9, 20, |_| own());
    }
    rig.run(1, 20, |_| failed(Kind::RateLimited));
    assert_eq!(rig.alert(Signal::ProviderErrorRate).cause.code, CauseCode::RateBurst);
}

#[test]
fn openings_are_told_with_their_times_and_kinds() {
    let mut rig = Rig::new();
    for kind in [Kind::ServerError, Kind::ServerError, Kind::Timeout, Kind::ServerError] {
        rig.pass(MINUTE);
        rig.opening("a", kind);
    }
    rig.tick();
    let cause = rig.alert(Signal::BreakerOpenings).cause;
    assert_eq!(cause.code, CauseCode::ProviderIncident);
    says(&cause, "00:01:00 ServerError, 00:02:00 ServerError, 00:03:00 Timeout");
}

#[test]
fn answers_that_fail_their_check_are_no_failed_attempts() {
    let mut rig = Rig::new();
    rig.run(10, 20, |_| fallback(Kind::Soft));
    let cause = cause(&rig);
    assert_eq!(cause.code, CauseCode::Soft);
    assert!(!cause.evidence.iter().any(|line| line.contains("attempts failed")), "{cause:?}");
}

#[test]
fn every_gate_that_moved_requests_is_named() {
    let mut rig = Rig::new();
    rig.run(1, 10, |_| fallback(Kind::Authentication));
    rig.run(10, 20, |n| passed(if n < 12 { Passed::Credential } else { Passed::Breaker }));
    let cause = cause(&rig);
    assert_eq!(cause.code, CauseCode::Authentication);
    says(&cause, "120 requests passed by a shut credential gate");
    says(&cause, "80 requests passed by an open breaker");
}

#[test]
fn a_gate_is_shut_since_it_shut_and_not_since_its_last_probe() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        rig.ask(fallback(Kind::Authentication));
        rig.gate("a", GateName::Credential, true, Some(Kind::Authentication));
        rig.pass(70 * SECOND);
    }
    says(&rig.alert(Signal::Authentication).cause, "its gate is shut since 00:00:00 (UTC)");
    rig.gate("a", GateName::Credential, false, None);
    rig.gate("a", GateName::Credential, true, Some(Kind::Authentication));
    rig.pass(70 * SECOND);
    says(&rig.alert(Signal::Authentication).cause, "its gate is shut since 00:02:20 (UTC)");
}
