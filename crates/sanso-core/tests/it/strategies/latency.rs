//! The quickest first, as measured.

use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use super::{STREAM, at, fixed};

/// What calls of one group come to.
#[derive(Clone, Copy, Debug)]
enum Calls {
    Answers { seconds: f64 },
    Refuses,
}
use Calls::{Answers, Refuses};

/// Requests of a task over groups of one deployment each, one after the other.
struct Traffic {
    memory: TaskMemory,
    paces: Vec<Paces>,
    groups: Vec<Calls>,
    /// Answers vary by this share both ways.
    noise: f64,
    now: Instant,
    rng: Rng,
    dice: Rng,
    /// Whom each request was meant for first, and whether to measure it.
    went: Vec<(usize, bool)>,
}

impl Traffic {
    fn new(groups: &[Calls], seed: u64) -> Self {
        Self {
            memory: TaskMemory::new(groups.len()),
            paces: vec![Paces::default(); groups.len()],
            groups: groups.to_vec(),
            noise: 0.2,
            now: at(1.0),
            rng: Rng::from_seed(seed),
            dice: Rng::from_seed(!seed),
            went: Vec::new(),
        }
    }

    fn order(&mut self) -> Order {
        let paces: Vec<_> = self.paces.iter().map(|paces| paces.get(STREAM)).collect();
        let last: Vec<_> = self.paces.iter().map(|paces| paces.last(STREAM)).collect();
        let figures = Figures::Latency(&paces, &last);
        self.memory.order(figures, STREAM, self.now, &mut self.rng, |_| true)
    }

    /// One request, which goes along its order until someone answers.
    fn ask(&mut self) {
        let order = self.order();
        self.went.push((order.places[0], order.explores));
        for group in order.places {
            match self.groups[group] {
                Answers { seconds } => {
                    let drawn = 1.0 + self.noise * (2.0 * self.dice.unit() - 1.0);
                    let after = Duration::from_secs_f64(seconds * drawn);
                    self.paces[group].answered(STREAM, self.now, after);
                    break;
                }
                Refuses => {
                    self.paces[group].failed(STREAM, self.now, Duration::from_millis(1));
                }
            }
        }
        self.now = self.now + Duration::from_millis(500);
    }

    fn asks(&mut self, requests: usize) {
        (0..requests).for_each(|_| self.ask());
    }

    /// Whom requests go to that measure no one.
    fn first(&self) -> usize {
        self.went.iter().rev().find(|(_, explores)| !explores).unwrap().0
    }
}

proptest! {
    #![proptest_config(fixed(64))]

    #[test]
    fn the_quickest_is_found(
        quickest in 0..4_usize,
        seconds in 0.1..120.0_f64,
        others in proptest::collection::vec(1.7..20.0_f64, 4),
        seed in any::<u64>(),
    ) {
        let of = |it: usize| if it == quickest { seconds } else { seconds * others[it] };
        let groups: Vec<Calls> = (0..4).map(|it| Answers { seconds: of(it) }).collect();
        let mut traffic = Traffic::new(&groups, seed);
        traffic.asks(600);
        prop_assert_eq!(traffic.first(), quickest);
    }

    #[test]
    fn a_degraded_model_is_left_within_twenty_requests(
        usual in 0.1..120.0_f64,
        other in 1.3..10.0_f64,
        worse in 1.7..10.0_f64,
        refuses in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let groups = [Answers { seconds: usual }, Answers { seconds: usual * other }];
        let mut traffic = Traffic::new(&groups, seed);
        traffic.asks(300);
        prop_assert_eq!(traffic.first(), 0);
        let degraded = Answers { seconds: usual * other * worse };
        traffic.groups[0] = if refuses { Refuses } else { degraded };
        traffic.asks(20);
        prop_assert_eq!(traffic.order().places.last().copied(), Some(0));
        // And found again once it is well.
        traffic.groups[0] = groups[0];
        traffic.asks(1500);
        prop_assert_eq!(traffic.first(), 0);
    }

    #[test]
    fn a_quick_refusal_attracts_no_one(seconds in 0.1..120.0_f64, seed in any::<u64>()) {
        let mut traffic = Traffic::new(&[Refuses, Answers { seconds }, Refuses], seed);
        traffic.asks(300);
        traffic.went.clear();
        traffic.asks(300);
        let refused = traffic.went.iter().filter(|(first, _)| *first != 1).count();
        prop_assert!(refused <= 15, "{refused} of 300 went to who refuses");
        prop_assert_eq!(traffic.first(), 1);
    }

    #[test]
    fn few_requests_go_out_to_measure_and_no_one_is_forgotten(
        seconds in proptest::collection::vec(0.1..120.0_f64, 2..6),
        seed in any::<u64>(),
    ) {
        let groups: Vec<Calls> = seconds.iter().map(|it| Answers { seconds: *it }).collect();
        let mut traffic = Traffic::new(&groups, seed);
        traffic.asks(2000);
        let explored = traffic.went.iter().filter(|(_, explores)| *explores).count();
        prop_assert!(explored <= 150, "{explored} of 2000");
        for paces in &traffic.paces {
            let heard = paces.last(STREAM).unwrap();
            prop_assert!(traffic.now - heard < Duration::from_secs(300));
        }
    }

    #[test]
    fn noise_alone_moves_no_order(seconds in 0.1..120.0_f64, seed in any::<u64>()) {
        let groups = [Answers { seconds }; 3];
        let mut traffic = Traffic::new(&groups, seed);
        traffic.asks(300);
        traffic.went.clear();
        traffic.asks(2000);
        let firsts: Vec<usize> =
            traffic.went.iter().filter(|(_, explores)| !explores).map(|went| went.0).collect();
        let moves = firsts.windows(2).filter(|pair| pair[0] != pair[1]).count();
        prop_assert!(moves <= 4, "{moves} moves in 2000 requests");
    }
}

fn paces(seconds: f64, tokens_per_s: u64) -> Paces {
    let mut paces = Paces::default();
    for call in 0..5 {
        paces.answered(STREAM, at(f64::from(call)), Duration::from_secs_f64(seconds));
    }
    paces.flowed(STREAM, tokens_per_s, Duration::from_secs(1));
    paces
}

#[test]
fn one_request_in_twenty_measures_someone_however_many_are_due() {
    let paces =
        [Some(Pace { until: Duration::from_secs(1), answered: 1.0, tokens_per_s: 0.0 }); 30];
    let mut memory = TaskMemory::new(paces.len());
    let mut rng = Rng::from_seed(1);
    // So seldom that everyone is due each time.
    let orders = (0..10_000).map(|request| {
        let figures = Figures::Latency(&paces, &[None; 30]);
        memory.order(figures, STREAM, at(60.0 * f64::from(request)), &mut rng, |_| true)
    });
    let explored = orders.filter(|order| order.explores).count();
    assert!((400..=600).contains(&explored), "{explored} of 10000");
}

#[test]
fn who_may_not_be_tried_is_not() {
    let paces = [Some(Pace { until: Duration::from_secs(1), answered: 1.0, tokens_per_s: 0.0 }); 3];
    let tried = |may_try: [bool; 3]| -> Vec<usize> {
        let (mut memory, mut rng) = (TaskMemory::new(3), Rng::from_seed(1));
        let orders = (0..2000).map(|request| {
            let now = at(60.0 * f64::from(request));
            let figures = Figures::Latency(&paces, &[None; 3]);
            memory.order(figures, STREAM, now, &mut rng, |place| may_try[place])
        });
        let mut tried: Vec<usize> =
            orders.filter(|order| order.explores).map(|order| order.places[0]).collect();
        tried.sort_unstable();
        tried.dedup();
        tried
    };
    assert_eq!(tried([true, true, true]), [1, 2]);
    assert_eq!(tried([true, true, false]), [1], "one that is shut is not drawn");
    assert_eq!(tried([false; 3]), [] as [usize; 0]);
}

#[test]
fn one_that_stays_unknown_is_tried_less_and_less() {
    let known = Pace { until: Duration::from_secs(1), answered: 1.0, tokens_per_s: 0.0 };
    let mut memory = TaskMemory::new(2);
    let mut rng = Rng::from_seed(1);
    let mut tries = |seconds: std::ops::Range<u32>| {
        let orders = (seconds.start * 10..seconds.end * 10).map(|tenth| {
            let now = at(f64::from(tenth) / 10.0);
            let figures = Figures::Latency(&[Some(known), None], &[Some(now), None]);
            memory.order(figures, STREAM, now, &mut rng, |_| true)
        });
        orders.filter(|order| order.explores).count()
    };
    assert!((3..=10).contains(&tries(0..60)), "a few at once");
    let hours = tries(60..8 * 3600);
    assert!((20..=45).contains(&hours), "{hours} in eight hours");
}

#[test]
fn no_failure_and_no_leaving_makes_anyone_quicker() {
    let figure = |paces: &Paces| paces.get(STREAM).unwrap();
    for usual in [0.1, 12.0, 60.0, 120.0] {
        let mut paces = paces(usual, 50);
        let before = figure(&paces);
        paces.failed(STREAM, at(6.0), Duration::from_millis(1));
        let refused = figure(&paces);
        assert_eq!(refused.until, before.until);
        assert!(refused.answered < before.answered);
        paces.failed(STREAM, at(7.0), Duration::from_secs(600));
        assert!(figure(&paces).until > refused.until, "a timeout is a wait as well");
        let timed_out = figure(&paces);
        paces.left(STREAM, at(8.0), Duration::from_millis(1));
        assert_eq!(figure(&paces), timed_out, "a short wait tells nothing");
        paces.left(STREAM, at(9.0), Duration::from_secs(600));
        let left = figure(&paces);
        assert!(left.until > timed_out.until && left.answered == timed_out.answered);
    }
}

#[test]
fn one_that_no_caller_waits_for_is_left() {
    let mut slow = paces(0.5, 50);
    let other = paces(1.0, 50);
    let mut memory = TaskMemory::new(2);
    let mut first = |slow: &Paces, now: Instant| {
        let known = [slow.get(STREAM), other.get(STREAM)];
        let figures = Figures::Latency(&known, &[Some(now); 2]);
        memory.order(figures, STREAM, now, &mut Rng::from_seed(1), |_| true).places[0]
    };
    assert_eq!(first(&slow, at(5.0)), 0);
    for call in 0..20 {
        slow.left(STREAM, at(5.0 + f64::from(call)), Duration::from_secs(2));
    }
    assert_eq!(first(&slow, at(26.0)), 1);
    // Of one that has never answered as well.
    let mut silent = Paces::default();
    for call in 0..3 {
        silent.left(STREAM, at(f64::from(call)), Duration::from_secs(2));
    }
    assert_eq!(silent.get(STREAM).unwrap().until, Duration::from_secs(10));
}

#[test]
fn of_two_that_begin_as_soon_the_one_that_flows_faster_is_first() {
    let order = |paces: [Paces; 2]| {
        let known = paces.each_ref().map(|paces| paces.get(STREAM));
        let last = [Some(at(5.0)); 2];
        let mut memory = TaskMemory::new(2);
        let figures = Figures::Latency(&known, &last);
        memory.order(figures, STREAM, at(6.0), &mut Rng::from_seed(1), |_| true).places
    };
    assert_eq!(order([paces(1.0, 50), paces(1.1, 100)]), [1, 0]);
    assert_eq!(order([paces(1.0, 50), paces(1.1, 55)]), [0, 1]);
    assert_eq!(order([paces(1.0, 50), paces(1.5, 500)]), [0, 1]);
    // A speed that is not known decides nothing.
    assert_eq!(order([paces(1.0, 0), paces(1.1, 100)]), [0, 1]);
    assert_eq!(order([paces(1.0, 50), paces(1.1, 0)]), [0, 1]);
}

#[test]
fn one_slow_answer_moves_an_average_little_and_few_samples_tell_nothing() {
    let mut paces = Paces::default();
    let until = |paces: &Paces| Some(paces.get(STREAM)?.until.as_secs_f64());
    paces.answered(STREAM, at(0.0), Duration::from_secs(1));
    paces.answered(STREAM, at(1.0), Duration::from_secs(1));
    assert_eq!(until(&paces), None);
    paces.answered(STREAM, at(2.0), Duration::from_secs(1));
    assert_eq!(until(&paces), Some(1.0));
    paces.answered(STREAM, at(3.0), Duration::from_secs(500));
    assert!((1.0..=1.2001).contains(&until(&paces).unwrap()));
    let other = Class { thinks: true, ..STREAM };
    assert_eq!(paces.get(other), None, "classes are kept apart");
    // Absurd values do no harm.
    paces.answered(STREAM, at(0.0), Duration::ZERO);
    paces.answered(STREAM, at(9.0), Duration::MAX);
    paces.flowed(STREAM, u64::MAX, Duration::ZERO);
    paces.flowed(STREAM, 0, Duration::from_secs(1));
    assert!(paces.get(STREAM).is_some_and(|pace| pace.tokens_per_s == 0.0));
}
