//! Graceful degradation, the last tier: an answer where no deployment gave one.
//!
//! Opt-in: a stored answer to the same request of the same caller, else a text of the operator's.
//! Both are always marked. Neither is for requests that offer tools, or that bring a tool's result,
//! since a call that is carried out twice, or that should have been made, is worse than an error.
//!
//! * `store.rs`: answers for as long as they may be served, within bounds
//! * `key.rs`: what makes two requests the same

mod key;
mod store;

use bytes::Bytes;
use sanso_core::{FailureCause, Instant, Request};
use sanso_wire::ir::{FinishReason, Usage};

pub(crate) use key::Caller;
pub(crate) use store::{ANSWER_AT_MOST, Store, Stored};

use crate::ask::Asked;
use crate::call::Facts;
use crate::config::Degrade;
use crate::fail;
use crate::mock;

/// What stands in for an answer.
#[derive(Debug)]
pub(crate) struct StandIn {
    /// Of whom `x-sanso-served-by` speaks.
    pub(crate) by: &'static str,
    pub(crate) body: Bytes,
    pub(crate) facts: Facts,
    /// What the caller is told of it.
    pub(crate) warning: String,
}

/// What a static answer says of its model: none was asked.
const STATIC_MODEL: &str = "sanso/static";

/// Nothing was asked, and nothing is to be paid.
const NOTHING: Usage =
    Usage { prompt: 0, completion: 0, cached: None, cache_write: None, reasoning: None };

/// Whether a request may get a stand-in at all.
pub(crate) fn is_eligible(asked: &Asked) -> bool {
    !asked.envelope.has_tools && !asked.envelope.answers_tools()
}

/// A stand-in for the answer of a request that failed, if the operator wants one and there is one.
pub(crate) fn find(
    policy: &Degrade,
    store: &Store,
    (asked, group): (&Asked, &str),
    request: &Request,
    failure: &sanso_core::Failure,
    now: Instant,
) -> Option<StandIn> {
    if request.deny_fallback || !all_failed(failure) || !is_eligible(asked) {
        return None;
    }
    stored(policy, store, (asked, group), now).or_else(|| fixed(policy, asked))
}

/// Whether everyone failed to answer: neither is the request at fault, nor was it turned away.
fn all_failed(failure: &sanso_core::Failure) -> bool {
    let turned_away = matches!(failure.cause, FailureCause::Shed(_));
    !turned_away && !fail::is_the_callers(failure)
}

fn stored(
    policy: &Degrade,
    store: &Store,
    (asked, group): (&Asked, &str),
    now: Instant,
) -> Option<StandIn> {
    let stale_for = policy.stale_for?;
    let Stored { body, at, by } = store.get(&key::of(asked, group))?;
    let age = now - at;
    if age > stale_for {
        return None;
    }
    let warning =
        format!("no deployment answered: this is the answer of {by} from {} s ago", age.as_secs());
    Some(StandIn { by: "stored", body, facts: Facts::default(), warning })
}

/// A text is no JSON, and one text is not several candidates, so that who asked for that is better off
/// with an error.
fn fixed(policy: &Degrade, asked: &Asked) -> Option<StandIn> {
    let said = policy
        .says
        .as_deref()
        .filter(|_| !asked.envelope.wants_json && asked.envelope.candidates == 1)?;
    let (_, whole) = mock::spoken(said, STATIC_MODEL, NOTHING, asked);
    let warning = "no deployment answered: this is a static text".to_owned();
    Some(StandIn { by: "static", body: whole.body, facts: whole.facts, warning })
}

/// Whether an answer may be kept: complete, said by the model to its end, and no call of a tool.
pub(crate) fn keeps(policy: &Degrade, asked: &Asked, facts: &Facts) -> bool {
    let is_whole = match facts.finish {
        Some(FinishReason::Stop | FinishReason::Length) => facts.content,
        Some(
            FinishReason::ToolCalls
            | FinishReason::ContentFilter
            | FinishReason::Error
            | FinishReason::Overloaded,
        )
        | None => false,
    };
    policy.stale_for.is_some() && is_whole && is_eligible(asked)
}

/// Keeps an answer, which may be served until `until`.
pub(crate) fn keep(store: &Store, (asked, group): (&Asked, &str), stored: Stored, until: Instant) {
    let now = stored.at;
    store.put(key::of(asked, group), stored, until, now);
}
