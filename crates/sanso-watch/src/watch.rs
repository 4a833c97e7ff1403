//! The way in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alerts::{self, Alert, AlertState, Alerts, Notice, Thresholds, UnknownAlert};
use crate::event::{Event, Finished};
use crate::figures::Figures;
use crate::index::Index;
use crate::live::{Live, LiveDeployment};
use crate::millis::Millis;
use crate::page::{self, Filter, Overview, Recent, Series, Traffic};
use crate::plan::Plan;
use crate::range::Range;
use crate::scene::{Facts, Scene};
use crate::verdict::{Bench, Verdict};

/// Watches a gateway: takes note of what happens, and says what it comes to.
///
/// Whoever drives it notes every [`Event`], and ticks it about once a second; what a tick returns is to
/// be delivered. All times are wall-clock time. If that steps back by more than a minute, what is
/// later than the new time is forgotten, and only what happens from then on can make an alert fire.
#[derive(Clone, Debug)]
pub struct Watch {
    index: Index,
    figures: Figures,
    facts: Facts,
    alerts: Alerts,
    requests: page::Ring,
    started_at: Millis,
    last_request: Option<Millis>,
}

/// What outlives a restart: which alerts fire, what was told of them, and silences.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    alerts: alerts::State,
}

/// Requests that are kept to be shown, unless said otherwise.
const REQUESTS: usize = 1000;

impl Watch {
    /// Watches what `plan` has from `now` on, with the alerts of before a restart.
    #[must_use]
    pub fn new(plan: Plan, thresholds: Thresholds, saved: Option<Saved>, now: Millis) -> Self {
        let index = Index::new(plan);
        let state = saved.unwrap_or_default().alerts;
        Self {
            alerts: Alerts::new(&index, thresholds, state),
            index,
            figures: Figures::new(),
            facts: Facts::default(),
            requests: page::Ring::new(REQUESTS),
            started_at: now,
            last_request: None,
        }
    }

    /// Goes on under another plan: what both have keeps its figures and alerts.
    pub fn renew(&mut self, plan: Plan, thresholds: Thresholds) {
        let index = Index::new(plan);
        self.figures.renumber(&self.index, &index);
        self.facts.keep(&index);
        self.alerts.renew(&index, thresholds);
        self.index = index;
    }

    /// Takes note of what happened.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Request(request) => {
                self.figures.request(request, &self.index);
                self.last_request = self.last_request.max(Some(request.at));
                self.requests.push(Arc::clone(request));
            }
            Event::Breaker(moved) => {
                self.figures.breaker(moved, &self.index);
                if self.index.deployment(&moved.deployment).is_some() {
                    self.facts.breaker(moved);
                }
            }
            Event::Gate(moved) => {
                self.figures.gate(moved, &self.index);
                if self.index.deployment(&moved.deployment).is_some() {
                    self.facts.gate(moved);
                }
            }
            Event::Mark(mark) => self.facts.mark(mark),
        }
    }

    /// Takes note of the time. Returns what is to be told: each firing, escalation and resolution once.
    pub fn tick(&mut self, now: Millis) -> Vec<Notice> {
        let went_back = self.figures.clock(now, self.alerts.last_tick());
        if went_back {
            self.facts.forget_after(now);
            self.last_request = self.last_request.map(|at| at.min(now));
        }
        let Self { index, figures, facts, alerts, started_at, .. } = self;
        let scene = Scene { index, figures, facts, now, started_at: *started_at };
        alerts.tick(&scene, went_back)
    }

    /// No notices of an alert until then (at most 30 days on), nor of a later one about the same.
    ///
    /// # Errors
    ///
    /// If no open alert has that id.
    pub fn silence(&mut self, id: &str, until: Millis) -> Result<(), UnknownAlert> {
        self.alerts.silence(id, until)
    }

    /// Everything above the charts. `live` is what only the gates know.
    #[must_use]
    pub fn overview(&self, now: Millis, range: Range, live: &[LiveDeployment]) -> Overview {
        page::overview(&self.bench(now, range, live))
    }

    /// Whether quality is being lost right now.
    #[must_use]
    pub fn verdict(&self, now: Millis, range: Range, live: &[LiveDeployment]) -> Verdict {
        self.bench(now, range, live).verdict()
    }

    /// What the charts of a range up to a day are drawn from, in at most about `points` points; of
    /// one chain, if `group` names it.
    #[must_use]
    pub fn series(&self, now: Millis, range: Range, points: usize, group: Option<&str>) -> Series {
        let ask = page::Ask { range, points, group, known_from: self.started_at };
        page::series(&self.scene(now), ask)
    }

    /// What came since the last time this was asked: for those who look on live, once a
    /// second, whether or not anyone does.
    pub fn traffic(&mut self, now: Millis, live: &[LiveDeployment]) -> Traffic {
        let came = self.figures.take_recent();
        page::traffic(&self.index, &came, Live(live), now)
    }

    /// The last requests that a filter lets through, the newest first.
    #[must_use]
    pub fn requests(&self, filter: &Filter) -> Recent {
        self.requests.recent(filter)
    }

    /// One of the last requests.
    #[must_use]
    pub fn request(&self, id: &str) -> Option<&Arc<Finished>> {
        self.requests.find(id)
    }

    /// The names of the configured chains, as [`Watch::series`] has them.
    pub fn chain_names(&self) -> impl Iterator<Item = &Arc<str>> {
        (0..self.index.plan.chains.len()).map(|number| self.index.name(number))
    }

    /// Since when it watches.
    #[must_use]
    pub const fn started_at(&self) -> Millis {
        self.started_at
    }

    /// Alerts that fire, silenced ones apart: for whoever must be told of them again and again.
    #[must_use]
    pub fn firing(&self) -> Vec<Alert> {
        let is_told =
            |alert: &&Alert| alert.state == AlertState::Firing && alert.silenced_until.is_none();
        self.alerts.open().into_iter().filter(is_told).cloned().collect()
    }

    /// What is to be kept across a restart.
    #[must_use]
    pub fn saved(&self) -> Saved {
        Saved { alerts: self.alerts.state().clone() }
    }

    /// Events that were not counted: those that came too late, and those of names that the plan does
    /// not have.
    #[must_use]
    pub const fn uncounted(&self) -> (u64, u64) {
        (self.figures.late, self.figures.unknown)
    }

    const fn scene(&self, now: Millis) -> Scene<'_> {
        let Self { index, figures, facts, started_at, .. } = self;
        Scene { index, figures, facts, now, started_at: *started_at }
    }

    const fn bench<'a>(
        &'a self,
        now: Millis,
        range: Range,
        live: &'a [LiveDeployment],
    ) -> Bench<'a> {
        Bench {
            scene: self.scene(now),
            alerts: &self.alerts,
            live: Live(live),
            range,
            started_at: self.started_at,
            last_request: self.last_request,
        }
    }
}
