//! Latencies, kept so that percentiles of any span of time can be told from the sums of its parts.

/// A histogram of milliseconds whose bins grow by the same factor, so that the error is relative: a
/// percentile is told within [`Sketch::ERROR`]. Merging two loses nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// The bin of the first count; bins before it are empty.
    first: u8,
    /// LLM latencies of one deployment lie close together: a dozen bins of the 72 are used.
    counts: Vec<u32>,
}

/// The bins' factor, 1.2: bin `i` holds what is above 1.2^(i-1) and up to 1.2^i milliseconds.
const FACTOR: f64 = 1.2;
/// The last bin ends at 1.2^75 ms, about 14 minutes; longer is counted there.
const BINS: u8 = 76;

impl Sketch {
    /// What a percentile may be off by, relative to itself: half a bin each way.
    pub const ERROR: f64 = (FACTOR - 1.0) / (FACTOR + 1.0);

    /// Counts one latency.
    pub fn add(&mut self, millis: u64) {
        self.add_many(bin(millis), 1);
    }

    /// Counts all of another's.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in (other.first..).zip(&other.counts) {
            if *count > 0 {
                self.add_many(bin, *count);
            }
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().copied().map(u64::from).sum()
    }

    /// The `q`th quantile (0..=1) in milliseconds; `None` where nothing was counted.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = (q * self.count() as f64).ceil().max(1.0);
        let mut seen = 0.0;
        for (bin, count) in (self.first..).zip(&self.counts) {
            seen += f64::from(*count);
            if *count > 0 && seen >= rank {
                return Some(middle(bin));
            }
        }
        None
    }

    /// The bins that hold something, with their counts: what a store keeps.
    pub fn bins(&self) -> impl Iterator<Item = (u8, u32)> + '_ {
        (self.first..).zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    /// Counts into a bin by its number, as [`Sketch::bins`] gives it; numbers beyond the last bin are
    /// counted in the last.
    pub fn add_many(&mut self, bin: u8, count: u32) {
        let bin = bin.min(BINS - 1);
        if self.counts.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            let gap = usize::from(self.first - bin);
            self.counts.splice(0..0, std::iter::repeat_n(0, gap));
            self.first = bin;
        }
        let place = usize::from(bin - self.first);
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] = self.counts[place].saturating_add(count);
    }
}

fn bin(millis: u64) -> u8 {
    if millis <= 1 {
        return 0;
    }
    // At most 64 ln 2 / ln 1.2, which is 244.
    let bin = ((millis as f64).ln() / FACTOR.ln()).ceil() as u8;
    bin.min(BINS - 1)
}

/// The value whose relative distance to both ends of a bin is the same.
fn middle(bin: u8) -> f64 {
    if bin == 0 {
        return 1.0;
    }
    FACTOR.powi(i32::from(bin)) * 2.0 / (1.0 + FACTOR)
}
