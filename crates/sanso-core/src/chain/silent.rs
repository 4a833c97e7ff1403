//! Calls from which nothing comes.
//!
//! Beside a half-open probe that is silent for a while another is called, and whoever brings content
//! first serves. In place of a call whose first-token limit has fired another is called, if one can be
//! had; if not, it runs on.

use super::leg::Lost;
use super::{Active, Chain, Ctx, Hold, Plan, Step};
use crate::event::CallEnd;
use crate::fault::{Fault, FaultKind, Phase};
use crate::time::Duration;

/// How often others are asked again while nothing comes.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// What a silent call is to the request that moves on from it.
const SILENT: FaultKind = FaultKind::Timeout(Phase::FirstToken);

impl Chain {
    /// The first-token limit fired: the breaker hears of it, and whoever could serve is asked.
    pub(super) fn overdue(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let active = &mut self.calls[place];
        let Hold::Permit(permit) = &mut active.hold else { return };
        if self.broken.is_some() {
            // The client waits in the middle of a sentence, and there is nobody to be asked beside it.
            return self.limit(ctx, place, Phase::FirstToken);
        }
        permit.overdue(ctx.now, Phase::FirstToken, ctx.rng, &mut self.news);
        active.overdue = true;
        active.ask_others_at = Some(ctx.now);
        let deployment = active.deployment;
        self.note_news(deployment);
        self.ask_others(ctx, place);
    }

    /// Someone else is called: beside a silent probe, in the place of an overdue call. While no one
    /// can be had, they are asked again each second.
    pub(super) fn ask_others(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let active = &mut self.calls[place];
        active.ask_others_at = Some(ctx.now + ASK_AGAIN);
        let overdue = active.overdue;
        if self.has_relief(place) {
            if overdue {
                self.give_up(ctx, place);
            }
            return;
        }
        // The other permit is taken first; only then is the overdue call given up.
        let Some(other) = self.find_other(ctx, SILENT) else { return };
        if overdue {
            self.give_up(ctx, place);
        } else {
            let active = &mut self.calls[place];
            active.ask_others_at = None;
            active.relieved = true;
        }
        self.take(ctx, other, Some(SILENT));
    }

    /// No one is left to be asked, but a silent probe may yet answer: it is left to run.
    pub(super) fn wait_for_silent(&mut self, ctx: &Ctx<'_>) -> bool {
        for active in &mut self.calls {
            active.relieved = false;
            active.ask_others_at = Some(ctx.now + ASK_AGAIN);
        }
        self.plan = Plan::Running;
        !self.calls.is_empty()
    }

    /// Whether another call runs for the request, or a retry waits.
    fn has_relief(&self, place: usize) -> bool {
        let other = |(at, active): (usize, &Active)| at != place && !active.relieved;
        !matches!(self.plan, Plan::Running) || self.calls.iter().enumerate().any(other)
    }

    /// Stops an overdue call. The breaker heard of it when the limit fired; the permit, dropped here,
    /// says nothing more.
    fn give_up(&mut self, ctx: &Ctx<'_>, place: usize) {
        let active = self.calls.swap_remove(place);
        self.steps.push_back(Step::Cancel(active.id));
        let lost = Lost { counted: true, ..active.lost(ctx.now, Fault::new(SILENT)) };
        self.note_end(lost.call, CallEnd::Fault(lost.fault), ctx.now - active.started);
        self.remember(lost);
    }
}
