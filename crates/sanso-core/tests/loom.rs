//! Every order in which threads can take the gates' locks (`make loom`; nothing without it).
//!
//! Time is an argument here as everywhere, so what is tried out is the interleaving alone: admission
//! and verdict are two steps with a call between them, and others may come in between.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "tests")]

use loom::thread;
use sanso_core::*;

const PRIMARY: DeploymentId = DeploymentId::new(0);

/// The gates of one deployment.
fn gates() -> Gates {
    let group = Group { deployments: vec![PRIMARY], ..Group::default() };
    let other = Group { deployments: vec![DeploymentId::new(1)], ..Group::default() };
    let groups = vec![Group { fallbacks: Some(vec![GroupId::new(1)]), ..group }, other];
    let keyed = |key: &str| Deployment { credential: Some("key".into()), ..Deployment::new(key) };
    let primary = Deployment { retry_budget: Some(14), ..keyed("primary") };
    let deployments = vec![primary, keyed("fallback")];
    Gates::new(&Topology::new(groups, deployments, None, Rules::default()))
}

fn at(seconds: u64) -> Instant {
    Instant::from_origin(Duration::from_secs(seconds))
}

fn acquire(gates: &Gates, now: Instant) -> Option<Permit> {
    ask(gates, PRIMARY, now, None)
}

/// With `retry_after`, as a retry.
fn ask(
    gates: &Gates,
    id: DeploymentId,
    now: Instant,
    retry_after: Option<FaultKind>,
) -> Option<Permit> {
    let entry = entry(retry_after);
    gates.acquire(id, &entry, now, &mut Rng::from_seed(1), &mut News::default()).ok()
}

fn entry(retry_after: Option<FaultKind>) -> Entry {
    Entry {
        class: Class { stream: true, thinks: false },
        prompt_tokens: 0,
        first_token: Duration::from_secs(10),
        again: false,
        slot: None,
        retry_after,
    }
}

fn fail(permit: Permit, now: Instant) {
    let fault = Fault::new(FaultKind::ServerError);
    permit.failed(now, &fault, &mut Rng::from_seed(2), &mut News::default());
}

fn answer(permit: Permit, now: Instant) {
    let (mut rng, mut news) = (Rng::from_seed(3), News::default());
    permit.answered(now, &mut rng, &mut news).finished(now, &mut rng, &mut news);
}

/// Five faults over two seconds: open from then on.
fn open(gates: &Gates) {
    for second in [0, 0, 0, 0, 2] {
        fail(acquire(gates, at(second)).unwrap(), at(second));
    }
    assert_eq!(state(gates, at(2)), BreakerState::Open);
}

fn state(gates: &Gates, now: Instant) -> BreakerState {
    gates.view(PRIMARY, now).breaker
}

fn in_flight(gates: &Gates) -> u32 {
    gates.view(PRIMARY, at(0)).in_flight
}

/// Past any open time of the first opening.
const HALF_OPEN: u64 = 10;

#[test]
fn of_those_who_come_at_half_open_one_is_the_probe() {
    loom::model(|| {
        let gates = gates();
        open(&gates);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let gates = gates.clone();
                thread::spawn(move || acquire(&gates, at(HALF_OPEN)))
            })
            .collect();
        let mine = acquire(&gates, at(HALF_OPEN));
        let permits: Vec<_> =
            others.into_iter().map(|other| other.join().unwrap()).chain([mine]).flatten().collect();
        assert_eq!(permits.len(), 1);
        assert!(permits[0].is_probe());
    });
}

#[test]
fn a_probe_that_is_dropped_while_others_ask_wedges_nothing() {
    loom::model(|| {
        let gates = gates();
        open(&gates);
        let probe = acquire(&gates, at(HALF_OPEN)).unwrap();
        let asks = gates.clone();
        let other = thread::spawn(move || acquire(&asks, at(HALF_OPEN)).map(drop));
        drop(probe);
        other.join().unwrap();
        assert_eq!(in_flight(&gates), 0);
        let next = acquire(&gates, at(HALF_OPEN));
        assert!(next.is_some_and(|permit| permit.is_probe()));
    });
}

#[test]
fn a_success_of_an_older_epoch_does_not_close_what_has_opened() {
    loom::model(|| {
        let gates = gates();
        let old = acquire(&gates, at(0)).unwrap();
        let last = acquire(&gates, at(0)).unwrap();
        for second in [0, 0, 0, 0] {
            fail(acquire(&gates, at(second)).unwrap(), at(second));
        }
        let late = thread::spawn(move || answer(old, at(2)));
        fail(last, at(2));
        late.join().unwrap();
        // Whoever was first: a success before the fifth fault ends the row, one after it is old.
        let opened = state(&gates, at(2)) == BreakerState::Open;
        assert_eq!(acquire(&gates, at(2)).is_none(), opened);
        assert_eq!(in_flight(&gates), 0);
    });
}

#[test]
fn a_probe_that_fails_while_another_thread_asks_reopens_once() {
    loom::model(|| {
        let gates = gates();
        open(&gates);
        let probe = acquire(&gates, at(HALF_OPEN)).unwrap();
        let asks = gates.clone();
        let other = thread::spawn(move || acquire(&asks, at(HALF_OPEN)).is_some());
        fail(probe, at(HALF_OPEN));
        assert!(!other.join().unwrap(), "the probe's place is not given away, and then it is open");
        assert_eq!(state(&gates, at(HALF_OPEN)), BreakerState::Open);
        assert_eq!(in_flight(&gates), 0);
    });
}

#[test]
fn deployments_that_share_a_key_send_one_probe_with_it() {
    loom::model(|| {
        let gates = gates();
        for _ in 0..2 {
            let permit = acquire(&gates, at(0)).unwrap();
            let refused = Fault::new(FaultKind::Authentication);
            permit.failed(at(0), &refused, &mut Rng::from_seed(2), &mut News::default());
        }
        let asks = gates.clone();
        let other = thread::spawn(move || ask(&asks, DeploymentId::new(1), at(10), None));
        let mine = acquire(&gates, at(10));
        let both = [other.join().unwrap(), mine];
        assert_eq!(both.iter().flatten().count(), 1);
        drop(both);
        assert!(acquire(&gates, at(10)).is_some(), "dropped, it made room");
    });
}

#[test]
fn a_budget_is_not_spent_twice() {
    loom::model(|| {
        let gates = gates();
        let kind = Some(FaultKind::ServerError);
        let asks = gates.clone();
        let other = thread::spawn(move || ask(&asks, PRIMARY, at(0), kind));
        let both = [ask(&gates, PRIMARY, at(0), kind), other.join().unwrap()];
        assert_eq!(both.iter().flatten().count(), 1);
    });
}

#[test]
fn one_call_is_forced_at_a_time() {
    loom::model(|| {
        let gates = gates();
        open(&gates);
        let asks = gates.clone();
        let other = thread::spawn(move || asks.acquire_forced(PRIMARY, &entry(None), at(3)));
        let mine = gates.acquire_forced(PRIMARY, &entry(None), at(3));
        let both = [mine, other.join().unwrap()];
        assert_eq!(both.iter().flatten().count(), 1);
    });
}

#[test]
fn the_window_of_a_slow_start_holds_between_threads() {
    loom::model(|| {
        let gates = gates();
        open(&gates);
        for _ in 0..2 {
            answer(acquire(&gates, at(HALF_OPEN)).unwrap(), at(HALF_OPEN));
        }
        assert_eq!(state(&gates, at(HALF_OPEN)), BreakerState::Recovering);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let gates = gates.clone();
                thread::spawn(move || acquire(&gates, at(HALF_OPEN)))
            })
            .collect();
        let held: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert_eq!(held.iter().flatten().count(), 1, "the window begins at one");
    });
}
