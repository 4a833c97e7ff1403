//! Permits and tails: what a call holds of its deployment until its verdict, and after it.

use std::sync::Arc;

use super::cell::{Cell, Inner};
use super::latch::{Pass, Word};
use super::quota::QuotaEpoch;
use super::shared::Passage;
use super::{Entry, Gate, LatchChange, News, three_times};
use crate::breaker::{Counted, CountedFault, Grant};
use crate::fault::{Fault, FaultKind, Phase, Spent};
use crate::rng::Rng;
use crate::rule::{GateRule, Weight};
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// One call's leave to go to a deployment. It gets its verdict exactly once: [`answered`],
/// [`failed`], or neither, by being dropped, which is neutral and frees its place.
///
/// [`answered`]: Permit::answered
/// [`failed`]: Permit::failed
#[derive(Debug)]
#[must_use = "dropping a permit gives its place back without a verdict"]
pub struct Permit {
    hold: Hold,
    passages: Passages,
    granted_at: Instant,
    class: Class,
    usual: Option<Duration>,
    lease: Option<Duration>,
    /// A limit has counted as a fault: the verdict is given, though the call runs on.
    late: bool,
    settled: bool,
}

/// What follows a verdict: the call is still in flight until its answer ends.
#[derive(Debug)]
#[must_use = "dropping a tail says that the client left"]
pub struct Tail {
    hold: Hold,
    counted: Option<Counted>,
    settled: bool,
}

/// The parts that a permit and its tail share.
#[derive(Clone, Debug)]
struct Hold {
    cell: Arc<Cell>,
    grant: Grant,
    quota: QuotaEpoch,
    /// This request has had a fault here before.
    again: bool,
    /// It was paid for as a retry.
    retry: bool,
}

/// What a call was granted by all its gates.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) grant: Grant,
    pub(super) quota: QuotaEpoch,
    pub(super) credential: Option<Passage>,
    pub(super) host: Option<Passage>,
    pub(super) model: Pass,
}

/// Its passes through the gates that a verdict opens or shuts as a latch.
#[derive(Debug)]
struct Passages {
    credential: Option<Passage>,
    host: Option<Passage>,
    model: Pass,
}

impl Permit {
    pub(super) fn new(
        cell: Arc<Cell>,
        granted: Granted,
        entry: &Entry,
        now: Instant,
        lease: Option<Duration>,
        usual: Option<Duration>,
    ) -> Self {
        let Granted { grant, quota, credential, host, model } = granted;
        Self {
            hold: Hold {
                cell,
                grant,
                quota,
                again: entry.again,
                retry: entry.retry_after.is_some(),
            },
            passages: Passages { credential, host, model },
            granted_at: now,
            class: entry.class,
            usual,
            lease,
            late: false,
            settled: false,
        }
    }

    /// Whether this is a half-open probe.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.hold.grant.is_probe()
    }

    /// How long the call may take until its verdict, where the breaker bounds that: a probe, or a
    /// call of a slow start.
    #[must_use]
    pub fn lease(&self) -> Option<Duration> {
        self.lease
    }

    /// How long a probe may be silent before its request moves on along the chain, and leaves it to
    /// run: `max(2 s, 1.5 x usual)`, at most 10 s; 2 s while the usual time is unknown.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        const AT_LEAST: Duration = Duration::from_secs(2);
        const AT_MOST: Duration = Duration::from_secs(10);
        let silence = || match self.usual {
            Some(usual) => usual.saturating_add(usual / 2).clamp(AT_LEAST, AT_MOST),
            None => AT_LEAST,
        };
        self.is_probe().then(silence)
    }

    /// Whether this is the last resort of a request.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.hold.grant.forced().is_some()
    }

    /// The deployment's usual time for this class of call, when the permit was granted.
    #[must_use]
    pub fn usual(&self) -> Option<Duration> {
        self.usual
    }

    /// Whether its host's gate is shut, and this call finds out if it may open.
    #[must_use]
    pub fn tries_host(&self) -> bool {
        self.passages.host.as_ref().is_some_and(Passage::tries)
    }

    /// A fresh connection stands: a host that is tried is there again, however long the answer takes.
    pub fn connected(&mut self, now: Instant, news: &mut News) {
        if let Some(host) = self.passages.host.as_mut().filter(|host| host.tries()) {
            host.tell(now, Word::Good, news);
        }
    }

    /// Content came, or a whole answer.
    pub fn answered(mut self, now: Instant, rng: &mut Rng, news: &mut News) -> Tail {
        let (mut inner, now) = self.hold.cell.step(now);
        let grant = &self.hold.grant;
        let first_token = self.class.stream.then(|| now - self.granted_at);
        let counted = if self.late {
            inner.breaker.late_success(now, grant, rng, &mut news.breaker)
        } else {
            inner.breaker.success(now, grant, first_token, rng, &mut news.breaker)
        };
        inner.breaker.tail_began(grant);
        inner.quota.answered(self.hold.quota);
        inner.usual.record(self.class, now - self.granted_at);
        inner.forced_ended(grant, None);
        inner.retries -= u32::from(self.hold.retry);
        news.latches.extend(inner.model.hear(now, self.passages.model, Word::Good));
        drop(inner);
        self.passages.tell(now, Word::Good, Word::Good, news);
        self.settled = true;
        Tail { hold: self.hold.clone(), counted, settled: false }
    }

    /// The call ended with a fault.
    pub fn failed(mut self, now: Instant, fault: &Fault, rng: &mut Rng, news: &mut News) {
        self.report(now, fault, rng, news);
        let certain = fault.certain;
        let credential = Word::of_credential(fault.kind, certain, fault.reset().is_some());
        let host = Word::of_host(fault.kind, fault.status.is_some());
        self.passages.tell(now, credential, host, news);
        self.settled = true;
        let (mut inner, now) = self.hold.cell.step(now);
        let host_shut =
            |change: &LatchChange| change.gate == Gate::Host && change.shut_by.is_some();
        if news.latches.iter().any(host_shut) {
            inner.breaker.warn_others(now);
        }
        inner.forced_ended(&self.hold.grant, Some(now));
        let model = Word::of_model(fault.kind, !self.hold.again);
        news.latches.extend(inner.model.hear(now, self.passages.model, model));
        inner.retries -= u32::from(self.hold.retry);
        inner.in_flight -= 1;
    }

    /// A limit fired, but the call runs on: the breaker hears of it all the same, once.
    pub fn overdue(&mut self, now: Instant, phase: Phase, rng: &mut Rng, news: &mut News) {
        self.report(now, &Fault::new(FaultKind::Timeout(phase)), rng, news);
        self.late = true;
    }

    /// The client left, or a limit that the caller set cut the call. It says nothing about the
    /// deployment, unless the call had been silent for long: impatient users in front of a black
    /// hole are evidence. Returns whether the breaker has heard of this call, now or before.
    pub fn abandoned(
        mut self,
        now: Instant,
        why: Abandoned,
        rng: &mut Rng,
        news: &mut News,
    ) -> bool {
        let grant = &self.hold.grant;
        let (mut inner, now) = self.hold.cell.step(now);
        let is_silent = now - self.granted_at > self.long_silence(why);
        if self.late {
            // The verdict was given when the limit fired.
        } else if is_silent {
            let fault = Fault::new(match why {
                Abandoned::ByClient => FaultKind::Cancelled,
                Abandoned::ByDeadline => FaultKind::Timeout(Phase::Total),
            });
            let counted = self.hold.counted(&fault, Weight::HALF);
            inner.breaker.fault(now, grant, counted, rng, &mut news.breaker);
        } else {
            inner.breaker.neutral(now, grant, rng, &mut news.breaker);
        }
        inner.model.hear(now, self.passages.model, Word::Nothing);
        inner.forced_ended(grant, Some(now));
        inner.retries -= u32::from(self.hold.retry);
        inner.in_flight -= 1;
        drop(inner);
        self.settled = true;
        self.late || is_silent
    }

    /// 3 x the usual time, at least 3 s; 60 s while that is unknown: what takes longer is out of the
    /// ordinary.
    #[must_use]
    pub fn out_of_ordinary(&self) -> Duration {
        self.usual.map_or(Duration::from_secs(60), three_times)
    }

    /// 3 x the usual time, at least 3 s; while that is unknown 10 s of a stream that a client
    /// leaves, 60 s of all else.
    fn long_silence(&self, why: Abandoned) -> Duration {
        let unknown = match why {
            Abandoned::ByClient if self.class.stream => Duration::from_secs(10),
            Abandoned::ByClient | Abandoned::ByDeadline => Duration::from_secs(60),
        };
        self.usual.map_or(unknown, three_times)
    }

    /// Tells each gate what the fault means for it.
    fn report(&self, now: Instant, fault: &Fault, rng: &mut Rng, news: &mut News) {
        let (mut inner, now) = self.hold.cell.step(now);
        let grant = &self.hold.grant;
        match fault.kind.rule().gate {
            GateRule::Breaker(_) | GateRule::BreakerAndHost if self.late => {}
            GateRule::Breaker(weight) => {
                inner.breaker.fault(
                    now,
                    grant,
                    self.hold.counted(fault, weight),
                    rng,
                    &mut news.breaker,
                );
            }
            GateRule::BreakerAndHost => {
                let counted = self.hold.counted(fault, Weight::FULL);
                inner.breaker.fault(now, grant, counted, rng, &mut news.breaker);
            }
            GateRule::Quota => {
                let granted = self.hold.quota;
                inner.quota.limited(now, fault, granted, rng);
                self.say_nothing(&mut inner, now, rng, news);
            }
            GateRule::Credential => {
                if let Some(reset) = fault.reset() {
                    let granted = self.hold.quota;
                    inner.quota.exhausted(now, fault.dimension, reset, granted, rng);
                }
                self.say_nothing(&mut inner, now, rng, news);
            }
            GateRule::Model | GateRule::None => self.say_nothing(&mut inner, now, rng, news),
        }
    }
}

impl Permit {
    /// The breaker learns nothing, unless it had its verdict when a limit fired.
    fn say_nothing(&self, inner: &mut Inner, now: Instant, rng: &mut Rng, news: &mut News) {
        if !self.late {
            inner.breaker.neutral(now, &self.hold.grant, rng, &mut news.breaker);
        }
    }
}

impl Passages {
    /// What the verdict says to the gates that others share. Their locks are taken one by one.
    fn tell(&mut self, now: Instant, credential: Word, host: Word, news: &mut News) {
        for (passage, word) in [(&mut self.credential, credential), (&mut self.host, host)] {
            if let Some(passage) = passage {
                passage.tell(now, word, news);
            }
        }
    }
}

/// Who ended a call that had no verdict yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// The client went away.
    ByClient,
    /// The request's deadline, or a limit that the caller set.
    ByDeadline,
}

impl Permit {
    /// By the answer's headers, nothing is left of a quota.
    pub fn spent(&self, now: Instant, spent: Spent, rng: &mut Rng) {
        self.hold.spent(now, spent, rng);
    }
}

impl Hold {
    fn spent(&self, now: Instant, spent: Spent, rng: &mut Rng) {
        let (mut inner, now) = self.cell.step(now);
        inner.quota.spent(now, spent, self.quota, rng);
    }

    fn counted(&self, fault: &Fault, weight: Weight) -> CountedFault {
        CountedFault { kind: fault.kind, weight, connection: fault.connection, first: !self.again }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut inner = self.hold.cell.lock();
        if !self.late {
            inner.breaker.dropped(&self.hold.grant);
        }
        let now = inner.latest();
        inner.model.hear(now, self.passages.model, Word::Nothing);
        inner.forced_ended(&self.hold.grant, Some(now));
        inner.retries -= u32::from(self.hold.retry);
        inner.in_flight -= 1;
    }
}

impl Tail {
    /// The answer ended as it should.
    pub fn finished(mut self, now: Instant, rng: &mut Rng, news: &mut News) {
        let (mut inner, now) = self.hold.cell.step(now);
        let (grant, counted) = (&self.hold.grant, self.counted);
        inner.breaker.tail_finished(now, grant, counted, rng, &mut news.breaker);
        inner.in_flight -= 1;
        drop(inner);
        self.settled = true;
    }

    /// The answer broke after its first content: the success is taken back and a fault counted. One
    /// that was held until its end may be a soft fault instead, which is no break.
    pub fn broke(mut self, now: Instant, fault: &Fault, rng: &mut Rng, news: &mut News) {
        let counted = if matches!(fault.kind, FaultKind::Soft(_)) {
            self.hold.counted(fault, Weight::HALF)
        } else {
            let broken = Fault::new(FaultKind::Broken);
            let broken = Fault { connection: fault.connection, ..broken };
            self.hold.counted(&broken, Weight::FULL)
        };
        let (mut inner, now) = self.hold.cell.step(now);
        inner.breaker.broke(now, &self.hold.grant, self.counted, counted, rng, &mut news.breaker);
        inner.in_flight -= 1;
        drop(inner);
        self.settled = true;
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if !self.settled {
            let mut inner = self.hold.cell.lock();
            inner.breaker.tail_left(&self.hold.grant, self.counted);
            inner.in_flight -= 1;
        }
    }
}
