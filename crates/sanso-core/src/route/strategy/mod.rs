//! The order of a task's groups (`tasks.md`): what it goes by, and how it is found.
//!
//! Scores, prices and measured times come in as figures, one for each group in the order of the file;
//! an order of their places goes out. No gate is asked: a group that is shut keeps its place and is
//! passed over there, so that what the next one answers is a fallback and is seen as one.
//!
//! * `settle.rs`: figures to an order that does not flap
//! * `price.rs`: what a request costs
//! * `pace.rs`: how quick a deployment is
//! * `steady.rs`: figures that do not follow noise
//! * `soft.rs`: how often its answers are not what was wanted
//! * `memory.rs`: what is remembered of a task
//! * `shares.rs`: the figure of a group from those of its deployments

mod memory;
mod pace;
mod price;
mod settle;
mod shares;
mod soft;
mod steady;

pub use memory::{Figures, Order, Score, TaskMemory};
pub use pace::{Pace, Paces};
pub use price::{LongPrompt, Price, Tokens};
pub use shares::{Unknown, of_group};
pub use soft::SoftRate;

/// So few values are no average yet.
const KNOWN_FROM: u32 = 3;

/// An average of recent values in which each new one has this weight at least: a fifth, so that four
/// values move it more than half of the way.
const NEW_COUNTS: f64 = 0.2;

/// `old` with `new` mixed in.
fn mixed(old: f64, new: f64, weight: f64) -> f64 {
    (new - old).mul_add(weight, old)
}
