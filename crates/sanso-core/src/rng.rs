//! Seeded randomness, for jitter and for shuffling siblings: never a global source.

use crate::time::Duration;

/// A small deterministic random number generator (wyrand, from `fastrand`).
///
/// Same seed, same decisions (invariant 26).
#[derive(Clone, Debug)]
pub struct Rng(fastrand::Rng);

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        self.0.f64()
    }

    /// Uniform in `[0, max]`: the *full jitter* of a backoff.
    pub fn up_to(&mut self, max: Duration) -> Duration {
        times(max, self.unit())
    }

    /// `base` scaled by a factor that is uniform in `[low, high)`.
    pub fn scaled(&mut self, base: Duration, low: f64, high: f64) -> Duration {
        times(base, low + (high - low) * self.unit())
    }

    /// An index drawn with the given weights; `None` when there are none. Weights that are not
    /// finite and positive count as zero; when all are zero the draw is uniform.
    pub fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        if weights.is_empty() {
            return None;
        }
        let usable = |weight: f64| if weight.is_finite() && weight > 0.0 { weight } else { 0.0 };
        let total: f64 = weights.iter().copied().map(usable).sum();
        if total <= 0.0 {
            return Some(self.0.usize(..weights.len()));
        }
        let mut point = self.unit() * total;
        for (index, &weight) in weights.iter().enumerate() {
            point -= usable(weight);
            if point < 0.0 {
                return Some(index);
            }
        }
        // Rounding may leave the point a hair above the end.
        weights.iter().rposition(|weight| usable(*weight) > 0.0)
    }
}

/// `duration * factor`, up to the longest duration there is: a silly setting must not panic.
pub(crate) fn times(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn weights_are_drawn_by_their_share_and_unusable_ones_never() {
        let mut rng = Rng::from_seed(1);
        let weights = [1.0, f64::INFINITY, 3.0, f64::NAN, -5.0, 0.0];
        let mut drawn = [0_u32; 6];
        for _ in 0..4_000 {
            drawn[rng.weighted(&weights).expect("there are some")] += 1;
        }
        let [one, infinite, three, rest @ ..] = drawn;
        assert_eq!((infinite, rest), (0, [0; 3]));
        assert!((900..1_100).contains(&one) && one + three == 4_000, "{drawn:?}");
    }

    #[test]
    fn without_a_usable_weight_all_are_alike_and_of_none_none_is_drawn() {
        let mut rng = Rng::from_seed(1);
        let drawn: Vec<_> = (0..100).filter_map(|_| rng.weighted(&[0.0, -1.0])).collect();
        assert!(drawn.contains(&0) && drawn.contains(&1));
        assert_eq!(rng.weighted(&[]), None);
    }
}
