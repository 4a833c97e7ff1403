//! A chain step by step, where the order of signals and polls matters.

use std::sync::Arc;

use sanso_core::Rng;
use sanso_core::*;

use crate::scene::chain_of;

const S: fn(u64) -> Duration = Duration::from_secs;

struct One {
    gates: Gates,
    rng: Rng,
    chain: Chain,
    now: Instant,
}

impl One {
    fn new(topology: Topology, request: Request) -> Self {
        let gates = Gates::new(&topology);
        let mut rng = Rng::from_seed(7);
        let chain = Chain::new(Arc::new(topology), request, &mut rng);
        Self { gates, rng, chain, now: Instant::ORIGIN }
    }

    fn poll(&mut self) -> Step {
        self.chain.poll(self.now, &self.gates, &mut self.rng)
    }

    fn start(&mut self) -> Call {
        let Step::Start(call) = self.poll() else { panic!("no call") };
        call
    }

    fn signal(&mut self, call: CallId, signal: Signal) {
        self.chain.handle_signal(self.now, call, signal, &self.gates, &mut self.rng);
    }

    fn fault(&mut self, call: CallId, kind: FaultKind) {
        self.signal(call, Signal::End(Outcome::Fault(Fault::new(kind))));
    }

    fn failure(&mut self) -> Failure {
        let Step::Done(Verdict::Failed(failure)) = self.poll() else { panic!("it goes on") };
        failure
    }

    fn in_flight(&self, deployments: u32) -> u32 {
        let ids = (0..deployments).map(DeploymentId::new);
        ids.map(|id| self.gates.view(id, self.now).in_flight).sum()
    }
}

fn stream(deadline: Duration) -> Request {
    let class = Class { stream: true, thinks: false };
    Request::new(GroupId::new(0), class, Instant::ORIGIN + deadline)
}

fn two_legs() -> Topology {
    chain_of(&[(1, &[1]), (1, &[])], Rules::default())
}

#[test]
fn a_fault_at_the_deadline_starts_no_call() {
    for kind in [FaultKind::Authentication, FaultKind::Connection(ConnectionFault::Reused)] {
        let mut one = One::new(two_legs(), stream(S(5)));
        let call = one.start();
        one.now = Instant::ORIGIN + S(5);
        one.fault(call.id, kind);
        assert_eq!(one.failure().status, 502);
    }
}

#[test]
fn a_limit_at_the_deadline_starts_no_call() {
    let mut one = One::new(two_legs(), stream(S(10)));
    let call = one.start();
    one.now = Instant::ORIGIN + S(10);
    one.signal(call.id, Signal::Limit(Phase::FirstToken));
    assert_eq!(one.poll(), Step::Cancel(call.id));
    assert_eq!(one.failure().status, 504);
}

#[test]
fn a_deadline_before_anyone_is_called_is_told_as_such() {
    let mut one = One::new(two_legs(), stream(S(0)));
    assert_eq!(one.failure().cause, FailureCause::Deadline);
}

#[test]
fn a_client_who_leaves_between_two_steps_still_stops_the_old_call() {
    let mut one = One::new(two_legs(), stream(S(60)));
    let call = one.start();
    one.now = Instant::ORIGIN + S(10);
    one.signal(call.id, Signal::Limit(Phase::FirstToken));
    // Now the old call is to be stopped and another to be started; neither has been polled.
    one.chain.handle_client_gone(one.now, &mut one.rng);
    assert_eq!(one.poll(), Step::Cancel(call.id));
    assert_eq!(one.poll(), Step::Done(Verdict::Cancelled), "what never began is not stopped");
    assert_eq!(one.in_flight(2), 0);
    assert_eq!(one.poll(), Step::Wait(None));
}

#[test]
fn content_that_came_outlives_limits_on_its_coming() {
    let mut one = One::new(two_legs(), stream(S(60)));
    let call = one.start();
    one.signal(call.id, Signal::Content);
    assert_eq!(one.poll(), Step::Commit(call.id));
    for phase in [Phase::Connect, Phase::FirstToken, Phase::Total] {
        one.signal(call.id, Signal::Limit(phase));
    }
    one.now = Instant::ORIGIN + S(100);
    assert_eq!(one.poll(), Step::Wait(None), "and the deadline");
    one.signal(call.id, Signal::Limit(Phase::Gap));
    assert_eq!(one.poll(), Step::Cancel(call.id));
    assert_eq!(one.poll(), Step::Done(Verdict::Broken(call.id)));
}

#[test]
fn a_held_answer_that_flows_is_bounded_by_its_total_limit_alone() {
    let mut one = One::new(two_legs(), Request { held: true, ..stream(S(60)) });
    let call = one.start();
    one.signal(call.id, Signal::Content);
    for phase in [Phase::Connect, Phase::FirstToken] {
        one.signal(call.id, Signal::Limit(phase));
        assert!(matches!(one.poll(), Step::Wait(_)), "{phase:?}");
    }
    one.signal(call.id, Signal::Limit(Phase::Total));
    assert_eq!(one.poll(), Step::Cancel(call.id));
}

#[test]
fn the_first_call_of_a_leg_is_the_first_and_that_of_another_there_a_siblings() {
    let mut one = One::new(chain_of(&[(2, &[])], Rules::default()), stream(S(60)));
    let call = one.start();
    one.fault(call.id, FaultKind::ServerError);
    one.start();
    let whys = std::iter::from_fn(|| one.chain.poll_event()).filter_map(|event| match event {
        Event::CallStarted { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(whys.collect::<Vec<_>>(), [Why::First, Why::Sibling]);
}

/// A request that a 429 keeps waiting, while as many retries are out as may be; and these.
fn before_a_full_cap(topology: Topology, deadline: Duration) -> (One, Vec<Permit>, Instant) {
    let mut one = One::new(topology, stream(deadline));
    let call = one.start();
    let retry = Entry { retry_after: Some(FaultKind::ServerError), ..crate::rig::ENTRY };
    let gates = one.gates.clone();
    let mut ask =
        || gates.acquire(call.deployment, &retry, one.now, &mut one.rng, &mut News::default());
    let cap: Vec<Permit> = (0..3).map(|_| ask().expect("room")).collect();
    assert_eq!(ask().expect_err("full").gate, Gate::RetryCap);
    let limited = Fault::new(FaultKind::RateLimited).with_hint(Some(Duration::from_millis(500)));
    one.signal(call.id, Signal::End(Outcome::Fault(limited)));
    let Step::Wait(Some(at)) = one.poll() else { panic!("no wait") };
    (one, cap, at)
}

#[test]
fn a_full_cap_delays_a_retry_that_has_waited_in_line() {
    let again = Duration::from_millis(50);
    let (mut one, cap, at) = before_a_full_cap(chain_of(&[(1, &[])], Rules::default()), S(60));
    for times in 0..3 {
        one.now = at + again * times;
        assert_eq!(one.poll(), Step::Wait(Some(one.now + again)));
    }
    drop(cap);
    one.now = at + again * 3;
    one.start();
}

#[test]
fn a_full_cap_is_not_waited_for_beyond_the_deadline() {
    let deadline = Duration::from_millis(620);
    let (mut one, _cap, at) = before_a_full_cap(chain_of(&[(1, &[])], Rules::default()), deadline);
    one.now = at;
    while let Step::Wait(Some(at)) = one.poll() {
        assert!(at < Instant::ORIGIN + deadline, "no wait that does not fit is begun");
        one.now = at;
    }
    assert!(one.now < Instant::ORIGIN + deadline);
}

#[test]
fn a_full_cap_uses_up_patience_where_another_could_serve() {
    let (mut one, _cap, at) = before_a_full_cap(two_legs(), S(60));
    one.now = at;
    let call = loop {
        match one.poll() {
            Step::Wait(Some(at)) => one.now = at,
            Step::Start(call) => break call,
            step => panic!("{step:?}"),
        }
    };
    assert_eq!(call.deployment.index(), 1);
    let waited = one.now - Instant::ORIGIN;
    assert!(waited > Duration::from_millis(2_900) && waited <= S(3), "{waited:?}");
}

#[test]
fn a_dropped_chain_gives_all_back() {
    let mut one = One::new(two_legs(), stream(S(60)));
    one.start();
    assert_eq!(one.in_flight(2), 1);
    one.chain = Chain::new(Arc::new(two_legs()), stream(S(60)), &mut one.rng);
    assert_eq!(one.in_flight(2), 0);
}

#[test]
fn a_model_that_thinks_is_given_time_whatever_the_request_says() {
    let plain = two_legs();
    let mut deployments = plain.deployments().to_vec();
    deployments[0].limits.thinks = true;
    deployments[0].limits.gap_thinking = S(300);
    let topology = Topology::new(plain.groups().to_vec(), deployments, None, Rules::default());
    let mut one = One::new(topology, Request { prompt_tokens: 25_000, ..stream(S(600)) });
    let limits = one.start().limits;
    assert_eq!((limits.first_token, limits.gap), (Some(S(62)), Some(S(300))));
}

#[test]
fn a_429_before_it_does_not_keep_a_fault_out_of_the_row() {
    let topology = || {
        let plain = chain_of(&[(1, &[1]), (1, &[])], Rules::default());
        let mut deployments = plain.deployments().to_vec();
        deployments[0].breaker.allowed_fails = Some(0);
        Topology::new(plain.groups().to_vec(), deployments, None, Rules::default())
    };
    let mut one = One::new(topology(), stream(S(60)));
    let call = one.start();
    let limited = Fault::new(FaultKind::RateLimited).with_hint(Some(Duration::ZERO));
    one.signal(call.id, Signal::End(Outcome::Fault(limited)));
    let Step::Wait(Some(at)) = one.poll() else { panic!("no wait") };
    one.now = at;
    let again = one.start();
    one.fault(again.id, FaultKind::ServerError);
    let view = one.gates.view(DeploymentId::new(0), one.now);
    assert_eq!(view.breaker, BreakerState::Open, "its first fault here");
}

#[test]
fn a_call_that_was_given_up_overdue_has_had_its_fault_in_the_row() {
    let plain = chain_of(&[(2, &[])], Rules::default());
    let mut deployments = plain.deployments().to_vec();
    deployments.iter_mut().for_each(|it| it.breaker.allowed_fails = Some(1));
    let topology = Topology::new(plain.groups().to_vec(), deployments, None, Rules::default());
    let mut one = One::new(topology, stream(S(60)));
    let call = one.start();
    one.now = Instant::ORIGIN + S(10);
    one.signal(call.id, Signal::Limit(Phase::FirstToken));
    assert_eq!(one.poll(), Step::Cancel(call.id));
    let other = one.start();
    one.fault(other.id, FaultKind::Authentication);
    // No one else is left: the first may be called again.
    let again = loop {
        match one.poll() {
            Step::Wait(Some(at)) => one.now = at,
            Step::Start(again) => break again,
            step => panic!("{step:?}"),
        }
    };
    assert_eq!(again.deployment, call.deployment);
    one.fault(again.id, FaultKind::ServerError);
    let view = one.gates.view(call.deployment, one.now);
    assert_eq!(view.breaker, BreakerState::Closed, "one request counts once");
}

#[test]
fn a_limit_of_the_caller_says_nothing_and_leads_on() {
    for (own, state) in [(Some(S(1)), BreakerState::Closed), (None, BreakerState::Open)] {
        let plain = two_legs();
        let mut deployments = plain.deployments().to_vec();
        deployments[0].breaker.allowed_fails = Some(0);
        deployments[0].limits.stream_timeout = S(1);
        let topology = Topology::new(plain.groups().to_vec(), deployments, None, Rules::default());
        let request = Request { timeout: own, num_retries: Some(0), ..stream(S(60)) };
        let mut one = One::new(topology, request);
        let call = one.start();
        assert_eq!(call.limits.total, S(1));
        one.now = one.now + S(1);
        one.signal(call.id, Signal::Limit(Phase::Total));
        assert_eq!(one.poll(), Step::Cancel(call.id));
        assert_eq!(one.start().deployment.index(), 1);
        assert_eq!(one.gates.view(DeploymentId::new(0), one.now).breaker, state);
    }
}

#[test]
fn a_probe_is_decided_within_its_lease_and_runs_on_for_a_minute_at_most() {
    let mut one = One::new(two_legs(), stream(S(600)));
    let (id, entry, news) = (DeploymentId::new(0), crate::rig::ENTRY, &mut News::default());
    for _ in 0..5 {
        let permit = one.gates.acquire(id, &entry, one.now, &mut one.rng, news).expect("closed");
        one.now = one.now + S(2);
        permit.answered(one.now, &mut one.rng, news).finished(one.now, &mut one.rng, news);
    }
    for _ in 0..20 {
        let permit = one.gates.acquire(id, &entry, one.now, &mut one.rng, news).expect("closed");
        permit.failed(one.now, &Fault::new(FaultKind::ServerError), &mut one.rng, news);
        one.now = one.now + Duration::from_millis(1);
        if !one.gates.admits(id, one.now) {
            break;
        }
    }
    one.now = one.gates.view(id, one.now).probe_at.expect("open");
    let limits = one.start().limits;
    assert_eq!((limits.first_token, limits.total), (Some(S(6)), S(60)));
}

#[test]
fn once_means_one_more_call_whatever_kinds_follow() {
    let mut one = One::new(two_legs(), Request { num_retries: Some(4), ..stream(S(60)) });
    let mut kinds = [FaultKind::Malformed, FaultKind::ServerError].into_iter();
    let mut called = vec![];
    while called.len() < 3 {
        match one.poll() {
            Step::Start(call) => {
                called.push(call.deployment.index());
                kinds.next().into_iter().for_each(|kind| one.fault(call.id, kind));
            }
            Step::Wait(Some(at)) => one.now = at,
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(called, [0, 0, 1]);
}

#[test]
fn a_shut_chain_answers_429_only_where_quota_alone_shuts() {
    let limited = Fault::new(FaultKind::RateLimited).with_hint(Some(S(20)));
    for (also_open, status) in [(false, 429), (true, 503)] {
        let mut one = One::new(chain_of(&[(1, &[])], Rules::default()), stream(S(60)));
        let call = one.start();
        let ask = |one: &mut One| {
            let entry = crate::rig::ENTRY;
            let gates = one.gates.clone();
            gates.acquire(DeploymentId::new(0), &entry, one.now, &mut one.rng, &mut News::default())
        };
        let others: Vec<Permit> = (0..20).map(|_| ask(&mut one).expect("closed")).collect();
        one.signal(call.id, Signal::End(Outcome::Fault(limited)));
        for permit in others.into_iter().filter(|_| also_open) {
            let fault = Fault::new(FaultKind::ServerError);
            permit.failed(one.now, &fault, &mut one.rng, &mut News::default());
        }
        let topology = Arc::new(chain_of(&[(1, &[])], Rules::default()));
        one.chain = Chain::new(topology, stream(S(60)), &mut one.rng);
        let failure = one.failure();
        assert_eq!(failure.status, status);
        assert!(failure.retry_after.is_some_and(|wait| wait >= S(20) && wait <= S(22)));
        assert!(matches!(failure.cause, FailureCause::Shut(shut) if shut.len() == 1));
    }
}

#[test]
fn no_deployment_at_all_is_told_as_such() {
    let mut one = One::new(chain_of(&[(0, &[])], Rules::default()), stream(S(60)));
    assert_eq!(one.failure().status, 502);
}

#[test]
fn an_absurd_hint_is_not_passed_on() {
    let mut one = One::new(chain_of(&[(1, &[])], Rules::default()), stream(S(60)));
    let call = one.start();
    let week = Fault::new(FaultKind::Overloaded).with_hint(Some(S(7 * 24 * 3600)));
    one.signal(call.id, Signal::End(Outcome::Fault(week)));
    assert_eq!(one.failure().retry_after, Some(S(300)));
}

#[test]
fn a_request_that_all_call_unknown_is_404_and_else_502() {
    for (second, status) in [(FaultKind::NotFound, 404), (FaultKind::Authentication, 502)] {
        let mut one = One::new(two_legs(), stream(S(60)));
        for kind in [FaultKind::NotFound, second] {
            let call = one.start();
            one.fault(call.id, kind);
        }
        assert_eq!(one.failure().status, status);
    }
}

#[test]
fn patience_sums_over_a_leg() {
    // Hints of 1.4 s each: two fit into three seconds, a third does not.
    let hinted = Fault::new(FaultKind::Overloaded).with_hint(Some(Duration::from_millis(1_400)));
    let mut one = One::new(two_legs(), Request { num_retries: Some(9), ..stream(S(60)) });
    let mut calls = vec![];
    loop {
        let step = one.poll();
        match step {
            Step::Start(call) => {
                calls.push(call.deployment.index());
                if call.deployment.index() == 1 {
                    break;
                }
                one.signal(call.id, Signal::End(Outcome::Fault(hinted)));
            }
            Step::Wait(Some(at)) => one.now = at,
            _ => panic!("{step:?}"),
        }
    }
    assert_eq!(calls, [0, 0, 0, 1]);
    assert_eq!(one.now, Instant::ORIGIN + Duration::from_millis(2_800));
}

#[test]
fn blind_waits_have_less_patience_than_hinted_ones() {
    let patience = Patience { blind: Duration::ZERO, ..Patience::default() };
    let rules = Rules { patience, ..Rules::default() };
    for (hint, deployment) in
        [(None, 1), (Some(S(3)), 0), (Some(S(3) + Duration::from_millis(1)), 1)]
    {
        let mut one = One::new(chain_of(&[(1, &[1]), (1, &[])], rules), stream(S(60)));
        let call = one.start();
        let fault = Fault::new(FaultKind::Overloaded).with_hint(hint);
        one.signal(call.id, Signal::End(Outcome::Fault(fault)));
        if let Step::Wait(Some(at)) = one.poll() {
            one.now = at;
            assert_eq!(one.start().deployment.index(), deployment);
        } else {
            assert_eq!(deployment, 1, "it moved on at once");
        }
    }
}

#[test]
fn all_waits_of_a_leg_share_one_patience() {
    // Twice 1.4 s as hinted; then half a second of our own, which would fit if it were the first.
    let backoff = Backoff { floor: Duration::from_millis(500), ..Backoff::default() };
    let rules = Rules { backoff, ..Rules::default() };
    let request = Request { num_retries: Some(9), ..stream(S(60)) };
    let mut one = One::new(chain_of(&[(1, &[1]), (1, &[])], rules), request);
    let hints = [Some(1_400), Some(1_400), None];
    let mut called = vec![];
    while called.len() < 4 {
        match one.poll() {
            Step::Start(call) => {
                let hint = hints.get(called.len()).copied().flatten().map(Duration::from_millis);
                called.push(call.deployment.index());
                let fault = Fault::new(FaultKind::Overloaded).with_hint(hint);
                one.signal(call.id, Signal::End(Outcome::Fault(fault)));
            }
            Step::Wait(Some(at)) => one.now = at,
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(called, [0, 0, 0, 1]);
}
