//! What an answer cost.

use sanso_core::{DeploymentId, Price, Tokens};
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
    let cost = price(snapshot, by.deployment, matches.of(by.group))?.of(Tokens {
        input: usage.prompt as f64,
        cached: count(usage.cached),
        cache_write: count(usage.cache_write),
        output: usage.completion as f64,
    });
    cost.map(shown)
}

/// A sum of money as it is written down, without the binary fraction's last digits: to a millionth of a
/// millionth of a dollar.
pub(crate) fn shown(usd: f64) -> f64 {
    let rounded = (usd * 1e12).round() / 1e12;
    if rounded.is_finite() { rounded } else { usd }
}

/// What a deployment's tokens cost. The model behind a wildcard is known by what its `*` matched alone.
pub(crate) fn price(
    snapshot: &Snapshot,
    deployment: DeploymentId,
    matched: Option<&str>,
) -> Option<Price> {
    let target = snapshot.target(deployment);
    let said = snapshot.config.deployments[deployment.index()].price;
    let by_request = || {
        let model = target.is_wildcard().then(|| target.model_for(matched))?;
        catalogue::find(&target.provider, &model)?.price
    };
    said.or_else(by_request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_without_a_binary_fractions_digits() {
        assert_eq!(shown(0.1 + 0.2).to_string(), "0.3");
        assert_eq!(shown(8.0 * 4e-7 + 20.0 * 1.6e-6).to_string(), "0.0000352");
        assert_eq!((shown(0.0), shown(12.5), shown(f64::MAX)), (0.0, 12.5, f64::MAX));
    }
}
