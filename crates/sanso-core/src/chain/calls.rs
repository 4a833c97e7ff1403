//! What happens to a call, and what the request makes of it.

use super::leg::Lost;
use super::rest::Rest;
use super::{Active, Chain, Ctx, Hold, Plan, Step, Verdict};
use crate::event::{CallEnd, Event, Why};
use crate::fault::{ConnectionFault, Fault, FaultKind, Phase};
use crate::gates::Abandoned;
use crate::rule::GateRule;

impl Chain {
    /// The host of a call is there again.
    pub(super) fn connected(&mut self, ctx: &Ctx<'_>, place: usize) {
        let active = &mut self.calls[place];
        let Hold::Permit(permit) = &mut active.hold else { return };
        permit.connected(ctx.now, &mut self.news);
        let deployment = active.deployment;
        self.note_news(deployment);
    }

    /// First content: the call wins, the others stop.
    pub(super) fn content(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        if matches!(self.calls[place].hold, Hold::Tail(_)) {
            return;
        }
        let active = self.calls.swap_remove(place);
        let active = self.answered(ctx, active);
        self.stop_all(ctx);
        self.plan = Plan::Running;
        self.place = None;
        if !self.request.held {
            self.committed = Some(active.id);
            self.steps.push_back(Step::Commit(active.id));
        }
        self.calls.push(active);
    }

    /// A complete answer.
    pub(super) fn finished(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let active = self.calls.swap_remove(place);
        let active = self.answered(ctx, active);
        let (id, started) = (active.id, active.started);
        if self.request.held {
            self.settle_budgets(ctx, active.deployment);
        }
        if let Hold::Tail(tail) = active.hold {
            tail.finished(ctx.now, ctx.rng, &mut self.news);
            self.note_news(active.deployment);
        }
        self.note_end(id, CallEnd::Finished, ctx.now - started);
        self.stop_all(ctx);
        self.conclude(Verdict::Answered { call: id, soft: None });
    }

    /// Gives the permit its verdict, if it has none yet.
    fn answered(&mut self, ctx: &mut Ctx<'_>, active: Active) -> Active {
        let Hold::Permit(permit) = active.hold else { return active };
        let tail = permit.answered(ctx.now, ctx.rng, &mut self.news);
        self.note_news(active.deployment);
        // A held answer may yet break: it is one at its end.
        if !self.request.held {
            self.settle_budgets(ctx, active.deployment);
        }
        let after = ctx.now - active.started;
        self.events.push_back(Event::Answered { call: active.id, after });
        Active { hold: Hold::Tail(tail), ask_others_at: None, relieved: false, ..active }
    }

    /// A call ended with a fault.
    pub(super) fn faulted(&mut self, ctx: &mut Ctx<'_>, place: usize, mut fault: Fault) {
        if fault.kind == FaultKind::Connection(ConnectionFault::Reused) {
            if self.redo(ctx, place) {
                return;
            }
            fault.kind = FaultKind::Connection(ConnectionFault::Lost);
        }
        let active = self.calls.swap_remove(place);
        let mut lost = active.lost(ctx.now, fault);
        self.note_end(lost.call, CallEnd::Fault(fault), ctx.now - active.started);
        match active.hold {
            Hold::Tail(tail) => {
                tail.broke(ctx.now, &fault, ctx.rng, &mut self.news);
                self.note_news(lost.deployment);
                lost.counted = true;
                match self.committed {
                    Some(_) => self.broke(ctx, lost),
                    // Of a held answer nothing has gone out.
                    None => self.go_on(ctx, lost),
                }
            }
            Hold::Permit(permit) => {
                permit.failed(ctx.now, &fault, ctx.rng, &mut self.news);
                self.note_news(lost.deployment);
                lost.counted = match fault.kind.rule().gate {
                    GateRule::Breaker(_) | GateRule::BreakerAndHost => true,
                    GateRule::None | GateRule::Quota | GateRule::Credential | GateRule::Model => {
                        active.overdue
                    }
                };
                self.go_on(ctx, lost);
            }
        }
    }

    /// A pooled connection turned out to be closed before any answer: the same call again, at once,
    /// uncounted, on the same permit. `false` where that has been done already, or time is up.
    fn redo(&mut self, ctx: &mut Ctx<'_>, place: usize) -> bool {
        let active = &mut self.calls[place];
        if active.redone || ctx.now >= self.request.deadline {
            return false;
        }
        let Hold::Permit(_) = &active.hold else { return false };
        let (old, took) = (active.id, ctx.now - active.started);
        let fault = Fault::new(FaultKind::Connection(ConnectionFault::Reused));
        self.note_end(old, CallEnd::Fault(fault), took);
        let id = self.number_call();
        let active = &mut self.calls[place];
        active.id = id;
        active.redone = true;
        active.started = ctx.now;
        self.send(ctx.now, place, Why::Redo);
        true
    }

    /// A limit that ends the call fired.
    pub(super) fn limit(&mut self, ctx: &mut Ctx<'_>, place: usize, phase: Phase) {
        let active = &self.calls[place];
        // Content has come: only the gap bounds what flows.
        let bounds_what_flows = phase == Phase::Gap || (phase == Phase::Total && self.request.held);
        if matches!(active.hold, Hold::Tail(_)) && !bounds_what_flows {
            return;
        }
        self.steps.push_back(Step::Cancel(active.id));
        let fault = Fault::new(FaultKind::Timeout(phase));
        let by_caller = match phase {
            Phase::Total => active.total_is_own,
            Phase::Gap => self.request.timeout.is_some(),
            Phase::Connect | Phase::FirstToken => false,
        };
        if by_caller {
            let flows = matches!(self.calls[place].hold, Hold::Tail(_));
            let lost = self.give_up_with(ctx, place, fault);
            match self.committed {
                Some(_) if flows => self.broke(ctx, lost),
                Some(_) | None => self.go_on(ctx, lost),
            }
        } else {
            self.faulted(ctx, place, fault);
        }
    }

    /// Nothing was sent in time: every call is given up, and the request fails.
    pub(super) fn deadline_passed(&mut self, ctx: &mut Ctx<'_>) {
        let fault = Fault::new(FaultKind::Timeout(Phase::Total));
        for place in (0..self.calls.len()).rev() {
            self.steps.push_back(Step::Cancel(self.calls[place].id));
            let lost = self.give_up_with(ctx, place, fault);
            self.remember(lost);
        }
        self.fail(ctx);
    }

    /// The request is served: its other calls stop, but for a probe that the breaker waits for.
    fn stop_all(&mut self, ctx: &Ctx<'_>) {
        for active in std::mem::take(&mut self.calls) {
            let Active { id, deployment, started, hold, overdue, .. } = active;
            match hold {
                Hold::Permit(permit) if permit.is_probe() && !overdue => {
                    self.rests.push_back(Rest::new(id, deployment, started, permit));
                }
                Hold::Permit(_) | Hold::Tail(_) => {
                    self.steps.push_back(Step::Cancel(id));
                    self.note_end(id, CallEnd::Cancelled, ctx.now - started);
                }
            }
        }
    }

    /// Ends a call that the request's own limit cut.
    pub(super) fn give_up_with(&mut self, ctx: &mut Ctx<'_>, place: usize, fault: Fault) -> Lost {
        let active = self.calls.swap_remove(place);
        let mut lost = active.lost(ctx.now, fault);
        if let Hold::Permit(permit) = active.hold {
            let why = Abandoned::ByDeadline;
            lost.counted = permit.abandoned(ctx.now, why, ctx.rng, &mut self.news);
        }
        self.note_news(lost.deployment);
        self.note_end(lost.call, CallEnd::Fault(fault), ctx.now - active.started);
        lost
    }

    /// The request goes on after a call that it lost, unless another one still runs for it, or a
    /// retry waits for its time.
    fn go_on(&mut self, ctx: &mut Ctx<'_>, lost: Lost) {
        self.remember(lost);
        if self.broken.is_some() {
            return self.carry_on(ctx, lost);
        }
        if self.forced {
            return self.fail(ctx);
        }
        if matches!(self.plan, Plan::Running) && self.calls.iter().all(|active| active.relieved) {
            self.seek(ctx, Some(lost.fault.kind));
        }
    }
}
