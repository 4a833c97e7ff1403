//! When it opens.

use sanso_core::*;

use super::{FAULT, SOFT, cause, fails, ms, rows_only, tripped};
use crate::rig::Rig;

// === rows ===

#[test]
fn a_row_of_five_opens_once_it_has_lasted_a_second() {
    for (apart, opens) in [(249, false), (250, true)] {
        let mut rig = Rig::new(rows_only(), 1);
        fails(&mut rig, 5, ms(apart));
        assert_eq!(cause(&rig), if opens { tripped(TripRule::Row) } else { None });
    }
}

#[test]
fn a_row_of_four_does_not_open_however_long() {
    let mut rig = Rig::new(rows_only(), 1);
    fails(&mut rig, 4, ms(60_000));
    assert_eq!(cause(&rig), None);
}

#[test]
fn a_row_that_weighs_twenty_opens_at_once() {
    let mut rig = Rig::new(rows_only(), 1);
    fails(&mut rig, 19, ms(0));
    assert_eq!(cause(&rig), None);
    fails(&mut rig, 1, ms(0));
    assert_eq!(cause(&rig), tripped(TripRule::Row));
}

#[test]
fn a_success_ends_a_row() {
    let mut rig = Rig::new(rows_only(), 1);
    fails(&mut rig, 4, ms(1_000));
    assert!(rig.succeed());
    rig.pass(ms(1_000));
    fails(&mut rig, 4, ms(1_000));
    assert_eq!(cause(&rig), None);
}

#[test]
fn soft_faults_weigh_half_in_a_row() {
    let mut rig = Rig::new(rows_only(), 1);
    for time in 0..10 {
        assert_eq!(cause(&rig), None, "after {time}");
        rig.pass(ms(500));
        rig.fail(SOFT);
    }
    assert_eq!(cause(&rig), tripped(TripRule::Row));
}

#[test]
fn the_faults_of_one_request_count_once_in_a_row() {
    let mut rig = Rig::new(rows_only(), 1);
    rig.fail(FAULT);
    rig.entry.again = true;
    fails(&mut rig, 30, ms(1_000));
    assert_eq!(cause(&rig), None);
}

// === rates ===

#[test]
fn half_the_calls_open_it_from_ten_calls_on() {
    for (successes, faults, opens) in [(5, 4, false), (5, 5, true), (6, 5, false), (6, 6, true)] {
        let mut rig = Rig::new(BreakerPolicy::default(), 1);
        for _ in 0..successes {
            assert!(rig.succeed());
        }
        fails(&mut rig, faults, ms(0));
        let expected = if opens { tripped(TripRule::FailureRate) } else { None };
        assert_eq!(cause(&rig), expected, "{faults} of {}", successes + faults);
    }
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    for (later, opens) in [(53_000, true), (61_000, false)] {
        let mut rig = Rig::new(BreakerPolicy::default(), 1);
        for _ in 0..5 {
            assert!(rig.succeed());
        }
        fails(&mut rig, 3, ms(0));
        assert!(rig.succeed());
        rig.pass(ms(later));
        fails(&mut rig, 2, ms(0));
        assert!(rig.succeed());
        fails(&mut rig, 2, ms(0));
        let expected = if opens { tripped(TripRule::FailureRate) } else { None };
        assert_eq!(cause(&rig), expected, "{later} ms later");
    }
}

#[test]
fn allowed_fails_opens_above_them_and_above_min_rate() {
    let policy = BreakerPolicy { allowed_fails: Some(3), ..rows_only() };
    // Faults, successes: the fourth opens it where it is a fifth of the calls.
    for (faults, successes, opens) in [(3, 0, false), (4, 0, true), (4, 16, true), (4, 17, false)] {
        let mut rig = Rig::new(policy.clone(), 1);
        for _ in 0..successes {
            assert!(rig.succeed());
        }
        fails(&mut rig, faults, ms(0));
        let expected = if opens { tripped(TripRule::AllowedFails) } else { None };
        assert_eq!(cause(&rig), expected, "{faults} beside {successes}");
    }
    let letter = BreakerPolicy { min_rate: 0.0, ..policy };
    let mut rig = Rig::new(letter, 1);
    for _ in 0..400 {
        assert!(rig.succeed());
    }
    fails(&mut rig, 4, ms(0));
    assert_eq!(cause(&rig), tripped(TripRule::AllowedFails));
}

#[test]
fn allowed_fails_counts_each_request_once() {
    let mut rig = Rig::new(BreakerPolicy { allowed_fails: Some(0), ..rows_only() }, 1);
    rig.entry.again = true;
    fails(&mut rig, 10, ms(0));
    assert_eq!(cause(&rig), None);
    rig.entry.again = false;
    fails(&mut rig, 1, ms(0));
    assert_eq!(cause(&rig), tripped(TripRule::AllowedFails));
}

#[test]
fn with_allowed_fails_the_rate_alone_says_nothing() {
    let policy = BreakerPolicy { allowed_fails: Some(100), ..BreakerPolicy::default() };
    let mut rig = Rig::new(policy, 1);
    fails(&mut rig, 15, ms(0));
    assert_eq!(cause(&rig), None);
}

#[test]
fn a_disabled_breaker_counts_but_never_opens() {
    let mut rig = Rig::new(BreakerPolicy { enabled: false, ..BreakerPolicy::default() }, 1);
    fails(&mut rig, 100, ms(100));
    assert!(rig.news.breaker.is_empty());
}

// === a lone deployment ===

#[test]
fn a_lone_row_opens_once_it_has_lasted_five_seconds() {
    let lone = BreakerPolicy { lone: true, ..rows_only() };
    for (apart, opens) in [(1_249, false), (1_250, true)] {
        let mut rig = Rig::new(lone.clone(), 1);
        fails(&mut rig, 5, ms(apart));
        assert_eq!(cause(&rig).is_some(), opens);
    }
    let mut rig = Rig::new(lone, 1);
    fails(&mut rig, 50, ms(0));
    assert_eq!(cause(&rig), None, "weight alone says nothing");
}

#[test]
fn a_lone_deployment_opens_at_three_quarters() {
    let lone = BreakerPolicy { lone: true, allowed_fails: Some(0), ..BreakerPolicy::default() };
    for (successes, faults, opens) in [(4, 11, false), (4, 12, true)] {
        let mut rig = Rig::new(lone.clone(), 1);
        for _ in 0..successes {
            assert!(rig.succeed());
        }
        fails(&mut rig, faults, ms(0));
        assert_eq!(cause(&rig).is_some(), opens, "{faults} of {}", successes + faults);
    }
}

#[test]
fn only_who_has_nowhere_to_go_is_lone() {
    let lone = |siblings: u32, fallbacks: Option<Vec<u32>>, defaults: Option<Vec<u32>>| {
        let ids = |list: Vec<u32>| list.into_iter().map(GroupId::new).collect();
        let own = (0..siblings).map(DeploymentId::new).collect();
        let asked = Group { deployments: own, fallbacks: fallbacks.map(ids), ..Group::default() };
        let other = Group { deployments: vec![DeploymentId::new(siblings)], ..Group::default() };
        let deployments = (0..=siblings).map(|id| Deployment::new(id.to_string())).collect();
        let groups = vec![asked, other];
        let topology = Topology::new(groups, deployments, defaults.map(ids), Rules::default());
        topology.deployment(DeploymentId::new(0)).breaker.lone
    };
    assert!(lone(1, None, None));
    assert!(lone(1, Some(vec![]), Some(vec![1])), "an empty list of its own is a list");
    assert!(lone(1, None, Some(vec![0])), "it is its own default fallback");
    assert!(!lone(1, None, Some(vec![0, 1])));
    assert!(!lone(1, Some(vec![1]), None));
    assert!(!lone(2, None, None));
}

// === breaks ===

/// Streams that are cut, a second apart in all, with so many others flowing.
fn cut(rig: &mut Rig, cuts: usize, apart: Duration, flowing: usize) -> Vec<Tail> {
    let mut tails = Vec::new();
    for _ in 0..flowing {
        let permit = rig.acquire().expect("closed");
        tails.push(rig.answer(permit));
    }
    for time in 0..cuts {
        if time > 0 {
            rig.pass(apart);
        }
        let permit = rig.acquire().expect("closed");
        let tail = rig.answer(permit);
        rig.cut(tail);
    }
    tails
}

#[test]
fn five_breaks_over_a_second_open_it() {
    for (cuts, apart, opens) in [(4, 1_000, false), (5, 249, false), (5, 250, true)] {
        let mut rig = Rig::new(rows_only(), 1);
        cut(&mut rig, cuts, ms(apart), 0);
        assert_eq!(cause(&rig), if opens { tripped(TripRule::Breaks) } else { None });
    }
}

#[test]
fn breaks_are_weighed_against_the_tails_in_flight() {
    // The stream that breaks is one of those that flow: five of 25, but not five of 26.
    for (flowing, opens) in [(24, true), (25, false)] {
        let mut rig = Rig::new(rows_only(), 1);
        let tails = cut(&mut rig, 5, ms(300), flowing);
        assert_eq!(cause(&rig).is_some(), opens, "{flowing} others");
        drop(tails);
    }
}

#[test]
fn a_finished_answer_ends_a_row_of_breaks_but_a_client_who_leaves_does_not() {
    for (finished, opens) in [(true, false), (false, true)] {
        let mut rig = Rig::new(rows_only(), 1);
        cut(&mut rig, 4, ms(300), 0);
        let permit = rig.acquire().expect("closed");
        let tail = rig.answer(permit);
        if finished {
            rig.finish(tail);
        } else {
            drop(tail);
        }
        rig.pass(ms(300));
        cut(&mut rig, 1, ms(0), 0);
        assert_eq!(cause(&rig).is_some(), opens);
    }
}

#[test]
fn a_break_takes_its_success_back() {
    let mut rig = Rig::new(BreakerPolicy::default(), 1);
    for _ in 0..5 {
        assert!(rig.succeed());
    }
    // Five of ten calls broke, too fast to be a row of breaks.
    cut(&mut rig, 5, ms(0), 0);
    assert_eq!(cause(&rig), tripped(TripRule::FailureRate));
}
