//! The credential, the model and the host gate: what shuts them, what opens them again, and whom
//! else they shut.

use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use crate::rig::ENTRY;

/// Four deployments: a pair that shares key and host, one with a key of its own on that host, and
/// one that shares nothing.
const PAIR: [DeploymentId; 2] = [DeploymentId::new(0), DeploymentId::new(1)];
const OWN_KEY: DeploymentId = DeploymentId::new(2);
const APART: DeploymentId = DeploymentId::new(3);

const AUTH: FaultKind = FaultKind::Authentication;
const REFUSED: FaultKind = FaultKind::Connection(ConnectionFault::Establish);

struct Doors {
    gates: Gates,
    now: Instant,
    rng: Rng,
    news: News,
}

impl Doors {
    fn new() -> Self {
        let one = |key: &str, credential: &str, host: &str| Deployment {
            credential: Some(credential.into()),
            host: Some(host.into()),
            ..Deployment::new(key)
        };
        let deployments = vec![
            one("a", "key", "host:443"),
            one("b", "key", "host:443"),
            one("c", "other key", "host:443"),
            one("d", "third key", "host:444"),
        ];
        let ids = (0..4).map(DeploymentId::new).collect();
        let group = Group { deployments: ids, ..Group::default() };
        let topology = Topology::new(vec![group], deployments, None, Rules::default());
        let now = Instant::ORIGIN + Duration::from_secs(1_000);
        Self { gates: Gates::new(&topology), now, rng: Rng::from_seed(1), news: News::default() }
    }

    fn pass(&mut self, seconds: f64) {
        self.now = self.now + Duration::from_secs_f64(seconds);
    }

    fn acquire(&mut self, id: DeploymentId) -> Result<Permit, Refusal> {
        self.gates.acquire(id, &ENTRY, self.now, &mut self.rng, &mut self.news)
    }

    fn end(&mut self, permit: Permit, fault: Fault) {
        permit.failed(self.now, &fault, &mut self.rng, &mut self.news);
    }

    /// A call that ends so, if it is let through.
    fn fail(&mut self, id: DeploymentId, kind: FaultKind) -> Option<Gate> {
        self.meet(id, Fault::new(kind))
    }

    fn meet(&mut self, id: DeploymentId, fault: Fault) -> Option<Gate> {
        match self.acquire(id) {
            Ok(permit) => {
                self.end(permit, fault);
                None
            }
            Err(refusal) => Some(refusal.gate),
        }
    }

    fn succeed(&mut self, id: DeploymentId) {
        let permit = self.acquire(id).expect("it admits");
        let tail = permit.answered(self.now, &mut self.rng, &mut self.news);
        tail.finished(self.now, &mut self.rng, &mut self.news);
    }

    /// The gates that are shut.
    fn shut(&self, id: DeploymentId) -> Vec<Gate> {
        self.gates.shut(id, self.now).iter().map(|shut| shut.gate).collect()
    }

    /// How long until the first shut gate lets a probe through.
    fn shut_for(&self, id: DeploymentId) -> f64 {
        let shut = self.gates.shut(id, self.now);
        (shut[0].not_before.expect("it is known") - self.now).as_secs_f64()
    }
}

#[test]
fn a_key_refused_twice_in_a_row_shuts_all_that_use_it_and_no_one_else() {
    let mut doors = Doors::new();
    doors.fail(PAIR[0], AUTH);
    assert!(doors.shut(PAIR[0]).is_empty(), "once may be chance");
    doors.succeed(PAIR[1]);
    doors.fail(PAIR[0], AUTH);
    assert!(doors.shut(PAIR[0]).is_empty(), "an answer between them: no row");
    doors.fail(PAIR[1], AUTH);
    for id in PAIR {
        assert_eq!(doors.shut(id), [Gate::Credential]);
        assert_eq!(doors.fail(id, AUTH), Some(Gate::Credential));
    }
    assert!(doors.shut(OWN_KEY).is_empty() && doors.shut(APART).is_empty());
    let change = doors.news.latches.pop().expect("it is told");
    assert_eq!((change.gate, change.shut_by), (Gate::Credential, Some(AUTH)));
}

#[test]
fn a_code_without_doubt_and_a_spent_account_shut_a_key_at_once() {
    let certain = Fault { certain: true, ..Fault::new(AUTH) };
    for fault in [certain, Fault::new(FaultKind::QuotaExhausted)] {
        let mut doors = Doors::new();
        doors.meet(PAIR[0], fault);
        assert_eq!(doors.shut(PAIR[1]), [Gate::Credential]);
    }
}

#[test]
fn a_spent_quota_with_a_named_end_shuts_its_own_gate_up_to_a_day() {
    for (named, least, most) in [(3_600, 3_600.0, 3_960.0), (1 << 40, 86_400.0, 95_040.0)] {
        let mut doors = Doors::new();
        let hint = Some(Duration::from_secs(named));
        doors.meet(PAIR[0], Fault::new(FaultKind::QuotaExhausted).with_hint(hint));
        assert_eq!(doors.shut(PAIR[0]), [Gate::Quota]);
        assert!((least..=most).contains(&doors.shut_for(PAIR[0])));
        assert!(doors.shut(PAIR[1]).is_empty());
    }
}

#[test]
fn a_probe_comes_after_ten_seconds_and_each_that_fails_doubles_that_up_to_five_minutes() {
    let mut doors = Doors::new();
    doors.fail(PAIR[0], AUTH);
    doors.fail(PAIR[0], AUTH);
    for expected in [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0] {
        assert_eq!(doors.shut_for(PAIR[1]), expected);
        doors.pass(expected - 0.001);
        assert_eq!(doors.fail(PAIR[1], AUTH), Some(Gate::Credential));
        doors.pass(0.001);
        let probe = doors.acquire(PAIR[1]).expect("a probe");
        assert_eq!(doors.fail(PAIR[0], AUTH), Some(Gate::Credential), "one at a time");
        doors.end(probe, Fault::new(AUTH));
    }
    doors.pass(300.0);
    doors.succeed(PAIR[0]);
    assert!(doors.shut(PAIR[1]).is_empty());
    doors.fail(PAIR[0], AUTH);
    assert!(doors.shut(PAIR[1]).is_empty(), "the row begins anew");
}

#[test]
fn a_probe_that_says_nothing_frees_its_place_and_one_that_hangs_loses_it() {
    let mut doors = Doors::new();
    doors.fail(PAIR[0], AUTH);
    doors.fail(PAIR[0], AUTH);
    doors.pass(10.0);
    doors.fail(PAIR[0], FaultKind::ServerError);
    let hung = doors.acquire(PAIR[0]).expect("the next one is a probe");
    doors.pass(ENTRY.first_token.as_secs_f64());
    let second = doors.acquire(PAIR[0]).expect("the hung one lost its place");
    drop(hung);
    assert_eq!(doors.fail(PAIR[1], AUTH), Some(Gate::Credential), "its end frees no other's place");
    drop(second);
    assert!(doors.acquire(PAIR[1]).is_ok(), "dropped, it frees its own");
}

#[test]
fn a_model_gates_probe_that_is_left_or_dropped_frees_its_place() {
    for abandoned in [true, false] {
        let mut doors = Doors::new();
        for _ in 0..2 {
            doors.fail(APART, FaultKind::NotFound);
        }
        doors.pass(10.0);
        let probe = doors.acquire(APART).expect("a probe");
        assert_eq!(doors.shut(APART), [Gate::Model]);
        if abandoned {
            let (now, why) = (doors.now, Abandoned::ByClient);
            probe.abandoned(now, why, &mut doors.rng, &mut doors.news);
        } else {
            drop(probe);
        }
        assert!(doors.acquire(APART).is_ok());
    }
}

#[test]
fn what_was_granted_before_a_shutting_changes_nothing_after_it() {
    let mut doors = Doors::new();
    let old: Vec<_> = (0..3).map(|_| doors.acquire(PAIR[0]).expect("open")).collect();
    doors.fail(PAIR[0], AUTH);
    doors.fail(PAIR[0], AUTH);
    let until = doors.shut_for(PAIR[0]);
    for (permit, kind) in old.into_iter().zip([AUTH, FaultKind::BadRequest, AUTH]) {
        doors.end(permit, Fault::new(kind));
        assert_eq!(doors.shut(PAIR[0]), [Gate::Credential]);
        assert_eq!(doors.shut_for(PAIR[0]), until);
    }
}

#[test]
fn a_model_not_found_by_two_requests_in_a_row_shuts_that_deployment_alone() {
    let mut doors = Doors::new();
    let not_found = FaultKind::NotFound;
    doors.fail(PAIR[0], not_found);
    let again = Entry { again: true, ..ENTRY };
    let permit = doors.gates.acquire(PAIR[0], &again, doors.now, &mut doors.rng, &mut doors.news);
    doors.end(permit.expect("open"), Fault::new(not_found));
    assert!(doors.shut(PAIR[0]).is_empty(), "the same request twice");
    doors.fail(PAIR[0], not_found);
    assert_eq!(doors.shut(PAIR[0]), [Gate::Model]);
    assert_eq!(doors.shut_for(PAIR[0]), 10.0);
    assert!(doors.shut(PAIR[1]).is_empty());
    doors.pass(10.0);
    doors.succeed(PAIR[0]);
    assert!(doors.shut(PAIR[0]).is_empty());
}

#[test]
fn three_connect_faults_without_an_answer_between_them_shut_a_host() {
    let timeout = FaultKind::Timeout(Phase::Connect);
    let mut doors = Doors::new();
    doors.fail(PAIR[0], REFUSED);
    doors.fail(OWN_KEY, timeout);
    doors.fail(PAIR[1], FaultKind::Connection(ConnectionFault::Lost));
    assert!(doors.shut(PAIR[0]).is_empty(), "a reset after connecting is the deployment's");
    doors.fail(PAIR[1], REFUSED);
    for id in [PAIR[0], PAIR[1], OWN_KEY] {
        assert_eq!(doors.shut(id), [Gate::Host]);
    }
    assert!(doors.shut(APART).is_empty(), "another port is another server");
    for expected in [1.0, 2.0, 4.0, 8.0, 12.0, 12.0] {
        assert_eq!(doors.shut_for(OWN_KEY), expected);
        doors.pass(expected);
        assert_eq!(doors.fail(OWN_KEY, REFUSED), None);
    }

    let mut doors = Doors::new();
    doors.fail(PAIR[0], REFUSED);
    doors.fail(PAIR[0], REFUSED);
    doors.fail(PAIR[1], FaultKind::ServerError);
    doors.fail(PAIR[0], REFUSED);
    assert!(doors.shut(PAIR[0]).is_empty(), "any answer is one from the host");
}

/// One that thinks for a minute kept all others from a host that was there again.
#[test]
fn a_host_is_open_once_a_connection_to_it_stands() {
    for forced in [false, true] {
        let mut doors = Doors::new();
        let mut before = doors.acquire(PAIR[0]).expect("open");
        assert!(!before.tries_host());
        before.connected(doors.now, &mut doors.news);
        for _ in 0..3 {
            doors.fail(PAIR[0], REFUSED);
        }
        before.connected(doors.now, &mut doors.news);
        assert_eq!(doors.shut(OWN_KEY), [Gate::Host], "a connection of before says nothing");
        let mut probe = if forced {
            doors.gates.acquire_forced(PAIR[0], &ENTRY, doors.now).expect("none is out")
        } else {
            doors.pass(1.0);
            doors.acquire(PAIR[0]).expect("a probe")
        };
        assert!(probe.tries_host());
        assert!(doors.acquire(OWN_KEY).is_err());
        probe.connected(doors.now, &mut doors.news);
        assert!(doors.acquire(OWN_KEY).is_ok());
        doors.end(probe, Fault::new(REFUSED));
        assert!(doors.acquire(OWN_KEY).is_ok(), "its word is given");
    }
}

#[test]
fn a_refusal_by_a_later_gate_gives_an_earlier_ones_probe_back() {
    let mut doors = Doors::new();
    doors.fail(PAIR[0], AUTH);
    doors.fail(PAIR[0], AUTH);
    doors.pass(10.0);
    let limited = Fault::new(FaultKind::RateLimited).with_hint(Some(Duration::from_secs(60)));
    let probe = doors.acquire(PAIR[0]).expect("a probe");
    doors.end(probe, limited);
    assert_eq!(doors.shut(PAIR[0]), [Gate::Quota], "a 429 says that the key is good");
    doors.fail(PAIR[1], AUTH);
    doors.fail(PAIR[1], AUTH);
    doors.pass(10.0);
    assert_eq!(doors.fail(PAIR[0], AUTH), Some(Gate::Quota));
    assert!(doors.acquire(PAIR[1]).is_ok(), "its place was given back");
}

#[test]
fn a_reload_keeps_a_key_that_is_the_same_and_forgets_one_that_is_new() {
    let mut doors = Doors::new();
    doors.fail(PAIR[0], AUTH);
    doors.fail(PAIR[0], AUTH);
    let renewed = |credential: &str| {
        let one = Deployment { credential: Some(credential.into()), ..Deployment::new("a") };
        let group = Group { deployments: vec![PAIR[0]], ..Group::default() };
        doors.gates.renewed(&Topology::new(vec![group], vec![one], None, Rules::default()))
    };
    assert!(!renewed("key").admits(PAIR[0], doors.now));
    assert!(renewed("new key").admits(PAIR[0], doors.now));
}

#[test]
fn headers_that_say_nothing_is_left_shut_before_the_first_429() {
    let reset = Duration::from_secs(60);
    for (limit, least, most) in [(Some(60), 1.0, 1.1), (None, 60.0, 66.0), (Some(0), 60.0, 66.0)] {
        let mut doors = Doors::new();
        let (now, stale) = (doors.now, doors.acquire(APART).expect("open"));
        let permit = doors.acquire(APART).expect("open");
        let spent = Spent { dimension: Dimension::Tokens, reset, limit };
        permit.spent(now, spent, &mut doors.rng);
        assert_eq!(doors.shut(APART), [Gate::Quota]);
        assert!((least..=most).contains(&doors.shut_for(APART)), "{}", doors.shut_for(APART));
        stale.spent(now, Spent { limit: None, ..spent }, &mut doors.rng);
        assert!(doors.shut_for(APART) <= most, "granted before: known already");
        // The line leaves as the quota refills.
        let until = now + Duration::from_secs(100);
        let places: Vec<_> = (0..2)
            .map(|_| doors.gates.line_up(APART, now, Line::until(until)).expect("a place"))
            .collect();
        let apart = if limit == Some(60) { 1_000 } else { 20 };
        let [first, second] = [0, 1].map(|place: usize| places[place].slot().at);
        assert_eq!(second - first, Duration::from_millis(apart));
    }
}

#[test]
fn what_was_granted_before_headers_shut_a_quota_is_no_news_to_it() {
    let reset = Duration::from_secs(60);
    let spent = Spent { dimension: Dimension::Requests, reset, limit: None };
    let mut doors = Doors::new();
    let [first, limited, late] = [(); 3].map(|()| doors.acquire(APART).expect("open"));
    first.spent(doors.now, spent, &mut doors.rng);
    let shut_for = doors.shut_for(APART);
    doors.end(limited, Fault::new(FaultKind::RateLimited));
    assert_eq!(doors.shut_for(APART), shut_for, "the headers had said when");
    doors.pass(shut_for);
    late.spent(doors.now, spent, &mut doors.rng);
    assert!(doors.shut(APART).is_empty(), "it had been told that long ago");
}

proptest! {
    /// Whatever happens at them: time and one request lead on.
    #[test]
    fn law_5_no_latch_is_ever_wedged(
        steps in prop::collection::vec((0..4_u32, 0..9_usize, 0..20_000_u64), 1..80),
    ) {
        let kinds = [
            AUTH, REFUSED, FaultKind::NotFound, FaultKind::QuotaExhausted, FaultKind::BadRequest,
            FaultKind::RateLimited, FaultKind::Timeout(Phase::Connect),
        ];
        let mut doors = Doors::new();
        let mut held = Vec::new();
        for (id, what, wait) in steps {
            doors.pass(wait as f64 / 1e3);
            let Ok(permit) = doors.acquire(DeploymentId::new(id)) else { continue };
            match kinds.get(what) {
                Some(kind) => doors.end(permit, Fault::new(*kind)),
                None if what == 7 => held.push(permit),
                None => drop(permit),
            }
        }
        doors.pass(400.0);
        for id in (0..4).map(DeploymentId::new) {
            prop_assert!(doors.acquire(id).is_ok(), "{:?}", doors.gates.shut(id, doors.now));
        }
    }
}
