//! What an answer cost.

use sanso_core::{Price, Tokens};
use sanso_wire::ir::Usage;

use crate::catalogue;
use crate::matches::Matches;
use crate::observe::trail::TrailAttempt;
use crate::snapshot::Snapshot;

/// USD for the answer of a call, where its price and its tokens are known. What calls before it cost
/// that failed, no provider says.
pub(crate) fn of(
    snapshot: &Snapshot,
    by: &TrailAttempt,
    matches: &Matches,
    usage: Option<Usage>,
) -> Option<f64> {
    let usage = usage?;
    let count = |tokens: Option<u64>| tokens.unwrap_or_default() as f64;
    price(snapshot, by, matches)?.of(Tokens {
        input: usage.prompt as f64,
        cached: count(usage.cached),
        cache_write: count(usage.cache_write),
        output: usage.completion as f64,
    })
}

/// The model behind a wildcard is known by the request alone.
fn price(snapshot: &Snapshot, by: &TrailAttempt, matches: &Matches) -> Option<Price> {
    let target = snapshot.target(by.deployment);
    let said = snapshot.config.deployments[by.deployment.index()].price;
    let by_request = || {
        let model = target.is_wildcard().then(|| target.model_for(matches.of(by.group)))?;
        catalogue::find(&target.provider, &model)?.price
    };
    said.or_else(by_request)
}
