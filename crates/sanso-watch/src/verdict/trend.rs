//! Whether it gets worse.

use super::Trend;
use crate::millis::Millis;
use crate::scene::Scene;

/// Minutes below which nothing is said.
const ENOUGH: usize = 8;
/// What counts as a change.
const CHANGE: f64 = 0.15;

/// The last sixth of the minutes since the onset against the third before it.
pub(super) fn trend(scene: &Scene<'_>, chain: usize, since: Millis) -> Option<Trend> {
    let minutes = scene.figures.chain_minutes(chain, scene.kept(since), scene.now);
    let asked = minutes.filter(|(_, counts)| counts.asked() > 0);
    let rates = asked.map(|(_, counts)| f64::from(counts.lost()) / f64::from(counts.asked()));
    of(&rates.collect::<Vec<_>>())
}

fn of(rates: &[f64]) -> Option<Trend> {
    if rates.len() < ENOUGH {
        return None;
    }
    // At least three, so that one minute makes no trend.
    let sixth = rates.len().div_ceil(6).max(3);
    let mean = |rates: &[f64]| rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    let (before, last) = rates.split_at(rates.len() - sixth);
    let before = mean(&before[before.len().saturating_sub(2 * sixth)..]);
    let last = mean(last);
    Some(if last > before * (1.0 + CHANGE) {
        Trend::Rising
    } else if last < before * (1.0 - CHANGE) {
        Trend::Falling
    } else {
        Trend::Steady
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sixth_is_held_against_the_third_before() {
        let with_last = |last: f64| {
            let mut rates = vec![0.9; 9];
            rates.extend([0.10; 6]);
            rates.extend([last; 3]);
            of(&rates)
        };
        assert_eq!(with_last(0.114), Some(Trend::Steady));
        assert_eq!(with_last(0.116), Some(Trend::Rising));
        assert_eq!(with_last(0.086), Some(Trend::Steady));
        assert_eq!(with_last(0.084), Some(Trend::Falling));
    }

    #[test]
    fn seven_minutes_have_no_trend() {
        assert_eq!(of(&[0.1; 7]), None);
        assert_eq!(of(&[0.1; 8]), Some(Trend::Steady));
        assert_eq!(of(&[0.0; 8]), Some(Trend::Steady));
    }
}
