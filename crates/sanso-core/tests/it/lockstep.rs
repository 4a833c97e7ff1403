//! The breaker in lockstep with its oracle, through random sequences of operations.

use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use crate::oracle::Oracle;
use crate::rig::{ENTRY, ONE, Op, one_deployment, ops, pick, policies};

/// The real breaker and the oracle, and the calls that both know.
pub(crate) struct Pair {
    gates: Gates,
    oracle: Oracle,
    rng: Rng,
    now: Instant,
    permits: Vec<(Permit, usize, bool)>,
    tails: Vec<(Tail, usize)>,
    news: News,
}

impl Pair {
    pub(crate) fn new(policy: BreakerPolicy, seed: u64) -> Self {
        let gates = Gates::new(&one_deployment(policy.clone()));
        let rng = Rng::from_seed(seed);
        let now = Instant::ORIGIN + Duration::from_secs(1_000);
        let (permits, tails, news) = (vec![], vec![], News::default());
        Self { gates, oracle: Oracle::new(policy), rng, now, permits, tails, news }
    }

    /// Hands the drawn open times over to the oracle.
    fn draw(&mut self) {
        self.oracle.drawn = self.news.breaker.iter().filter_map(|change| change.until).collect();
    }

    pub(crate) fn step(&mut self, op: Op) {
        match op {
            Op::Pass(ms) => self.now = self.now + Duration::from_millis(ms),
            Op::Acquire { again } => self.acquire(again),
            Op::Answer(which) => self.answer(which),
            Op::Fail(which, kind) => self.fail(which, kind),
            Op::Drop(which) => {
                if let Some((permit, call, late)) = pick(&mut self.permits, which) {
                    drop(permit);
                    if !late {
                        self.oracle.neutral(None, call);
                    }
                }
            }
            Op::Overdue(which) => self.overdue(which),
            Op::Abandon(which, why) => self.abandon(which, why),
            Op::Finish(which) => {
                if let Some((tail, call)) = pick(&mut self.tails, which) {
                    tail.finished(self.now, &mut self.rng, &mut self.news);
                    self.draw();
                    self.oracle.finished(self.now, call);
                }
            }
            Op::Break(which) => {
                if let Some((tail, call)) = pick(&mut self.tails, which) {
                    tail.broke(
                        self.now,
                        &Fault::new(FaultKind::Broken),
                        &mut self.rng,
                        &mut self.news,
                    );
                    self.draw();
                    self.oracle.broke(self.now, call);
                }
            }
            Op::Leave(which) => {
                if let Some((tail, call)) = pick(&mut self.tails, which) {
                    drop(tail);
                    self.oracle.left(call);
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
        assert!(
            admits || real.is_err() || self.news.breaker.len() > 1,
            "a look promised too little"
        );
        if let (Ok(permit), Some(call)) = (real, known) {
            self.permits.push((permit, call, false));
        }
    }

    fn answer(&mut self, which: usize) {
        let Some((permit, call, _)) = pick(&mut self.permits, which) else { return };
        let tail = permit.answered(self.now, &mut self.rng, &mut self.news);
        self.draw();
        self.oracle.answered(self.now, call);
        self.tails.push((tail, call));
    }

    fn fail(&mut self, which: usize, kind: FaultKind) {
        let Some((permit, call, late)) = pick(&mut self.permits, which) else { return };
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
        let Some((mut permit, call, late)) = pick(&mut self.permits, which) else { return };
        permit.overdue(self.now, Phase::FirstToken, &mut self.rng, &mut self.news);
        self.draw();
        if !late {
            self.oracle.failed(self.now, call, 2);
        }
        self.permits.push((permit, call, true));
    }

    fn abandon(&mut self, which: usize, why: Abandoned) {
        let s = Duration::from_secs;
        let Some((permit, call, late)) = pick(&mut self.permits, which) else { return };
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
        let real: Vec<_> =
            self.news.breaker.drain(..).map(|change| (change.from, change.to)).collect();
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
    #![proptest_config(crate::laws::cases(150))]

    #[test]
    fn the_breaker_does_what_its_oracle_says(policy in policies(), ops in ops(), seed: u64) {
        let mut pair = Pair::new(policy, seed);
        for op in ops {
            pair.step(op);
        }
    }

    #[test]
    fn law_4_unexpired_leases_never_exceed_probes(policy in policies(), ops in ops(), seed: u64) {
        let probes = policy.probes.max(1) as usize;
        let mut pair = Pair::new(policy, seed);
        for op in ops {
            pair.step(op);
            prop_assert!(pair.oracle.unexpired_leases(pair.now) <= probes);
        }
    }

    #[test]
    fn law_14_verdictless_calls_of_a_slow_start_fit_its_window(
        policy in policies(), ops in ops(), seed: u64,
    ) {
        let mut pair = Pair::new(policy, seed);
        for op in ops {
            pair.step(op);
            prop_assert!(pair.oracle.fits_slow_start(pair.now));
        }
    }
}

#[test]
fn the_oracle_and_the_breaker_agree_on_a_stream_that_breaks_after_it_has_flowed_for_long() {
    for min_calls in [0, 3, 10] {
        for probes in 0..4 {
            let policy = BreakerPolicy {
                min_calls,
                probes,
                success_threshold: 0,
                min_rate: 0.0,
                cooldown: Duration::from_secs(1),
                lone: true,
                ..BreakerPolicy::default()
            };
            let mut pair = Pair::new(policy, 11_102_771_637_918_333_789);
            let mut ops = vec![
                Op::Acquire { again: false },
                Op::Fail(0, FaultKind::ServerError),
                Op::Pass(420),
                Op::Pass(420),
                Op::Acquire { again: false },
                Op::Answer(0),
                Op::Break(0),
            ];
            ops.extend([Op::Pass(400); 6]);
            ops.extend([Op::Acquire { again: false }, Op::Answer(0)]);
            ops.extend([Op::Pass(10_000); 3]);
            ops.push(Op::Break(0));
            ops.into_iter().for_each(|op| pair.step(op));
        }
    }
}
