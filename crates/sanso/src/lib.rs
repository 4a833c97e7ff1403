//! Calls LLM providers through a three-layer chain: retry, fallback, circuit breaker.
//!
//! [`Gateway`] is the way in. It takes a LiteLLM `config.yaml` as it is, picks the deployment to
//! call, rides out blips, moves on from outages, and cuts off what keeps failing. Each answer says
//! who gave it, and after which attempts.
//!
//! What decides is [`sanso_core`], a state machine without clock or sockets; what reads and writes
//! providers' formats is [`sanso_wire`]. This crate drives them over real connections.
#![forbid(unsafe_code)]

mod answer;
mod ask;
mod asked_for;
mod asking;
mod call;
mod catalogue;
mod checks;
mod clock;
pub mod config;
mod cost;
mod courier;
mod crawl;
mod degrade;
mod early;
mod error;
mod exchange;
mod explain;
mod fail;
mod flow;
mod gateway;
mod hold;
mod matches;
mod mock;
mod observe;
mod own_lists;
mod plan;
mod preflight;
mod relay;
mod request;
mod rest;
mod served;
mod snapshot;
mod target;
mod tasks;
mod upstream;

pub use answer::{Answer, AnswerStream};
pub use clock::wall_clock;
pub use courier::{Courier, Receipt};
pub use early::Early;
pub use error::{Error, ErrorKind};
pub use explain::{ExplainedDeployment, ExplainedLeg, Explanation, Turn};
pub use gateway::{Arrival, DeploymentState, Gateway, Relayed};
pub use observe::{Attempt, BreakerChange, Queue, View};
pub use relay::{Relay, StreamEnd};
pub use request::ChatRequest;
pub use sanso_core::BreakerState;
pub use sanso_watch as watch;
pub use sanso_wire::ir;
pub use served::{Degradation, Served};
