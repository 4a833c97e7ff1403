//! The rows of the verdict, each from both sides, and what is said of it.

use sanso_watch::*;

use crate::rig::*;

/// One of the first deployments of `pool`.
const K1: (&str, u32, Outcome) = ("k1", 0, Outcome::Success);

/// `of_hundred` in a hundred are what `lost` says, the others are answered by their own model.
fn lose(rig: &mut Rig, minutes: u64, of_hundred: u64, lost: impl Fn() -> Finished) {
    let is_due = |n: u64| (n + 1) * of_hundred / 100 > n * of_hundred / 100;
    rig.run(minutes, 100, |n| if is_due(n) { lost() } else { own() });
}

/// `pool`, answered by its second leg (the same model) or by its last (another one).
fn moved_pool(same: bool) -> Finished {
    let failed = ("k1", 0, Outcome::Fault(Kind::ServerError));
    let answer = if same { ("d", 1, Outcome::Success) } else { ("e", 2, Outcome::Success) };
    request("pool", &[failed, answer])
}

fn state(rig: &Rig) -> (State, Tone) {
    let verdict = rig.verdict();
    (verdict.state, verdict.severity)
}

#[test]
fn nothing_asked_is_empty() {
    let mut rig = Rig::new();
    rig.pass(HOUR);
    assert_eq!(state(&rig), (State::Empty, Tone::Idle));
    assert_eq!(rig.sentence(), "Nothing has been asked yet.");
    rig.ask(own());
    assert_eq!(state(&rig), (State::Healthy, Tone::Ok));
}

#[test]
fn hardly_anyone_answered_is_down() {
    for (of_hundred, told) in
        [(91, (State::Down, Tone::Critical)), (90, (State::PartlyDown, Tone::Critical))]
    {
        let mut rig = Rig::new();
        lose(&mut rig, 10, of_hundred, || nobody(Kind::ServerError));
        rig.run(1, 20, |_| request("pool", &[K1]));
        rig.run(1, 100, |n| if n < of_hundred { nobody(Kind::ServerError) } else { own() });
        assert_eq!(state(&rig), told, "{of_hundred} of 100");
    }
}

#[test]
fn one_group_that_is_down_is_named() {
    let mut rig = Rig::new();
    rig.run(10, 20, |_| nobody(Kind::ServerError));
    rig.ask(request("pool", &[K1]));
    let verdict = rig.verdict();
    assert_eq!(verdict.model_group.as_deref(), Some("main-model"));
    assert_eq!(&*verdict.answers.scope, "main-model");
    assert_eq!((verdict.answers.requests, verdict.answers.unavailable), (200, 200));
    assert_eq!(
        rig.sentence(),
        "Nobody answers main-model since 00:00 UTC, because no provider can be reached."
    );
}

#[test]
fn all_groups_that_are_down_are_one_verdict() {
    let mut rig = Rig::new();
    let pool = [("k1", 0, Outcome::Fault(Kind::Connection))];
    rig.run(10, 20, |n| if n < 10 { nobody(Kind::Connection) } else { request("pool", &pool) });
    let verdict = rig.verdict();
    assert_eq!((verdict.state, &verdict.model_group), (State::Down, &None));
    assert_eq!((&*verdict.answers.scope, verdict.answers.requests), ("all", 200));
    assert_eq!(
        rig.sentence(),
        "Nobody answers any of the 3 model groups since 00:00 UTC, because no provider can be reached."
    );
}

#[test]
fn the_only_group_that_is_down_is_named() {
    let mut rig = Rig::with(Plan { chains: vec![plan().chains.remove(0)], tasks: vec![] });
    rig.run(10, 20, |_| nobody(Kind::Timeout));
    assert!(rig.sentence().starts_with("Nobody answers main-model since "), "{}", rig.sentence());
}

#[test]
fn one_without_an_answer_is_partly_down() {
    let mut rig = Rig::new();
    rig.run(5, 200, |_| own());
    assert_eq!(state(&rig), (State::Healthy, Tone::Ok));
    rig.ask(nobody(Kind::ContextWindow));
    rig.tick();
    assert_eq!(state(&rig), (State::PartlyDown, Tone::Warn));
    let why = "since 00:05 UTC, because prompts are longer than claude-sonnet-4-6's window.";
    let sentence = rig.sentence();
    assert_eq!(sentence, format!("1 of 1 requests of main-model have had no answer {why}"));
    rig.run(1, 200, |_| own());
    assert_eq!(rig.sentence(), format!("0.5 % of main-model has had no answer {why}"));
}

#[test]
fn stored_answers_are_said_before_fallbacks() {
    let mut rig = Rig::new();
    lose(&mut rig, 10, 50, || fallback(Kind::ServerError));
    assert_eq!(state(&rig), (State::Losing, Tone::Critical));
    rig.ask(stored());
    rig.tick();
    assert_eq!(state(&rig), (State::Degraded, Tone::Warn), "one of 500");
    lose(&mut rig, 1, 50, stored);
    assert_eq!(state(&rig), (State::Degraded, Tone::Critical));
    let sentence = rig.sentence();
    assert!(sentence.starts_with("main-model has been answered from store "), "{sentence}");
    rig.ask(nobody(Kind::ServerError));
    rig.tick();
    assert_eq!(
        state(&rig),
        (State::PartlyDown, Tone::Warn),
        "no answer is said before a stored one"
    );
}

#[test]
fn a_first_leg_that_comes_back_is_recovering() {
    let mut rig = Rig::new();
    lose(&mut rig, 10, 50, || fallback(Kind::ServerError));
    let now = rig.now;
    rig.stands("a", BreakerState::Open, now.minus(5 * MINUTE));
    assert_eq!(state(&rig).0, State::Open);
    // Half-open for its probe: no answer yet, no recovery.
    rig.stands("a", BreakerState::HalfOpen, now);
    rig.run(1, 10, |_| passed(Passed::Breaker));
    assert_eq!(state(&rig).0, State::Losing);
    rig.ask(own());
    assert_eq!(state(&rig), (State::Recovering, Tone::Warn));
    rig.stands("a", BreakerState::Recovering, now);
    assert_eq!(state(&rig).0, State::Recovering);
    rig.run(6, 10, |n| if n < 3 { passed(Passed::Window) } else { own() });
    assert_eq!(
        rig.sentence(),
        "main-model is coming back to claude-sonnet-4-6: 70.0 % of the traffic again since \
         00:10 UTC, the rest is still answered by its fallback gpt-4.1."
    );
    assert_eq!(rig.verdict().answers.requests, 50, "the bar shows the last five minutes");
    // Closed, and well since: it is back, though the alert still waits for its windows.
    rig.stands("a", BreakerState::Closed, rig.now.plus(SECOND));
    rig.pass(2 * SECOND);
    assert_eq!(state(&rig).0, State::Recovering);
    rig.run(1, 20, |n| if n < 18 { own() } else { passed(Passed::Quota) });
    assert_eq!(state(&rig), (State::Losing, Tone::Critical), "what is still lost is no recovery");
    rig.run(1, 40, |_| own());
    assert_eq!(state(&rig).0, State::Recovering);
    rig.run(6, 10, |_| own());
    assert_eq!(rig.firing(), [Signal::FallbackRate]);
    assert_eq!(state(&rig).0, State::Recovering);
    assert_eq!(
        rig.sentence(),
        "main-model is coming back to claude-sonnet-4-6: 100 % of the traffic again since 00:17 UTC."
    );
}

#[test]
fn four_fifths_by_the_same_model_is_rerouted() {
    for (same, told) in [(16, (State::Rerouted, Tone::Warn)), (15, (State::Losing, Tone::Critical))]
    {
        let mut rig = Rig::new();
        rig.run(10, 20, |n| moved_pool(n < same));
        assert_eq!(state(&rig), told, "{same} of 20");
    }
    let mut rig = Rig::new();
    rig.run(10, 20, |n| moved_pool(n < 18));
    let verdict = rig.verdict();
    assert_eq!(verdict.same_model_share, Some(0.9));
    assert_eq!(verdict.other_model_rate, Some(0.1));
    assert_eq!(verdict.served_instead.as_deref(), Some("d"));
    assert_eq!(
        rig.sentence(),
        "pool has been answered elsewhere 100 % of the time since 00:00 UTC, because bedrock is \
         failing; 90.0 % of that by the same model."
    );
}

#[test]
fn every_breaker_of_the_first_leg_must_be_open() {
    let mut rig = Rig::new();
    rig.run(10, 20, |_| moved_pool(false));
    rig.stands("k1", BreakerState::Open, rig.now);
    rig.stands("k2", BreakerState::Closed, rig.now);
    assert_eq!(state(&rig), (State::Losing, Tone::Critical));
    assert_eq!(rig.verdict().next_probe, None);
    rig.stands("k2", BreakerState::Open, rig.now);
    assert_eq!(state(&rig), (State::Open, Tone::Critical));
    let advice = rig.verdict().advice(rig.now).unwrap();
    assert!(advice.ends_with("The breaker is open; next probe in 6 s."), "{advice}");
}

#[test]
fn over_the_critical_line_it_loses_and_over_the_warn_line_it_slips() {
    for (of_hundred, told) in [
        (11, (State::Losing, Tone::Critical)),
        (10, (State::Slipping, Tone::Warn)),
        (6, (State::Slipping, Tone::Warn)),
        (5, (State::Healthy, Tone::Ok)),
    ] {
        let mut rig = Rig::new();
        lose(&mut rig, 70, of_hundred, || fallback(Kind::RateLimited));
        // So many failed attempts make an alert of their own, which replaces no verdict.
        assert_eq!(state(&rig), told, "{of_hundred} of 100");
    }
}

#[test]
fn what_is_lost_is_said_with_its_cause_and_what_to_do() {
    let mut rig = Rig::new();
    lose(&mut rig, 70, 12, || fallback(Kind::RateLimited));
    let verdict = rig.verdict();
    assert_eq!(
        verdict.sentence(rig.now, Range::Hour),
        "main-model has been answered by its fallback, gpt-4.1, 12.0 % of the time since 00:00 UTC, \
         because anthropic rate-limits it."
    );
    assert_eq!(verdict.label(), "Quality is being lost");
    assert_eq!(verdict.lasting(rig.now).as_deref(), Some("for 1 h 10 min, steady"));
    assert_eq!(verdict.trend, Some(Trend::Steady));
    assert_eq!(verdict.answers.partial, 840);
    assert_eq!((verdict.count, verdict.of, verdict.rate), (Some(840), Some(7000), Some(0.12)));
    assert!(verdict.advice(rig.now).unwrap().starts_with("Raise the anthropic plan"));
    assert_eq!(verdict.cause.unwrap().evidence, [""; 0], "the evidence stands in the alert");
}

#[test]
fn below_twenty_requests_no_rate_is_said() {
    let mut rig = Rig::new();
    rig.run(1, 7, |n| if n < 3 { stored() } else { own() });
    let sentence = rig.sentence();
    assert!(
        sentence.starts_with("main-model has been answered from store 3 of 7 times"),
        "{sentence}"
    );
}

#[test]
fn the_group_that_lost_most_speaks_and_the_others_are_counted() {
    let flash = || {
        let failed = ("g", 0, Outcome::Fault(Kind::ServerError));
        request("flash", &[failed, ("h", 1, Outcome::Success)])
    };
    let mut rig = Rig::new();
    rig.run(10, 50, |n| match n {
        0..20 => fallback(Kind::ServerError),
        20..41 => flash(),
        _ => own(),
    });
    let verdict = rig.verdict();
    assert_eq!(verdict.model_group.as_deref(), Some("flash"));
    assert_eq!(verdict.task.as_deref(), Some("summarize"));
    assert_eq!((verdict.others, verdict.of_groups), (1, 3));
    let advice = verdict.advice(rig.now).unwrap();
    assert!(advice.ends_with("One other group is affected."), "{advice}");
    assert_eq!(verdict.answers.requests, 210, "of its own requests");
}

#[test]
fn answers_that_fail_their_check_are_said_where_nothing_is_answered_elsewhere() {
    for (of_hundred, told) in [
        (2, (State::Healthy, Tone::Ok)),
        (3, (State::Soft, Tone::Warn)),
        (6, (State::Soft, Tone::Critical)),
    ] {
        let mut rig = Rig::new();
        lose(&mut rig, 60, of_hundred, || soft(Soft::Schema));
        assert_eq!(state(&rig), told, "{of_hundred} of 100");
    }
    let mut rig = Rig::new();
    lose(&mut rig, 60, 4, || soft(Soft::Schema));
    assert_eq!(
        rig.sentence(),
        "claude-sonnet-4-6 answers main-model, but 4.0 % of its answers have been not the JSON \
         asked for since 00:00 UTC."
    );
    lose(&mut rig, 60, 12, || fallback(Kind::ContextWindow));
    assert_eq!(state(&rig), (State::Losing, Tone::Critical), "that is said first");
}

#[test]
fn a_refused_key_is_said_before_much_is_answered_elsewhere() {
    let mut rig = Rig::new();
    rig.run(30, 100, |_| own());
    rig.ask(fallback(Kind::Authentication));
    rig.tick();
    assert_eq!(state(&rig), (State::Key, Tone::Critical));
    assert_eq!(
        rig.sentence(),
        "anthropic refuses the key ANTHROPIC_API_KEY since 00:30 UTC; main-model is answered by gpt-4.1."
    );
    rig.run(10, 100, |_| passed(Passed::Credential));
    assert_eq!(state(&rig).0, State::Losing, "now it is over its line");
}

#[test]
fn a_model_that_is_gone_is_named() {
    let mut rig = Rig::new();
    rig.run(30, 100, |_| own());
    rig.ask(fallback(Kind::NotFound));
    rig.tick();
    assert_eq!(state(&rig).0, State::Key);
    let sentence = rig.sentence();
    assert!(
        sentence.starts_with("anthropic refuses claude-sonnet-4-6 since 00:30 UTC;"),
        "{sentence}"
    );
}

#[test]
fn five_minutes_without_a_request_are_quiet() {
    let mut rig = Rig::new();
    rig.run(10, 10, |_| own());
    rig.ask(own());
    let last = rig.now;
    rig.pass(5 * MINUTE - 1);
    assert_eq!(state(&rig).0, State::Healthy);
    rig.pass(1);
    assert_eq!(state(&rig), (State::Quiet, Tone::Idle));
    assert_eq!(rig.verdict().since, Some(last));
    assert_eq!(
        rig.sentence(),
        "The last request came 5 min ago; until then every group was answered by its own model."
    );
}

#[test]
fn one_deployment_with_nothing_behind_it_is_exposed() {
    let alone = || chain("alone", None, [("alone", &["x openai gpt-4.1"][..])]);
    let asked = |chains: Vec<PlannedChain>| {
        let mut rig = Rig::with(Plan { chains, tasks: vec![] });
        rig.ask(Finished { model_group: "alone".into(), deployment: Some("x".into()), ..own() });
        rig
    };
    let rig = asked(vec![alone()]);
    assert_eq!(state(&rig), (State::Exposed, Tone::Warn));
    assert_eq!(rig.sentence(), "gpt-4.1 answers everything, and nothing stands behind it.");
    let rig = asked(vec![alone(), plan().chains.remove(0)]);
    assert_eq!(rig.sentence(), "gpt-4.1 answers alone, and nothing stands behind it.");
    // By intent, or with a second deployment, it is not.
    let denied = PlannedChain { denied: true, ..alone() };
    assert_eq!(state(&asked(vec![denied])).0, State::Healthy);
    let two = chain("alone", None, [("alone", &["x openai gpt-4.1", "y azure gpt-4.1"][..])]);
    assert_eq!(state(&asked(vec![two])).0, State::Healthy);
}

#[test]
fn well_is_said_with_its_share() {
    let mut rig = Rig::new();
    lose(&mut rig, 70, 2, || fallback(Kind::ContextWindow));
    assert_eq!(
        rig.sentence(),
        "Every model group is answered by its own model, 98.0 % of the time in the last hour."
    );
}

#[test]
fn what_was_done_within_fifteen_minutes_before_is_named() {
    for (minutes, named) in [(15, true), (16, false)] {
        let mut rig = Rig::new();
        rig.run(60, 100, |_| own());
        rig.mark(MarkKind::Reload, "config reload");
        rig.run(minutes, 100, |_| own());
        lose(&mut rig, 30, 50, || fallback(Kind::ServerError));
        let before = rig.verdict().just_before.map(|mark| mark.what);
        assert_eq!(before.as_deref(), named.then_some("config reload"), "{minutes} min");
    }
    let mut rig = Rig::new();
    rig.mark(MarkKind::Start, "start");
    lose(&mut rig, 10, 50, || fallback(Kind::ServerError));
    assert_eq!(rig.verdict().just_before, None, "a start is no change");
}

#[test]
fn it_says_whether_it_gets_worse() {
    let mut rig = Rig::new();
    lose(&mut rig, 30, 20, || fallback(Kind::ServerError));
    lose(&mut rig, 10, 40, || fallback(Kind::ServerError));
    assert_eq!(rig.verdict().trend, Some(Trend::Rising));
    lose(&mut rig, 60, 40, || fallback(Kind::ServerError));
    assert_eq!(rig.verdict().trend, Some(Trend::Steady));
    lose(&mut rig, 20, 15, || fallback(Kind::ServerError));
    assert_eq!(rig.verdict().trend, Some(Trend::Falling));
}

#[test]
fn budget_and_provider_errors_replace_no_verdict() {
    let mut rig = Rig::new();
    let retried = || {
        let failed = ("a", 0, Outcome::Fault(Kind::ServerError));
        request("main-model", &[failed, ("a", 0, Outcome::Success)])
    };
    lose(&mut rig, 70, 50, retried);
    assert_eq!(rig.firing(), [Signal::ProviderErrorRate]);
    assert_eq!(state(&rig), (State::Healthy, Tone::Ok));
}

#[test]
fn a_spare_stands_alone_on_purpose_until_it_is_asked() {
    let spare =
        |spare| PlannedChain { spare, ..chain("flash", None, [("flash", &["f gemini flash"])]) };
    let state = |is_spare, asked: &str| {
        let main = chain(
            "main-model",
            None,
            [("main-model", &["a anthropic s"]), ("flash", &["f gemini flash"])],
        );
        let mut rig = Rig::with(Plan { chains: vec![main, spare(is_spare)], tasks: vec![] });
        let by = if asked == "flash" { "f" } else { "a" };
        rig.ask(request(asked, &[(by, 0, Outcome::Success)]));
        let shown = rig.watch.overview(rig.now, Range::Hour, &rig.live).chains.len();
        (rig.verdict().state, shown)
    };
    assert_eq!(state(true, "main-model"), (State::Healthy, 1));
    assert_eq!(state(false, "main-model"), (State::Exposed, 2));
    assert_eq!(state(true, "flash"), (State::Exposed, 2));
    let groups = |is_spare| {
        let alone = chain("alone", None, [("alone", &["x openai gpt-4.1"])]);
        let mut rig = Rig::with(Plan { chains: vec![alone, spare(is_spare)], tasks: vec![] });
        rig.ask(Finished { model_group: "alone".into(), deployment: Some("x".into()), ..own() });
        rig.verdict().of_groups
    };
    assert_eq!((groups(true), groups(false)), (1, 2));
}

#[test]
fn after_a_restart_the_bar_begins_with_it() {
    let mut rig = Rig::new();
    lose(&mut rig, 30, 50, || fallback(Kind::ServerError));
    rig.restart();
    let restarted = rig.now;
    assert_eq!(state(&rig), (State::Empty, Tone::Idle), "nothing was asked since");
    lose(&mut rig, 1, 50, || fallback(Kind::ServerError));
    let verdict = rig.verdict();
    assert_eq!((verdict.state, verdict.since), (State::Losing, Some(START)));
    assert_eq!((verdict.answers.since, verdict.answers.requests), (restarted, 100));
}

#[test]
fn another_state_group_or_cause_is_news() {
    let mut rig = Rig::new();
    lose(&mut rig, 70, 12, || fallback(Kind::RateLimited));
    let before = rig.verdict();
    lose(&mut rig, 10, 14, || fallback(Kind::RateLimited));
    let after = rig.verdict();
    assert_ne!(after, before, "the rate has changed");
    assert!(!after.is_news_after(&before));
    let cause = Some(Cause { code: CauseCode::Network, ..Cause::default() });
    for other in [
        Verdict { state: State::Open, ..before.clone() },
        Verdict { model_group: None, ..before.clone() },
        Verdict { task: Some("translate".into()), ..before.clone() },
        Verdict { cause, ..before.clone() },
    ] {
        assert!(other.is_news_after(&before), "{other:?}");
    }
}

/// The sentence and the bar beside it count the same, at whichever moment they are read: an alert's own
/// figures are filled in now and then only.
#[test]
fn the_rate_is_what_the_bar_shows() {
    type Lost = fn() -> Finished;
    let cases: [(State, Lost); 5] = [
        (State::Losing, || fallback(Kind::ServerError)),
        (State::Rerouted, || moved_pool(true)),
        (State::Degraded, stored),
        (State::PartlyDown, || nobody(Kind::ServerError)),
        (State::Down, || nobody(Kind::ServerError)),
    ];
    for (expected, lost) in cases {
        let mut rig = Rig::new();
        let of_hundred = if expected == State::Down { 100 } else { 50 };
        let well = || if expected == State::Rerouted { request("pool", &[K1]) } else { own() };
        let is_due = |n: u64| (n + 1) * of_hundred / 100 > n * of_hundred / 100;
        rig.run(10, 100, |n| if is_due(n) { lost() } else { well() });
        // Between two looks of the alert.
        (0..37).for_each(|_| rig.ask(lost()));
        let Verdict { state, rate, count, of, answers, .. } = rig.verdict();
        assert_eq!(state, expected);
        let on_the_bar = answers.requests - answers.full;
        assert_eq!((count, of), (Some(on_the_bar), Some(answers.requests)), "{state:?}");
        assert_eq!(rate, Some(f64::from(on_the_bar) / f64::from(answers.requests)), "{state:?}");
    }
}
