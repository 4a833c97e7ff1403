//! A prompt that fits, and leaves less room for the answer than the request asks for (`chain.md`,
//! *Fallback*: tier 2).
//!
//! Where the operator wants it, the call is made again, once per deployment, with a `max_tokens` that
//! fits: a shorter answer from the model that was asked for is better than one from another model.

use super::send::Found;
use super::{Chain, Ctx};
use crate::event::Why;
use crate::fault::FaultKind;

/// An answer of fewer tokens than this is not worth a call.
const WORTH_A_CALL: u32 = 16;

impl Chain {
    /// The deployment that just refused the length, to be called again for what fits.
    pub(super) fn find_relaxed(
        &mut self,
        ctx: &mut Ctx<'_>,
        last: Option<FaultKind>,
    ) -> Option<Found> {
        if last != Some(FaultKind::ContextWindow) || !self.request.relax || !self.may_move() {
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
        let permit = self.acquire(ctx, deployment, None).ok()?;
        self.called[place].relaxed = Some(room);
        Some(Found { deployment, permit, why: Why::Relaxed, moved: None, inflow: None })
    }
}
