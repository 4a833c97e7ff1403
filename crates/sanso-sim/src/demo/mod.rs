//! The demonstration: a primary and a fallback provider, traffic, and a story of what goes wrong.
//!
//! The caller brings the gateway: start a [`Stage`], start the gateway with [`Stage::config`], then
//! [`play`] a [`Story`] and print the lines that it says.

mod narrate;
mod play;
mod rate;
mod stage;
mod story;

pub use narrate::{BreakerState, Narrator, Transition};
pub use play::play;
pub use rate::{FallbackRate, Level};
pub use stage::{Stage, Tempo};
pub use story::{Act, Change, Role, Scene, Story};
