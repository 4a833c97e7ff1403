//! What alerts, causes and the verdict are read from.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::event::{BreakerMoved, BreakerState, GateMoved, GateName, Mark};
use crate::figures::counts::Sparse;
use crate::figures::{DAY, Figures, MINUTE};
use crate::index::Index;
use crate::millis::Millis;

/// All that is known, to read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) index: &'a Index,
    pub(crate) figures: &'a Figures,
    pub(crate) facts: &'a Facts,
    pub(crate) now: Millis,
    /// Since when anything is counted.
    pub(crate) started_at: Millis,
}

/// What counts cannot say: the moves of breakers and gates, and what was done to the gateway.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// By deployment id.
    deployments: HashMap<Arc<str>, OfDeployment>,
    marks: VecDeque<Mark>,
}

#[derive(Clone, Debug, Default)]
struct OfDeployment {
    moves: VecDeque<BreakerMoved>,
    gates: Vec<GateMoved>,
}

/// Moves that are kept per deployment: one that opens and closes every minute, for four hours.
const MOVES: usize = 512;
/// Marks that are kept.
const MARKS: usize = 64;

impl Facts {
    pub(crate) fn breaker(&mut self, moved: &BreakerMoved) {
        let of = self.deployments.entry(Arc::clone(&moved.deployment)).or_default();
        if of.moves.len() >= MOVES {
            of.moves.pop_front();
        }
        of.moves.push_back(moved.clone());
    }

    /// Of each gate the last move is kept. A probe that fails shuts it anew, and it was shut all the
    /// time: the first of them says since when.
    pub(crate) fn gate(&mut self, moved: &GateMoved) {
        let of = self.deployments.entry(Arc::clone(&moved.deployment)).or_default();
        let before = of.gates.iter().find(|gate| gate.gate == moved.gate && gate.shut);
        let at = before.filter(|_| moved.shut).map_or(moved.at, |before| before.at.min(moved.at));
        of.gates.retain(|gate| gate.gate != moved.gate);
        of.gates.push(GateMoved { at, ..moved.clone() });
    }

    pub(crate) fn mark(&mut self, mark: &Mark) {
        if self.marks.len() >= MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark.clone());
    }

    /// Forgets deployments that are no longer planned, and what is of a time that never was.
    pub(crate) fn keep(&mut self, index: &Index) {
        self.deployments.retain(|id, _| index.deployment(id).is_some());
    }

    pub(crate) fn forget_after(&mut self, now: Millis) {
        for of in self.deployments.values_mut() {
            of.moves.retain(|moved| moved.at <= now);
        }
        self.marks.retain(|mark| mark.at <= now);
    }

    pub(crate) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    pub(crate) fn moves(&self, deployment: &str) -> impl Iterator<Item = &BreakerMoved> {
        self.deployments.get(deployment).into_iter().flat_map(|of| &of.moves)
    }

    /// The openings of a breaker in a span, oldest first.
    pub(crate) fn openings(
        &self,
        deployment: &str,
        from: Millis,
    ) -> impl Iterator<Item = &BreakerMoved> {
        self.moves(deployment).filter(move |m| m.is_opening() && !m.forced && m.at >= from)
    }

    /// The last that was heard of a gate, if that was that it shut.
    pub(crate) fn shut(&self, deployment: &str, gate: GateName) -> Option<&GateMoved> {
        let of = self.deployments.get(deployment)?;
        of.gates.iter().find(|moved| moved.gate == gate && moved.shut)
    }

    /// The last that was heard of a gate.
    pub(crate) fn gate_of(&self, deployment: &str, gate: GateName) -> Option<&GateMoved> {
        self.deployments.get(deployment)?.gates.iter().find(|moved| moved.gate == gate)
    }

    /// An operator holds the breaker open.
    pub(crate) fn is_forced_open(&self, deployment: &str) -> bool {
        let last = self.deployments.get(deployment).and_then(|of| of.moves.back());
        last.is_some_and(|moved| moved.forced && moved.to == BreakerState::Open)
    }
}

impl Scene<'_> {
    /// A time as far back as counts are kept, if it is further.
    pub(crate) fn kept(&self, since: Millis) -> Millis {
        since.max(self.now.minus(DAY))
    }

    /// The start, if that is later than what is asked for and than what is kept anyway. Within a minute
    /// it is no other time, as people read it: an onset is told in whole ones.
    pub(crate) fn counted_since(&self, since: Millis) -> Option<Millis> {
        let minute = Millis(self.started_at.0 / MINUTE * MINUTE);
        (self.kept(since) < minute && minute <= self.now).then_some(self.started_at)
    }

    /// The deployments of the leg that should have answered: of the requests since a time that their
    /// first leg did not answer, that leg, most often. A strategy may put another one first for each
    /// request; where none was lost, it is the one that is listed first.
    pub(crate) fn own_leg(&self, chain: usize, since: Millis) -> Vec<usize> {
        let mut lost_by = Sparse::default();
        let parts = self.figures.chain_parts(chain, self.kept(since), self.now);
        parts.for_each(|counts| lost_by.merge(&counts.lost_by));
        self.index.leg(chain, lost_by.most().unwrap_or(0)).collect()
    }
}
