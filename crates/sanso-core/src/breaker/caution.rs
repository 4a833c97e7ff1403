//! What deployments of one failure domain tell each other: that one of them is out.
//!
//! A host or a vendor that fails one deployment is likely to fail its siblings soon. They are warned:
//! for a while a shorter row opens them. None is opened by a warning alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::{Duration, Instant};

/// One failure domain's warning.
#[derive(Debug, Default)]
pub(crate) struct Domain {
    /// Until when, in nanoseconds since the origin of the clock; 0: not at all. It is read under the
    /// locks of cells, so it has none of its own.
    warned_until: AtomicU64,
}

/// The failure domains of one deployment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Domains {
    domains: Arc<[Arc<Domain>]>,
    /// The last warning of its own, which is for the others.
    own: u64,
}

/// How long a warning holds.
const WARNED_FOR: Duration = Duration::from_secs(30);

impl Domains {
    pub(crate) fn new(domains: Vec<Arc<Domain>>) -> Self {
        Self { domains: domains.into(), own: 0 }
    }

    /// The deployment is out.
    pub(super) fn warn(&mut self, now: Instant) {
        self.own = nanos(now + WARNED_FOR);
        for domain in &*self.domains {
            domain.warned_until.fetch_max(self.own, Ordering::Relaxed);
        }
    }

    /// Whether another one is out.
    pub(super) fn is_warned(&self, now: Instant) -> bool {
        self.domains.iter().any(|domain| {
            let until = domain.warned_until.load(Ordering::Relaxed);
            until > nanos(now) && until != self.own
        })
    }
}

fn nanos(at: Instant) -> u64 {
    u64::try_from(at.since_origin().as_nanos()).unwrap_or(u64::MAX)
}
