//! Stories of single requests, as an operator would tell them.
//!
//! Each line is a call: when it started, whom it went to, and how it ended. Times are drawn from a
//! fixed seed, so they hold as long as the same things are drawn in the same order.

use std::fmt::Write as _;

use sanso_core::*;

use crate::provider::{Behaviour, Reply};
use crate::scene::chain_of;
use crate::world::{CallTold, Over, World};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const S: fn(u64) -> Duration = Duration::from_secs;

/// A fault of this kind and status, 10 ms after the call's start.
fn fault(kind: FaultKind, status: u16) -> Reply {
    Reply::fault(ms(10), Fault::new(kind).with_status(status))
}

fn overloaded() -> Reply {
    fault(FaultKind::Overloaded, 503)
}

fn limited(hint: u64) -> Reply {
    let fault = Fault::new(FaultKind::RateLimited).with_status(429);
    Reply::fault(ms(10), fault.with_hint(Some(ms(hint))))
}

fn ok() -> Reply {
    Reply::answer(ms(10))
}

fn script(replies: &[Reply]) -> Behaviour {
    Behaviour::Script(replies.to_vec())
}

fn request(stream: bool) -> Request {
    let class = Class { stream, thinks: false };
    Request::new(GroupId::new(0), class, Instant::ORIGIN + S(600))
}

fn world(groups: &[(u32, &[u32])], behaviours: &[Behaviour]) -> World {
    World::new(chain_of(groups, Rules::default()), behaviours.to_vec(), 7)
}

/// Sends a stream at once, lets all happen, and tells its story.
fn story(groups: &[(u32, &[u32])], behaviours: &[Behaviour]) -> String {
    story_of(world(groups, behaviours), request(true))
}

fn story_of(mut world: World, request: Request) -> String {
    let number = world.send(Instant::ORIGIN, request, None);
    world.run();
    tell(&world, number)
}

fn tell(world: &World, number: usize) -> String {
    let told = &world.history.requests[number];
    let mut story = String::new();
    for call in told.calls.values() {
        let key = &world.topology.deployment(call.call.deployment).key;
        let at = at(call.started);
        let forced = told.events.iter().any(|(_, event)| {
            let why = Why::Forced;
            matches!(event, Event::CallStarted { call: id, why: it, .. } if *id == call.call.id && *it == why)
        });
        let forced = if forced { ", forced" } else { "" };
        let how = how(call, told.verdict());
        writeln!(story, "t={at} call {key} -> {how}{forced}").expect("a string");
    }
    let (when, verdict) = &told.verdicts[0];
    let end = match verdict {
        Verdict::Answered { soft: Some(reason), .. } => format!("answered, but {reason:?}"),
        Verdict::Answered { .. } => "answered".into(),
        Verdict::Broken(_) => "broken".into(),
        Verdict::Cancelled => "cancelled".into(),
        Verdict::Failed(failure) => match failure.retry_after {
            Some(wait) => format!("{} retry-after {}ms", failure.status, wait.as_millis()),
            None => failure.status.to_string(),
        },
    };
    write!(story, "t={} {end}", at(*when)).expect("a string");
    story
}

fn at(instant: Instant) -> String {
    format!("{}ms", instant.since_origin().as_millis())
}

fn how(call: &CallTold, verdict: &Verdict) -> String {
    let committed = matches!(verdict, Verdict::Broken(id) if *id == call.call.id);
    match call.over {
        Some((_, Over::Ended(Outcome::Finished))) => "200".into(),
        Some((_, Over::Ended(Outcome::Fault(_)))) if committed => "200, broken".into(),
        Some((_, Over::Ended(Outcome::Fault(fault)))) => {
            fault.status.map_or_else(|| format!("{:?}", fault.kind), |status| status.to_string())
        }
        Some((at, Over::Cancelled)) => format!("cut after {}ms", (at - call.started).as_millis()),
        None => "runs".into(),
    }
}

fn lines(lines: &[&str]) -> String {
    lines.join("\n")
}

#[test]
fn a_blip_is_ridden_out_on_the_primary() {
    let story = story(&[(1, &[1]), (1, &[])], &[script(&[overloaded(), ok()]), script(&[ok()])]);
    assert_eq!(
        story,
        lines(&["t=0ms call a#1 -> 503", "t=203ms call a#1 -> 200", "t=213ms answered"])
    );
}

#[test]
fn an_outage_moves_on_when_retries_are_spent() {
    let story = story(&[(1, &[1]), (1, &[])], &[script(&[overloaded()]), script(&[ok()])]);
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#1 -> 503",
            "t=203ms call a#1 -> 503",
            "t=324ms call a#1 -> 503",
            "t=334ms call b#1 -> 200",
            "t=344ms answered"
        ])
    );
}

#[test]
fn an_outage_moves_on_when_patience_is_spent() {
    let mut world = world(&[(1, &[1]), (1, &[])], &[script(&[overloaded()]), script(&[ok()])]);
    world.patience(Patience { blind: ms(100), ..Patience::default() });
    assert_eq!(
        story_of(world, request(true)),
        lines(&["t=0ms call a#1 -> 503", "t=10ms call b#1 -> 200", "t=20ms answered"])
    );
}

#[test]
fn a_sibling_is_asked_at_once_before_anyone_waits() {
    let story = story(&[(2, &[])], &[script(&[overloaded(), ok()]), script(&[overloaded()])]);
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#2 -> 503",
            "t=10ms call a#1 -> 503",
            "t=140ms call a#1 -> 200",
            "t=150ms answered"
        ])
    );
}

#[test]
fn a_short_hint_is_waited_for() {
    let story = story(&[(1, &[1]), (1, &[])], &[script(&[limited(1_500), ok()]), script(&[ok()])]);
    assert_eq!(
        story,
        lines(&["t=0ms call a#1 -> 429", "t=1626ms call a#1 -> 200", "t=1636ms answered"])
    );
}

#[test]
fn a_long_hint_moves_on_and_the_gate_stays_shut_for_the_next() {
    let mut world = world(&[(1, &[1]), (1, &[])], &[script(&[limited(20_000)]), script(&[ok()])]);
    let first = world.send(Instant::ORIGIN, request(true), None);
    let next = world.send(Instant::ORIGIN + S(10), request(true), None);
    world.run();
    assert_eq!(
        tell(&world, first),
        lines(&["t=0ms call a#1 -> 429", "t=10ms call b#1 -> 200", "t=20ms answered"])
    );
    assert_eq!(tell(&world, next), lines(&["t=10000ms call b#1 -> 200", "t=10010ms answered"]));
}

#[test]
fn alone_a_hint_up_to_a_minute_is_waited_for_and_a_longer_one_is_told() {
    let short = story(&[(1, &[])], &[script(&[limited(30_000), ok()])]);
    assert_eq!(
        short,
        lines(&["t=0ms call a#1 -> 429", "t=32330ms call a#1 -> 200", "t=32340ms answered"])
    );
    let long = story(&[(1, &[])], &[script(&[limited(90_000), ok()])]);
    assert_eq!(long, lines(&["t=0ms call a#1 -> 429", "t=10ms 429 retry-after 96960ms"]));
}

#[test]
fn alone_an_overloads_hint_is_waited_for_too() {
    let busy = Fault::new(FaultKind::Overloaded).with_status(503).with_hint(Some(S(20)));
    let story = story(&[(1, &[])], &[script(&[Reply::fault(ms(10), busy), ok()])]);
    assert_eq!(
        story,
        lines(&["t=0ms call a#1 -> 503", "t=20010ms call a#1 -> 200", "t=20020ms answered"])
    );
}

#[test]
fn a_later_leg_does_not_call_before_its_hint_whom_an_earlier_one_called() {
    // Both `a` and `b` hold the one deployment; `c` is another.
    let plain = chain_of(&[(1, &[1, 2]), (1, &[]), (1, &[])], Rules::default());
    let mut groups = plain.groups().to_vec();
    groups[1].deployments = groups[0].deployments.clone();
    let topology = Topology::new(groups, plain.deployments().to_vec(), None, Rules::default());
    let busy = Fault::new(FaultKind::Overloaded).with_status(503).with_hint(Some(S(5)));
    let behaviours = [script(&[Reply::fault(ms(10), busy)]), script(&[ok()]), script(&[ok()])];
    let mut world = World::new(topology, behaviours.to_vec(), 7);
    let number = world.send(Instant::ORIGIN, request(true), None);
    world.run();
    assert_eq!(
        tell(&world, number),
        lines(&["t=0ms call a#1 -> 503", "t=10ms call c#1 -> 200", "t=20ms answered"])
    );
    let passed = world.history.requests[number].events.iter().any(|(_, event)| {
        matches!(event, Event::PassedOver { leg: LegIndex(1), kind: FaultKind::Overloaded, .. })
    });
    assert!(passed, "and says why");
}

#[test]
fn a_silent_retry_is_not_given_up_for_itself() {
    let slow = Reply { content: Some(S(30)), ..Reply::answer(S(31)) };
    let story = story(&[(1, &[])], &[script(&[overloaded(), slow])]);
    assert_eq!(
        story,
        lines(&["t=0ms call a#1 -> 503", "t=203ms call a#1 -> 200", "t=31203ms answered"])
    );
}

#[test]
fn two_that_both_need_time_are_waited_for_as_one_alone() {
    let busy = Fault::new(FaultKind::Overloaded).with_status(503).with_hint(Some(S(5)));
    let busy = script(&[Reply::fault(ms(10), busy), ok()]);
    assert_eq!(
        story(&[(2, &[])], &[busy.clone(), busy]),
        lines(&[
            "t=0ms call a#2 -> 503",
            "t=10ms call a#1 -> 503",
            "t=5010ms call a#2 -> 200",
            "t=5020ms answered"
        ])
    );
}

#[test]
fn a_bad_request_costs_one_attempt() {
    let bad = script(&[fault(FaultKind::BadRequest, 422)]);
    let story = story(&[(2, &[1]), (1, &[])], &[bad.clone(), bad, script(&[ok()])]);
    assert_eq!(story, lines(&["t=0ms call a#2 -> 422", "t=10ms 422"]));
}

#[test]
fn a_bad_request_after_an_overload_does_not_go_back() {
    let story = story(
        &[(2, &[])],
        &[script(&[fault(FaultKind::BadRequest, 400)]), script(&[overloaded(), ok()])],
    );
    assert_eq!(story, lines(&["t=0ms call a#2 -> 503", "t=10ms call a#1 -> 400", "t=20ms 400"]));
}

#[test]
fn a_bad_request_on_a_later_leg_goes_on() {
    let story = story(
        &[(1, &[1, 2]), (1, &[]), (1, &[])],
        &[
            script(&[fault(FaultKind::Authentication, 401)]),
            script(&[fault(FaultKind::BadRequest, 400)]),
            script(&[ok()]),
        ],
    );
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#1 -> 401",
            "t=10ms call b#1 -> 400",
            "t=20ms call c#1 -> 200",
            "t=30ms answered"
        ])
    );
}

/// Groups `a` to `c`; `a` falls back to `b`, and to `c` where its lists for a kind say so.
fn with_lists(context: Option<&[u32]>, policy: &[u32], kind: FaultKind) -> String {
    let ids = |list: &[u32]| list.iter().map(|id| GroupId::new(*id)).collect::<Vec<_>>();
    let plain = chain_of(&[(1, &[1]), (1, &[]), (1, &[])], Rules::default());
    let mut groups = plain.groups().to_vec();
    groups[0].context_window_fallbacks = context.map(ids);
    groups[0].content_policy_fallbacks = ids(policy);
    let topology = Topology::new(groups, plain.deployments().to_vec(), None, Rules::default());
    let behaviours = vec![script(&[fault(kind, 400)]), script(&[ok()]), script(&[ok()])];
    story_of(World::new(topology, behaviours, 7), request(false))
}

#[test]
fn too_long_a_prompt_goes_to_its_own_list() {
    let kind = FaultKind::ContextWindow;
    assert_eq!(
        with_lists(Some(&[2]), &[], kind),
        lines(&["t=0ms call a#1 -> 400", "t=10ms call c#1 -> 200", "t=20ms answered"])
    );
    assert_eq!(
        with_lists(None, &[], kind),
        lines(&["t=0ms call a#1 -> 400", "t=10ms call b#1 -> 200", "t=20ms answered"])
    );
    assert_eq!(with_lists(Some(&[]), &[], kind), lines(&["t=0ms call a#1 -> 400", "t=10ms 400"]));
}

#[test]
fn a_refusal_by_policy_goes_to_its_own_list_only() {
    let kind = FaultKind::ContentPolicy;
    assert_eq!(
        with_lists(None, &[2], kind),
        lines(&["t=0ms call a#1 -> 400", "t=10ms call c#1 -> 200", "t=20ms answered"])
    );
    assert_eq!(with_lists(None, &[], kind), lines(&["t=0ms call a#1 -> 400", "t=10ms 400"]));
}

#[test]
fn a_silent_stream_is_given_up_for_another() {
    let story = story(&[(1, &[1]), (1, &[])], &[Behaviour::Silent, script(&[ok()])]);
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#1 -> cut after 10000ms",
            "t=10000ms call b#1 -> 200",
            "t=10010ms answered"
        ])
    );
}

#[test]
fn a_silent_stream_with_nowhere_to_go_runs_on_and_may_yet_answer() {
    let slow = script(&[Reply::answer(S(100))]);
    assert_eq!(
        story(&[(1, &[])], &[slow]),
        lines(&["t=0ms call a#1 -> 200", "t=100000ms answered"])
    );
}

#[test]
fn a_silent_stream_is_given_up_for_one_that_failed_before_and_has_rested() {
    let story = story(&[(2, &[])], &[script(&[overloaded(), ok()]), Behaviour::Silent]);
    let other = story_of(
        world(&[(2, &[])], &[Behaviour::Silent, script(&[overloaded(), ok()])]),
        request(true),
    );
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#2 -> cut after 10000ms",
            "t=10000ms call a#1 -> 503",
            "t=10189ms call a#1 -> 200",
            "t=10199ms answered"
        ])
    );
    assert_eq!(
        other,
        lines(&[
            "t=0ms call a#2 -> 503",
            "t=10ms call a#1 -> cut after 10000ms",
            "t=10010ms call a#2 -> 200",
            "t=10020ms answered"
        ])
    );
}

#[test]
fn a_stale_connection_is_redone_free_once() {
    let stale = Fault::new(FaultKind::Connection(ConnectionFault::Reused));
    let stale = Reply::fault(ms(1), stale);
    let mut once = request(true);
    once.num_retries = Some(0);
    let world = |replies: &[Reply]| world(&[(1, &[])], &[script(replies)]);
    assert_eq!(
        story_of(world(&[stale, ok()]), once.clone()),
        lines(&[
            "t=0ms call a#1 -> Connection(Reused)",
            "t=1ms call a#1 -> 200",
            "t=11ms answered"
        ])
    );
    assert_eq!(
        story_of(world(&[stale, stale, ok()]), once),
        lines(&[
            "t=0ms call a#1 -> Connection(Reused)",
            "t=1ms call a#1 -> Connection(Reused)",
            "t=2ms 502"
        ])
    );
}

#[test]
fn a_total_limit_of_a_minute_is_tried_once_more_and_a_longer_one_is_not() {
    for (timeout, expected) in [(60, sixty()), (61, longer())] {
        let topology = chain_of(&[(1, &[])], Rules::default());
        let mut deployments = topology.deployments().to_vec();
        deployments[0].limits.timeout = S(timeout);
        let topology =
            Topology::new(topology.groups().to_vec(), deployments, None, Rules::default());
        let world = World::new(topology, vec![Behaviour::Silent], 7);
        assert_eq!(story_of(world, request(false)), expected);
    }
}

#[test]
fn the_deadline_cuts_what_runs() {
    let mut hasty = request(true);
    hasty.deadline = Instant::ORIGIN + S(3);
    let world = world(&[(1, &[1]), (1, &[])], &[Behaviour::Silent, script(&[ok()])]);
    assert_eq!(
        story_of(world, hasty),
        lines(&["t=0ms call a#1 -> cut after 3000ms", "t=3000ms 504"])
    );
}

#[test]
fn a_cycle_of_fallbacks_ends() {
    let dead = script(&[fault(FaultKind::Authentication, 401)]);
    let story = story(&[(1, &[1]), (1, &[0, 1])], &[dead.clone(), dead]);
    assert_eq!(story, lines(&["t=0ms call a#1 -> 401", "t=10ms call b#1 -> 401", "t=20ms 502"]));
}

#[test]
fn where_fallback_is_denied_the_first_leg_is_all() {
    let mut denied = request(true);
    denied.deny_fallback = true;
    let world = world(&[(1, &[1]), (1, &[])], &[script(&[overloaded()]), script(&[ok()])]);
    assert_eq!(
        story_of(world, denied),
        lines(&[
            "t=0ms call a#1 -> 503",
            "t=203ms call a#1 -> 503",
            "t=324ms call a#1 -> 503",
            "t=334ms 503"
        ])
    );
}

#[test]
fn each_later_leg_keeps_an_attempt_in_reserve() {
    let dead = script(&[fault(FaultKind::ServerError, 500)]);
    let groups: &[(u32, &[u32])] = &[(1, &[1, 2, 3]), (1, &[]), (1, &[]), (1, &[])];
    let story = story(groups, &[dead.clone(), dead.clone(), dead, script(&[ok()])]);
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#1 -> 500",
            "t=87ms call a#1 -> 500",
            "t=141ms call a#1 -> 500",
            "t=151ms call b#1 -> 500",
            "t=161ms call c#1 -> 500",
            "t=171ms call d#1 -> 200",
            "t=181ms answered"
        ])
    );
}

#[test]
fn what_breaks_after_content_is_broken() {
    assert_eq!(
        story(&[(1, &[1]), (1, &[])], &[Behaviour::Breaks, script(&[ok()])]),
        lines(&["t=0ms call a#1 -> 200, broken", "t=540ms broken"])
    );
}

#[test]
fn an_empty_answer_is_tried_once_more_and_then_given() {
    let empty = script(&[fault(FaultKind::Soft(SoftReason::Empty), 200)]);
    let story = story(&[(1, &[1]), (1, &[])], &[empty.clone(), empty]);
    assert_eq!(
        story,
        lines(&[
            "t=0ms call a#1 -> 200",
            "t=87ms call a#1 -> 200",
            "t=97ms call b#1 -> 200",
            "t=129ms call b#1 -> 200",
            "t=283ms call b#1 -> 200",
            "t=293ms answered, but Empty"
        ])
    );
}

#[test]
fn all_shut_one_call_is_forced_and_the_rest_are_told_at_once() {
    let mut world = world(&[(2, &[])], &[script(&[overloaded()]), script(&[overloaded()])]);
    for second in 0..12 {
        world.send(Instant::ORIGIN + ms(second * 250), request(true), None);
    }
    let forced = world.send(Instant::ORIGIN + S(4), request(true), None);
    let late = world.send(Instant::ORIGIN + ms(4_005), request(true), None);
    let soon_after = world.send(Instant::ORIGIN + ms(5_005), request(true), None);
    let next = world.send(Instant::ORIGIN + ms(5_010), request(true), None);
    world.run();
    let told = lines(&["t=4000ms call a#1 -> 503, forced", "t=4010ms 503 retry-after 1854ms"]);
    assert_eq!(tell(&world, forced), told);
    assert_eq!(tell(&world, late), lines(&["t=4005ms 503 retry-after 1859ms"]));
    assert_eq!(tell(&world, soon_after), lines(&["t=5005ms 503 retry-after 1000ms"]));
    assert!(tell(&world, next).starts_with("t=5010ms call a#1 -> 503, forced"));
}

#[test]
fn fifty_requests_at_once_send_one_probe() {
    let s5 = Behaviour::Until(S(6), Box::new(script(&[overloaded()])), Box::new(script(&[ok()])));
    let mut world = world(&[(1, &[1]), (1, &[])], &[s5, script(&[ok()])]);
    for number in 0..8 {
        world.send(Instant::ORIGIN + ms(number * 250), request(true), None);
    }
    let crowd: Vec<usize> =
        (0..50).map(|_| world.send(Instant::ORIGIN + S(9), request(true), None)).collect();
    world.run();
    let to_primary = |number: &&usize| tell(&world, **number).contains("call a#1");
    assert_eq!(crowd.iter().filter(to_primary).count(), 1);
    assert!(crowd.iter().all(|number| tell(&world, *number).contains("answered")));
}

#[test]
fn after_an_outage_the_primary_comes_back_by_itself() {
    let ill = Behaviour::Until(S(10), Box::new(script(&[overloaded()])), Box::new(script(&[ok()])));
    let mut world = world(&[(1, &[1]), (1, &[])], &[ill, script(&[ok()])]);
    for number in 0..600 {
        world.send(Instant::ORIGIN + ms(number * 100), request(true), None);
    }
    world.run();
    let changes = world
        .history
        .transitions
        .iter()
        .map(|(_, change)| format!("t={} {:?} -> {:?}", at(change.at), change.from, change.to));
    assert_eq!(
        changes.collect::<Vec<_>>().join("\n"),
        lines(&[
            "t=410ms Closed -> Open",
            "t=4687ms Open -> HalfOpen",
            "t=4710ms HalfOpen -> Open",
            "t=14486ms Open -> HalfOpen",
            "t=14605ms HalfOpen -> Recovering",
            "t=24605ms Recovering -> Closed"
        ])
    );
    assert!(
        world
            .history
            .requests
            .iter()
            .all(|told| matches!(told.verdict(), Verdict::Answered { .. }))
    );
}

fn sixty() -> String {
    lines(&[
        "t=0ms call a#1 -> cut after 60000ms",
        "t=60077ms call a#1 -> cut after 60000ms",
        "t=120121ms call a#1 -> cut after 60000ms",
        "t=180121ms 504",
    ])
}

fn longer() -> String {
    lines(&["t=0ms call a#1 -> cut after 61000ms", "t=61000ms 504"])
}
