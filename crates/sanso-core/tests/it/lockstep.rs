//! The breaker in lockstep with its oracle, through random sequences of operations.

use proptest::collection::vec;
use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use crate::oracle::Oracle;

#[derive(Clone, Copy, Debug)]
enum Op {
    Pass(u64),
    Acquire { again: bool },
    Answer(usize),
    Fail(usize, FaultKind),
    Drop(usize),
    Overdue(usize),
    Abandon(usize, Abandoned),
    Finish(usize),
    Break(usize),
    Leave(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let kinds = vec![
        FaultKind::ServerError,
        FaultKind::Overloaded,
        FaultKind::Malformed,
        FaultKind::Timeout(Phase::Total),
        FaultKind::Soft(SoftReason::Empty),
        FaultKind::BadRequest,
    ];
    let which = || 0..64_usize;
    let op = prop_oneof![
        3 => (0..400_u64).prop_map(Op::Pass),
        2 => (400..4_000_u64).prop_map(Op::Pass),
        1 => (4_000..30_000_u64).prop_map(Op::Pass),
        10 => prop::bool::weighted(0.2).prop_map(|again| Op::Acquire { again }),
        5 => which().prop_map(Op::Answer),
        6 => (which(), prop::sample::select(kinds)).prop_map(|(call, kind)| Op::Fail(call, kind)),
        1 => which().prop_map(Op::Drop),
        1 => which().prop_map(Op::Overdue),
        1 => (which(), any::<bool>()).prop_map(|(call, client)| {
            Op::Abandon(call, if client { Abandoned::ByClient } else { Abandoned::ByDeadline })
        }),
        2 => which().prop_map(Op::Finish),
        3 => which().prop_map(Op::Break),
        1 => which().prop_map(Op::Leave),
    ];
    // Runs in which mostly one thing happens: rows, breaks, recoveries.
    let run = (op, 1..8_usize).prop_map(|(op, times)| vec![op; times]);
    vec(run, 1..120).prop_map(|runs| runs.concat())
}

fn policies() -> impl Strategy<Value = BreakerPolicy> {
    let counts = (0..4_u32, 0..4_u32, prop_oneof![Just(0), Just(3), Just(10)]);
    let rules = (proptest::option::of(0..6_u32), prop_oneof![Just(0.0), Just(0.2)], any::<bool>());
    let times = (prop::sample::select(vec![1_000, 5_000, 60_000]), any::<bool>());
    (counts, rules, times, prop::bool::weighted(0.95)).prop_map(
        |(
            (probes, success_threshold, min_calls),
            (allowed_fails, min_rate, _),
            (cooldown, lone),
            enabled,
        )| {
            BreakerPolicy {
                enabled,
                min_calls,
                allowed_fails,
                min_rate,
                cooldown: Duration::from_millis(cooldown),
                probes,
                success_threshold,
                lone,
                ..BreakerPolicy::default()
            }
        },
    )
}

/// A lone deployment, or one of two siblings.
pub(crate) fn one_deployment(policy: BreakerPolicy) -> Topology {
    let lone = policy.lone;
    let deployment = Deployment { breaker: policy, ..Deployment::new("one") };
    let deployments =
        if lone { vec![deployment] } else { vec![deployment, Deployment::new("two")] };
    let ids = (0..deployments.len() as u32).map(DeploymentId::new).collect();
    let group = Group { deployments: ids, ..Group::default() };
    Topology::new(vec![group], deployments, None, Rules::default())
}

pub(crate) const ENTRY: Entry = Entry {
    class: Class { stream: true, thinks: false },
    prompt_tokens: 0,
    first_token: Duration::from_secs(10),
    again: false,
    slot: None,
};

/// The real breaker and the oracle, and the calls that both know.
struct Pair {
    gates: Gates,
    oracle: Oracle,
    rng: Rng,
    now: Instant,
    permits: Vec<(Permit, usize, bool)>,
    tails: Vec<(Tail, usize)>,
    news: Vec<Transition>,
}

const ONE: DeploymentId = DeploymentId::new(0);

impl Pair {
    fn new(policy: BreakerPolicy, seed: u64) -> Self {
        let gates = Gates::new(&one_deployment(policy.clone()));
        let rng = Rng::from_seed(seed);
        let now = Instant::ORIGIN + Duration::from_secs(1_000);
        let (permits, tails, news) = (vec![], vec![], vec![]);
        Self { gates, oracle: Oracle::new(policy), rng, now, permits, tails, news }
    }

    fn permit(&mut self, which: usize) -> Option<(Permit, usize, bool)> {
        let count = self.permits.len();
        (count > 0).then(|| self.permits.swap_remove(which % count))
    }

    fn tail(&mut self, which: usize) -> Option<(Tail, usize)> {
        let count = self.tails.len();
        (count > 0).then(|| self.tails.swap_remove(which % count))
    }

    /// Hands the drawn open times over to the oracle.
    fn draw(&mut self) {
        self.oracle.drawn = self.news.iter().filter_map(|change| change.until).collect();
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Pass(ms) => self.now = self.now + Duration::from_millis(ms),
            Op::Acquire { again } => self.acquire(again),
            Op::Answer(which) => self.answer(which),
            Op::Fail(which, kind) => self.fail(which, kind),
            Op::Drop(which) => {
                if let Some((permit, call, late)) = self.permit(which) {
                    drop(permit);
                    if !late {
                        self.oracle.neutral(None, call);
                    }
                }
            }
            Op::Overdue(which) => self.overdue(which),
            Op::Abandon(which, why) => self.abandon(which, why),
            Op::Finish(which) => {
                if let Some((tail, call)) = self.tail(which) {
                    tail.finished();
                    self.oracle.tail_ended(call, true);
                }
            }
            Op::Break(which) => {
                if let Some((tail, call)) = self.tail(which) {
                    tail.broke(self.now, &mut self.rng, &mut self.news);
                    self.draw();
                    self.oracle.broke(self.now, call);
                }
            }
            Op::Leave(which) => {
                if let Some((tail, call)) = self.tail(which) {
                    drop(tail);
                    self.oracle.tail_ended(call, false);
                }
            }
        }
        self.compare();
    }

    fn acquire(&mut self, again: bool) {
        let admits = self.gates.admits(ONE, self.now);
        let entry = Entry { again, ..ENTRY };
        let real = self.gates.acquire(ONE, &entry, self.now, &mut self.rng, &mut self.news);
        self.draw();
        let lease = real.as_ref().ok().and_then(Permit::lease).unwrap_or_default();
        let known = self.oracle.acquire(self.now, lease, again);
        assert_eq!(real.is_ok(), known.is_some(), "admission at {:?}", self.now);
        // A look cannot draw the open time that a silent probe's lease brings: it takes the longest.
        assert!(!admits || real.is_ok(), "a look promised too much");
        assert!(admits || real.is_err() || self.news.len() > 1, "a look promised too little");
        if let (Ok(permit), Some(call)) = (real, known) {
            self.permits.push((permit, call, false));
        }
    }

    fn answer(&mut self, which: usize) {
        let Some((permit, call, _)) = self.permit(which) else { return };
        let tail = permit.answered(self.now, &mut self.rng, &mut self.news);
        self.draw();
        self.oracle.answered(self.now, call);
        self.tails.push((tail, call));
    }

    fn fail(&mut self, which: usize, kind: FaultKind) {
        let Some((permit, call, late)) = self.permit(which) else { return };
        permit.failed(self.now, &Fault::new(kind), &mut self.rng, &mut self.news);
        self.draw();
        match kind.rule().gate {
            _ if late => {}
            GateRule::Breaker(weight) => self.oracle.failed(self.now, call, weight.halves()),
            GateRule::BreakerAndHost => self.oracle.failed(self.now, call, 2),
            _ => self.oracle.neutral(Some(self.now), call),
        }
    }

    fn overdue(&mut self, which: usize) {
        let Some((mut permit, call, late)) = self.permit(which) else { return };
        permit.overdue(self.now, Phase::FirstToken, &mut self.rng, &mut self.news);
        self.draw();
        if !late {
            self.oracle.failed(self.now, call, 2);
        }
        self.permits.push((permit, call, true));
    }

    fn abandon(&mut self, which: usize, why: Abandoned) {
        let s = Duration::from_secs;
        let Some((permit, call, late)) = self.permit(which) else { return };
        let unknown = if why == Abandoned::ByClient { s(10) } else { s(60) };
        let long = permit.usual().map_or(unknown, |usual| s(3).max(3 * usual));
        let silent = self.now - self.oracle.granted(call) > long;
        let heard = permit.abandoned(self.now, why, &mut self.rng, &mut self.news);
        assert_eq!(heard, late || silent);
        self.draw();
        match (late, silent) {
            (true, _) => {}
            (false, true) => self.oracle.failed(self.now, call, 1),
            (false, false) => self.oracle.neutral(Some(self.now), call),
        }
    }

    fn compare(&mut self) {
        let real: Vec<_> = self.news.drain(..).map(|change| (change.from, change.to)).collect();
        let known: Vec<_> = self.oracle.news.drain(..).collect();
        assert_eq!(real, known, "changes of state at {:?}", self.now);
        assert!(self.oracle.drawn.is_empty());
        let view = self.gates.view(ONE, self.now);
        if !self.oracle.has_silent_probe(self.now) {
            assert_eq!(view.breaker, self.oracle.shown(self.now), "shown at {:?}", self.now);
        }
        assert_eq!(view.in_flight as usize, self.permits.len() + self.tails.len());
    }
}

proptest! {
    #![proptest_config(crate::laws::cases(400))]

    #[test]
    fn the_breaker_does_what_its_oracle_says(policy in policies(), ops in ops(), seed: u64) {
        let mut pair = Pair::new(policy, seed);
        for op in ops {
            pair.step(op);
        }
    }
}
