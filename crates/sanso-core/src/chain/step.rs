//! What goes in and out of a chain.

use std::sync::Arc;

use super::fail::Failure;
use crate::fault::{Outcome, Phase, SoftReason, Spent};
use crate::route::{DeploymentId, FallbackOn, GroupId, Limits, Needs, OwnLists};
use crate::time::{Duration, Instant};
use crate::usual::Class;

/// A request, as far as decisions need to know it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The asked-for group: the first leg. Of a request for a task, the task, whose rules hold.
    pub group: GroupId,
    /// Of a request for a task: the task's legs in the order that suits this request. Empty: as the
    /// task lists them.
    pub legs: Arc<[GroupId]>,
    /// Streamed or not, thinking or not.
    pub class: Class,
    /// Estimated size of the prompt.
    pub prompt_tokens: u32,
    /// Bounds the request up to commit.
    pub deadline: Instant,
    /// The request's own `num_retries`.
    pub num_retries: Option<u32>,
    /// The request's own `fallbacks`, which stand in for the plain list.
    pub fallbacks: Option<Arc<[GroupId]>>,
    /// The request's own `context_window_fallbacks`, which stand in for those of the groups.
    pub context_window_fallbacks: Option<OwnLists>,
    /// The request's own `content_policy_fallbacks`, likewise.
    pub content_policy_fallbacks: Option<OwnLists>,
    /// The request's own `fallback_on`, which stands in for that of the asked-for group.
    pub fallback_on: Option<FallbackOn>,
    /// The request's own `max_fallbacks`.
    pub max_fallbacks: Option<u32>,
    /// `fallback: deny`, `disable_fallbacks`: the first leg or an error.
    pub deny_fallback: bool,
    /// A limit on one attempt that the caller set.
    pub timeout: Option<Duration>,
    /// The answer is held until it is whole (`buffer: full`, or a plain call that is streamed
    /// upstream): nothing is committed before its end, and a break is a fault like any other.
    pub held: bool,
    /// The client says that it is repeating itself: it earns no retries.
    pub is_retry: bool,
    /// `on_break: continue`, and the answer that is asked for is one plain text: another may carry on
    /// a stream that breaks after its commit, once.
    pub continues: bool,
    /// `degradation.relax`: where a prompt leaves less room than `max_tokens` asks for, the call is
    /// made again with what fits.
    pub relax: bool,
    /// The request's own limit on the answer's tokens.
    pub max_tokens: Option<u32>,
    /// LiteLLM's `priority`: above 0 it may be shed, see [`Group::shed_below`](crate::Group).
    pub priority: i64,
    /// What not every deployment can do.
    pub needs: Needs,
}

impl Request {
    /// A plain request for `group` that sets nothing of its own.
    #[must_use]
    pub fn new(group: GroupId, class: Class, deadline: Instant) -> Self {
        Self {
            group,
            legs: Arc::default(),
            class,
            prompt_tokens: 0,
            deadline,
            num_retries: None,
            fallbacks: None,
            context_window_fallbacks: None,
            content_policy_fallbacks: None,
            fallback_on: None,
            max_fallbacks: None,
            deny_fallback: false,
            timeout: None,
            held: false,
            is_retry: false,
            continues: false,
            relax: false,
            max_tokens: None,
            priority: 0,
            needs: Needs::NONE,
        }
    }

    /// The group of the first leg.
    #[must_use]
    pub fn first_leg(&self) -> GroupId {
        self.legs.first().copied().unwrap_or(self.group)
    }
}

/// The number of a call within its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// The number of a leg within its request; 0 is the asked-for group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegIndex(pub u32);

impl LegIndex {
    /// The asked-for group. Any other is a fallback.
    pub const FIRST: Self = Self(0);
}

/// What the driver is to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send it; report what happens under `call.id`.
    Start(Call),
    /// Stop a call: nothing that it says is of interest any more.
    Cancel(CallId),
    /// What this call brings goes to the client from here on; after a break, the second time, to
    /// carry the stream on.
    Commit(CallId),
    /// Poll again after the next signal, or at this instant.
    Wait(Option<Instant>),
    /// The end, exactly once.
    Done(Verdict),
}

/// One upstream call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its number.
    pub id: CallId,
    /// The leg that it serves.
    pub leg: LegIndex,
    /// The leg's group.
    pub group: GroupId,
    /// Whom to call.
    pub deployment: DeploymentId,
    /// What to ask.
    pub ask: Ask,
    /// What to arm.
    pub limits: Limits,
    /// It finds out whether its host is there again: report [`Signal::Connected`].
    pub tries_host: bool,
}

/// What a call asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// The client's request.
    AsSent,
    /// The client's request with a smaller `max_tokens`.
    Relaxed {
        /// What fits.
        max_tokens: u32,
    },
    /// The client's request with the text so far at its end, to go on from.
    Continue {
        /// The call whose stream broke.
        after: CallId,
    },
}

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// A fresh connection stands, TLS included. Wanted of calls that say [`Call::tries_host`]: an
    /// answer may take a minute, and all that time no one else would be let through to the host.
    Connected,
    /// The first content of a stream.
    Content,
    /// What a stream brings is more than text, or more of it than was kept: if it breaks, no one can
    /// carry it on.
    MoreThanText,
    /// The answer has begun, and by its headers nothing is left of a quota.
    Spent(Spent),
    /// A limit fired; the call still runs.
    Limit(Phase),
    /// The call is over.
    End(Outcome),
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// With a complete answer of one call.
    Answered {
        /// Which.
        call: CallId,
        /// The answer is the best there is, but not what was wanted.
        soft: Option<SoftReason>,
    },
    /// After its first content.
    Broken(CallId),
    /// No one answered.
    Failed(Failure),
    /// The client went away.
    Cancelled,
}
