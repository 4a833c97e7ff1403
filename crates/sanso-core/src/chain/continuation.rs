//! A stream that broke after its commit, carried on by another (`chain.md`, *Streams*: `on_break`).
//!
//! The client has a part of an answer. Where the operator wants it, and the part is plain text, someone
//! who is declared able goes on from there in the same stream: a sibling, or a later leg. That is done
//! once. Whoever was to do it and failed before it said anything is followed by the next; who fails
//! after that has broken the answer for good.

use super::leg::Lost;
use super::send::Found;
use super::{Chain, Ctx, Verdict, able};
use crate::fault::FaultKind;
use crate::route::Needs;

impl Chain {
    /// A call broke after its first content, which the client has.
    pub(super) fn broke(&mut self, ctx: &mut Ctx<'_>, lost: Lost) {
        // A forced call goes on to no other leg.
        if !self.request.continues || self.forced || self.broken.is_some() {
            return self.conclude(Verdict::Broken(lost.call));
        }
        self.remember(lost);
        self.broken = Some(lost.call);
        self.request.needs = self.request.needs.and(Needs::CONTINUATION);
        able::sift(&self.topology, &self.request, &mut self.leg.ranked);
        self.note_unable(self.leg.index, self.leg.group);
        self.carry_on(ctx, lost);
    }

    /// Finds who carries the stream on, after the break or after one who failed at it.
    pub(super) fn carry_on(&mut self, ctx: &mut Ctx<'_>, lost: Lost) {
        let broken = self.broken.unwrap_or(lost.call);
        // What a continuation was refused for is the gateway's own request, not the caller's: it goes on
        // as after any break.
        let kind = if lost.call == broken { lost.fault.kind } else { FaultKind::Broken };
        match self.find_continuation(ctx, kind) {
            Some(found) => self.take(ctx, found, Some(lost.fault.kind)),
            None => self.conclude(Verdict::Broken(broken)),
        }
    }

    fn find_continuation(&mut self, ctx: &mut Ctx<'_>, kind: FaultKind) -> Option<Found> {
        if ctx.now >= self.request.deadline {
            return None;
        }
        let sibling = self.may_stay(ctx, kind).then(|| self.find_sibling(ctx)).flatten();
        sibling.or_else(|| self.find_leg(ctx, Some(kind)))
    }
}
