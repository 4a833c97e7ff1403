//! When alerts fire, escalate and resolve.

use sanso_watch::*;

use crate::rig::*;

/// `n` in a hundred are answered by the fallback, for a reason that no provider is to blame for.
fn moved(rig: &mut Rig, minutes: u64, of_hundred: u64) {
    rig.main_model(minutes, of_hundred, Kind::ContextWindow);
}

#[test]
fn the_fallback_rate_fires_over_its_line_and_not_on_it() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 5);
    assert_eq!(rig.told(), [""; 0]);
    let mut rig = Rig::new();
    moved(&mut rig, 70, 6);
    assert_eq!(rig.told(), ["fired fallback_rate warn main-model"]);
}

#[test]
fn it_escalates_once_over_the_critical_line_and_not_on_it() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    assert_eq!(rig.told(), ["fired fallback_rate warn main-model"]);
    moved(&mut rig, 70, 10);
    assert_eq!(rig.told(), [""; 0]);
    moved(&mut rig, 70, 11);
    assert_eq!(rig.told(), ["escalated fallback_rate critical main-model"]);
    moved(&mut rig, 70, 7);
    moved(&mut rig, 70, 14);
    assert_eq!(rig.told(), [""; 0], "it was told as critical already");
}

#[test]
fn both_windows_must_be_over() {
    let mut rig = Rig::new();
    moved(&mut rig, 60, 0);
    // 2 of 60 minutes: the short window is far over, the hour is not.
    moved(&mut rig, 2, 100);
    assert_eq!(rig.told(), [""; 0]);
    assert_eq!(rig.alert(Signal::FallbackRate).state, AlertState::Pending);
    moved(&mut rig, 2, 100);
    assert_eq!(rig.told(), ["fired fallback_rate warn main-model"], "4 of 60 matter");
    // An hour that is over, and five minutes that are not.
    let mut rig = Rig::new();
    rig.run(10, 1, |_| fallback(Kind::ContextWindow));
    rig.pass(6 * MINUTE);
    rig.run(6, 10, |_| own());
    assert_eq!(rig.told(), [""; 0], "10 of 70 in the hour, none of late");
}

#[test]
fn nineteen_requests_are_too_few_for_a_rate() {
    let mut rig = Rig::new();
    for _ in 0..19 {
        rig.ask(fallback(Kind::ContextWindow));
    }
    rig.tick();
    assert_eq!(rig.told(), [""; 0]);
    assert_eq!(rig.alert(Signal::FallbackRate).state, AlertState::Pending);
    rig.ask(own());
    rig.tick();
    assert_eq!(rig.told(), ["fired fallback_rate critical main-model"]);
}

#[test]
fn a_pending_alert_goes_without_a_word() {
    let mut rig = Rig::new();
    moved(&mut rig, 60, 0);
    moved(&mut rig, 1, 50);
    assert_eq!(rig.alert(Signal::FallbackRate).state, AlertState::Pending);
    moved(&mut rig, 10, 0);
    assert!(rig.watch.overview(rig.now, Range::Hour, &[]).alerts.is_empty());
    assert_eq!(rig.told(), [""; 0]);
}

#[test]
fn it_resolves_when_two_windows_were_below_four_fifths_of_the_line() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    rig.told();
    // On 4 % it is not below 4 %.
    moved(&mut rig, 60, 4);
    assert_eq!(rig.told(), [""; 0]);
    // The first window is below after a while, the second five minutes later.
    moved(&mut rig, 9, 0);
    assert_eq!(rig.told(), ["resolved fallback_rate warn main-model"]);
}

#[test]
fn one_window_below_resolves_nothing() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    rig.told();
    // Half an hour in which every five minutes are well, and then not: 3 % and 6 % in turn.
    for _ in 0..3 {
        moved(&mut rig, 6, 2);
        moved(&mut rig, 6, 8);
    }
    assert_eq!(rig.told(), [""; 0]);
}

#[test]
fn what_swings_about_its_line_fires_once() {
    let mut rig = Rig::new();
    for _ in 0..6 {
        moved(&mut rig, 12, 6);
        moved(&mut rig, 12, 5);
    }
    assert_eq!(rig.told(), ["fired fallback_rate warn main-model"]);
}

#[test]
fn the_onset_is_the_first_bucket_that_stayed_over() {
    let mut rig = Rig::new();
    moved(&mut rig, 30, 30);
    moved(&mut rig, 120, 1);
    rig.told();
    let onset = rig.now;
    moved(&mut rig, 50, 8);
    let alert = rig.alert(Signal::FallbackRate);
    assert_eq!(alert.state, AlertState::Firing);
    assert_eq!(alert.since, onset);
    assert_eq!((alert.count, alert.of), (50 * 8, Some(50 * 100)));
    assert_eq!(alert.value, 0.08);
    assert_eq!(alert.threshold, 0.05);
    assert_eq!(&*alert.window, "5 min and 1 h");
    assert_eq!(alert.served_instead.as_deref(), Some("b"));
    assert_eq!(alert.served_instead_model.as_deref(), Some("openai/gpt-4.1"));
}

#[test]
fn one_request_without_an_answer_warns() {
    let mut rig = Rig::new();
    rig.run(5, 200, |_| own());
    rig.ask(nobody(Kind::BadRequest));
    rig.tick();
    assert_eq!(rig.told(), ["fired unavailable warn main-model"]);
    rig.run(11, 200, |_| own());
    assert_eq!(rig.told(), ["resolved unavailable warn main-model"]);
}

#[test]
fn more_than_one_in_a_hundred_without_an_answer_is_critical() {
    for (unanswered, severity) in [(10, "warn"), (11, "critical")] {
        let mut rig = Rig::new();
        for n in 0..1000 {
            rig.ask(if n < unanswered { nobody(Kind::BadRequest) } else { own() });
        }
        rig.tick();
        assert_eq!(rig.told(), [format!("fired unavailable {severity} main-model")]);
    }
}

#[test]
fn of_few_requests_none_answered_is_critical_and_one_is_not() {
    let mut rig = Rig::new();
    rig.ask(nobody(Kind::BadRequest));
    rig.ask(nobody(Kind::BadRequest));
    rig.tick();
    assert_eq!(rig.told(), ["fired unavailable warn main-model"], "two may be chance");
    rig.ask(nobody(Kind::BadRequest));
    rig.pass(30 * SECOND);
    assert_eq!(rig.told(), ["escalated unavailable critical main-model"]);
    let mut rig = Rig::new();
    for n in 0..7 {
        rig.ask(if n < 3 { nobody(Kind::BadRequest) } else { own() });
    }
    rig.tick();
    assert_eq!(rig.told(), ["fired unavailable warn main-model"], "3 of 7 is no rate");
}

#[test]
fn stored_answers_warn_and_are_critical_over_one_in_a_hundred() {
    for (count, severity) in [(1, "warn"), (10, "warn"), (11, "critical")] {
        let mut rig = Rig::new();
        for n in 0..1000 {
            rig.ask(if n < count {
                Finished { degradation: Degradation::Degraded, ..nobody(Kind::BadRequest) }
            } else {
                own()
            });
        }
        rig.tick();
        assert_eq!(rig.told(), [format!("fired degraded {severity} main-model")], "{count}");
    }
}

#[test]
fn provider_errors_count_attempts_and_not_callers_mistakes() {
    for (of_thousand, told) in [(10, None), (11, Some("warn")), (101, Some("critical"))] {
        let mut rig = Rig::new();
        for n in 0..1000 {
            // The first attempt fails, a retry answers: no request is lost.
            let failed = ("a", 0, Outcome::Fault(Kind::ServerError));
            let fine = ("a", 0, Outcome::Success);
            let retried = request("main-model", &[failed, fine]);
            let mistaken = request("main-model", &[("a", 0, Outcome::Fault(Kind::BadRequest))]);
            let mistaken = Finished { degradation: Degradation::Rejected, ..mistaken };
            rig.ask(if n < of_thousand { retried } else { own() });
            rig.ask(mistaken);
        }
        rig.tick();
        let told = told.map(|severity| format!("fired provider_error_rate {severity} main-model"));
        // 11 of 1,011 attempts are over 1 %; 101 of 1,101 are not over 10 %.
        let told = if of_thousand == 101 {
            Some("fired provider_error_rate warn main-model".to_owned())
        } else {
            told
        };
        assert_eq!(rig.told(), told.into_iter().collect::<Vec<_>>(), "{of_thousand}");
    }
}

#[test]
fn soft_failures_are_watched_per_model_over_an_hour() {
    for (of_hundred, told) in
        [(2, None), (3, Some("warn")), (5, Some("warn")), (6, Some("critical"))]
    {
        let mut rig = Rig::new();
        let is_due = |n: u64| (n + 1) * of_hundred / 100 > n * of_hundred / 100;
        rig.run(60, 100, |n| if is_due(n) { soft(Soft::Schema) } else { own() });
        let told = told.map(|_| "fired soft_failure_rate warn main-model".to_owned());
        let told = rig_told_first(&mut rig, told);
        assert!(told, "{of_hundred} of 100");
        let level = rig.watch.overview(rig.now, Range::Hour, &[]).alerts;
        let severity = level.first().map(|alert| alert.severity);
        let wanted = match of_hundred {
            2 => None,
            6 => Some(Severity::Critical),
            _ => Some(Severity::Warn),
        };
        assert_eq!(severity, wanted, "{of_hundred} of 100");
        if let Some(alert) = level.first() {
            assert_eq!(alert.subject.model.as_deref(), Some("claude-sonnet-4-6"));
        }
    }
}

/// Whether the first that was told is about soft failures, or nothing was told where nothing should be.
fn rig_told_first(rig: &mut Rig, wanted: Option<String>) -> bool {
    let told = rig.told();
    match wanted {
        None => told.is_empty(),
        Some(_) => told.first().is_some_and(|first| first.contains("soft_failure_rate")),
    }
}

#[test]
fn the_fourth_opening_in_an_hour_is_critical() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        rig.opening("a", Kind::ServerError);
        rig.pass(MINUTE);
    }
    // Reopenings are not counted.
    rig.breaker("a", BreakerState::HalfOpen, BreakerState::Open, Some(Kind::ServerError));
    rig.pass(MINUTE);
    assert_eq!(rig.told(), [""; 0]);
    rig.opening("a", Kind::Timeout);
    let fourth = rig.now;
    rig.tick();
    assert_eq!(rig.told(), ["fired breaker_openings critical main-model"]);
    let alert = rig.alert(Signal::BreakerOpenings);
    assert_eq!((alert.value, alert.threshold, alert.of), (4.0, 3.0, None));
    assert_eq!(alert.since, fourth);
    assert_eq!(alert.subject.deployment.as_deref(), Some("a"));
    // Below 2.4 in two hours on end: no more than two each.
    rig.pass(2 * HOUR - 3 * MINUTE);
    assert_eq!(rig.told(), [""; 0]);
    rig.pass(5 * MINUTE);
    assert_eq!(rig.told(), ["resolved breaker_openings critical main-model"]);
}

#[test]
fn openings_an_hour_apart_are_nothing() {
    let mut rig = Rig::new();
    for _ in 0..6 {
        rig.opening("a", Kind::ServerError);
        rig.pass(21 * MINUTE);
    }
    assert_eq!(rig.told(), [""; 0]);
}

#[test]
fn a_refused_key_a_missing_model_and_an_empty_account_are_critical_at_once() {
    for (kind, signal) in [
        (Kind::Authentication, "authentication"),
        (Kind::NotFound, "not_found"),
        (Kind::QuotaExhausted, "quota"),
    ] {
        let mut rig = Rig::new();
        for _ in 0..200 {
            rig.ask(own());
        }
        rig.ask(fallback(kind));
        rig.tick();
        assert_eq!(rig.told(), [format!("fired {signal} critical main-model")]);
    }
}

#[test]
fn a_key_stays_refused_while_its_gate_is_shut() {
    let mut rig = Rig::new();
    rig.run(30, 100, |_| own());
    rig.ask(fallback(Kind::Authentication));
    rig.gate("a", GateName::Credential, true, Some(Kind::Authentication));
    rig.run(60, 2, |_| passed(Passed::Credential));
    let told = rig.told();
    assert_eq!(told[0], "fired authentication critical main-model");
    assert!(told.iter().all(|told| !told.starts_with("resolved")), "{told:?}");
    rig.gate("a", GateName::Credential, false, None);
    rig.run(6, 10, |_| own());
    let told = rig.told();
    assert!(told.iter().any(|told| told.contains("resolved authentication")), "{told:?}");
}

#[test]
fn a_shut_gate_is_no_attempt() {
    let mut rig = Rig::new();
    rig.run(30, 100, |_| own());
    rig.ask(fallback(Kind::Authentication));
    rig.gate("a", GateName::Credential, true, Some(Kind::Authentication));
    rig.tick();
    let alert = rig.alert(Signal::Authentication);
    let why = "because anthropic refuses the key ANTHROPIC_API_KEY";
    let said = format!("key refused, ANTHROPIC_API_KEY: 1 time, since 00:30 UTC, {why}.");
    assert_eq!((alert.count, alert.value, alert.sentence(rig.now)), (1, 1.0, said.clone()));
    // While it is shut no one is asked: there is nothing more to count, and nothing less.
    rig.run(30, 2, |_| passed(Passed::Credential));
    let alert = rig.alert(Signal::Authentication);
    assert_eq!((alert.count, alert.sentence(rig.now)), (1, said));
    // A probe that is refused as well is a second one.
    rig.ask(fallback(Kind::Authentication));
    rig.pass(10 * MINUTE);
    assert_eq!(rig.alert(Signal::Authentication).count, 2);
}

#[test]
fn deployments_with_one_key_make_one_alert() {
    let mut rig = Rig::new();
    for deployment in ["k1", "k2"] {
        let refused = Outcome::Fault(Kind::Authentication);
        rig.ask(request("pool", &[(deployment, 0, refused), ("d", 1, Outcome::Success)]));
    }
    rig.tick();
    let alerts = rig.watch.overview(rig.now, Range::Hour, &[]).alerts;
    let refused = alerts.iter().filter(|alert| alert.signal == Signal::Authentication);
    let keys: Vec<_> = refused.map(|alert| alert.subject.key_name.as_deref()).collect();
    assert_eq!(keys, [Some("BEDROCK_API_KEY")]);
}

#[test]
fn alerts_of_one_chain_are_one_notice() {
    let mut rig = Rig::new();
    rig.run(1, 100, |_| fallback(Kind::ServerError));
    assert_eq!(
        rig.told(),
        ["fired fallback_rate critical main-model + fired provider_error_rate critical main-model"]
    );
}

#[test]
fn what_fires_within_half_a_minute_of_a_notice_is_one_more() {
    let mut rig = Rig::new();
    let after = |rig: &mut Rig, seconds: u64| {
        rig.now = rig.now.plus(seconds * SECOND);
        rig.tick();
        rig.told()
    };
    rig.ask(fallback(Kind::Authentication));
    assert_eq!(after(&mut rig, 0), ["fired authentication critical main-model"]);
    (0..4).for_each(|_| rig.opening("a", Kind::ServerError));
    assert_eq!(after(&mut rig, 10), [""; 0]);
    assert!(rig.firing().contains(&Signal::BreakerOpenings), "the page shows it at once");
    rig.ask(fallback(Kind::NotFound));
    (0..4).for_each(|_| rig.opening("g", Kind::ServerError));
    let another = ["fired breaker_openings critical flash"];
    assert_eq!(after(&mut rig, 19), another, "another chain does not wait for it");
    let gathered =
        "fired not_found critical main-model + fired breaker_openings critical main-model";
    rig.restart();
    assert_eq!(after(&mut rig, 1), [gathered]);
    assert_eq!(after(&mut rig, 60), [""; 0]);
}

#[test]
fn a_restart_does_not_fire_again() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 12);
    assert_eq!(rig.told(), ["fired fallback_rate critical main-model"]);
    let before = rig.alert(Signal::FallbackRate);
    rig.restart();
    rig.tick();
    let after = rig.alert(Signal::FallbackRate);
    assert_eq!((&after.id, after.since, after.count), (&before.id, before.since, before.count));
    moved(&mut rig, 70, 12);
    assert_eq!(rig.told(), [""; 0]);
    moved(&mut rig, 11, 0);
    assert_eq!(rig.told(), ["resolved fallback_rate critical main-model"]);
    // And what is new has an id of its own.
    moved(&mut rig, 70, 12);
    assert_ne!(rig.alert(Signal::FallbackRate).id, before.id);
}

#[test]
fn a_clock_that_goes_back_makes_nothing_fire() {
    let mut rig = Rig::new();
    moved(&mut rig, 60, 30);
    moved(&mut rig, 60, 0);
    rig.told();
    // Back to just after the loss: the figures of then are still there, and are not new.
    rig.now = rig.now.minus(58 * MINUTE);
    rig.tick();
    rig.run(1, 10, |_| own());
    assert_eq!(rig.told(), [""; 0]);
    // A loss that is new fires.
    moved(&mut rig, 1, 100);
    assert_eq!(rig.told(), ["fired fallback_rate critical main-model"]);
}

#[test]
fn a_clock_that_leaps_ahead_neither_fires_nor_resolves() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    rig.told();
    rig.now = rig.now.plus(3 * DAY);
    rig.tick();
    assert_eq!(rig.told(), [""; 0]);
    assert_eq!(rig.firing(), [Signal::FallbackRate]);
    moved(&mut rig, 5, 8);
    assert_eq!(rig.told(), [""; 0]);
}

#[test]
fn small_corrections_of_the_clock_lose_nothing() {
    let mut rig = Rig::new();
    for _ in 0..10 {
        moved(&mut rig, 7, 6);
        rig.now = rig.now.minus(30 * SECOND);
        rig.tick();
    }
    assert_eq!(rig.told(), ["fired fallback_rate warn main-model"]);
    let (late, _) = rig.watch.uncounted();
    assert_eq!(late, 0);
}

#[test]
fn minutes_without_requests_neither_resolve_nor_fire() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    rig.told();
    rig.pass(59 * MINUTE);
    assert_eq!(rig.told(), [""; 0]);
    // The five minutes that still hold something, and an hour of nothing.
    rig.pass(7 * MINUTE);
    assert_eq!(rig.told(), ["resolved fallback_rate warn main-model"]);
}

#[test]
fn minutes_without_ticks_count_as_one() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    moved(&mut rig, 6, 0);
    rig.told();
    // The process was suspended: that is no second window.
    rig.now = rig.now.plus(20 * MINUTE);
    rig.ask(own());
    rig.tick();
    assert_eq!(rig.told(), [""; 0]);
    moved(&mut rig, 5, 0);
    assert_eq!(rig.told(), ["resolved fallback_rate warn main-model"]);
}

#[test]
fn a_silence_holds_back_until_its_end() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    rig.told();
    let id = rig.alert(Signal::FallbackRate).id;
    rig.watch.silence(&id, rig.now.plus(2 * HOUR)).unwrap();
    moved(&mut rig, 100, 20);
    assert_eq!(rig.told(), [""; 0]);
    assert_eq!(rig.alert(Signal::FallbackRate).severity, Severity::Critical);
    assert!(rig.alert(Signal::FallbackRate).silenced_until.is_some());
    rig.restart();
    moved(&mut rig, 19, 20);
    assert_eq!(rig.told(), [""; 0], "a restart ends no silence");
    moved(&mut rig, 2, 20);
    assert_eq!(rig.told(), ["escalated fallback_rate critical main-model"]);
}

#[test]
fn those_who_must_hear_again_hear_of_what_fires_and_is_not_silenced() {
    let mut rig = Rig::new();
    let firing = |rig: &Rig| {
        let firing = rig.watch.firing().into_iter();
        firing.map(|alert| (alert.signal, alert.severity)).collect::<Vec<_>>()
    };
    moved(&mut rig, 60, 0);
    moved(&mut rig, 1, 50);
    assert_eq!(rig.alert(Signal::FallbackRate).state, AlertState::Pending);
    assert_eq!(firing(&rig), [], "it does not fire yet");
    moved(&mut rig, 70, 8);
    let warn = [(Signal::FallbackRate, Severity::Warn)];
    assert_eq!(firing(&rig), warn);
    rig.restart();
    rig.tick();
    assert_eq!(firing(&rig), warn, "a restart tells nothing anew, and it goes on");
    let id = rig.alert(Signal::FallbackRate).id;
    rig.watch.silence(&id, rig.now.plus(HOUR)).unwrap();
    assert_eq!(firing(&rig), []);
    moved(&mut rig, 61, 8);
    assert_eq!(firing(&rig), warn);
    moved(&mut rig, 30, 0);
    assert_eq!(firing(&rig), []);
}

#[test]
fn a_silence_is_of_what_it_is_about() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    let id = rig.alert(Signal::FallbackRate).id;
    rig.told();
    rig.watch.silence(&id, rig.now.plus(12 * HOUR)).unwrap();
    moved(&mut rig, 30, 0);
    moved(&mut rig, 70, 8);
    assert_eq!(rig.told(), [""; 0], "it resolved and came back under another id");
    rig.ask(nobody(Kind::BadRequest));
    rig.tick();
    assert_eq!(rig.told(), ["fired unavailable warn main-model"], "this is another");
}

#[test]
fn silencing_what_is_not_there_says_so() {
    let mut rig = Rig::new();
    let error = rig.watch.silence("al-7", START.plus(HOUR)).unwrap_err();
    assert!(error.to_string().contains("al-7"), "{error}");
}

#[test]
fn a_reload_keeps_what_both_plans_have() {
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    rig.told();
    let before = rig.alert(Signal::FallbackRate);
    let mut other = plan();
    other.chains.swap(0, 2);
    let between = other.chains[1].legs[0].clone();
    other.chains[2].legs.insert(1, between);
    rig.watch.renew(other, Thresholds::default());
    rig.tick();
    assert_eq!(rig.told(), [""; 0]);
    let after = rig.alert(Signal::FallbackRate);
    assert_eq!((after.id, after.count, after.since), (before.id, before.count, before.since));
    let chain = &rig.watch.overview(rig.now, Range::Hour, &[]).chains[2];
    assert_eq!(&*chain.model_group, "main-model");
    let served: Vec<_> = chain.legs.iter().map(|leg| leg.deployments[0].requests).collect();
    assert_eq!(served[1], 0, "the new leg answered nothing");
    assert_eq!(served[2] * 92, served[0] * 8, "the others keep what they answered");
    // A chain that is gone has nothing to be well again.
    let mut less = plan();
    less.chains.remove(0);
    rig.watch.renew(less, Thresholds::default());
    rig.tick();
    assert_eq!(rig.told(), ["resolved fallback_rate warn main-model"]);
}

#[test]
fn lines_out_of_order_are_refused() {
    assert!(Rate::try_new(0.05, 0.10, 20).is_ok());
    assert!(Rate::try_new(0.0, 0.0, 0).is_ok());
    for (warn, critical) in [(0.2, 0.1), (-0.1, 0.1), (0.1, 1.1), (f64::NAN, 0.1), (0.1, f64::NAN)]
    {
        let error = Rate::try_new(warn, critical, 20).unwrap_err();
        assert!(error.to_string().contains("from 0 to 1"), "{error}");
    }
}

#[test]
fn thresholds_can_be_set() {
    let lines = Thresholds {
        fallback_rate: Rate::try_new(0.20, 0.30, 5).unwrap(),
        ..Thresholds::default()
    };
    let mut rig = Rig::new();
    rig.watch = Watch::new(plan(), lines, None, START);
    moved(&mut rig, 70, 20);
    assert_eq!(rig.told(), [""; 0]);
    moved(&mut rig, 70, 25);
    assert_eq!(rig.told(), ["fired fallback_rate warn main-model"]);
}

#[test]
fn notices_are_said_in_words() {
    let words = |rig: &Rig| rig.notices.iter().map(Notice::sentence).collect::<Vec<_>>();
    let mut rig = Rig::new();
    moved(&mut rig, 70, 8);
    let why = "because prompts are longer than claude-sonnet-4-6's window";
    let first = format!(
        "fired (warn): fallback rate, main-model: 8.0 %, limit 5 %, since 00:00 UTC, {why}."
    );
    assert_eq!(words(&rig), [first]);
    rig.notices.clear();
    moved(&mut rig, 11, 0);
    let text = words(&rig).join("\n");
    assert!(text.starts_with("resolved (warn): fallback rate, main-model: "), "{text}");
    assert!(!text.contains("because"), "{text}");
    rig.notices.clear();
    rig.ask(fallback(Kind::Authentication));
    for _ in 0..4 {
        rig.opening("a", Kind::ServerError);
    }
    rig.tick();
    let text = words(&rig).join("\n");
    assert!(
        text.starts_with("fired (critical): key refused, ANTHROPIC_API_KEY: 1 time,"),
        "{text}"
    );
    assert!(text.ends_with(" Also: breaker openings, anthropic/claude-sonnet-4-6."), "{text}");
}

/// Two groups that nobody asks, and the task whose models they are.
fn with_a_task() -> Plan {
    let flash = "f gemini gemini-2.5-flash";
    let mini = "m openai gpt-4.1-mini";
    let alone = |group: &'static str, deployment| PlannedChain {
        spare: true,
        ..chain(group, None, [(group, &[deployment][..])])
    };
    let batch = [("flash", &[flash][..]), ("mini", &[mini])];
    let chains =
        vec![alone("flash", flash), alone("mini", mini), chain("task/batch", Some("batch"), batch)];
    Plan { chains, tasks: vec!["batch".into()] }
}

#[test]
fn an_alert_names_the_chain_that_is_asked() {
    let failed = |kind| {
        let mut request =
            request("task/batch", &[("f", 0, Outcome::Fault(kind)), ("m", 1, Outcome::Success)]);
        request.task = Some("batch".into());
        request
    };
    let mut rig = Rig::with(with_a_task());
    rig.run(10, 20, |_| failed(Kind::ServerError));
    for _ in 0..5 {
        rig.opening("f", Kind::ServerError);
    }
    rig.tick();
    for signal in [Signal::FallbackRate, Signal::ProviderErrorRate, Signal::BreakerOpenings] {
        let subject = rig.alert(signal).subject;
        assert_eq!(subject.model_group.as_deref(), Some("task/batch"), "{signal:?}");
        assert_eq!(subject.task.as_deref(), Some("batch"), "{signal:?}");
    }
}

#[test]
fn a_quiet_group_that_loses_every_answer_fires_in_the_end() {
    let mut rig = Rig::new();
    // Ten an hour: never twenty of them in one.
    let ask = |rig: &mut Rig, times| {
        for _ in 0..times {
            rig.ask(fallback(Kind::RateLimited));
            rig.pass(6 * MINUTE);
        }
    };
    ask(&mut rig, 10);
    let verdict = rig.verdict();
    assert_eq!((verdict.state, verdict.severity), (State::Slipping, Tone::Warn));
    assert_eq!((verdict.count, verdict.of), (Some(10), Some(10)));
    assert!(
        rig.sentence().contains("by its fallback, gpt-4.1, 10 of 10 times"),
        "{}",
        rig.sentence()
    );
    assert!(rig.told().is_empty(), "too few for a rate");
    ask(&mut rig, 10);
    assert_eq!(
        rig.told(),
        ["fired fallback_rate critical main-model + fired provider_error_rate critical main-model"]
    );
    ask(&mut rig, 100);
    assert!(rig.told().is_empty(), "once");
    assert_eq!(rig.verdict().state, State::Losing);
}

#[test]
fn a_few_lost_answers_are_not_forgotten_in_a_silence() {
    let mut rig = Rig::new();
    for _ in 0..15 {
        rig.ask(fallback(Kind::RateLimited));
        rig.pass(SECOND);
    }
    rig.pass(10 * MINUTE);
    assert_eq!(rig.verdict().state, State::Slipping);
    rig.pass(2 * HOUR);
    assert_eq!(rig.verdict().state, State::Quiet);
    // Two of three may be chance.
    let mut rig = Rig::new();
    for lost in [true, true, false] {
        rig.ask(if lost { fallback(Kind::RateLimited) } else { own() });
        rig.pass(MINUTE);
    }
    assert_eq!(rig.verdict().state, State::Healthy);
}

#[test]
fn one_fallback_after_an_incident_fires_nothing() {
    for (per_minute, minutes) in [(1, 2), (1, 10), (1, 30), (2, 2), (2, 20)] {
        let mut rig = Rig::new();
        rig.run(60, per_minute, |_| own());
        rig.run(15, per_minute, |_| fallback(Kind::ServerError));
        rig.run(15, per_minute, |_| own());
        let told = rig.told();
        assert!(told.last().unwrap().starts_with("resolved fallback_rate"), "{told:?}");
        rig.run(minutes, per_minute, |_| own());
        rig.ask(fallback(Kind::Timeout));
        rig.run(20, per_minute, |_| own());
        let told = rig.told();
        assert!(!told.iter().any(|told| told.contains("fallback_rate")), "{minutes}: {told:?}");
        // A second incident is told.
        rig.run(30, per_minute, |_| fallback(Kind::ServerError));
        let told = rig.told();
        let is_fired = told.iter().any(|told| told.contains("fired fallback_rate"));
        assert!(is_fired, "{minutes}: {told:?}");
    }
}

/// Seconds of five requests each, with a tick at the end of each.
fn each_second(rig: &mut Rig, seconds: u64, request: impl Fn() -> Finished) {
    for _ in 0..seconds {
        (0..5).for_each(|_| rig.ask(request()));
        rig.now = rig.now.plus(SECOND);
        rig.tick();
    }
}

#[test]
fn windows_can_be_set() {
    let windows = Thresholds {
        short: std::time::Duration::from_secs(20),
        long: std::time::Duration::from_mins(1),
        ..Thresholds::default()
    };
    let mut rig = Rig::new();
    rig.watch = Watch::new(plan(), windows, None, START);
    each_second(&mut rig, 10, own);
    each_second(&mut rig, 10, || passed(Passed::Breaker));
    assert_eq!(rig.told().last().unwrap(), "escalated fallback_rate critical main-model");
    assert_eq!(&*rig.alert(Signal::FallbackRate).window, "20 s and 1 min");
    // The short window is well after 20 s, and up to ten later; the alert after another 20.
    each_second(&mut rig, 35, own);
    assert_eq!(rig.told(), [""; 0]);
    let rates = |rig: &Rig| {
        let overview = rig.watch.overview(rig.now, Range::Hour, &rig.live);
        let chain = overview.chains.iter().find(|chain| &*chain.model_group == "main-model");
        chain.unwrap().fallback_rate
    };
    assert_eq!((rates(&rig).short, rates(&rig).long), (Some(0.0), Some(50.0 / 275.0)));
    each_second(&mut rig, 20, own);
    assert_eq!(rig.told(), ["resolved fallback_rate critical main-model"]);
    each_second(&mut rig, 20, own);
    assert_eq!(rates(&rig).long, Some(0.0));
    // What is read over the long window alone.
    (0..4).for_each(|_| rig.opening("a", Kind::ServerError));
    each_second(&mut rig, 1, own);
    assert_eq!(rig.told(), ["fired breaker_openings critical main-model"]);
    assert_eq!(&*rig.alert(Signal::BreakerOpenings).window, "1 min");
    each_second(&mut rig, 115, own);
    assert_eq!(rig.told(), [""; 0]);
    each_second(&mut rig, 20, own);
    assert_eq!(rig.told(), ["resolved breaker_openings critical main-model"]);
}
