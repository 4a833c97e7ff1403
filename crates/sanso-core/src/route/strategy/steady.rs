//! A figure that does not follow noise.

/// A value that follows another one only where that has moved away from it by more than a margin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steady(f64);

impl Steady {
    pub(super) const fn new(value: f64) -> Self {
        Self(value)
    }

    pub(super) const fn value(self) -> f64 {
        self.0
    }

    /// After a look at the other one, which is no negative number.
    pub(super) fn after(self, other: f64, margin: f64) -> Self {
        if (other - self.0).abs() > margin { Self(other) } else { self }
    }
}
