//! How well a chain stands: the share of its deployments that may be called.

use super::Gates;
use crate::route::{GroupId, Topology, plain_chain};
use crate::time::Instant;

/// The deployments of a group's plain chain, and how many of them admit.
///
/// An open breaker that is past its time and unasked counts as one that admits: the next request
/// will find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Deployments that admit.
    pub admits: usize,
    /// All of them.
    pub of: usize,
}

/// The words for it (`chain.md`, *Chain health*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are explained where they are given")]
pub enum HealthWord {
    Healthy,
    Strained,
    Weak,
    Down,
}

impl Health {
    /// The share that admits; 0 of a chain without deployments.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.admits as f64 / self.of as f64 }
    }

    /// `Healthy` from 0.9, `Strained` from 0.7, `Weak` from 0.5, else `Down`.
    #[must_use]
    pub fn word(self) -> HealthWord {
        match self.share() {
            share if share >= 0.9 => HealthWord::Healthy,
            share if share >= 0.7 => HealthWord::Strained,
            share if share >= 0.5 => HealthWord::Weak,
            _ => HealthWord::Down,
        }
    }
}

impl HealthWord {
    /// As operators read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Strained => "strained",
            Self::Weak => "weak",
            Self::Down => "down",
        }
    }
}

impl Gates {
    /// How the plain chain of `group` stands.
    #[must_use]
    pub fn health(&self, topology: &Topology, group: GroupId, now: Instant) -> Health {
        let mut health = Health { admits: 0, of: 0 };
        for group in plain_chain(topology, group) {
            for id in &topology.group(group).deployments {
                health.of += 1;
                health.admits += usize::from(self.admits(*id, now));
            }
        }
        health
    }
}
