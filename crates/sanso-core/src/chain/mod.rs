//! One request through retry, fallback and circuit breaker.
//!
//! [`Chain`] is a state machine without clock, sockets or tasks. Its driver calls [`Chain::poll`] for
//! what to do next and [`Chain::handle_signal`] with what happened, until `poll` says
//! [`Step::Done`]. The chain owns the permit or tail of each of its calls, so the driver can neither
//! lose nor double one.
//!
//! * `step.rs`: what goes in and out
//! * `leg.rs`: what a request remembers
//! * `calls.rs`: what happens to a call
//! * `seek.rs`: who is called next: a sibling, the same deployment after a wait, the next leg
//! * `able.rs`: what the request needs and a deployment lacks
//! * `around.rs`: who else could serve, and how many attempts there may be
//! * `relax.rs`: a call made again with a smaller `max_tokens`
//! * `send.rs`: how a call begins
//! * `continuation.rs`: a stream that broke after its commit is carried on by another
//! * `silent.rs`: calls from which nothing comes: others are asked beside them, or in their place
//! * `share.rs`: one deadline, shared by the legs
//! * `rest.rs`: a probe that runs on without its request
//! * `last.rs`: no one was called, and no one admits
//! * `fail.rs`: which error the client gets when all failed
//!
//! **Invariants** (property tests hold them by their numbers in `chain.md`): one terminal verdict
//! (1); attempts within limits (2); no call through a shut gate (3); every permit resolved once (5);
//! no retry before its time, no call after the deadline or after the client left (7); legs in order,
//! each once (9); a caller's mistake on the first leg costs one attempt (10).

mod able;
mod around;
mod calls;
mod continuation;
mod fail;
mod last;
mod leg;
mod relax;
mod rest;
mod seek;
mod send;
mod share;
mod silent;
mod step;

pub use fail::{Failure, FailureCause};
pub use rest::Rest;
pub use step::{Ask, Call, CallId, LegIndex, Request, Signal, Step, Verdict};

use std::collections::VecDeque;
use std::sync::Arc;

use leg::{Called, Leg, Lost, Retry};

use crate::event::{CallEnd, Event};
use crate::fault::{Fault, Outcome, Phase};
use crate::gates::{Abandoned, Gates, InflowPlace, News, Permit, Place, Refusal, Tail};
use crate::rng::Rng;
use crate::route::{DeploymentId, Lack, Topology, Walk, WalkRules};
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
    skipped: Vec<(LegIndex, DeploymentId, Refusal)>,
    /// Deployments that a leg passed over because of their last fault in this request.
    passed_over: Vec<(LegIndex, DeploymentId)>,
    /// Deployments that cannot do what is asked.
    unable: Vec<(LegIndex, DeploymentId, Lack)>,
    /// Deployments for which too little time was left.
    out_of_time: Vec<(LegIndex, DeploymentId)>,
    /// `max_attempts`, where it is set.
    max_attempts: Option<u32>,
    attempts: u32,
    next_call: u32,
    committed: Option<CallId>,
    /// The committed stream that broke, and that others were asked to carry on.
    broken: Option<CallId>,
    /// The one call is the last resort: no other follows.
    forced: bool,
    /// Its place in a quota's line, while it waits there.
    place: Option<Place>,
    /// It has waited in a quota's line as its last resort.
    lined_up: bool,
    /// The walk and leg that a request was in before it stood in a later leg's line.
    before_line: Option<Box<(Walk, Leg)>>,
    rests: VecDeque<Rest>,
    steps: VecDeque<Step>,
    events: VecDeque<Event>,
    news: News,
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
    /// Its total limit.
    total: Duration,
    /// That limit is the request's own, its `timeout` or what is left of its deadline: it says nothing
    /// about the deployment.
    total_is_own: bool,
    hold: Hold,
    /// It was redone once already, free, after a pooled connection turned out to be closed.
    redone: bool,
    /// When others are asked, because nothing comes: beside it, or once overdue in its place.
    ask_others_at: Option<Instant>,
    /// Its first-token limit has fired, and the breaker has heard of it.
    overdue: bool,
    /// A silent probe whose request has moved on.
    relieved: bool,
    /// Others were asked in vain when its leg's share was over: it is let be until then.
    not_cut_before: Instant,
    /// Its place among the calls that came to its leg by fallback.
    _inflow: Option<InflowPlace>,
}

impl Active {
    /// The call as one that was lost to `fault`; whether the breaker heard of it is yet to be said.
    fn lost(&self, now: Instant, fault: Fault) -> Lost {
        let (call, leg, deployment) = (self.id, self.leg, self.deployment);
        let took = (now - self.started).min(self.total);
        Lost { call, leg, deployment, fault, at: now, took, counted: false }
    }
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

impl Chain {
    /// A request at its start.
    #[must_use]
    pub fn new(topology: Arc<Topology>, mut request: Request, rng: &mut Rng) -> Self {
        if request.legs.is_empty() {
            request.legs = Arc::clone(&topology.group(request.group).legs);
        }
        let max_nested = request.max_fallbacks.unwrap_or(topology.rules().max_fallbacks);
        let rules = WalkRules {
            legs: Arc::clone(&request.legs),
            own: request.fallbacks.clone(),
            own_context: request.context_window_fallbacks.clone(),
            own_policy: request.content_policy_fallbacks.clone(),
            on: request.fallback_on.unwrap_or(topology.group(request.group).fallback_on),
            deny: request.deny_fallback,
            max_nested: max_nested as usize,
        };
        let walk = Walk::new(request.first_leg(), rules);
        let leg = Leg::new(&topology, &request, LegIndex::FIRST, request.first_leg(), rng);
        let group = topology.group(request.group);
        let max_attempts = group.max_attempts.or(topology.rules().max_attempts);
        Self {
            max_attempts: max_attempts.map(|set| set.max(1)),
            topology,
            request,
            walk,
            leg,
            plan: Plan::Start,
            calls: Vec::with_capacity(1),
            called: Vec::new(),
            lost: Vec::new(),
            skipped: Vec::new(),
            passed_over: Vec::new(),
            unable: Vec::new(),
            out_of_time: Vec::new(),
            attempts: 0,
            next_call: 0,
            committed: None,
            broken: None,
            forced: false,
            place: None,
            lined_up: false,
            before_line: None,
            rests: VecDeque::new(),
            steps: VecDeque::new(),
            events: VecDeque::new(),
            news: News::default(),
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
            Signal::Connected => self.connected(&ctx, place),
            Signal::Content => self.content(&mut ctx, place),
            Signal::MoreThanText => self.request.continues = false,
            Signal::Spent(spent) => {
                if let Hold::Permit(permit) = &self.calls[place].hold {
                    permit.spent(now, spent, ctx.rng);
                }
            }
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
        // What was to be started is not; what was to be stopped still is.
        let unsent = self.drop_unsent();
        for rest in self.rests.drain(..) {
            self.steps.push_back(Step::Cancel(rest.call()));
        }
        for active in std::mem::take(&mut self.calls) {
            if !unsent.contains(&active.id) {
                self.steps.push_back(Step::Cancel(active.id));
            }
            if let Hold::Permit(permit) = active.hold {
                permit.abandoned(now, Abandoned::ByClient, rng, &mut self.news);
            }
            self.note_news(active.deployment);
            self.note_end(active.id, CallEnd::Cancelled, now - active.started);
        }
        self.conclude(Verdict::Cancelled);
    }

    /// A half-open probe that this request needs no more: the driver lets it run on by itself. To be
    /// asked for after [`Step::Commit`] and [`Step::Done`]; a chain that is dropped stops them.
    pub fn poll_rest(&mut self) -> Option<Rest> {
        self.rests.pop_front()
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
            Plan::Start => {
                self.leg.began = ctx.now;
                if !self.shed(ctx) {
                    self.note_unable(LegIndex::FIRST, self.leg.group);
                    self.seek(ctx, None);
                }
            }
            Plan::Retry(retry) if ctx.now >= retry.at => self.retry_now(ctx, retry),
            Plan::Running => {
                let due = |at: Option<Instant>| at.is_some_and(|at| ctx.now >= at);
                if let Some(place) = self.calls.iter().position(|it| due(it.ask_others_at)) {
                    self.ask_others(ctx, place);
                } else if let Some(place) = self.calls.iter().position(|it| due(self.cut_at(it))) {
                    self.cut(ctx, place);
                }
            }
            Plan::Retry(_) | Plan::Over => {}
        }
    }

    fn next_timer(&self) -> Option<Instant> {
        let own = match self.plan {
            Plan::Retry(retry) => Some(retry.at),
            Plan::Running => {
                let asked = self.calls.iter().filter_map(|active| active.ask_others_at);
                asked.chain(self.calls.iter().filter_map(|active| self.cut_at(active))).min()
            }
            Plan::Start | Plan::Over => None,
        };
        let over = matches!(self.plan, Plan::Over) || self.committed.is_some();
        let deadline = (!over).then_some(self.request.deadline);
        own.into_iter().chain(deadline).min()
    }

    // === bookkeeping ===

    /// Takes back all steps that have not been polled, but for cancels; says which calls these were
    /// to start.
    fn drop_unsent(&mut self) -> Vec<CallId> {
        let mut unsent = Vec::new();
        self.steps.retain(|step| match step {
            Step::Cancel(_) => true,
            Step::Start(call) => {
                unsent.push(call.id);
                false
            }
            Step::Commit(_) | Step::Wait(_) | Step::Done(_) => false,
        });
        unsent
    }

    fn remember(&mut self, lost: Lost) {
        self.lost.push(lost);
        match self.called.iter_mut().find(|called| called.deployment == lost.deployment) {
            Some(called) => called.add(lost),
            None => self.called.push(Called::new(lost)),
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
        self.events.extend(std::mem::take(&mut self.news).into_events(deployment));
    }

    fn conclude(&mut self, verdict: Verdict) {
        self.plan = Plan::Over;
        self.place = None;
        self.steps.push_back(Step::Done(verdict));
    }
}
