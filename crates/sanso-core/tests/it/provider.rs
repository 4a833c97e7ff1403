//! Simulated providers: what becomes of one call.

use sanso_core::{
    ConnectionFault, Duration, Fault, FaultKind, Instant, Outcome, Phase, Rng, SoftReason,
};

/// What becomes of one call. Times count from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    /// The first content of a stream; a plain call has none.
    pub(crate) content: Option<Duration>,
    /// How and when it ends; `None`: it stays silent until a limit fires.
    pub(crate) end: Option<(Duration, Outcome)>,
}

impl Reply {
    /// A whole answer after `after`, its first content at half of that.
    pub(crate) fn answer(after: Duration) -> Self {
        Self { content: Some(after / 2), end: Some((after, Outcome::Finished)) }
    }

    pub(crate) fn fault(after: Duration, fault: Fault) -> Self {
        Self { content: None, end: Some((after, Outcome::Fault(fault))) }
    }

    /// Whether there is no connection to its host.
    pub(crate) fn is_unreachable(&self) -> bool {
        let Some((_, Outcome::Fault(fault))) = self.end else { return false };
        let refused = FaultKind::Connection(ConnectionFault::Establish);
        [FaultKind::Timeout(Phase::Connect), refused].contains(&fault.kind)
    }

    pub(crate) const SILENT: Self = Self { content: None, end: None };
}

/// How a provider behaves.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Healthy,
    /// One call in so many percent fails with a server error.
    Flaky(u32),
    /// Every call ends with this fault.
    Dead(Fault),
    /// Nothing ever comes.
    Silent,
    /// A token bucket of so many calls a second, with or without a hint in its 429.
    Limited {
        per_second: u32,
        hint: bool,
    },
    /// Streams are cut after their first content; plain calls are reset.
    Breaks,
    /// What each call in turn meets; the last reply repeats.
    Script(Vec<Reply>),
    /// One behaviour up to a time, then another.
    Until(Duration, Box<Self>, Box<Self>),
}

/// A provider in its world: a behaviour and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    behaviour: Behaviour,
    calls: usize,
    tokens: f64,
    filled: Instant,
}

impl Provider {
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        Self { behaviour, calls: 0, tokens: 1.0, filled: Instant::ORIGIN }
    }

    pub(crate) fn reply(&mut self, now: Instant, dice: &mut Rng) -> Reply {
        self.calls += 1;
        let behaviour = self.behaviour.clone();
        self.meet(&behaviour, now, dice)
    }

    fn meet(&mut self, behaviour: &Behaviour, now: Instant, dice: &mut Rng) -> Reply {
        let some_time = dice.scaled(Duration::from_millis(400), 0.5, 1.5);
        match behaviour {
            Behaviour::Healthy => Reply::answer(some_time),
            Behaviour::Flaky(percent) if dice.unit() * 100.0 < f64::from(*percent) => {
                Reply::fault(some_time, Fault::new(FaultKind::ServerError).with_status(500))
            }
            Behaviour::Flaky(_) => Reply::answer(some_time),
            Behaviour::Dead(fault) => Reply::fault(some_time / 4, *fault),
            Behaviour::Silent => Reply::SILENT,
            Behaviour::Limited { per_second, hint } => {
                self.take_token(now, *per_second, *hint, some_time)
            }
            Behaviour::Breaks => {
                let fault = Fault::new(FaultKind::Connection(ConnectionFault::Lost));
                Reply { content: Some(some_time / 2), ..Reply::fault(some_time, fault) }
            }
            Behaviour::Script(replies) => replies[(self.calls - 1).min(replies.len() - 1)],
            Behaviour::Until(until, before, after) => {
                let before_it = now.since_origin() < *until;
                self.meet(if before_it { before } else { after }, now, dice)
            }
        }
    }

    fn take_token(&mut self, now: Instant, per_second: u32, hint: bool, time: Duration) -> Reply {
        let rate = f64::from(per_second);
        self.tokens = (self.tokens + (now - self.filled).as_secs_f64() * rate).min(rate);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Reply::answer(time);
        }
        let wait = Duration::from_secs_f64((1.0 - self.tokens) / rate);
        let fault = Fault::new(FaultKind::RateLimited).with_status(429);
        Reply::fault(Duration::from_millis(20), fault.with_hint(hint.then_some(wait)))
    }
}

/// Every kind that a provider's answer may be classed as.
pub(crate) const KINDS: [FaultKind; 18] = [
    FaultKind::RateLimited,
    FaultKind::QuotaExhausted,
    FaultKind::Overloaded,
    FaultKind::ServerError,
    FaultKind::Timeout(Phase::Connect),
    FaultKind::Timeout(Phase::FirstToken),
    FaultKind::Timeout(Phase::Gap),
    FaultKind::Timeout(Phase::Total),
    FaultKind::Connection(ConnectionFault::Establish),
    FaultKind::Connection(ConnectionFault::Lost),
    FaultKind::Connection(ConnectionFault::Reused),
    FaultKind::Malformed,
    FaultKind::ContextWindow,
    FaultKind::ContentPolicy,
    FaultKind::Authentication,
    FaultKind::NotFound,
    FaultKind::BadRequest,
    FaultKind::Soft(SoftReason::Empty),
];
