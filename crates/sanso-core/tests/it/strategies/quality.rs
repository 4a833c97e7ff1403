//! The best first, as long as it is.

use proptest::prelude::*;
use sanso_core::*;

use super::{at, settled};
use crate::laws::cases;

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_one_stands_before_a_clearly_better_one(
        scores in proptest::collection::vec(proptest::option::of(0.0..100.0_f64), 1..10),
        nudges in proptest::collection::vec(-0.4..0.4_f64, 10),
    ) {
        let mut memory = TaskMemory::new(scores.len());
        let order = settled(&mut memory, Figures::Quality(&scores));
        let known: Vec<f64> = order.iter().filter_map(|it| scores[*it]).collect();
        for (place, score) in known.iter().enumerate() {
            prop_assert!(known[place..].iter().all(|later| *later <= score + 1.0 + 1e-9));
        }
        for (place, group) in order.iter().enumerate() {
            prop_assert!(scores[*group].is_some() || *group == place);
        }
        // Asked again, the order stands.
        prop_assert_eq!(&settled(&mut memory, Figures::Quality(&scores)), &order);
        // And noise below the margin moves none of two that are as good as each other.
        let [first, second] = [50.0 + nudges[0], 50.0 + nudges[1]].map(Some);
        let mut pair = TaskMemory::new(2);
        let stood = settled(&mut pair, Figures::Quality(&[first, second]));
        for nudge in &nudges {
            let noisy = [Some(50.0 + nudge), Some(50.0 - nudge)];
            prop_assert_eq!(&settled(&mut pair, Figures::Quality(&noisy)), &stood);
        }
    }
}

#[test]
fn the_highest_score_is_first_and_equal_ones_are_as_listed() {
    let order = |scores: &[Option<f64>]| {
        settled(&mut TaskMemory::new(scores.len()), Figures::Quality(scores))
    };
    assert_eq!(order(&[Some(70.0), Some(90.0), Some(80.0)]), [1, 2, 0]);
    assert_eq!(order(&[Some(80.0), Some(80.0), Some(80.5)]), [0, 1, 2]);
    assert_eq!(order(&[Some(70.0), None, Some(90.0)]), [2, 1, 0]);
    assert_eq!(order(&[Some(f64::NAN), Some(90.0), None]), [0, 1, 2]);
}

#[test]
fn soft_faults_lower_a_score_and_are_forgotten() {
    let mut rate = SoftRate::default();
    assert_eq!(rate.lowers(90.0, at(0.0)), 90.0);
    rate.record(at(1.0), true);
    assert!(rate.lowers(90.0, at(1.0)) > 85.0, "one bad answer is no judgement");
    for call in 0..200 {
        rate.record(at(2.0 + f64::from(call)), call % 4 == 0);
    }
    let after = at(202.0);
    assert!((0.18..0.25).contains(&rate.share(after)), "{}", rate.share(after));
    assert!((67.0..74.0).contains(&rate.lowers(90.0, after)));
    // No one calls it any more: it comes back.
    assert!(rate.lowers(90.0, at(7.0 * 3600.0)) > 89.9);
    assert!(rate.share(at(0.0)).is_finite(), "a clock that steps back does no harm");
}

#[test]
fn a_model_that_answers_badly_loses_its_place_and_gets_it_back() {
    let mut memory = TaskMemory::new(2);
    let mut rate = SoftRate::default();
    let mut order = |rate: &SoftRate, now: Instant| {
        settled(&mut memory, Figures::Quality(&[Some(rate.lowers(90.0, now)), Some(85.0)]))
    };
    assert_eq!(order(&rate, at(0.0)), [0, 1]);
    for call in 0..30 {
        rate.record(at(f64::from(call)), call % 5 == 0);
    }
    assert_eq!(order(&rate, at(30.0)), [1, 0]);
    assert_eq!(order(&rate, at(2.0 * 3600.0)), [0, 1]);
}
