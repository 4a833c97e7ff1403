//! How it comes back.

use sanso_core::*;

use super::{FAULT, SOFT, cause, fails, ms, rows_only, tripped};
use crate::rig::{ENTRY, ONE, Rig};

// === open ===

/// Opens the breaker; returns for how long.
fn open(rig: &mut Rig) -> f64 {
    rig.trip();
    open_for(rig)
}

fn open_for(rig: &Rig) -> f64 {
    let last = rig.news.breaker.last().expect("it opened");
    assert_eq!(last.to, BreakerState::Open);
    (last.until.expect("an end") - last.at).as_secs_f64()
}

/// Lets the open time pass.
fn half_open(rig: &mut Rig) {
    let until = rig.view().probe_at.expect("open");
    rig.now = until;
    assert_eq!(rig.state(), BreakerState::HalfOpen);
}

#[test]
fn open_lets_no_call_through_until_its_time() {
    let mut rig = Rig::new(BreakerPolicy::default(), 1);
    open(&mut rig);
    let until = rig.view().probe_at.expect("open");
    let refusal = rig.acquire().expect_err("open");
    assert_eq!((refusal.gate, refusal.not_before), (Gate::Breaker, Some(until)));
    assert_eq!(refusal.since, rig.now);
    rig.now = Instant::from_origin(until.since_origin() - Duration::from_nanos(1));
    assert!(rig.acquire().is_err());
    rig.now = until;
    assert!(rig.acquire().is_ok_and(|permit| permit.is_probe()));
}

#[test]
fn the_open_time_doubles_with_each_reopening_up_to_its_cap() {
    for (cooldown, expected) in
        [(5, [5.0, 10.0, 12.0, 12.0]), (1, [1.0, 2.0, 4.0, 8.0]), (60, [60.0; 4])]
    {
        let policy = BreakerPolicy { cooldown: Duration::from_secs(cooldown), ..rows_only() };
        let (mut shortest, mut longest) = (f64::MAX, f64::MIN);
        for seed in 0..50 {
            let mut rig = Rig::new(policy.clone(), seed);
            let mut times = vec![open(&mut rig)];
            for _ in 1..4 {
                half_open(&mut rig);
                rig.fail(FAULT);
                assert_eq!(cause(&rig), Some(Cause::ProbeFailed(FAULT)));
                times.push(open_for(&rig));
            }
            for (time, expected) in times.iter().zip(expected) {
                let factor = time / expected;
                assert!((0.8..=1.2).contains(&factor), "{times:?}");
                (shortest, longest) = (factor.min(shortest), factor.max(longest));
            }
        }
        assert!(shortest < 0.85 && longest > 1.15, "the jitter uses its range");
    }
}

#[test]
fn k_is_kept_within_a_window_after_closing_and_forgotten_later() {
    for (later, expected) in [(30_000, 10.0), (61_000, 5.0)] {
        let mut rig = Rig::new(rows_only(), 1);
        open(&mut rig);
        half_open(&mut rig);
        rig.fail(FAULT);
        recover(&mut rig);
        close(&mut rig);
        rig.pass(ms(later));
        fails(&mut rig, 5, ms(300));
        assert_eq!(rig.news.breaker.last().map(Transition::is_opening), Some(true));
        assert!((0.8..=1.2).contains(&(open_for(&rig) / expected)), "{later} ms after closing");
    }
}

#[test]
fn silly_settings_neither_panic_nor_wedge() {
    let zero = BreakerPolicy {
        probes: 0,
        success_threshold: 0,
        min_calls: 0,
        cooldown: Duration::ZERO,
        window: Duration::ZERO,
        failure_rate: f64::NAN,
        min_rate: f64::NAN,
        ..BreakerPolicy::default()
    };
    let huge = BreakerPolicy {
        probes: u32::MAX,
        success_threshold: u32::MAX,
        min_calls: u32::MAX,
        allowed_fails: Some(u32::MAX),
        cooldown: Duration::MAX,
        window: Duration::MAX,
        ..BreakerPolicy::default()
    };
    for policy in [zero.clone(), huge] {
        let mut rig = Rig::new(policy, 1);
        fails(&mut rig, 5, ms(300));
        for _ in 0..100 {
            rig.pass(ms(500));
            rig.fail(FAULT);
            rig.succeed();
        }
    }
    let mut rig = Rig::new(zero, 1);
    fails(&mut rig, 5, ms(300));
    rig.pass(ms(1));
    assert!(rig.succeed(), "with no probes set there is one");
}

// === half-open ===

#[test]
fn half_open_leases_as_many_probes_as_are_set() {
    for probes in [1, 3] {
        let mut rig = Rig::new(BreakerPolicy { probes, ..rows_only() }, 1);
        open(&mut rig);
        half_open(&mut rig);
        for _ in 0..probes {
            let permit = rig.acquire().expect("a probe");
            assert!(permit.is_probe());
            rig.permits.push(permit);
        }
        assert_eq!(rig.acquire().expect_err("all out").gate, Gate::Breaker);
        drop(rig.permits.pop());
        assert!(rig.acquire().is_ok(), "a dropped probe frees its place");
    }
}

#[test]
fn what_says_nothing_frees_the_lease_and_leaves_it_half_open() {
    let neutral = [FaultKind::RateLimited, FaultKind::BadRequest, FaultKind::Authentication, SOFT];
    for kind in neutral {
        let mut rig = Rig::new(rows_only(), 1);
        open(&mut rig);
        half_open(&mut rig);
        assert!(rig.fail(kind));
        assert_eq!(rig.state(), BreakerState::HalfOpen);
        let quota = kind == FaultKind::RateLimited;
        assert_eq!(rig.acquire().is_ok(), !quota, "{kind:?}");
    }
}

#[test]
fn a_silent_probe_reopens_when_its_lease_runs_out_and_no_later_verdict_saves_it() {
    for late in [FaultKind::BadRequest, FaultKind::ServerError] {
        let mut rig = Rig::new(rows_only(), 1);
        open(&mut rig);
        half_open(&mut rig);
        let probe = rig.acquire().expect("a probe");
        assert_eq!(probe.lease(), Some(ENTRY.first_token), "its usual time is unknown");
        let leased = rig.now;
        rig.pass(ms(10_001));
        assert_eq!(rig.state(), BreakerState::Open);
        rig.end(probe, late);
        assert_eq!(cause(&rig), Some(Cause::ProbeSilent));
        assert_eq!(
            rig.news.breaker.last().map(|change| change.at),
            Some(leased + ENTRY.first_token)
        );
        assert_eq!(rig.state(), BreakerState::Open);
    }
}

#[test]
fn a_lease_follows_the_usual_time_and_the_prompt() {
    let lease = |usual_ms: Option<u64>, stream: bool, prompt_tokens: u32| {
        let mut rig = Rig::new(rows_only(), 1);
        rig.entry.class.stream = stream;
        rig.entry.prompt_tokens = prompt_tokens;
        for _ in 0..usual_ms.map_or(4, |_| 5) {
            let permit = rig.acquire().expect("closed");
            rig.pass(ms(usual_ms.unwrap_or(1)));
            rig.answer_whole(permit);
        }
        open(&mut rig);
        half_open(&mut rig);
        rig.acquire().expect("a probe").lease().expect("a lease").as_millis()
    };
    assert_eq!(lease(None, true, 0), 10_000, "four samples are none");
    assert_eq!(lease(None, false, 0), 60_000);
    assert_eq!(lease(Some(200), true, 0), 3_000);
    assert_eq!(lease(Some(2_000), true, 0), 6_000);
    assert_eq!(lease(Some(2_000), true, 29_999), 8_000);
}

// === recovering ===

fn recover(rig: &mut Rig) {
    half_open(rig);
    for _ in 0..2 {
        assert!(rig.succeed());
    }
    assert_eq!(cause(rig), Some(Cause::ProbesSucceeded));
}

fn recovering() -> Rig {
    let mut rig = Rig::new(rows_only(), 1);
    open(&mut rig);
    recover(&mut rig);
    rig
}

fn close(rig: &mut Rig) {
    rig.pass(ms(10_000));
    assert!(rig.succeed());
    assert_eq!(cause(rig), Some(Cause::SlowStartOver));
}

/// How many calls without a verdict it lets be now; none of them is kept.
fn window(rig: &mut Rig) -> usize {
    let mut held = Vec::new();
    while held.len() < 10_000
        && let Ok(permit) = rig.acquire()
    {
        held.push(permit);
    }
    held.len()
}

#[test]
fn one_success_does_not_end_half_open() {
    let mut rig = Rig::new(rows_only(), 1);
    open(&mut rig);
    half_open(&mut rig);
    assert!(rig.succeed());
    assert_eq!(rig.state(), BreakerState::HalfOpen);
}

#[test]
fn the_window_grows_by_one_with_each_success_and_doubles_every_two_seconds() {
    let mut rig = recovering();
    assert_eq!(window(&mut rig), 1);
    for expected in 2..5 {
        assert!(rig.succeed());
        assert_eq!(window(&mut rig), expected);
    }
    rig.pass(ms(1_999));
    assert_eq!(window(&mut rig), 4);
    rig.pass(ms(1));
    assert_eq!(window(&mut rig), 8);
    rig.pass(ms(4_000));
    assert_eq!(window(&mut rig), 32);
}

#[test]
fn a_fault_stops_the_growth_and_does_not_reopen() {
    let mut rig = recovering();
    rig.pass(ms(1_900));
    assert!(rig.fail(FAULT));
    rig.pass(ms(1_999));
    assert_eq!(window(&mut rig), 1);
    rig.pass(ms(1));
    assert_eq!(window(&mut rig), 2);
    assert_eq!(rig.state(), BreakerState::Recovering);
}

#[test]
fn who_finds_the_window_full_is_told_so() {
    let mut rig = recovering();
    let _held = rig.acquire().expect("one");
    let refusal = rig.acquire().expect_err("full");
    assert_eq!((refusal.gate, refusal.not_before), (Gate::SlowStart, None));
}

#[test]
fn the_rules_of_closed_open_it_again_and_longer() {
    let mut rig = recovering();
    fails(&mut rig, 5, ms(300));
    assert_eq!(cause(&rig), tripped(TripRule::Row));
    assert_eq!(rig.news.breaker.last().map(Transition::is_opening), Some(false), "a reopening");
    assert!((0.8..=1.2).contains(&(open_for(&rig) / 10.0)));
}

#[test]
fn it_closes_after_ten_seconds_once_no_one_has_been_turned_away() {
    let mut rig = recovering();
    rig.pass(ms(9_999));
    assert_eq!(rig.state(), BreakerState::Recovering);
    rig.pass(ms(1));
    assert_eq!(rig.state(), BreakerState::Closed);

    // Faults keep the window narrow; someone is turned away until the end.
    let mut rig = recovering();
    let turn_away = |rig: &mut Rig| {
        let _held: Vec<Permit> = std::iter::from_fn(|| rig.acquire().ok()).take(100).collect();
    };
    for pause in [1_500, 1_500, 1_500, 1_500, 1_500, 1_500, 900] {
        rig.pass(ms(pause));
        assert!(rig.fail(SOFT));
        turn_away(&mut rig);
        assert_eq!(rig.state(), BreakerState::Recovering);
    }
    rig.pass(ms(999));
    assert_eq!(rig.state(), BreakerState::Recovering);
    rig.pass(ms(1));
    assert_eq!(rig.state(), BreakerState::Closed);
}

#[test]
fn a_wide_window_closes_it_though_some_are_turned_away() {
    for (successes, state) in [(1, BreakerState::Recovering), (2, BreakerState::Closed)] {
        let mut rig = recovering();
        for _ in 0..successes {
            assert!(rig.succeed());
        }
        // 2^5 x 2 or 3 after ten seconds, with someone turned away just before.
        rig.pass(ms(9_900));
        assert!(window(&mut rig) >= 32);
        if successes == 1 {
            assert!(rig.fail(SOFT), "and the growth stopped");
        }
        rig.pass(ms(100));
        assert_eq!(rig.state(), state);
    }
}

#[test]
fn only_streams_of_a_slow_start_are_bounded_by_a_lease() {
    let mut rig = recovering();
    let stream = rig.acquire().expect("one");
    assert_eq!((stream.lease(), stream.is_probe()), (Some(ENTRY.first_token), false));
    drop(stream);
    rig.entry.class.stream = false;
    assert_eq!(rig.acquire().expect("one").lease(), None);
}

// === limits and clients ===

#[test]
fn a_limit_counts_once_and_content_after_it_is_a_success() {
    let mut rig = Rig::new(BreakerPolicy::default(), 1);
    let mut overdue = rig.acquire().expect("closed");
    for _ in 0..30 {
        rig.overdue(&mut overdue);
    }
    assert_eq!(cause(&rig), None, "one call is one fault");
    fails(&mut rig, 3, ms(500));
    rig.answer_whole(overdue);
    rig.pass(ms(500));
    fails(&mut rig, 1, ms(0));
    assert_eq!(cause(&rig), None, "the row ended with the content");
}

#[test]
fn content_after_a_limit_frees_no_second_place_in_a_slow_start() {
    let mut rig = recovering();
    let mut overdue = rig.acquire().expect("the first place");
    // The limit was its verdict: the place is free, and the next call takes it.
    rig.overdue(&mut overdue);
    let _second = rig.acquire().expect("the freed place");
    // Its late success widens the window to two, of which one is taken.
    rig.answer_whole(overdue);
    let _third = rig.acquire().expect("the new place");
    assert!(rig.acquire().is_err(), "two places, two calls");
}

#[test]
fn impatient_clients_count_half_after_three_times_the_usual_time() {
    // Silent for so long, of which usual time: heard of or not.
    let heard = |silent: u64, usual: Option<u64>, stream: bool, why: Abandoned| {
        let mut rig = Rig::new(rows_only(), 1);
        rig.entry.class.stream = stream;
        for _ in 0..usual.map_or(0, |_| 5) {
            let permit = rig.acquire().expect("closed");
            rig.pass(ms(usual.unwrap_or_default()));
            rig.answer_whole(permit);
        }
        let permit = rig.acquire().expect("closed");
        rig.pass(ms(silent));
        rig.abandon(permit, why)
    };
    let cases = [
        (3_000, 3_001, Some(500), true, Abandoned::ByClient),
        (6_000, 6_001, Some(2_000), true, Abandoned::ByClient),
        (6_000, 6_001, Some(2_000), false, Abandoned::ByDeadline),
        (10_000, 10_001, None, true, Abandoned::ByClient),
        (60_000, 60_001, None, false, Abandoned::ByClient),
        (60_000, 60_001, None, true, Abandoned::ByDeadline),
    ];
    for (short, long, usual, stream, why) in cases {
        assert!(!heard(short, usual, stream, why), "{short} {usual:?} {why:?}");
        assert!(heard(long, usual, stream, why), "{long} {usual:?} {why:?}");
    }
    let mut rig = Rig::new(rows_only(), 1);
    for left in 1..=10 {
        let permit = rig.acquire().expect("closed");
        rig.pass(ms(10_001));
        rig.abandon(permit, Abandoned::ByClient);
        assert_eq!(cause(&rig).is_some(), left == 10, "half a fault each");
    }
}

#[test]
fn a_reload_that_changes_the_span_forgets_counts_but_not_the_state() {
    let policy = BreakerPolicy { window: Duration::from_secs(10), ..BreakerPolicy::default() };
    let mut rig = Rig::new(BreakerPolicy::default(), 1);
    fails(&mut rig, 4, ms(0));
    rig.gates = rig.gates.renewed(&crate::rig::one_deployment(policy));
    for _ in 0..5 {
        assert!(rig.succeed());
    }
    fails(&mut rig, 4, ms(0));
    assert_eq!(cause(&rig), None, "four of nine");
    fails(&mut rig, 1, ms(0));
    assert_eq!(cause(&rig), tripped(TripRule::FailureRate));
    assert!(!rig.gates.admits(ONE, rig.now));
}
