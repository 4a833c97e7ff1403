//! What a request needs and a deployment lacks: who is called in spite of it, and who is not.

use super::step::{LegIndex, Request};
use super::{Chain, Failure};
use crate::chain::FailureCause;
use crate::event::Event;
use crate::route::{DeploymentId, GroupId, Lack, Needs, Preflight, Topology};
use crate::rule::NextLeg;

/// What a deployment lacks, where the asked-for group has that looked at.
fn lack(topology: &Topology, request: &Request, deployment: DeploymentId) -> Option<Lack> {
    let capabilities = &topology.deployment(deployment).capabilities;
    match topology.group(request.group).preflight {
        Preflight::Off => capabilities.lack(request.needs.common(Needs::CONTINUATION), 0),
        Preflight::Skip | Preflight::Warn => {
            capabilities.lack(request.needs, request.prompt_tokens)
        }
    }
}

/// Whether a deployment is passed over for what it lacks.
fn is_passed_over(topology: &Topology, request: &Request, deployment: DeploymentId) -> bool {
    let skips = topology.group(request.group).preflight == Preflight::Skip;
    let hopeless = |lack: Lack| !lack.needs.common(Needs::CONTINUATION).is_empty();
    lack(topology, request, deployment).is_some_and(|lack| skips || hopeless(lack))
}

/// Takes those out of a ranking that cannot do what is asked, or puts them behind all others.
pub(super) fn sift(topology: &Topology, request: &Request, ranked: &mut Vec<DeploymentId>) {
    ranked.retain(|id| !is_passed_over(topology, request, *id));
    if topology.group(request.group).preflight == Preflight::Warn {
        ranked.sort_by_key(|id| lack(topology, request, *id).is_some());
    }
}

impl Chain {
    /// What a deployment lacks for the request, and whether it is passed over for that.
    #[must_use]
    pub fn lack(&self, deployment: DeploymentId) -> Option<(Lack, bool)> {
        let lack = lack(&self.topology, &self.request, deployment)?;
        Some((lack, !self.is_able(deployment)))
    }

    /// Whether a deployment may be called, whatever it lacks.
    pub(super) fn is_able(&self, deployment: DeploymentId) -> bool {
        !is_passed_over(&self.topology, &self.request, deployment)
    }

    /// Whether someone of a group may be called, whatever the gates say.
    pub(super) fn has_able(&self, group: GroupId) -> bool {
        let deployments = &self.topology.group(group).deployments;
        deployments.is_empty() || deployments.iter().any(|id| self.is_able(*id))
    }

    /// Each deployment of a leg that is passed over for what it lacks is told once.
    pub(super) fn note_unable(&mut self, leg: LegIndex, group: GroupId) {
        let topology = self.topology.clone();
        for &deployment in &topology.group(group).deployments {
            // Who has been called was not passed over, whatever is needed of the next one.
            if !self.is_able(deployment) && self.called(deployment).is_none() {
                self.note_lack(leg, deployment, false);
            }
        }
    }

    /// A deployment that is called in spite of what it lacks is told once.
    pub(super) fn note_called_unable(&mut self, deployment: DeploymentId) {
        self.note_lack(self.leg.index, deployment, true);
    }

    fn note_lack(&mut self, leg: LegIndex, deployment: DeploymentId, called: bool) {
        let Some(lack) = lack(&self.topology, &self.request, deployment) else { return };
        if !self.unable.iter().any(|(at, known, _)| (*at, *known) == (leg, deployment)) {
            self.unable.push((leg, deployment, lack));
            self.events.push_back(Event::Unable { leg, deployment, lack, called });
        }
    }

    /// Where a request goes from a first leg that was never called: as after a prompt that is too
    /// long, where that is all that its deployments lack.
    pub(super) fn way_past(&self) -> NextLeg {
        let first = &self.topology.group(self.leg.group).deployments;
        let outgrown = |id: &DeploymentId| {
            let lack = lack(&self.topology, &self.request, *id);
            lack.is_some_and(Lack::is_window_alone) && !self.is_able(*id)
        };
        match !first.is_empty() && first.iter().all(outgrown) {
            true => NextLeg::ContextList,
            false => NextLeg::Yes,
        }
    }

    /// No deployment that the request could have been sent to can do what it asks: that is for its
    /// caller to change. `None` where nobody was passed over for that.
    pub(super) fn nobody_able(&self) -> Option<Failure> {
        let mut unable: Vec<(DeploymentId, Lack)> = Vec::new();
        for &(_, deployment, lack) in &self.unable {
            if !unable.iter().any(|(known, _)| *known == deployment) {
                unable.push((deployment, lack));
            }
        }
        let cause = FailureCause::Unable(unable);
        (!self.unable.is_empty()).then_some(Failure { cause, status: 400, retry_after: None })
    }
}
