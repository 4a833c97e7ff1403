//! The *usual time* of a deployment: its median time to the verdict.

use crate::time::Duration;

/// Calls whose times are comparable: first content of streams, whole answer of plain calls, and
/// calls that think apart from those that do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    /// A streamed call: its verdict is the first content.
    pub stream: bool,
    /// A model or a request that thinks before it speaks.
    pub thinks: bool,
}

impl Class {
    /// How many there are.
    pub(crate) const COUNT: usize = 4;

    /// Its number among them.
    pub(crate) const fn index(self) -> usize {
        (self.stream as usize) * 2 + self.thinks as usize
    }
}

/// Usual times of one deployment, per class. Boxed: they are most of what a deployment's gates are made
/// of, and those are moved about on small stacks.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsualTimes(Box<[Recent; Class::COUNT]>);

/// The last few samples. Their median moves with the provider within a few calls, and one slow call
/// does not move it at all: the decay that the rules want, without a weight to tune.
#[derive(Clone, Debug, Default)]
struct Recent {
    /// As they came, in a ring.
    samples: [Duration; Self::KEPT],
    /// The same by size: each request asks for the median.
    sorted: [Duration; Self::KEPT],
    seen: usize,
}

impl Recent {
    const KEPT: usize = 31;
    /// Below this a median is noise, and the rules have their own figure for "unknown".
    const KNOWN_FROM: usize = 5;

    fn filled(&self) -> usize {
        self.seen.min(Self::KEPT)
    }

    fn record(&mut self, elapsed: Duration) {
        let oldest = std::mem::replace(&mut self.samples[self.seen % Self::KEPT], elapsed);
        let filled = self.filled();
        let mut place = if filled < Self::KEPT {
            filled
        } else {
            self.sorted.partition_point(|sample| *sample < oldest)
        };
        self.seen += 1;
        // From there to where it belongs, past those in between.
        while place > 0 && self.sorted[place - 1] > elapsed {
            self.sorted[place] = self.sorted[place - 1];
            place -= 1;
        }
        while place + 1 < filled && self.sorted[place + 1] < elapsed {
            self.sorted[place] = self.sorted[place + 1];
            place += 1;
        }
        self.sorted[place] = elapsed;
    }

    fn median(&self) -> Option<Duration> {
        let filled = self.filled();
        (filled >= Self::KNOWN_FROM).then(|| self.sorted[filled / 2])
    }
}

impl UsualTimes {
    pub(crate) fn record(&mut self, class: Class, elapsed: Duration) {
        self.0[class.index()].record(elapsed);
    }

    /// The median, or `None` below five samples.
    pub(crate) fn get(&self, class: Class) -> Option<Duration> {
        self.0[class.index()].median()
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, UsualTimes};
    use crate::time::Duration;

    const CLASSES: [Class; 4] = [
        Class { stream: false, thinks: false },
        Class { stream: false, thinks: true },
        Class { stream: true, thinks: false },
        Class { stream: true, thinks: true },
    ];

    #[test]
    fn the_usual_time_is_the_median_of_the_last_calls_of_its_class() {
        let mut times = UsualTimes::default();
        for (order, class) in CLASSES.into_iter().enumerate() {
            // One to nine, out of order: 5 is the middle.
            for sample in [9, 1, 8, 2, 7, 3, 6, 4, 5] {
                times.record(class, Duration::from_secs(sample + 10 * order as u64));
            }
        }
        for (order, class) in CLASSES.into_iter().enumerate() {
            let median = Duration::from_secs(5 + 10 * order as u64);
            assert_eq!(times.get(class), Some(median), "{class:?}");
        }
    }

    #[test]
    fn it_is_the_median_of_the_last_31_whatever_their_order() {
        let (mut times, class) = (UsualTimes::default(), CLASSES[0]);
        let mut all = Vec::new();
        for number in 0..500_u64 {
            // Every order of rising, falling and equal ones.
            let sample = Duration::from_secs(number * number * 7919 % 41);
            all.push(sample);
            times.record(class, sample);
            let mut last = all[all.len().saturating_sub(31)..].to_vec();
            last.sort_unstable();
            let median = last[last.len() / 2];
            assert_eq!(times.get(class), (last.len() >= 5).then_some(median), "{number}");
        }
    }

    #[test]
    fn below_five_calls_nothing_is_usual_and_old_ones_are_forgotten() {
        let (mut times, class) = (UsualTimes::default(), CLASSES[0]);
        for _ in 0..4 {
            times.record(class, Duration::from_secs(9));
            assert_eq!(times.get(class), None);
        }
        times.record(class, Duration::from_secs(9));
        assert_eq!(times.get(class), Some(Duration::from_secs(9)));
        for _ in 0..31 {
            times.record(class, Duration::from_secs(1));
        }
        assert_eq!(times.get(class), Some(Duration::from_secs(1)));
    }
}
