//! Who may be called, and in which order.

mod limits;
mod preflight;
mod rank;
mod strategy;
mod topology;
mod walk;

pub use limits::{DeploymentLimits, Limits};
pub use preflight::{Capabilities, Lack, Needs, Preflight};
pub(crate) use rank::rank;
pub use strategy::{
    Figures, LongPrompt, Order, Pace, Paces, Price, Score, SoftRate, TaskMemory, Tokens, Unknown,
    of_group,
};
pub use topology::{Deployment, DeploymentId, FallbackOn, Group, GroupId, Rules, Topology};
pub use walk::OwnLists;
pub(crate) use walk::{Walk, WalkRules, plain_chain};
