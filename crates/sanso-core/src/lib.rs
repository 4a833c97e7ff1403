//! The decisions of sanso, as deterministic state machines.
//!
//! Everything that decides (what a fault means, whether to wait, whom to call next, when a breaker
//! opens) is here; nothing that reads a clock, draws from a global source, opens a socket or runs a
//! task is. `now` and a seeded [`Rng`] come in as arguments, actions go out as values, so the same
//! code runs on real sockets and through a simulated year. `Cargo.toml` keeps it so: there is no
//! runtime to reach for.
//!
//! The way in is [`Chain`]: one request through retry, fallback and circuit breaker. It asks
//! [`Gates`], which hold what is known of each deployment across requests, and finds its way through
//! a [`Topology`]. What a fault means is one table, [`FaultKind::rule`].
//!
//! | decision | where |
//! | --- | --- |
//! | what a fault leads to: this deployment again, the next leg, which gate | `rule.rs` |
//! | who is called first, and who after a fault | `chain/seek.rs`, over `route/rank.rs`, `route/walk.rs` |
//! | in which order a task's groups are called | `route/strategy/` |
//! | who is passed over for what it cannot do | `chain/able.rs`, `route/preflight.rs` |
//! | whether to wait, and how long | `chain/seek.rs` `retry_at`, over `retry.rs` |
//! | what retries may cost | `budget.rs`, `gates/slot.rs` |
//! | how one deadline is shared | `chain/share.rs` |
//! | what happens while nothing comes | `chain/silent.rs` |
//! | what an answer, a fault or a limit of a call means | `chain/calls.rs` |
//! | when nobody admits | `chain/last.rs` |
//! | which error is told when all failed | `chain/fail.rs` |
//! | whether a deployment may be called | `gates/slot.rs`, gate by gate |
//! | when a key, a model, a host, a quota shuts and opens | `gates/latch.rs`, `gates/quota.rs` |
//! | when a breaker opens, and how it comes back | `breaker/trip.rs`, `breaker/verdict.rs`, `breaker/state.rs` |
//!
//! ```
//! use std::sync::Arc;
//! use sanso_core::*;
//!
//! let primary = Deployment::new("primary");
//! let groups = vec![Group { deployments: vec![DeploymentId::new(0)], ..Group::default() }];
//! let topology = Arc::new(Topology::new(groups, vec![primary], None, Rules::default()));
//! let gates = Gates::new(&topology);
//! let mut rng = Rng::from_seed(7);
//!
//! let now = Instant::ORIGIN;
//! let class = Class { stream: false, thinks: false };
//! let request = Request::new(GroupId::new(0), class, now + Duration::from_secs(30));
//! let mut chain = Chain::new(topology, request, &mut rng);
//! let Step::Start(call) = chain.poll(now, &gates, &mut rng) else { panic!() };
//! chain.handle_signal(now, call.id, Signal::End(Outcome::Finished), &gates, &mut rng);
//! let Step::Done(verdict) = chain.poll(now, &gates, &mut rng) else { panic!() };
//! assert_eq!(verdict, Verdict::Answered { call: call.id, soft: None });
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::wildcard_enum_match_arm)]

mod breaker;
mod budget;
mod chain;
mod event;
mod fault;
mod gates;
mod retry;
mod rng;
mod route;
mod rule;
mod sync;
mod time;
mod usual;

pub use breaker::{BreakerPolicy, BreakerState, Cause, Forced, Transition, TripRule};
pub use chain::{
    Ask, Call, CallId, Chain, Failure, FailureCause, LegIndex, Request, Rest, Signal, Step, Verdict,
};
pub use event::{CallEnd, Event, Why};
pub use fault::{ConnectionFault, Dimension, Fault, FaultKind, Outcome, Phase, SoftReason, Spent};
pub use gates::{
    Abandoned, Entry, Gate, GateView, Gates, Health, HealthWord, LatchChange, Line, News, Permit,
    Place, QuotaSlot, Refusal, Tail,
};
pub use retry::{Backoff, Exponential, Patience, RetriesByKind};
pub use rng::Rng;
pub use route::{
    Capabilities, Deployment, DeploymentId, DeploymentLimits, FallbackOn, Figures, Group, GroupId,
    Lack, Limits, LongPrompt, Needs, Order, OwnLists, Pace, Paces, Preflight, Price, Rules, Score,
    SoftRate, TaskMemory, Tokens, Topology, Unknown, of_group,
};
pub use rule::{Again, GateRule, NextLeg, Rule, Weight};
pub use time::{Duration, Instant};
pub use usual::Class;
