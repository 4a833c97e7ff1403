//! One notice per chain, and not one after the other: an outage takes several alerts over their lines,
//! some seconds apart.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert::{Alert, Also, Change, Notice};
use super::signal::Subject;
use crate::millis::Millis;

/// The shortest time between two notices of a chain that say the same (that it got worse, or better),
/// as a part of the short window: half a minute of five, as long as an Alertmanager waits for a group.
/// The first goes out at once, what follows is gathered.
const APART: u64 = 10;

/// What was told of late, and what waits to be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Grouping {
    told: Vec<(Topic, Millis)>,
    /// They are well again, and tracked no more.
    resolved: Vec<Also>,
}

/// What a notice is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Topic {
    /// An escalation beside a firing is one message, too: both say that it got worse. First of the
    /// three, since notices go out in their order: what is well again before what is not.
    is_worse: bool,
    model_group: Option<Arc<str>>,
    task: Option<Arc<str>>,
}

impl Topic {
    fn of(subject: &Subject, is_worse: bool) -> Self {
        let Subject { model_group, task, .. } = subject;
        Self { model_group: model_group.clone(), task: task.clone(), is_worse }
    }
}

impl Grouping {
    /// Whether it may be told now that something got worse.
    pub(super) fn may_worsen(&self, of: &Subject) -> bool {
        self.may(&Topic::of(of, true))
    }

    fn may(&self, topic: &Topic) -> bool {
        self.told.iter().all(|(told, _)| told != topic)
    }

    /// Time goes on. `short` is the short window, in milliseconds.
    pub(super) fn pass(&mut self, now: Millis, short: u64) {
        // After a clock that went back, what was told is of no time.
        self.told.retain(|(_, at)| *at <= now && now.since(*at) < short / APART);
    }

    /// One notice per topic, led by the signal that tells most.
    ///
    /// A resolution that waits goes out at once when the same fires again, before it. Told after it, it
    /// would end the newer one, which has the same labels at an Alertmanager, and for a reader be the
    /// last word. Kept from them, it would leave the older one open for ever with whoever goes by `id`.
    pub(super) fn notices(&mut self, changes: Vec<Also>, now: Millis) -> Vec<Notice> {
        let worse: Vec<_> =
            changes.iter().filter(|also| also.change != Change::Resolved).cloned().collect();
        let is_overtaken =
            |old: &Alert| worse.iter().any(|also| is_about_the_same(&also.alert, old));
        let mut changes = [std::mem::take(&mut self.resolved), changes].concat();
        changes.sort_by_key(|also| (also.alert.signal, std::cmp::Reverse(also.alert.severity)));
        let mut groups = BTreeMap::<Topic, Notice>::new();
        for Also { change, alert } in changes {
            let topic = Topic::of(&alert.subject, change != Change::Resolved);
            if change == Change::Resolved && !self.may(&topic) && !is_overtaken(&alert) {
                self.resolved.push(Also { change, alert });
                continue;
            }
            match groups.entry(topic) {
                Entry::Vacant(place) => {
                    place.insert(Notice { change, at: now, alert, also: Vec::new() });
                }
                Entry::Occupied(mut place) => place.get_mut().also.push(Also { change, alert }),
            }
        }
        self.told.extend(groups.keys().map(|topic| (topic.clone(), now)));
        groups.into_values().collect()
    }
}

/// Two alerts of the same signal and subject. The chain that suffers is shown beside a subject that is
/// not a chain, and may be another one by now.
fn is_about_the_same(one: &Alert, other: &Alert) -> bool {
    let own = |alert: &Alert| {
        let Subject { provider, model, deployment, key_name, .. } = alert.subject.clone();
        let chain = (alert.subject.model_group.clone(), alert.subject.task.clone());
        let chain = Some(chain).filter(|_| alert.signal.is_of_chain());
        (alert.signal, provider, model, deployment, key_name, chain)
    };
    own(one) == own(other)
}
