//! A prompt that fits, and leaves less room for the answer than the request asks for (`chain.md`,
//! *Fallback*: tier 2).
//!
//! Where the operator wants it, the call is made again, once per deployment, with a `max_tokens` that
//! fits: a shorter answer from the model that was asked for is better than one from another model.

use super::send::Found;
use super::{Chain, Ctx};
use crate::event::Why;
use crate::fault::FaultKind;
use crate::route::DeploymentId;
use crate::rule::NextLeg;

/// An answer of fewer tokens than this is not worth a call.
const WORTH_A_CALL: u32 = 16;

impl Chain {
    /// The deployment that just refused the length, to be called again for what fits.
    pub(super) fn find_relaxed(
        &mut self,
        ctx: &mut Ctx<'_>,
        last: Option<FaultKind>,
    ) -> Option<Found> {
        let is_asked_for = self.request.relax && last == Some(FaultKind::ContextWindow);
        // Who thinks has a budget for that within `max_tokens`, and needs the rest for the answer.
        if !is_asked_for || self.request.class.thinks {
            return None;
        }
        let asked = self.request.max_tokens?;
        let lost = *self.lost.last()?;
        let deployment = lost.deployment;
        let place = self.called.iter().position(|called| called.deployment == deployment)?;
        let room = lost.fault.room?;
        if self.called[place].relaxed.is_some() || !(WORTH_A_CALL..asked).contains(&room) {
            return None;
        }
        if !self.has_attempt_to_spare(ctx, FaultKind::ContextWindow) {
            return None;
        }
        match self.acquire(ctx, deployment, None) {
            Ok(permit) => {
                self.called[place].relaxed = Some(room);
                Some(Found { deployment, permit, why: Why::Relaxed, moved: None, inflow: None })
            }
            Err(refusal) => {
                self.note_skip(self.leg.index, deployment, refusal);
                None
            }
        }
    }

    /// Where the request goes when its leg ends with a fault of `last`. A prompt that was too long stays
    /// too long, whatever became of the relaxed call: that takes no fallback away.
    pub(super) fn next_after(&self, last: FaultKind) -> NextLeg {
        let is_relaxed =
            |id: &DeploymentId| self.called(*id).is_some_and(|it| it.relaxed.is_some());
        match self.leg.ranked.iter().any(is_relaxed) {
            true => NextLeg::ContextList,
            false => last.rule().next,
        }
    }
}
