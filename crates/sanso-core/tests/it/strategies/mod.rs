//! The order of a task's groups.

mod cost;
mod gates;
mod latency;
mod quality;

use proptest::test_runner::{Config, RngSeed};
use sanso_core::*;

const PLAIN: Class = Class { stream: false, thinks: false };
const STREAM: Class = Class { stream: true, thinks: false };

fn at(seconds: f64) -> Instant {
    Instant::ORIGIN + Duration::from_secs_f64(seconds)
}

/// Figures that decide at once: no one is tried out.
fn settled(memory: &mut TaskMemory, figures: Figures<'_>) -> Vec<usize> {
    let order = memory.order(figures, PLAIN, Instant::ORIGIN, &mut Rng::from_seed(1), |_| true);
    assert!(!order.explores);
    order.places
}

/// The same cases each time, for what holds of nearly every draw and not of all.
fn fixed(cases: u32) -> Config {
    Config { rng_seed: RngSeed::Fixed(1), ..crate::laws::cases(cases) }
}
