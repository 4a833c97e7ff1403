//! What a signal reads now, and what that comes to.

use super::signal::Severity;
use super::thresholds::Rate;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) count: u32,
    pub(crate) of: u32,
}

impl Ratio {
    pub(crate) fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.count) / f64::from(self.of))
    }

    /// Over the line; nothing is over no line at all.
    pub(crate) fn is_over(self, line: f64) -> bool {
        self.rate().is_some_and(|rate| rate > line)
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), of: self.of.saturating_add(other.of) }
    }
}

/// A signal over its windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// A rate over two windows, or twice the same one. **Both must be over the line**: the short one
    /// says that it is still so, the long one that it matters.
    Rate { short: Ratio, long: Ratio, lines: Rate },
    /// How often it happened in the window; more than `limit` is critical, and so is what holds: a gate
    /// that the fault shut lets no call through that could fail again.
    Count { count: u32, limit: u32, holds: bool },
}

/// Below this share of the line a signal counts as well again (80 %): else one that swings about its
/// line would fire and resolve all day. Two whole numbers, since 0.8 of 0.05 is a little more than 0.04.
const HYSTERESIS: (f64, f64) = (4.0, 5.0);
/// Requests that were lost, below which that may be chance.
const FEW: u32 = 3;

fn is_well(value: f64, line: f64) -> bool {
    let (part, whole) = HYSTERESIS;
    value * whole < line * part
}

impl Reading {
    /// The line that it is over.
    pub(crate) fn level(&self) -> Option<Severity> {
        match *self {
            Self::Rate { lines, .. } => {
                if self.is_over(lines.critical()) {
                    Some(Severity::Critical)
                } else {
                    self.is_over(lines.warn()).then_some(Severity::Warn)
                }
            }
            Self::Count { count, limit, holds } => {
                (count > limit || holds).then_some(Severity::Critical)
            }
        }
    }

    fn is_over(&self, line: f64) -> bool {
        let Self::Rate { short, long, lines } = *self else { return false };
        // One is more than none, however few were asked; and when not one of several was well, too.
        let any = line == 0.0;
        let all = lines.warn() == 0.0 && long.count == long.of && long.of >= FEW;
        let is_enough = any || all || long.of >= lines.min_samples();
        is_enough && short.is_over(line) && long.is_over(line)
    }

    /// The short window is over the warn line; the long one is not yet, or has too few requests.
    pub(crate) fn is_pending(&self) -> bool {
        match *self {
            Self::Rate { short, lines, .. } => {
                let is_over = short.is_over(lines.warn()) && self.level().is_none();
                is_over || self.is_scarce()
            }
            Self::Count { .. } => false,
        }
    }

    /// All that is known of it is over the line, and that is little: the requests are too few for a
    /// rate. A short window without any says nothing against it.
    pub(crate) fn is_scarce(&self) -> bool {
        match *self {
            Self::Rate { short, long, lines } => {
                let is_still_so = short.rate().is_none_or(|rate| rate > lines.warn());
                let is_few = long.of < lines.min_samples() && long.count >= FEW;
                is_few && is_still_so && long.is_over(lines.warn()) && self.level().is_none()
            }
            Self::Count { .. } => false,
        }
    }

    /// The rate that it is over a line with: that of the short window, or of the long one where the
    /// short one has too few requests for a rate.
    pub(crate) fn judged_by(&self) -> Option<f64> {
        let Self::Rate { short, long, lines } = *self else { return None };
        self.level()?;
        let (short_rate, long_rate) = (short.rate()?, long.rate()?);
        // Both are over the line, so the lower one is, too.
        let is_enough = short.of >= lines.min_samples();
        Some(if is_enough { short_rate } else { short_rate.min(long_rate) })
    }

    /// Whether it is well again, by the short window; `None` if that says nothing.
    pub(crate) fn is_below(&self) -> Option<bool> {
        match *self {
            Self::Rate { short, lines, .. } => {
                short.rate().map(|rate| is_well(rate, lines.warn()) || short.count == 0)
            }
            Self::Count { count, limit, holds } => {
                Some(!holds && (is_well(f64::from(count), f64::from(limit)) || count == 0))
            }
        }
    }

    /// The line of a severity, as a number to show beside the value.
    pub(crate) fn threshold(&self, severity: Severity) -> f64 {
        match *self {
            Self::Rate { lines, .. } => match severity {
                Severity::Warn => lines.warn(),
                Severity::Critical => lines.critical(),
            },
            Self::Count { limit, .. } => f64::from(limit),
        }
    }
}
