//! How a call begins: its permit, its limits, its place in the request.

use super::leg::Leg;
use super::step::{Ask, Call, Step};
use super::{Active, Chain, Ctx, Hold, Plan};
use crate::event::{Event, Why};
use crate::fault::FaultKind;
use crate::gates::{Entry, InflowPlace, Permit, QuotaSlot, Refusal};
use crate::route::{DeploymentId, Limits, Walk};
use crate::time::{Duration, Instant};

/// A deployment that admitted, with its permit taken.
pub(super) struct Found {
    pub(super) deployment: DeploymentId,
    pub(super) permit: Permit,
    pub(super) why: Why,
    /// Where it lies in a later leg: that leg, and the walk up to it.
    pub(super) moved: Option<(Walk, Leg)>,
    /// Its place in that leg.
    pub(super) inflow: Option<InflowPlace>,
}

impl Chain {
    /// Asks the gates of a deployment.
    pub(super) fn acquire(
        &mut self,
        ctx: &mut Ctx<'_>,
        deployment: DeploymentId,
        slot: Option<QuotaSlot>,
    ) -> Result<Permit, Refusal> {
        let entry = self.entry(deployment, slot);
        let result = ctx.gates.acquire(deployment, &entry, ctx.now, ctx.rng, &mut self.news);
        self.note_news(deployment);
        result
    }

    /// Asks for a forced call.
    pub(super) fn acquire_forced(
        &mut self,
        ctx: &Ctx<'_>,
        deployment: DeploymentId,
    ) -> Option<Permit> {
        let entry = self.entry(deployment, None);
        ctx.gates.acquire_forced(deployment, &entry, ctx.now)
    }

    fn entry(&self, deployment: DeploymentId, slot: Option<QuotaSlot>) -> Entry {
        let request = &self.request;
        let limits = &self.topology.deployment(deployment).limits;
        let class = limits.class_of(request.class);
        Entry {
            class,
            prompt_tokens: request.prompt_tokens,
            first_token: limits.first_token_of(class, request.prompt_tokens),
            again: self.called(deployment).is_some_and(|called| called.counted),
            slot,
            retry_after: self.called(deployment).map(|called| called.last.fault.kind),
        }
    }

    /// The request moves on to a later leg.
    pub(super) fn move_to(
        &mut self,
        now: Instant,
        walk: Walk,
        leg: Leg,
        reason: Option<FaultKind>,
    ) {
        let (from, to) = (self.leg.group, leg.group);
        self.events.push_back(Event::FellBack { from, to, reason });
        self.walk = walk;
        self.leg = leg;
        self.leg.began = now;
    }

    /// The first call of someone else is a move, which the one that is left pays for.
    fn note_move(&self, ctx: &Ctx<'_>, to: DeploymentId) {
        if self.called(to).is_some() {
            return;
        }
        let silent = self.calls.iter().find(|active| active.relieved).map(|it| it.deployment);
        if let Some(left) = silent.or(self.lost.last().map(|lost| lost.deployment)) {
            ctx.gates.moved_from(left);
        }
    }

    /// The request is answered by `by`: its retries get back what they cost, and the success of a
    /// first try earns a little.
    pub(super) fn settle_budgets(&mut self, ctx: &Ctx<'_>, by: DeploymentId) {
        for called in self.called.iter_mut().filter(|called| called.paid > 0) {
            ctx.gates.refund(called.deployment, std::mem::take(&mut called.paid));
        }
        if self.attempts == 1 && !self.request.is_retry {
            ctx.gates.first_try(by);
        }
    }

    /// Calls whom was found. `reason` is the fault that led there.
    pub(super) fn take(&mut self, ctx: &Ctx<'_>, found: Found, reason: Option<FaultKind>) {
        let Found { deployment, permit, why, moved, inflow } = found;
        self.note_move(ctx, deployment);
        if let Some((walk, leg)) = moved {
            self.move_to(ctx.now, walk, leg, reason);
        }
        if let Some(called) = self.called.iter_mut().find(|it| it.deployment == deployment) {
            called.call_again();
        }
        self.note_called_unable(deployment);
        self.attempts += 1;
        // What `num_retries` allows is left for faults.
        self.leg.attempts += u32::from(why != Why::Relaxed);
        let silence = permit.silence().filter(|_| self.broken.is_none());
        let id = self.number_call();
        self.calls.push(Active {
            id,
            leg: self.leg.index,
            deployment,
            started: ctx.now,
            total: Duration::MAX,
            total_is_own: false,
            hold: Hold::Permit(permit),
            redone: false,
            ask_others_at: silence.map(|silence| ctx.now + silence),
            overdue: false,
            relieved: false,
            not_cut_before: ctx.now,
            _inflow: inflow,
        });
        self.plan = Plan::Running;
        self.send(ctx.now, self.calls.len() - 1, why);
    }

    /// What a call of a deployment asks.
    fn ask(&self, deployment: DeploymentId) -> Ask {
        if let Some(after) = self.broken {
            return Ask::Continue { after };
        }
        let relaxed = self.called(deployment).and_then(|called| called.relaxed);
        relaxed.map_or(Ask::AsSent, |max_tokens| Ask::Relaxed { max_tokens })
    }

    /// Sends the call at `place`.
    pub(super) fn send(&mut self, at: Instant, place: usize, why: Why) {
        let Active { deployment, hold: Hold::Permit(permit), .. } = &self.calls[place] else {
            return;
        };
        let (deployment, probe, tries_host) = (*deployment, permit.is_probe(), permit.tries_host());
        let (limits, total_is_own) = self.limits(at, deployment, permit.lease(), probe);
        let active = &mut self.calls[place];
        active.total = limits.total;
        active.total_is_own = total_is_own;
        let (id, leg) = (active.id, active.leg);
        let ask = self.ask(deployment);
        let group = self.leg.group;
        let call = Call { id, leg, group, deployment, ask, limits, tries_host };
        self.steps.push_back(Step::Start(call));
        self.events.push_back(Event::CallStarted { call: id, leg, deployment, why, probe, at });
    }

    /// On trial, a call is to be decided within the breaker's lease; a probe that no one relieves
    /// then runs on for a minute in all, where its own limits are longer. Says as well whether the
    /// total limit is the request's own.
    fn limits(
        &self,
        at: Instant,
        deployment: DeploymentId,
        lease: Option<Duration>,
        probe: bool,
    ) -> (Limits, bool) {
        const PROBE_AT_MOST: Duration = Duration::from_secs(60);
        let request = &self.request;
        let configured = &self.topology.deployment(deployment).limits;
        let mut own = configured.of_call(request.class, request.prompt_tokens, request.timeout);
        let mut total_is_own = request.timeout.is_some();
        let left = request.deadline - at;
        if self.broken.is_some() && left <= own.total {
            // After the commit no timer of the request's own runs any more.
            own.total = left;
            total_is_own = true;
        }
        let Some(lease) = lease else { return (own, total_is_own) };
        let first_token = Some(own.first_token.map_or(lease, |limit| limit.min(lease)));
        let on_trial = match (probe, self.forced) {
            (true, _) => lease.max(PROBE_AT_MOST),
            // With nowhere to go, a forced call has its lease and no more.
            (false, true) => lease,
            (false, false) => Duration::MAX,
        };
        let limits = Limits { first_token, total: own.total.min(on_trial), ..own };
        (limits, total_is_own && own.total <= on_trial)
    }
}
