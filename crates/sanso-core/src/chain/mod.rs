//! One request through retry, fallback and circuit breaker.
//!
//! [`Chain`] is a state machine without clock, sockets or tasks. Its driver calls [`Chain::poll`] for
//! what to do next and [`Chain::handle_signal`] with what happened, until `poll` says
//! [`Step::Done`]. The chain owns the permit or tail of each of its calls, so the driver can neither
//! lose nor double one.
//!
//! * `step.rs`: what goes in and out
//! * `leg.rs`: what a request remembers
//! * `seek.rs`: who is called next: a sibling, the same deployment after a wait, the next leg
//! * `fail.rs`: which error the client gets when all failed
//!
//! **Invariants** (property tests hold them by their numbers in `chain.md`): one terminal verdict
//! (1); attempts within limits (2); no call through a shut gate (3); every permit resolved once (5);
//! no retry before its time, no call after the deadline or after the client left (7); legs in order,
//! each once (9); a caller's mistake on the first leg costs one attempt (10).

mod fail;
mod leg;
mod seek;
mod step;

pub use fail::{Failure, FailureCause};
pub use step::{Ask, Call, CallId, LegIndex, Request, Signal, Step, Verdict};

use std::collections::VecDeque;
use std::sync::Arc;

use fail::Lost;
use leg::{Called, Leg, Retry};

use crate::breaker::Transition;
use crate::event::{CallEnd, Event, Why};
use crate::fault::{ConnectionFault, Fault, FaultKind, Outcome, Phase};
use crate::gates::{Abandoned, Gates, Permit, Refusal, Tail};
use crate::rng::Rng;
use crate::route::{DeploymentId, Topology, Walk, WalkRules};
use crate::time::{Duration, Instant};

/// One request on its way. See the module.
#[derive(Debug)]
pub struct Chain {
    topology: Arc<Topology>,
    request: Request,
    walk: Walk,
    leg: Leg,
    plan: Plan,
    calls: Vec<Active>,
    called: Vec<Called>,
    lost: Vec<Lost>,
    skipped: Vec<(DeploymentId, Refusal)>,
    attempts: u32,
    next_call: u32,
    committed: Option<CallId>,
    steps: VecDeque<Step>,
    events: VecDeque<Event>,
    news: Vec<Transition>,
}

/// What the chain is about.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// No one has been asked yet.
    Start,
    /// A retry waits for its time.
    Retry(Retry),
    /// A call runs.
    Running,
    /// The verdict is given.
    Over,
}

/// A call in flight.
#[derive(Debug)]
struct Active {
    id: CallId,
    leg: LegIndex,
    deployment: DeploymentId,
    started: Instant,
    hold: Hold,
    /// It was redone once already, free, after a pooled connection turned out to be closed.
    redone: bool,
    /// Its first-token limit has fired: since then others are asked, now and each second after.
    ask_others_at: Option<Instant>,
}

/// What a call holds of its deployment.
#[derive(Debug)]
enum Hold {
    Permit(Permit),
    Tail(Tail),
}

/// What each step is given: the time, the gates, the randomness.
struct Ctx<'a> {
    now: Instant,
    gates: &'a Gates,
    rng: &'a mut Rng,
}

/// How often others are asked again while a call is overdue.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Chain {
    /// A request at its start.
    #[must_use]
    pub fn new(topology: Arc<Topology>, request: Request, rng: &mut Rng) -> Self {
        let max_nested = request.max_fallbacks.unwrap_or(topology.rules().max_fallbacks);
        let rules = WalkRules {
            own: request.fallbacks.clone(),
            deny: request.deny_fallback,
            max_nested: max_nested as usize,
        };
        let walk = Walk::new(request.group, rules);
        let leg = seek::first_leg(&topology, &request, rng);
        Self {
            topology,
            request,
            walk,
            leg,
            plan: Plan::Start,
            calls: Vec::with_capacity(1),
            called: Vec::new(),
            lost: Vec::new(),
            skipped: Vec::new(),
            attempts: 0,
            next_call: 0,
            committed: None,
            steps: VecDeque::new(),
            events: VecDeque::new(),
            news: Vec::new(),
        }
    }

    /// What to do next. After a step other than [`Step::Wait`] it is to be polled again at once.
    pub fn poll(&mut self, now: Instant, gates: &Gates, rng: &mut Rng) -> Step {
        let mut ctx = Ctx { now, gates, rng };
        if self.steps.is_empty() {
            self.advance(&mut ctx);
        }
        self.steps.pop_front().unwrap_or_else(|| Step::Wait(self.next_timer()))
    }

    /// Takes what happened to a call. Calls that were cancelled, or never started, are ignored.
    pub fn handle_signal(
        &mut self,
        now: Instant,
        call: CallId,
        signal: Signal,
        gates: &Gates,
        rng: &mut Rng,
    ) {
        let mut ctx = Ctx { now, gates, rng };
        let Some(place) = self.calls.iter().position(|active| active.id == call) else { return };
        match signal {
            Signal::Content => self.content(&mut ctx, place),
            Signal::Limit(Phase::FirstToken) => self.overdue(&mut ctx, place),
            Signal::Limit(phase) => self.limit(&mut ctx, place, phase),
            Signal::End(Outcome::Finished) => self.finished(&mut ctx, place),
            Signal::End(Outcome::Fault(fault)) => self.faulted(&mut ctx, place, fault),
        }
    }

    /// The client went away: everything stops, and every place is given back.
    pub fn handle_client_gone(&mut self, now: Instant, rng: &mut Rng) {
        if matches!(self.plan, Plan::Over) {
            return;
        }
        self.steps.clear();
        for place in (0..self.calls.len()).rev() {
            self.give_up(now, rng, place, Abandoned::ByClient);
        }
        self.conclude(Verdict::Cancelled);
    }

    /// What was asked.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What happened since, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Does what is due by now.
    fn advance(&mut self, ctx: &mut Ctx<'_>) {
        let decided = matches!(self.plan, Plan::Over) || self.committed.is_some();
        if !decided && ctx.now >= self.request.deadline {
            return self.deadline_passed(ctx);
        }
        match self.plan {
            Plan::Start => self.seek(ctx, None),
            Plan::Retry(retry) if ctx.now >= retry.at => self.retry_now(ctx, retry),
            Plan::Running => {
                let due = |active: &Active| active.ask_others_at.is_some_and(|at| ctx.now >= at);
                if let Some(place) = self.calls.iter().position(due) {
                    self.ask_others(ctx, place);
                }
            }
            Plan::Retry(_) | Plan::Over => {}
        }
    }

    fn next_timer(&self) -> Option<Instant> {
        let own = match self.plan {
            Plan::Retry(retry) => Some(retry.at),
            Plan::Running => self.calls.iter().filter_map(|active| active.ask_others_at).min(),
            Plan::Start | Plan::Over => None,
        };
        let over = matches!(self.plan, Plan::Over) || self.committed.is_some();
        let deadline = (!over).then_some(self.request.deadline);
        own.into_iter().chain(deadline).min()
    }

    // === what happens to a call ===

    /// First content: the call wins, the others stop.
    fn content(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        if matches!(self.calls[place].hold, Hold::Tail(_)) {
            return;
        }
        let mut active = self.calls.swap_remove(place);
        active = self.answered(ctx, active);
        self.stop_all(ctx);
        self.committed = Some(active.id);
        self.steps.push_back(Step::Commit(active.id));
        self.calls.push(active);
    }

    /// A complete answer.
    fn finished(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let active = self.calls.swap_remove(place);
        let active = self.answered(ctx, active);
        let (id, started) = (active.id, active.started);
        if let Hold::Tail(tail) = active.hold {
            tail.finished();
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
        let after = ctx.now - active.started;
        self.events.push_back(Event::Answered { call: active.id, after });
        Active { hold: Hold::Tail(tail), ask_others_at: None, ..active }
    }

    fn faulted(&mut self, ctx: &mut Ctx<'_>, place: usize, fault: Fault) {
        let reused = fault.kind == FaultKind::Connection(ConnectionFault::Reused);
        if reused && !self.calls[place].redone && self.committed.is_none() {
            return self.redo(ctx, place);
        }
        let active = self.calls.swap_remove(place);
        let took = ctx.now - active.started;
        match active.hold {
            Hold::Tail(tail) => {
                tail.broke(ctx.now, ctx.rng, &mut self.news);
                self.note_news(active.deployment);
                self.note_end(active.id, CallEnd::Fault(fault), took);
                self.conclude(Verdict::Broken(active.id));
            }
            Hold::Permit(permit) => {
                permit.failed(ctx.now, &fault, ctx.rng, &mut self.news);
                self.note_news(active.deployment);
                self.note_end(active.id, CallEnd::Fault(fault), took);
                self.remember(ctx.now, active.id, active.leg, active.deployment, fault, took);
                if self.calls.is_empty() {
                    self.seek(ctx, Some(fault.kind));
                }
            }
        }
    }

    /// A pooled connection turned out to be closed before any answer: the same call again, at once,
    /// uncounted, on the same permit.
    fn redo(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let id = self.number_call();
        let active = &mut self.calls[place];
        let old = std::mem::replace(&mut active.id, id);
        let (deployment, leg, took) = (active.deployment, active.leg, ctx.now - active.started);
        active.redone = true;
        active.started = ctx.now;
        let Hold::Permit(permit) = &active.hold else { return };
        let (lease, probe) = (permit.lease(), permit.is_probe());
        let fault = Fault::new(FaultKind::Connection(ConnectionFault::Reused));
        self.note_end(old, CallEnd::Fault(fault), took);
        self.send(ctx.now, id, leg, deployment, Why::Redo, lease, probe);
    }

    /// A limit that ends the call fired.
    fn limit(&mut self, ctx: &mut Ctx<'_>, place: usize, phase: Phase) {
        self.steps.push_back(Step::Cancel(self.calls[place].id));
        let by_caller = phase == Phase::Total && self.request.timeout.is_some();
        if by_caller && self.committed.is_none() {
            let fault = Fault::new(FaultKind::Timeout(phase));
            let (id, leg, deployment, took) = self.give_up_with(ctx, place, fault);
            self.remember(ctx.now, id, leg, deployment, fault, took);
            if self.calls.is_empty() {
                self.seek(ctx, Some(fault.kind));
            }
            return;
        }
        self.faulted(ctx, place, Fault::new(FaultKind::Timeout(phase)));
    }

    /// The first-token limit fired: the breaker hears of it, and whoever could serve is asked.
    fn overdue(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let active = &mut self.calls[place];
        let Hold::Permit(permit) = &mut active.hold else { return };
        permit.overdue(ctx.now, Phase::FirstToken, ctx.rng, &mut self.news);
        active.ask_others_at = Some(ctx.now);
        let deployment = active.deployment;
        self.note_news(deployment);
        self.ask_others(ctx, place);
    }

    /// The other permit is taken first; only then is the overdue call given up.
    fn ask_others(&mut self, ctx: &mut Ctx<'_>, place: usize) {
        let kind = FaultKind::Timeout(Phase::FirstToken);
        let Some(other) = self.find_other(ctx, kind) else {
            self.calls[place].ask_others_at = Some(ctx.now + ASK_AGAIN);
            return;
        };
        self.steps.push_back(Step::Cancel(self.calls[place].id));
        self.faulted_silently(ctx, place, Fault::new(kind));
        self.take(ctx, other, Some(kind));
    }

    /// Ends an overdue call whose fault the breaker has heard of already.
    fn faulted_silently(&mut self, ctx: &mut Ctx<'_>, place: usize, fault: Fault) {
        let active = self.calls.swap_remove(place);
        let took = ctx.now - active.started;
        self.note_end(active.id, CallEnd::Fault(fault), took);
        self.remember(ctx.now, active.id, active.leg, active.deployment, fault, took);
    }

    fn deadline_passed(&mut self, ctx: &mut Ctx<'_>) {
        let fault = Fault::new(FaultKind::Timeout(Phase::Total));
        for place in (0..self.calls.len()).rev() {
            self.steps.push_back(Step::Cancel(self.calls[place].id));
            let (id, leg, deployment, took) = self.give_up_with(ctx, place, fault);
            self.remember(ctx.now, id, leg, deployment, fault, took);
        }
        self.fail(ctx);
    }

    fn stop_all(&mut self, ctx: &mut Ctx<'_>) {
        for place in (0..self.calls.len()).rev() {
            self.steps.push_back(Step::Cancel(self.calls[place].id));
            let active = self.calls.swap_remove(place);
            self.note_end(active.id, CallEnd::Cancelled, ctx.now - active.started);
        }
    }

    /// Ends a call that the request's own limit cut.
    fn give_up_with(
        &mut self,
        ctx: &mut Ctx<'_>,
        place: usize,
        fault: Fault,
    ) -> (CallId, LegIndex, DeploymentId, Duration) {
        let active = self.calls.swap_remove(place);
        let took = ctx.now - active.started;
        if let Hold::Permit(permit) = active.hold {
            permit.abandoned(ctx.now, Abandoned::ByDeadline, ctx.rng, &mut self.news);
        }
        self.note_news(active.deployment);
        self.note_end(active.id, CallEnd::Fault(fault), took);
        (active.id, active.leg, active.deployment, took)
    }

    fn give_up(&mut self, now: Instant, rng: &mut Rng, place: usize, why: Abandoned) {
        let active = self.calls.swap_remove(place);
        self.steps.push_back(Step::Cancel(active.id));
        if let Hold::Permit(permit) = active.hold {
            permit.abandoned(now, why, rng, &mut self.news);
        }
        self.note_news(active.deployment);
        self.note_end(active.id, CallEnd::Cancelled, now - active.started);
    }

    // === bookkeeping ===

    fn remember(
        &mut self,
        now: Instant,
        call: CallId,
        leg: LegIndex,
        deployment: DeploymentId,
        fault: Fault,
        took: Duration,
    ) {
        self.lost.push(Lost { call, leg, fault, at: now });
        let known = self.called.iter_mut().find(|called| called.deployment == deployment);
        if let Some(called) = known {
            called.faults += 1;
            *called = Called { last: fault, last_at: now, took, ..*called };
        } else {
            let once_used = false;
            let called =
                Called { deployment, faults: 1, last: fault, last_at: now, took, once_used };
            self.called.push(called);
        }
    }

    fn number_call(&mut self) -> CallId {
        let id = CallId(self.next_call);
        self.next_call += 1;
        id
    }

    fn note_end(&mut self, call: CallId, end: CallEnd, after: Duration) {
        self.events.push_back(Event::CallEnded { call, end, after });
    }

    fn note_news(&mut self, deployment: DeploymentId) {
        let events =
            self.news.drain(..).map(|transition| Event::Breaker { deployment, transition });
        self.events.extend(events);
    }

    fn conclude(&mut self, verdict: Verdict) {
        self.plan = Plan::Over;
        self.steps.push_back(Step::Done(verdict));
    }
}
