//! The one loop that executes a chain: no other place retries, sleeps or falls back.
//!
//! It does what [`Chain::poll`] says and reports what happens. Dropping an exchange is the client
//! going away: every call stops with it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use sanso_core::{
    Ask, Call, CallId, Chain, Event, Fault, FaultKind, GroupId, Instant, Outcome, Phase, Rng,
    Signal, SoftReason, Step, Verdict,
};
use sanso_wire::Failure;
use sanso_wire::ir::Answer;
use tokio::time::{Sleep, sleep_until};

use crate::ask::Asked;
use crate::asking::{Asking, SoFar};
use crate::call::{self, Facts, Report, Told, Whole};
use crate::checks;
use crate::config::Degrade;
use crate::cost;
use crate::degrade::{self, Stored};
use crate::error::Error;
use crate::fail;
use crate::flow::Flow;
use crate::gateway::Shared;
use crate::hold;
use crate::observe::record::{Failed, Record};
use crate::observe::trail::{Trail, TrailAttempt};
use crate::preflight;
use crate::relay::Relay;
use crate::rest;
use crate::served::{Degradation, Served};
use crate::snapshot::Snapshot;
use crate::target::Target;
use crate::tasks;
use crate::upstream::{Pool, Witness};

/// What a request came to.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A complete answer: OpenAI's JSON, or all of a stream's events.
    Whole { body: Bytes, served: Box<Served> },
    /// A stream that has brought content.
    Stream(Box<Relay>),
}

/// One request being served.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) shared: Arc<Shared>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) request_id: String,
    pub(crate) started: Instant,
    /// When its body was whole: from then on its time is ours, or a provider's.
    pub(crate) begun: Instant,
    /// How it failed, as its caller is told.
    pub(crate) failed: Option<Failed>,
    chain: Chain,
    rng: Rng,
    running: Vec<Running>,
    flow: Option<Opened>,
    /// What a stream had said when it broke, for who carries it on.
    pub(crate) so_far: Option<Arc<SoFar>>,
    answers: Vec<(CallId, Whole)>,
    failures: Vec<(CallId, Failure)>,
    trail: Trail,
    over: bool,
}

/// A call in flight, up to its answer or its first content.
pub(crate) struct Running {
    id: CallId,
    pub(crate) future: Pin<Box<dyn Future<Output = Told> + Send>>,
    /// The limits that have not fired.
    limits: Vec<(Instant, Phase)>,
    gap: Option<Duration>,
    /// Of a call that finds out about its host, until it has.
    witness: Option<Witness>,
}

/// A stream at its first content, before it is committed.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) call: CallId,
    pub(crate) flow: Box<Flow>,
    pub(crate) gap: Duration,
}

/// What became of a stream that broke.
#[derive(Debug)]
pub(crate) enum Carried {
    /// Another goes on.
    On(Opened),
    /// Another had nothing to add.
    Whole(CallId, Whole),
    /// Nobody goes on.
    Broken,
}

impl Exchange {
    /// `explores`: the first leg of the request is there to be measured, see [`tasks::Ordered`].
    pub(crate) fn new(
        shared: Arc<Shared>,
        snapshot: Arc<Snapshot>,
        asked: Arc<Asked>,
        (request, explores): (sanso_core::Request, bool),
        request_id: String,
        (started, begun): (Instant, Instant),
    ) -> Self {
        let mut rng = shared.clock.rng();
        let chain = Chain::new(Arc::clone(&snapshot.topology), request, &mut rng);
        Self {
            shared,
            snapshot,
            asked,
            request_id,
            started,
            begun,
            failed: None,
            chain,
            rng,
            running: Vec::with_capacity(1),
            flow: None,
            so_far: None,
            answers: Vec::new(),
            failures: Vec::new(),
            trail: Trail::new(explores),
            over: false,
        }
    }

    /// Serves the request up to its answer, its first content, or its failure.
    pub(crate) async fn run(mut self) -> Result<Reply, Error> {
        let mut timer = pin!(sleep_until(self.shared.clock.to_tokio(self.started)));
        loop {
            match self.poll_chain() {
                Step::Start(call) => self.start(&call),
                Step::Cancel(id) => self.running.retain(|running| running.id != id),
                Step::Commit(id) => {
                    self.let_rests_run_on();
                    if let Some(opened) = self.flow.take_if(|opened| opened.call == id) {
                        return Ok(Reply::Stream(Box::new(Relay::new(self, opened))));
                    }
                }
                Step::Wait(until) => poll_fn(|cx| self.poll_wait(cx, until, timer.as_mut())).await,
                Step::Done(verdict) => {
                    self.let_rests_run_on();
                    return self.conclude(verdict);
                }
            }
        }
    }

    /// After a committed stream has broken, and the chain has been told: someone goes on with it, or
    /// no one does.
    pub(crate) fn poll_carried(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Carried> {
        loop {
            match self.poll_chain() {
                Step::Start(call) => self.start(&call),
                Step::Cancel(id) => self.running.retain(|running| running.id != id),
                Step::Commit(id) => {
                    if let Some(opened) = self.flow.take_if(|opened| opened.call == id) {
                        return Poll::Ready(Carried::On(opened));
                    }
                }
                Step::Wait(until) => ready!(self.poll_wait(cx, until, timer.as_mut())),
                Step::Done(Verdict::Answered { call, .. }) => {
                    let whole = self.take_answer(call);
                    let carried = whole.map(|whole| Carried::Whole(call, whole));
                    return Poll::Ready(carried.unwrap_or(Carried::Broken));
                }
                Step::Done(_) => return Poll::Ready(Carried::Broken),
            }
        }
    }

    /// How long a stream may bring nothing before its headers go out.
    pub(crate) fn commit_by(&self) -> Duration {
        self.snapshot.config.groups[self.group().index()].policy.streams.commit_by
    }

    pub(crate) fn poll_chain(&mut self) -> Step {
        let now = self.shared.clock.now();
        let step = self.chain.poll(now, &self.snapshot.gates, &mut self.rng);
        self.note_events();
        step
    }

    pub(crate) fn signal(&mut self, call: CallId, signal: Signal) {
        let now = self.shared.clock.now();
        self.chain.handle_signal(now, call, signal, &self.snapshot.gates, &mut self.rng);
        self.note_events();
    }

    /// A probe that this request needs no more goes on without it.
    fn let_rests_run_on(&mut self) {
        while let Some(rest) = self.chain.poll_rest() {
            let Some(place) = self.running.iter().position(|it| it.id == rest.call()) else {
                continue;
            };
            let call = self.running.swap_remove(place);
            rest::run_on(rest, call, Arc::clone(&self.shared), Arc::clone(&self.snapshot));
        }
    }

    fn start(&mut self, call: &Call) {
        let now = self.shared.clock.now();
        let redo = self.trail.start(call, now);
        let limits = &call.limits;
        // Of limits that are due together the first-token one fires first: it says more.
        let first_token = limits.first_token.map(|limit| (now + limit, Phase::FirstToken));
        let armed = first_token.into_iter().chain([(now + limits.total, Phase::Total)]).collect();
        let shared = Arc::clone(&self.shared);
        let matched = self.asked.matches.of(call.group);
        let target = Target::for_model(self.snapshot.target(call.deployment), matched);
        let asked = Arc::clone(&self.asked);
        let asking = self.asking(call);
        let witness = call.tries_host.then(Witness::default);
        let seen_by = witness.clone();
        let future = Box::pin(async move {
            let pool = if redo { Pool::Bypassed } else { Pool::Used };
            let way = (pool, seen_by.as_ref());
            match target {
                Ok(target) => call::run(&shared.upstream, way, &target, &asked, &asking).await,
                Err(failure) => Report::Failed(failure).into(),
            }
        });
        let (id, gap) = (call.id, limits.gap);
        self.running.push(Running { id, future, limits: armed, gap, witness });
    }

    /// What a call asks.
    fn asking(&self, call: &Call) -> Asking {
        match (call.ask, &self.so_far) {
            (Ask::Relaxed { max_tokens }, _) => Asking::Relaxed(max_tokens),
            (Ask::Continue { .. }, Some(so_far)) => Asking::Continue(Arc::clone(so_far)),
            (_, _) => Asking::AsSent,
        }
    }

    /// Waits for a call's report, a limit, or the chain's own timer.
    fn poll_wait(
        &mut self,
        cx: &mut Context<'_>,
        until: Option<Instant>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<()> {
        if let Poll::Ready((running, told)) = poll_reports(&mut self.running, cx) {
            for spent in told.spent {
                self.signal(running.id, Signal::Spent(spent));
            }
            self.handle(&running, told.report);
            return Poll::Ready(());
        }
        for place in 0..self.running.len() {
            let running = &mut self.running[place];
            if running.witness.take_if(|witness| witness.has_seen_it()).is_some() {
                let id = running.id;
                self.signal(id, Signal::Connected);
            }
        }
        let limits = self.running.iter().flat_map(|running| &running.limits).map(|(at, _)| *at);
        let Some(wake) = until.into_iter().chain(limits).min() else { return Poll::Pending };
        let at = self.shared.clock.to_tokio(wake);
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        ready!(timer.poll(cx));
        self.fire_limits();
        Poll::Ready(())
    }

    fn handle(&mut self, running: &Running, report: Report) {
        let call = running.id;
        let signal = match report {
            Report::Failed(failure) => {
                let fault = failure.fault;
                self.failures.push((call, failure));
                Signal::End(Outcome::Fault(fault))
            }
            Report::Whole(whole) => {
                self.answers.push((call, whole));
                Signal::End(Outcome::Finished)
            }
            Report::Soft(whole, reason) => {
                self.answers.push((call, whole));
                Signal::End(Outcome::Fault(Fault::new(FaultKind::Soft(reason))))
            }
            Report::Flowing(flow) => {
                // A streamed call always has a gap limit; without one it may take all the time.
                let gap = running.gap.unwrap_or(Duration::MAX);
                if self.asked.held {
                    return self.hold(running, flow, gap);
                }
                self.flow = Some(Opened { call, flow, gap });
                Signal::Content
            }
        };
        self.signal(call, signal);
    }

    /// The first content of an answer that is to be whole before it goes out.
    fn hold(&mut self, running: &Running, flow: Box<Flow>, gap: Duration) {
        let id = running.id;
        self.signal(id, Signal::Content);
        let future = Box::pin(hold::until_whole(flow, gap, Arc::clone(&self.asked)));
        // The client asked for a plain answer: its limit bounds the whole of it.
        let is_plain = self.asked.streamed.is_some();
        let total = running.limits.iter().filter(|limit| is_plain && limit.1 == Phase::Total);
        let limits = total.copied().collect();
        self.running.push(Running { id, future, limits, gap: None, witness: None });
    }

    fn fire_limits(&mut self) {
        let now = self.shared.clock.now();
        let mut fired = Vec::new();
        for running in &mut self.running {
            let due = |(at, _): &(Instant, Phase)| *at <= now;
            fired.extend(running.limits.iter().filter(|l| due(l)).map(|l| (running.id, l.1)));
            running.limits.retain(|limit| !due(limit));
        }
        for (call, phase) in fired {
            self.signal(call, Signal::Limit(phase));
        }
    }

    fn take_answer(&mut self, call: CallId) -> Option<Whole> {
        let place = self.answers.iter().position(|(id, _)| *id == call)?;
        Some(self.answers.swap_remove(place).1)
    }

    /// The end of a request that never got to a stream.
    fn conclude(mut self, verdict: Verdict) -> Result<Reply, Error> {
        match verdict {
            Verdict::Answered { call, soft } => {
                let Some(whole) = self.take_answer(call) else {
                    return Err(fail::internal("the answer of a finished call was not kept"));
                };
                if let Some(reason) = soft {
                    self.note_soft(reason);
                }
                self.note_unchecked();
                let mut served = Box::new(self.served(Some(call)));
                served.cost_usd = self.cost_usd(&served, &whole.facts);
                if self.may_keep(&whole.facts) {
                    self.keep(&served, whole.body.clone());
                }
                self.record(&served, Some(whole.facts));
                Ok(Reply::Whole { body: whole.body, served })
            }
            Verdict::Failed(failure) => {
                let now = self.shared.clock.now();
                if let Some(reply) = self.stand_in(&failure, now) {
                    return Ok(reply);
                }
                let mut served = self.served(None);
                if fail::is_the_callers(&failure) {
                    served.degradation = Degradation::Rejected;
                }
                self.failed = Some(Failed::from(&failure));
                self.record(&served, None);
                Err(fail::error(&failure, &self.failures, &self.trail, served, &self.snapshot, now))
            }
            Verdict::Broken(_) | Verdict::Cancelled => {
                Err(fail::internal("a request without a stream cannot break or be cancelled"))
            }
        }
    }

    fn degrade(&self) -> &Degrade {
        &self.snapshot.config.groups[self.group().index()].policy.degrade
    }

    /// An answer that no one gave, where the operator wants one.
    fn stand_in(&mut self, failure: &sanso_core::Failure, now: Instant) -> Option<Reply> {
        let (store, request) = (&self.shared.store, self.chain.request());
        let group = self.snapshot.group_name(self.group());
        let asked = (&*self.asked, &*group);
        let found = degrade::find(self.degrade(), store, asked, request, failure, now)?;
        self.warn(found.warning);
        let mut served = Box::new(self.served(None));
        served.degradation = Degradation::Degraded;
        served.served_by = Some(found.by.into());
        self.record(&served, Some(found.facts));
        Some(Reply::Whole { body: found.body, served })
    }

    /// Whether an answer, with which nothing is wrong, may be served once more.
    pub(crate) fn may_keep(&self, facts: &Facts) -> bool {
        self.trail.soft.is_none() && degrade::keeps(self.degrade(), &self.asked, facts)
    }

    /// Whether an answer may come to be kept, whatever it will say.
    pub(crate) fn may_store(&self) -> bool {
        self.degrade().stale_for.is_some() && degrade::is_eligible(&self.asked)
    }

    /// Keeps an answer for when no one gives one.
    pub(crate) fn keep(&self, served: &Served, body: Bytes) {
        let Some(stale_for) = self.degrade().stale_for else { return };
        let Some(by) = served.served_by.clone() else { return };
        let at = self.shared.clock.now();
        let group = self.snapshot.group_name(self.group());
        let asked = (&*self.asked, &*group);
        degrade::keep(&self.shared.store, asked, Stored { body, at, by }, at + stale_for);
    }

    /// Who served, or was to serve.
    pub(crate) fn served(&self, by: Option<CallId>) -> Served {
        let attempt = self.trail.attempts.iter().find(|attempt| Some(attempt.call) == by);
        let target = attempt.map(|attempt| self.snapshot.target(attempt.deployment));
        let fallback = attempt.is_some_and(|attempt| attempt.leg > self.trail.standing());
        Served {
            request_id: self.request_id.clone(),
            served_by: attempt.map(|attempt| self.label(attempt)),
            deployment_id: target.map(|target| Arc::clone(&target.id)),
            model_group: self.snapshot.group_name(self.group()),
            answering_group: attempt.map(|attempt| self.snapshot.group_name(attempt.group)),
            attempts: self.trail.attempts(|attempt| self.label(attempt)),
            fallback,
            degradation: match (attempt, fallback) {
                (None, _) => Degradation::Unavailable,
                (Some(_), true) => Degradation::Partial,
                (Some(_), false) => Degradation::Full,
            },
            warnings: self.warnings(attempt),
            cost_usd: None,
        }
    }

    /// What there is to say of an answer. That it is shorter than what was asked for is true of the
    /// call that gave it, not of those before it.
    fn warnings(&self, answering: Option<&TrailAttempt>) -> Vec<String> {
        let relaxed = answering.and_then(|attempt| {
            let (max_tokens, label) = (attempt.relaxed?, self.label(attempt));
            let fits = format!("`max_tokens` was lowered to {max_tokens}, which is what fits");
            Some(format!("{fits} the window of `{label}`"))
        });
        self.trail.warnings.iter().cloned().chain(relaxed).collect()
    }

    /// The client went away; `by` had begun to answer. Nothing happens after the end.
    pub(crate) fn leave(&mut self, by: Option<CallId>, facts: Option<Facts>) {
        if self.over {
            return;
        }
        let now = self.shared.clock.now();
        self.chain.handle_client_gone(now, &mut self.rng);
        self.note_events();
        let mut served = self.served(by);
        if by.is_none() {
            // Nobody failed to serve it: it must not look like an outage.
            served.degradation = Degradation::Cancelled;
        }
        self.record(&served, facts);
    }

    /// Writes the request's record, once.
    pub(crate) fn record(&mut self, served: &Served, facts: Option<Facts>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let facts = facts.unwrap_or_default();
        let record = Record::new(self, served, facts);
        let task = self.snapshot.task_index(self.group());
        let class = self.chain.request().class;
        let by = self.answering(served);
        tasks::learn(&self.snapshot, task, class, &self.trail, by, &facts);
        self.shared.observer.finished(&record);
    }

    /// Looks at a stream that the client has had: its faults are recorded, and no more.
    pub(crate) fn look_back(&mut self, answer: &Answer) {
        let asked = Arc::clone(&self.asked);
        let checks = asked.checks.as_ref();
        if let Some(reason) = checks.and_then(|checks| checks.look(answer, &asked.envelope)) {
            self.note_soft(reason);
        }
        self.note_unchecked();
    }

    fn note_soft(&mut self, reason: SoftReason) {
        self.trail.soft = Some(reason);
        self.warn(checks::warning(reason).to_owned());
    }

    fn note_unchecked(&mut self) {
        let why = self.asked.checks.as_ref().and_then(|checks| checks.unchecked());
        if let Some(why) = why.map(str::to_owned) {
            self.warn(why);
        }
    }

    /// The call that answered.
    pub(crate) fn answering(&self, served: &Served) -> Option<&TrailAttempt> {
        let served_id = served.deployment_id.as_ref()?;
        let is_it =
            |attempt: &&TrailAttempt| self.snapshot.target(attempt.deployment).id == *served_id;
        self.trail.attempts.iter().rev().find(is_it)
    }

    /// USD for an answer, where that is known.
    pub(crate) fn cost_usd(&self, served: &Served, facts: &Facts) -> Option<f64> {
        let by = self.answering(served)?;
        cost::of(&self.snapshot, by, &self.asked.matches, facts.usage)
    }

    /// What a provider said of a call that failed.
    pub(crate) fn failure(&self, call: CallId) -> Option<&Failure> {
        self.failures.iter().find(|(id, _)| *id == call).map(|(_, failure)| failure)
    }

    pub(crate) fn trail(&self) -> &Trail {
        &self.trail
    }

    pub(crate) fn warn(&mut self, warning: String) {
        self.trail.warnings.push(warning);
    }

    /// Who was asked for: a group, or the one that stands for a task.
    pub(crate) fn group(&self) -> GroupId {
        self.chain.request().group
    }

    /// The group of the leg that the request is meant for.
    pub(crate) fn first_leg(&self) -> GroupId {
        let request = self.chain.request();
        let standing = request.legs.get(self.trail.standing().0 as usize).copied();
        standing.unwrap_or_else(|| request.first_leg())
    }

    fn label(&self, attempt: &TrailAttempt) -> Arc<str> {
        self.snapshot.label_of(attempt, &self.asked.matches)
    }

    fn note_events(&mut self) {
        let now = self.shared.clock.now();
        while let Some(event) = self.chain.poll_event() {
            if let Event::Unable { deployment, lack, called, .. } = &event {
                let label = self.snapshot.label(*deployment);
                self.warn(preflight::warning(&label, lack, *called));
            }
            self.trail.note(&event);
            let last = self.trail.faults().last();
            self.shared.observer.note(&event, last, &self.snapshot, now);
            if let Some(deployment) = self.trail.limited(&event) {
                self.shared.observer.quota(deployment, &self.snapshot, now);
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.leave(None, None);
    }
}

fn poll_reports(running: &mut Vec<Running>, cx: &mut Context<'_>) -> Poll<(Running, Told)> {
    for place in 0..running.len() {
        if let Poll::Ready(report) = running[place].future.as_mut().poll(cx) {
            return Poll::Ready((running.swap_remove(place), report));
        }
    }
    Poll::Pending
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("id", &self.id).finish_non_exhaustive()
    }
}
