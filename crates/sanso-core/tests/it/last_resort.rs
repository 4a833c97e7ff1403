//! The last resort of a request that finds no deployment that admits.

use std::sync::Arc;

use sanso_core::Rng;
use sanso_core::*;

use crate::rig::ENTRY;
use crate::scene::chain_of;

const A: DeploymentId = DeploymentId::new(0);
const B: DeploymentId = DeploymentId::new(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One group, `a#1` and perhaps `a#2`.
struct Scene {
    topology: Arc<Topology>,
    gates: Gates,
    now: Instant,
    rng: Rng,
}

impl Scene {
    /// Behind the same host.
    fn on_one_host() -> Self {
        let one = |key: &str| Deployment { host: Some("host:443".into()), ..Deployment::new(key) };
        let group = Group { deployments: vec![A, B], ..Group::default() };
        let deployments = vec![one("a#1"), one("a#2")];
        Self::of(Topology::new(vec![group], deployments, None, Rules::default()))
    }

    fn of(topology: Topology) -> Self {
        let gates = Gates::new(&topology);
        let now = Instant::ORIGIN + Duration::from_secs(100);
        Self { topology: Arc::new(topology), gates, now, rng: Rng::from_seed(7) }
    }

    fn acquire(&mut self, id: DeploymentId) -> Permit {
        let mut news = News::default();
        let permit = self.gates.acquire(id, &ENTRY, self.now, &mut self.rng, &mut news);
        permit.expect("it admits")
    }

    fn fail(&mut self, id: DeploymentId, fault: Fault) {
        let permit = self.acquire(id);
        permit.failed(self.now, &fault, &mut self.rng, &mut News::default());
    }

    fn limit(&mut self, id: DeploymentId, hint: u64) {
        self.fail(id, Fault::new(FaultKind::RateLimited).with_hint(Some(ms(hint))));
    }

    fn ask(&mut self) -> (Chain, Step) {
        let class = Class { stream: true, thinks: false };
        let request = Request::new(GroupId::new(0), class, self.now + Duration::from_secs(60));
        let mut chain = Chain::new(Arc::clone(&self.topology), request, &mut self.rng);
        let step = chain.poll(self.now, &self.gates, &mut self.rng);
        (chain, step)
    }

    /// A request that waits in a line; until when.
    fn stand(&mut self) -> (Chain, Instant) {
        let (mut chain, step) = self.ask();
        let Step::Wait(Some(at)) = step else { panic!("{step:?}") };
        let waits = std::iter::from_fn(|| chain.poll_event());
        let is_wait = |event: &Event| matches!(event, Event::Waiting { until, .. } if *until == at);
        assert_eq!(waits.filter(is_wait).count(), 1);
        (chain, at)
    }
}

/// The host's probe hid both: no one was called, and none of the requests got anything but a 503.
#[test]
fn a_probe_of_the_host_keeps_no_forced_call_from_its_sibling() {
    let mut scene = Scene::on_one_host();
    let refused = Fault::new(FaultKind::Connection(ConnectionFault::Establish));
    (0..3).for_each(|_| scene.fail(A, refused));
    scene.now = scene.now + ms(1_000);
    let _probe = scene.acquire(A);
    assert!(scene.gates.shut(B, scene.now)[0].not_before.is_none(), "a probe is out");
    let (mut chain, step) = scene.ask();
    let Step::Start(call) = step else { panic!("{step:?}") };
    assert!(call.tries_host);
    chain.handle_signal(scene.now, call.id, Signal::Connected, &scene.gates, &mut scene.rng);
    assert!(scene.gates.shut(B, scene.now).is_empty(), "a connection stands");
}

/// A key is the operator's affair; an account without money is not there for a while.
#[test]
fn what_is_shut_by_its_key_is_502_and_by_its_money_503() {
    for (kind, status) in [(FaultKind::Authentication, 502), (FaultKind::QuotaExhausted, 503)] {
        let one = Deployment { credential: Some("key".into()), ..Deployment::new("a#1") };
        let group = Group { deployments: vec![A], ..Group::default() };
        let mut scene = Scene::of(Topology::new(vec![group], vec![one], None, Rules::default()));
        scene.fail(A, Fault { certain: true, ..Fault::new(kind) });
        assert_eq!(scene.gates.shut(A, scene.now)[0].gate, Gate::Credential);
        let (_, step) = scene.ask();
        let Step::Done(Verdict::Failed(failure)) = step else { panic!("{step:?}") };
        assert_eq!(failure.status, status, "{kind:?}");
    }
}

#[test]
fn where_one_line_is_full_the_request_stands_in_the_next() {
    let mut scene = Scene::of(chain_of(&[(2, &[])], Rules::default()));
    let opens = [(A, 100), (B, 2_700)].map(|(id, hint)| {
        scene.limit(id, hint);
        scene.gates.shut(id, scene.now)[0].not_before.expect("a time")
    });
    let first: Vec<_> = (0..100).map(|_| scene.stand()).collect();
    assert_eq!(first[0].1, opens[0]);
    assert_eq!(first[99].1, opens[0] + ms(20) * 99, "one by one");
    let (_chain, at) = scene.stand();
    assert_eq!(at, opens[1]);
}

/// A hundred clients that left were waited for all the same.
#[test]
fn a_client_that_leaves_the_line_gives_its_place_to_the_next() {
    for says_so in [true, false] {
        let mut scene = Scene::of(chain_of(&[(1, &[])], Rules::default()));
        scene.limit(A, 500);
        let (mut first, at) = scene.stand();
        let line: Vec<_> = (0..99).map(|_| scene.stand()).collect();
        if says_so {
            first.handle_client_gone(scene.now, &mut scene.rng);
        } else {
            drop(first);
        }
        assert_eq!(scene.stand().1, at);
        drop(line);
        assert_eq!(scene.gates.shut(A, scene.now)[0].not_before, Some(at), "no line stands");
    }
}

#[test]
fn a_request_whose_deadline_passes_in_line_holds_no_place() {
    let mut scene = Scene::of(chain_of(&[(1, &[])], Rules::default()));
    scene.limit(A, 2_000);
    let (mut chain, at) = scene.stand();
    let (_second, _) = scene.stand();
    // The clock jumps past its place, as that of a machine that slept.
    let deadline = chain.request().deadline;
    let step = chain.poll(deadline, &scene.gates, &mut scene.rng);
    assert!(matches!(step, Step::Done(Verdict::Failed(_))), "{step:?}");
    assert_eq!(scene.stand().1, at, "the gates have heard of no later time");
}
