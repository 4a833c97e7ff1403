//! One deployment's gates under a sequence of operations, without a chain around them.

use proptest::collection::vec;
use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

/// One thing that calls or time do. A number names one of the calls that are out, modulo how many.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
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

pub(crate) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let kinds = vec![
        FaultKind::ServerError,
        FaultKind::Overloaded,
        FaultKind::Malformed,
        FaultKind::Timeout(Phase::Total),
        FaultKind::Connection(ConnectionFault::Establish),
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

pub(crate) fn policies() -> impl Strategy<Value = BreakerPolicy> {
    let counts = (0..4_u32, 0..4_u32, prop::sample::select(vec![0, 3, 10]));
    let rules = (prop::option::of(0..6_u32), prop::sample::select(vec![0.0, 0.2]));
    let times = (prop::sample::select(vec![1_000, 5_000, 60_000]), any::<bool>());
    (counts, rules, times, prop::bool::weighted(0.95)).prop_map(
        |(counts, rules, times, enabled)| BreakerPolicy {
            enabled,
            probes: counts.0,
            success_threshold: counts.1,
            min_calls: counts.2,
            allowed_fails: rules.0,
            min_rate: rules.1,
            cooldown: Duration::from_millis(times.0),
            lone: times.1,
            ..BreakerPolicy::default()
        },
    )
}

/// A lone deployment, or one of two siblings.
pub(crate) fn one_deployment(policy: BreakerPolicy) -> Topology {
    let siblings = if policy.lone { 1 } else { 2 };
    let deployment = Deployment { breaker: policy, ..Deployment::new("one") };
    let deployments = [deployment, Deployment::new("two")].into_iter().take(siblings).collect();
    let ids = (0..siblings as u32).map(DeploymentId::new).collect();
    let group = Group { deployments: ids, ..Group::default() };
    Topology::new(vec![group], deployments, None, Rules::default())
}

pub(crate) const ONE: DeploymentId = DeploymentId::new(0);

pub(crate) const ENTRY: Entry = Entry {
    class: Class { stream: true, thinks: false },
    prompt_tokens: 0,
    first_token: Duration::from_secs(10),
    again: false,
    slot: None,
    retry_after: None,
};

/// The gates, and the calls that are out.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) gates: Gates,
    pub(crate) entry: Entry,
    pub(crate) now: Instant,
    pub(crate) permits: Vec<Permit>,
    pub(crate) tails: Vec<Tail>,
    pub(crate) news: News,
    rng: Rng,
}

impl Rig {
    pub(crate) fn new(policy: BreakerPolicy, seed: u64) -> Self {
        Self {
            gates: Gates::new(&one_deployment(policy)),
            entry: ENTRY,
            now: Instant::ORIGIN + Duration::from_secs(1_000),
            permits: vec![],
            tails: vec![],
            news: News::default(),
            rng: Rng::from_seed(seed),
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    pub(crate) fn view(&self) -> GateView {
        self.gates.view(ONE, self.now)
    }

    pub(crate) fn state(&self) -> BreakerState {
        self.view().breaker
    }

    pub(crate) fn acquire(&mut self) -> Result<Permit, Refusal> {
        self.gates.acquire(ONE, &self.entry, self.now, &mut self.rng, &mut self.news)
    }

    /// A call that ends at once with a fault of this kind; `false` where it was not let through.
    pub(crate) fn fail(&mut self, kind: FaultKind) -> bool {
        let Ok(permit) = self.acquire() else { return false };
        self.end(permit, kind);
        true
    }

    pub(crate) fn end(&mut self, permit: Permit, kind: FaultKind) {
        self.end_with(permit, Fault::new(kind));
    }

    pub(crate) fn end_with(&mut self, permit: Permit, fault: Fault) {
        permit.failed(self.now, &fault, &mut self.rng, &mut self.news);
    }

    pub(crate) fn force(&mut self, forced: Forced) {
        self.gates.force(ONE, forced, self.now, &mut self.rng, &mut self.news);
    }

    /// A call whose content flows.
    pub(crate) fn flow(&mut self) -> Tail {
        let permit = self.acquire().expect("it admits");
        self.answer(permit)
    }

    /// A call that is answered in full, at once.
    pub(crate) fn succeed(&mut self) -> bool {
        let Ok(permit) = self.acquire() else { return false };
        self.answer_whole(permit);
        true
    }

    pub(crate) fn answer(&mut self, permit: Permit) -> Tail {
        permit.answered(self.now, &mut self.rng, &mut self.news)
    }

    pub(crate) fn answer_whole(&mut self, permit: Permit) {
        let tail = self.answer(permit);
        self.finish(tail);
    }

    pub(crate) fn finish(&mut self, tail: Tail) {
        tail.finished(self.now, &mut self.rng, &mut self.news);
    }

    pub(crate) fn cut(&mut self, tail: Tail) {
        tail.broke(self.now, &Fault::new(FaultKind::Broken), &mut self.rng, &mut self.news);
    }

    pub(crate) fn overdue(&mut self, permit: &mut Permit) {
        permit.overdue(self.now, Phase::FirstToken, &mut self.rng, &mut self.news);
    }

    pub(crate) fn abandon(&mut self, permit: Permit, why: Abandoned) -> bool {
        permit.abandoned(self.now, why, &mut self.rng, &mut self.news)
    }

    /// Makes sure that the gates have heard of this moment.
    pub(crate) fn hear(&self) {
        let slot = self.gates.line_up(ONE, self.now, Line::until(self.now));
        assert!(slot.is_none(), "no rate limit here");
    }

    /// Does one operation; says whether a call was let through.
    pub(crate) fn step(&mut self, op: Op) -> bool {
        let mut admitted = false;
        match op {
            Op::Pass(ms) => self.pass(Duration::from_millis(ms)),
            Op::Acquire { again } => {
                self.entry.again = again;
                if let Ok(permit) = self.acquire() {
                    self.permits.push(permit);
                    admitted = true;
                }
            }
            Op::Overdue(which) => {
                if let Some(mut permit) = pick(&mut self.permits, which) {
                    self.overdue(&mut permit);
                    self.permits.push(permit);
                }
            }
            Op::Answer(_) | Op::Fail(..) | Op::Drop(_) | Op::Abandon(..) => self.resolve(op),
            Op::Finish(which) => {
                if let Some(tail) = pick(&mut self.tails, which) {
                    self.finish(tail);
                }
            }
            Op::Break(which) => {
                if let Some(tail) = pick(&mut self.tails, which) {
                    self.cut(tail);
                }
            }
            Op::Leave(which) => drop(pick(&mut self.tails, which)),
        }
        admitted
    }

    fn resolve(&mut self, op: Op) {
        let (Op::Answer(which) | Op::Fail(which, _) | Op::Drop(which) | Op::Abandon(which, _)) = op
        else {
            return;
        };
        let Some(permit) = pick(&mut self.permits, which) else { return };
        match op {
            Op::Answer(_) => {
                let tail = self.answer(permit);
                self.tails.push(tail);
            }
            Op::Fail(_, kind) => self.end(permit, kind),
            Op::Abandon(_, why) => drop(self.abandon(permit, why)),
            _ => drop(permit),
        }
    }

    /// Fails calls until the breaker opens; those that are out stay out.
    pub(crate) fn trip(&mut self) {
        self.entry.again = false;
        self.pass(self.patience());
        for _ in 0..100 {
            self.pass(Duration::from_millis(300));
            self.fail(FaultKind::ServerError);
            if self.state() == BreakerState::Open {
                return;
            }
        }
        panic!("a hundred faults in a row do not open it");
    }

    /// How long at most until the leases that are out and an open time are over.
    pub(crate) fn patience(&self) -> Duration {
        let longest = self.permits.iter().filter_map(Permit::lease).max().unwrap_or_default();
        longest + Duration::from_secs(72 + 1)
    }
}

/// Takes one out, modulo how many there are.
pub(crate) fn pick<T>(list: &mut Vec<T>, which: usize) -> Option<T> {
    let count = list.len();
    (count > 0).then(|| list.swap_remove(which % count))
}
