//! The best first, as long as it is.

use proptest::prelude::*;
use sanso_core::*;

use super::{at, settled};
use crate::laws::cases;

fn given(given: f64) -> Option<Score> {
    Some(Score { given, lost: 0.0 })
}

fn measured(rate: &SoftRate, given: f64, now: Instant) -> Option<Score> {
    Some(Score { given, lost: given - rate.lowers(given, now) })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn scores_descend_as_they_are_given_and_unknown_ones_keep_their_places(
        scores in proptest::collection::vec(proptest::option::of(80.0..83.0_f64), 1..10),
        noise in proptest::collection::vec(0.0..0.99_f64, 10),
    ) {
        let scores: Vec<_> = scores.iter().map(|score| given((*score)?)).collect();
        let mut memory = TaskMemory::new(scores.len());
        let order = settled(&mut memory, Figures::Quality(&scores));
        let known: Vec<_> = order.iter().filter_map(|it| Some((scores[*it]?.given, *it))).collect();
        for pair in known.windows(2) {
            let [(first, listed), (second, later)] = [pair[0], pair[1]];
            prop_assert!(first > second || (first == second && listed < later), "{known:?}");
        }
        for (place, group) in order.iter().enumerate() {
            prop_assert!(scores[*group].is_some() || *group == place);
        }
        // Faults that cost less than a point are noise.
        for turn in 0..noise.len() {
            let noisy = |(place, score): (usize, &Option<Score>)| {
                Some(Score { lost: noise[(place + turn) % noise.len()], ..(*score)? })
            };
            let noisy: Vec<_> = scores.iter().enumerate().map(noisy).collect();
            prop_assert_eq!(&settled(&mut memory, Figures::Quality(&noisy)), &order);
        }
    }

    #[test]
    fn what_is_lost_for_certain_counts_and_its_noise_does_not(
        lost in 3.0..40.0_f64,
        ahead in 0.0..50.0_f64,
        nudges in proptest::collection::vec(-0.45..0.45_f64, 20),
    ) {
        let mut memory = TaskMemory::new(2);
        let mut order = |lost: f64| {
            let scores = [Some(Score { given: 40.0 + ahead, lost }), given(40.0)];
            settled(&mut memory, Figures::Quality(&scores))
        };
        let stood = order(lost);
        prop_assert_eq!(&stood, if ahead >= lost { &[0, 1] } else { &[1, 0] });
        for nudge in nudges {
            prop_assert_eq!(&order(lost + nudge), &stood);
        }
        prop_assert_eq!(order(0.0), [0, 1], "no one calls it any more: its score comes back whole");
    }
}

#[test]
fn the_highest_score_is_first_and_equal_ones_are_as_listed() {
    let order = |scores: &[Option<f64>]| {
        let scores: Vec<_> = scores.iter().map(|score| given((*score)?)).collect();
        settled(&mut TaskMemory::new(scores.len()), Figures::Quality(&scores))
    };
    assert_eq!(order(&[Some(70.0), Some(90.0), Some(80.0)]), [1, 2, 0]);
    assert_eq!(order(&[Some(80.0), Some(80.0), Some(80.5)]), [2, 0, 1]);
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
        settled(&mut memory, Figures::Quality(&[measured(rate, 90.0, now), given(85.0)]))
    };
    assert_eq!(order(&rate, at(0.0)), [0, 1]);
    for call in 0..30 {
        rate.record(at(f64::from(call)), call % 5 == 0);
    }
    assert_eq!(order(&rate, at(30.0)), [1, 0]);
    assert_eq!(order(&rate, at(2.0 * 3600.0)), [0, 1]);
}
