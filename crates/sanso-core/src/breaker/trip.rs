//! The rules by which a closed or recovering breaker opens.

use super::policy::BreakerPolicy;
use super::row::Row;
use super::window::Counts;
use super::{Cause, TripRule};
use crate::time::{Duration, Instant};

/// What the rules look at, at the moment a fault is counted.
pub(super) struct Evidence<'a> {
    pub(super) policy: &'a BreakerPolicy,
    pub(super) counts: Counts,
    pub(super) row: &'a Row,
    pub(super) breaks: &'a Row,
    pub(super) tails_in_flight: u32,
    /// Another deployment of its failure domain is out.
    pub(super) warned: bool,
}

/// A row of this many faults is an outage, not chance ...
const ROW: u32 = 5;
/// ... once it has lasted this long (five in a row happen by chance within one second of a brownout
/// at a hundred calls a second) ...
const ROW_LASTS: Duration = Duration::from_secs(1);
/// ... or weighs this much, which chance does not produce.
const ROW_SURELY: u32 = 20;
/// A warned deployment opens on a shorter row.
const WARNED_ROW: u32 = 2;
const WARNED_ROW_SURELY: u32 = 8;
/// A lone deployment is given longer: half an answer is better than none ...
const LONE_ROW_LASTS: Duration = Duration::from_secs(5);
/// ... but a tenth of one only keeps an overload alive.
const LONE_FAILURE_RATE: f64 = 0.75;

impl Evidence<'_> {
    /// The rule that opens the breaker, if one does.
    pub(super) fn trips(&self, now: Instant) -> Option<Cause> {
        let policy = self.policy;
        let lasted = self.row.lasted(now);
        let (row, surely) =
            if self.warned { (WARNED_ROW, WARNED_ROW_SURELY) } else { (ROW, ROW_SURELY) };
        let rate_over = |limit| self.counts.rate(policy.min_calls).is_some_and(|r| r >= limit);
        let rule = if !policy.lone && self.breaks_trip(now) {
            Some(TripRule::Breaks)
        } else if policy.lone {
            let row = self.row.weighs(ROW) && lasted >= LONE_ROW_LASTS;
            let rate = rate_over(LONE_FAILURE_RATE.max(policy.failure_rate));
            row.then_some(TripRule::Row).or_else(|| rate.then_some(TripRule::FailureRate))
        } else if self.row.weighs(surely) || (self.row.weighs(row) && lasted >= ROW_LASTS) {
            Some(TripRule::Row)
        } else if let Some(allowed) = policy.allowed_fails {
            self.allowed_fails_trip(allowed).then_some(TripRule::AllowedFails)
        } else {
            rate_over(policy.failure_rate).then_some(TripRule::FailureRate)
        };
        rule.map(Cause::Tripped)
    }

    /// A provider at 3 % errors is not sick, retries deal with it: so beside LiteLLM's count a share.
    fn allowed_fails_trip(&self, allowed: u32) -> bool {
        let over = self.counts.request_halves > allowed.saturating_mul(2);
        over && self.counts.request_rate() >= self.policy.min_rate
    }

    /// Five cut streams with no finished answer between them, and enough of those that flow.
    fn breaks_trip(&self, now: Instant) -> bool {
        let enough = self.breaks.whole_faults() >= self.tails_in_flight.div_ceil(5);
        self.breaks.weighs(ROW) && self.breaks.lasted(now) >= ROW_LASTS && enough
    }
}
