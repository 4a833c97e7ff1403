//! From counts to alerts: which signal is over its line, what was told of it, and when it is well.
//!
//! An alert fires when its signal is over its line in both windows ([`Reading`]), escalates once when
//! it is over the critical line, too, and resolves when two windows on end were below 80 % of the warn
//! line. A window in which nothing was asked says nothing: it neither fires nor resolves; a long
//! window of them resolves. Time that passed without a tick counts for a minute at most, so that neither a
//! suspended process nor a clock that leaps resolves anything. After a clock that went back, only
//! what happens from then on can fire.

mod alert;
mod grouping;
mod onset;
mod reading;
mod sentence;
mod signal;
mod thresholds;
mod track;
mod watched;

use serde::{Deserialize, Serialize};

pub use alert::{Alert, AlertState, Also, Change, Notice};
pub use signal::{Severity, Signal, Subject};
pub use thresholds::{BadRate, Rate, Thresholds};
pub(crate) use watched::{Of, Watched};

use crate::figures::{DAY, MINUTE};
use crate::index::Index;
use crate::millis::Millis;
use crate::scene::Scene;
use grouping::Grouping;
use track::Lines;
pub(crate) use track::Tracked;

/// The longest silence: what is out of mind is forgotten.
const LONGEST_SILENCE: u64 = 30 * DAY;

/// All alerts of a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Alerts {
    thresholds: Thresholds,
    watched: Vec<Watched>,
    state: State,
}

/// What outlives a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    tracked: Vec<Tracked>,
    silences: Vec<(Signal, Subject, Millis)>,
    next_id: u64,
    #[serde(default)]
    grouping: Grouping,
    /// Nothing before it can fire.
    floor: Millis,
    /// When the last alert about something was well again: what it fired for fires no other. After a
    /// restart the counts of it are gone as well.
    #[serde(skip)]
    resolved: Vec<(Signal, Subject, Millis)>,
    last_tick: Millis,
}

/// An alert that is not there (any more).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no open alert has the id {id:?}; `GET /admin/overview` lists those that are open")]
pub struct UnknownAlert {
    id: String,
}

impl Alerts {
    pub(crate) fn new(index: &Index, thresholds: Thresholds, state: State) -> Self {
        Self { thresholds, watched: watched::watched(index), state }
    }

    pub(crate) const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    pub(crate) const fn last_tick(&self) -> Millis {
        self.state.last_tick
    }

    /// Watches what another plan has. Alerts about what it does not have resolve at the next tick.
    pub(crate) fn renew(&mut self, index: &Index, thresholds: Thresholds) {
        self.watched = watched::watched(index);
        self.thresholds = thresholds;
    }

    /// Alerts that are firing or pending, the most severe first, then the oldest.
    pub(crate) fn open(&self) -> Vec<&Alert> {
        let mut open: Vec<_> = self.state.tracked.iter().map(|tracked| &tracked.alert).collect();
        open.sort_by_key(|alert| {
            let pending = alert.state == AlertState::Pending;
            (pending, std::cmp::Reverse(alert.severity), alert.since, alert.signal)
        });
        open
    }

    /// Alerts that are firing, with what they watch.
    pub(crate) fn firing(&self) -> impl Iterator<Item = (&Tracked, &Watched)> {
        self.tracked(|tracked| tracked.alert.state == AlertState::Firing)
    }

    /// Alerts that would fire if there were more requests to tell by, with what they watch.
    pub(crate) fn scarce(&self) -> impl Iterator<Item = (&Tracked, &Watched)> {
        self.tracked(|tracked| tracked.alert.state == AlertState::Pending && tracked.is_scarce)
    }

    fn tracked(&self, is: impl Fn(&Tracked) -> bool) -> impl Iterator<Item = (&Tracked, &Watched)> {
        let tracked = self.state.tracked.iter().filter(move |tracked| is(tracked));
        tracked
            .filter_map(|tracked| Some((tracked, self.watched.iter().find(|w| tracked.is_of(w))?)))
    }

    /// Since when a chain is answered by others, if that alert is open.
    pub(crate) fn onset_of_fallback(&self, chain: usize, index: &Index) -> Option<Millis> {
        let planned = &index.plan.chains[chain];
        let is = |tracked: &&Tracked| {
            tracked.alert.signal == Signal::FallbackRate
                && tracked.subject.model_group.as_ref() == Some(&planned.model_group)
                && tracked.subject.task == planned.task
        };
        self.state.tracked.iter().find(is).map(|tracked| tracked.alert.since)
    }

    /// No notices of an alert, nor of a later one about the same, until then.
    pub(crate) fn silence(&mut self, id: &str, until: Millis) -> Result<(), UnknownAlert> {
        let until = until.min(self.state.last_tick.plus(LONGEST_SILENCE));
        let tracked = self.state.tracked.iter_mut().find(|tracked| &*tracked.alert.id == id);
        let tracked = tracked.ok_or_else(|| UnknownAlert { id: id.chars().take(40).collect() })?;
        tracked.alert.silenced_until = Some(until);
        let (signal, subject) = (tracked.alert.signal, tracked.subject.clone());
        self.state.silences.retain(|(s, of, _)| (*s, of) != (signal, &subject));
        self.state.silences.push((signal, subject, until));
        Ok(())
    }

    /// Reads all signals. `went_back`: the clock did, since the last time.
    pub(crate) fn tick(&mut self, scene: &Scene<'_>, went_back: bool) -> Vec<Notice> {
        let now = scene.now;
        let passed = now.since(self.state.last_tick).min(MINUTE);
        if went_back {
            self.state.floor = now;
            self.state.resolved.clear();
        }
        self.state.resolved.retain(|(_, _, at)| at.plus(DAY) > now);
        self.state.last_tick = now;
        self.state.silences.retain(|(_, _, until)| *until > now);
        self.state.grouping.pass(now, self.thresholds.short());
        let mut changes = Vec::new();
        for watched in &self.watched {
            let resolved = at_of(&self.state.resolved, watched.signal, &watched.subject);
            let floor = self.state.floor.max(resolved.unwrap_or_default());
            let reading = watched.read(scene, &self.thresholds, floor);
            let thresholds = &self.thresholds;
            let lines = Lines { scene, watched, thresholds, reading, passed };
            let place = self.state.tracked.iter().position(|tracked| tracked.is_of(watched));
            let before = place.map(|place| self.state.tracked.swap_remove(place));
            let Some(mut tracked) = track::step(before, &lines, &mut self.state.next_id) else {
                continue;
            };
            tracked.alert.silenced_until =
                at_of(&self.state.silences, tracked.alert.signal, &tracked.subject);
            let is_resolved = tracked.alert.state == AlertState::Resolved;
            if is_resolved || self.state.grouping.may_worsen(&tracked.alert.subject) {
                let told = tracked.tell();
                changes.extend(told.map(|change| Also { change, alert: tracked.alert.clone() }));
            }
            if is_resolved {
                let Tracked { alert, subject, .. } = tracked;
                self.state.resolved.retain(|(s, of, _)| (*s, of) != (alert.signal, &subject));
                self.state.resolved.push((alert.signal, subject, now));
            } else {
                self.state.tracked.push(tracked);
            }
        }
        self.drop_unplanned(&mut changes);
        self.state.grouping.notices(changes, now)
    }

    /// Whom no plan knows any more has nothing left to be well again.
    fn drop_unplanned(&mut self, changes: &mut Vec<Also>) {
        let watched = &self.watched;
        self.state.tracked.retain_mut(|tracked| {
            let is_planned = watched.iter().any(|watched| tracked.is_of(watched));
            if !is_planned {
                tracked.alert.state = AlertState::Resolved;
                let told = tracked.tell();
                changes.extend(told.map(|change| Also { change, alert: tracked.alert.clone() }));
            }
            is_planned
        });
    }
}

/// The time that is noted for a signal of a subject.
fn at_of(noted: &[(Signal, Subject, Millis)], signal: Signal, subject: &Subject) -> Option<Millis> {
    let mut noted = noted.iter().filter(|(s, of, _)| (*s, of) == (signal, subject));
    noted.next().map(|(_, _, at)| *at)
}
