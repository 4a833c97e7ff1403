//! Counting what happened.

use super::counts::plus;
use super::{Bucket, ChainCounts, DeploymentCounts, Figures, at};
use crate::event::{BreakerMoved, Degradation, Finished, GateMoved};
use crate::index::Index;
use crate::kind::{Kind, Outcome, Phase};
use crate::millis::Millis;
use crate::reason::Reason;

impl Figures {
    pub(crate) fn request(&mut self, request: &Finished, index: &Index) {
        let chain = index.chain_of(request);
        self.unknown += u64::from(chain.is_none());
        let lost = request.attempts.iter().filter(|a| index.deployment(&a.deployment).is_none());
        self.unknown += lost.count() as u64;
        self.in_each(request.at, |bucket| {
            if let Some(chain) = chain {
                count_request(at(&mut bucket.chains, chain), chain, request, index);
            }
            count_attempts(bucket, request, index);
        });
    }

    pub(crate) fn breaker(&mut self, moved: &BreakerMoved, index: &Index) {
        let Some(number) = index.deployment(&moved.deployment) else { return self.unknown += 1 };
        if moved.is_opening() && !moved.forced {
            self.in_each(moved.at, |bucket| {
                count_one(&mut at(&mut bucket.deployments, number).openings);
            });
        }
    }

    pub(crate) fn gate(&mut self, moved: &GateMoved, index: &Index) {
        let Some(number) = index.deployment(&moved.deployment) else { return self.unknown += 1 };
        if moved.shut {
            let gate = moved.gate as usize;
            self.in_each(moved.at, |bucket| {
                at(&mut bucket.deployments, number).closings.add(gate, 1);
            });
        }
    }

    fn in_each(&mut self, when: Millis, count: impl Fn(&mut Bucket)) {
        let fine = self.fine.bucket(when).map(&count);
        let minute = self.minutes.bucket(when).map(&count);
        count(&mut self.recent);
        self.late += u64::from(fine.is_none() || minute.is_none());
    }
}

/// Nobody takes what is recent for months: then it stands still at the most that it can hold.
const fn count_one(count: &mut u32) {
    *count = count.saturating_add(1);
}

fn count_request(counts: &mut ChainCounts, chain: usize, request: &Finished, index: &Index) {
    count_one(&mut counts.ended[request.degradation as usize]);
    let answerer = request.deployment.as_ref().and_then(|id| index.deployment(id));
    let slot = answerer.and_then(|d| index.slot(chain, d, request.answered_by_group.as_deref()));
    let own_leg = index.leg_of(chain, request.own_group());
    if let Some(slot) = slot {
        counts.served.add(slot, 1);
    }
    if request.degradation == Degradation::Partial {
        slot.into_iter().for_each(|slot| counts.instead.add(slot, 1));
        let model = answerer.map(|number| &index.deployments[number].model);
        let mut firsts = index.leg(chain, own_leg).map(|first| &index.deployments[first].model);
        if model.is_some_and(|model| firsts.any(|own| own == model)) {
            count_one(&mut counts.same_model);
        }
    }
    match request.degradation {
        Degradation::Partial | Degradation::Degraded | Degradation::Unavailable => {
            counts.lost_by.add(own_leg, 1);
            if let Some(reason) = request.fallback {
                counts.moved.add(reason.index(), 1);
            }
        }
        Degradation::Full | Degradation::Cancelled | Degradation::Rejected => {}
    }
    count_passed_on(counts, chain, request, index);
    request.ttft_ms.into_iter().for_each(|ttft| counts.ttft.add(ttft));
    counts.duration.add(request.duration_ms);
    // A price that is no number would spoil every sum that it is in.
    counts.cost_usd = plus(counts.cost_usd, request.cost_usd.filter(|usd| usd.is_finite()));
}

/// Each deployment of a leg that did not answer, once, by its last fault in this request; or by the
/// gate that it was passed over for.
fn count_passed_on(counts: &mut ChainCounts, chain: usize, request: &Finished, index: &Index) {
    let answered = |leg: u32| request.leg == Some(leg);
    let attempts = &request.attempts;
    for (place, attempt) in attempts.iter().enumerate() {
        let again = |later: &crate::AttemptMade| {
            later.leg == attempt.leg && later.deployment == attempt.deployment
        };
        let Outcome::Fault(kind) = attempt.outcome else { continue };
        if answered(attempt.leg)
            || kind == Kind::Cancelled
            || attempts[place + 1..].iter().any(again)
        {
            continue;
        }
        let slot = index.deployment(&attempt.deployment).and_then(|deployment| {
            let slots = &index.slots[chain];
            let of_leg = slots
                .iter()
                .position(|s| s.deployment == deployment && s.leg == attempt.leg as usize);
            of_leg.or_else(|| index.slot(chain, deployment, None))
        });
        if let Some(slot) = slot {
            counts.passed_on.add(slot * Reason::COUNT + Reason::Fault(kind).index(), 1);
        }
    }
    for skip in &request.skipped {
        let deployment = index.deployment(&skip.deployment);
        let called = attempts.iter().any(|attempt| attempt.deployment == skip.deployment);
        let slot = deployment.and_then(|deployment| index.slot(chain, deployment, None));
        if let (Some(slot), false) = (slot, called) {
            counts.passed_on.add(slot * Reason::COUNT + Reason::Passed(skip.gate).index(), 1);
        }
    }
}

fn count_attempts(bucket: &mut Bucket, request: &Finished, index: &Index) {
    for attempt in &request.attempts {
        let Some(number) = index.deployment(&attempt.deployment) else { continue };
        let counts: &mut DeploymentCounts = at(&mut bucket.deployments, number);
        count_one(&mut counts.attempts);
        match attempt.outcome {
            Outcome::Success => count_one(&mut counts.successes),
            Outcome::Fault(kind) => counts.kinds.add(kind.index(), 1),
        }
        if attempt.phase == Some(Phase::FirstToken) {
            count_one(&mut counts.first_token);
        }
        if let (Outcome::Fault(Kind::Soft), Some(soft)) = (attempt.outcome, attempt.soft) {
            counts.soft.add(soft as usize, 1);
        }
        attempt.ttft_ms.into_iter().for_each(|ttft| counts.ttft.add(ttft));
    }
    for skip in &request.skipped {
        if let Some(number) = index.deployment(&skip.deployment) {
            at(&mut bucket.deployments, number).passed_over.add(skip.gate as usize, 1);
        }
    }
    // What was wrong with an answer that was given all the same: its call ended well.
    let given = request.deployment.as_ref().and_then(|id| index.deployment(id)).zip(request.soft);
    if let Some((number, soft)) = given {
        let ended_well = |attempt: &&crate::AttemptMade| {
            Some(&attempt.deployment) == request.deployment.as_ref()
                && attempt.outcome == Outcome::Success
        };
        if request.attempts.iter().any(|attempt| ended_well(&attempt)) {
            at(&mut bucket.deployments, number).soft.add(soft as usize, 1);
        }
    }
}

/// A chain's counts, its slots and legs renumbered.
pub(super) fn reslotted(
    mut counts: ChainCounts,
    slot: impl Fn(usize) -> Option<usize>,
    leg: impl Fn(usize) -> Option<usize>,
) -> ChainCounts {
    counts.served = counts.served.renumbered(&slot);
    counts.instead = counts.instead.renumbered(&slot);
    counts.lost_by = counts.lost_by.renumbered(leg);
    counts.passed_on = counts
        .passed_on
        .renumbered(|key| Some(slot(key / Reason::COUNT)? * Reason::COUNT + key % Reason::COUNT));
    counts
}
