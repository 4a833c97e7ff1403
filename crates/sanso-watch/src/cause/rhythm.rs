//! Whether a rate limit is hit all the time or in bursts.

use std::collections::BTreeMap;

use super::CauseCode;
use crate::figures::{HOUR, MINUTE};
use crate::kind::Kind;
use crate::millis::Millis;
use crate::reason::Reason;
use crate::scene::Scene;

/// How hits are spread over the time in which something was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rhythm {
    /// Spans in which something was asked.
    pub(super) bins: usize,
    /// Their length in minutes.
    pub(super) minutes: u64,
    /// The fewest of them that hold half of all hits.
    pub(super) half_in: usize,
    /// Minutes in which something was hit.
    pub(super) hit_minutes: usize,
    /// Minutes in which something was asked.
    pub(super) asked_minutes: usize,
}

/// Evenly spread hits need half of the bins for their half. Those that come by chance at four a bin
/// need some 36 %; a burst of a quarter of the time needs an eighth. The line lies between.
const STEADY: f64 = 0.25;
/// With fewer hits per bin that was hit chance alone looks like bursts, so bins are made longer.
const HITS_PER_BIN: u32 = 4;

impl Rhythm {
    /// The dispersion of hits over minutes (or 5 or 15 minutes, where hits are few): the share of the
    /// bins with requests that is needed to hold half of the hits.
    pub(super) fn of(minutes: &[(Millis, u32)]) -> Self {
        let total: u32 = minutes.iter().map(|(_, hits)| hits).sum();
        let few = |bins: &[u32]| {
            let hit = bins.iter().filter(|hits| **hits > 0).count();
            (total as usize) < hit * HITS_PER_BIN as usize
        };
        let mut width = 1;
        let mut bins = binned(minutes, width);
        for wider in [5, 15] {
            if few(&bins) {
                width = wider;
                bins = binned(minutes, width);
            }
        }
        let count = bins.len();
        bins.sort_unstable_by(|a, b| b.cmp(a));
        let mut held = 0;
        let half_in = bins.iter().take_while(|hits| {
            let more = held * 2 < total;
            held += **hits;
            more
        });
        let half_in = half_in.count();
        let hit_minutes = minutes.iter().filter(|(_, hits)| *hits > 0).count();
        Self { bins: count, minutes: width, half_in, hit_minutes, asked_minutes: minutes.len() }
    }

    pub(super) fn is_steady(&self) -> bool {
        self.half_in as f64 >= STEADY * self.bins as f64
    }

    /// The cause that a limit which is hit so comes to.
    pub(super) fn code(&self) -> CauseCode {
        if self.is_steady() { CauseCode::RateSteady } else { CauseCode::RateBurst }
    }
}

fn binned(minutes: &[(Millis, u32)], width: u64) -> Vec<u32> {
    let mut bins: Vec<(u64, u32)> = Vec::new();
    for (at, hits) in minutes {
        let number = at.0 / (width * MINUTE);
        match bins.last_mut() {
            Some((last, sum)) if *last == number => *sum += hits,
            _ => bins.push((number, *hits)),
        }
    }
    bins.into_iter().map(|(_, hits)| hits).collect()
}

/// The rhythm of what moved a chain's requests on for a rate limit: since the onset, and over an hour
/// at least, since a burst is steady while it lasts.
pub(super) fn of_chain(scene: &Scene<'_>, chain: usize, since: Millis) -> Rhythm {
    let from = since.min(scene.now.minus(HOUR));
    let limited = |reason: &Reason| reason.kind() == Some(Kind::RateLimited);
    let minutes = scene.figures.chain_minutes(chain, from, scene.now);
    let asked = minutes.filter(|(_, counts)| counts.asked() > 0);
    let hits = asked.map(|(at, counts)| {
        (at, Reason::all().filter(limited).map(|reason| counts.moved_for(reason)).sum())
    });
    Rhythm::of(&hits.collect::<Vec<_>>())
}

/// The same of the attempts of some deployments.
pub(super) fn of_attempts(scene: &Scene<'_>, numbers: &[usize], since: Millis) -> Rhythm {
    let from = since.min(scene.now.minus(HOUR));
    let mut minutes = BTreeMap::new();
    for number in numbers {
        for (at, counts) in scene.figures.deployment_minutes(*number, from, scene.now) {
            if counts.attempts > 0 {
                *minutes.entry(at).or_default() += counts.kind(Kind::RateLimited);
            }
        }
    }
    Rhythm::of(&minutes.into_iter().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(hits: impl IntoIterator<Item = u32>) -> Rhythm {
        let minute = |(number, hits): (u64, u32)| (Millis(number * MINUTE), hits);
        Rhythm::of(&(0..).zip(hits).map(minute).collect::<Vec<_>>())
    }

    #[test]
    fn even_hits_are_steady() {
        let even = rhythm(std::iter::repeat_n(12, 60));
        assert_eq!((even.half_in, even.bins, even.minutes), (30, 60, 1));
        assert!(even.is_steady());
    }

    #[test]
    fn hits_in_a_sixth_of_the_time_are_bursts() {
        let burst = rhythm((0..60).map(|minute| if minute < 10 { 72 } else { 0 }));
        assert_eq!((burst.half_in, burst.hit_minutes), (5, 10));
        assert!(!burst.is_steady());
        let hourly = rhythm((0..360).map(|minute| if minute % 60 < 10 { 72 } else { 0 }));
        assert!(!hourly.is_steady(), "bursts that come again are bursts");
    }

    #[test]
    fn the_line_lies_at_half_of_the_time() {
        let over = |minutes| rhythm((0..60).map(move |m| if m < minutes { 12 } else { 0 }));
        assert!(over(30).is_steady());
        assert!(!over(28).is_steady());
    }

    #[test]
    fn few_hits_are_looked_at_in_longer_spans() {
        // One in five minutes, by chance in one minute or another: that is steady.
        let few = rhythm((0..360).map(|minute| u32::from(minute % 5 == minute / 5 % 5)));
        assert_eq!(few.minutes, 15);
        assert!(few.is_steady());
    }

    #[test]
    fn few_bursts_are_bursts_all_the_same() {
        let few = rhythm((0..60).map(|minute| if minute % 10 == 0 { 20 } else { 0 }));
        assert_eq!((few.minutes, few.half_in), (1, 3));
        assert!(!few.is_steady());
    }

    #[test]
    fn nothing_makes_no_rhythm() {
        assert_eq!(rhythm([]).bins, 0);
        assert_eq!(rhythm([0, 0]).half_in, 0);
    }
}
