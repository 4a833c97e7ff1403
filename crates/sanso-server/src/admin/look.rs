//! What is answered to those who look: from the live figures, and from the history for what is older.

use std::sync::Arc;
use std::time::Duration;

use sanso::wall_clock;
use sanso::watch::{About, Filter, Finished, Forced, History, Millis, Overview, Range, Series};
use sanso_history::{Found, QueryError};

use super::Admin;
use crate::alerts;

/// How far the live figures reach back.
const LIVE: Range = Range::Day;

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It was asked wrongly.
    Badly(String),
    /// There is no such thing.
    Unknown(String),
}

impl Admin {
    /// Everything above the charts.
    pub(crate) fn overview(&self, range: Range) -> Overview {
        let live = self.gateway.live();
        let mut overview = self.watch().overview(wall_clock(), range, &live);
        overview.about = About {
            version: env!("CARGO_PKG_VERSION").into(),
            instance: Arc::clone(&self.instance),
            // Its own texts are in UTC.
            utc_offset_min: 0,
            history: self.history.as_ref().map(|history| History::from(&history.health())),
            delivery: Some(self.delivery.health().shown()),
        };
        overview
    }

    /// `GET /metrics`: the gateway's, and those of alerts.
    pub(crate) fn metrics(&self) -> String {
        let firing = self.watch().firing();
        alerts::metrics(self.gateway.metrics(), &firing, &self.delivery.health())
    }

    /// What the charts are drawn from. It may block.
    pub(crate) fn series(
        &self,
        range: Range,
        points: usize,
        group: Option<&str>,
    ) -> Result<Series, Asked> {
        let now = wall_clock();
        let is_configured = self.known_group(group)?;
        let live = || self.watch().series(now, range.min(LIVE), points, group);
        // Of a group that is no longer configured the live figures count nothing.
        let is_asked = !is_configured || self.is_older(range, now);
        let Some(history) = self.history.as_ref().filter(|_| is_asked) else {
            return Ok(live());
        };
        let last = sanso_history::Range::last(Duration::from_millis(range.millis()), now);
        match history.series(last, points as u64, group) {
            Ok(series) => Ok(series),
            // Trouble with the file is shown as such; what is known is told meanwhile. A name that came a
            // moment ago is not in the file yet.
            Err(QueryError::Store(_) | QueryError::Unknown { .. }) => Ok(live()),
            Err(error) => Err(Asked::Badly(error.to_string())),
        }
    }

    /// Whether a group that is asked about is a configured one. Else it is one that was asked for, and
    /// is only kept. It may block.
    fn known_group(&self, group: Option<&str>) -> Result<bool, Asked> {
        let Some(group) = group else { return Ok(true) };
        let mut known: Vec<_> = self.watch().chain_names().map(Arc::clone).collect();
        if known.iter().any(|name| **name == *group) {
            return Ok(true);
        }
        let of_group =
            Filter { limit: Some(1), model_group: Some(group.to_owned()), ..Filter::default() };
        if !self.watch().requests(&of_group).requests.is_empty() {
            return Ok(false);
        }
        match self.history.as_ref().map(|history| history.model_groups()) {
            Some(Ok(kept)) if kept.iter().any(|name| **name == *group) => return Ok(false),
            // What cannot be read may know it.
            Some(Err(_)) => return Ok(false),
            Some(Ok(kept)) => known.extend(kept),
            None => {}
        }
        let asked: String = group.chars().take(80).collect();
        known.sort_unstable();
        known.dedup();
        let known = known.join(", ");
        Err(Asked::Badly(format!("There is no model group `{asked}`; there are: {known}.")))
    }

    /// Whether a range begins before what the live figures know of.
    fn is_older(&self, range: Range, now: Millis) -> bool {
        range > LIVE || self.watch().started_at() > now.minus(range.millis())
    }

    /// The last requests that a filter lets through, the newest first, and where to go on. It may
    /// block.
    pub(crate) fn requests(&self, filter: &Filter) -> Result<Found, Asked> {
        self.known_group(filter.model_group.as_deref())?;
        let recent = self.watch().requests(filter);
        let last = recent.requests.last().filter(|_| recent.has_more);
        let before = last.map(|last| last.request_id.to_string());
        let live = Found { requests: recent.requests, before };
        let is_full = live.before.is_some();
        let Some(history) = self.history.as_ref().filter(|_| !is_full) else { return Ok(live) };
        let is_here = |id: &String| self.watch().request(id).is_some();
        match history.requests(filter) {
            // What came a moment ago is not in the file yet.
            Ok(found) if found.requests.len() < live.requests.len() => {
                Ok(Found { before: found.before, ..live })
            }
            Ok(found) => Ok(found),
            Err(QueryError::Store(_)) => Ok(live),
            // The list above this one may end with what came a moment ago.
            Err(QueryError::Unknown { .. }) if filter.before.as_ref().is_some_and(is_here) => {
                Ok(live)
            }
            Err(error) => Err(Asked::Badly(error.to_string())),
        }
    }

    /// One request with its trail. It may block.
    pub(crate) fn request(&self, id: &str) -> Result<Arc<Finished>, Asked> {
        let unknown = || {
            let id: String = id.chars().take(80).collect();
            Asked::Unknown(format!("No request with the id `{id}` is kept."))
        };
        if let Some(found) = self.watch().request(id) {
            return Ok(Arc::clone(found));
        }
        let history = self.history.as_ref().ok_or_else(unknown)?;
        match history.request(id) {
            Ok(Some(found)) => Ok(Arc::new(found)),
            Ok(None) | Err(QueryError::Store(_)) => Err(unknown()),
            Err(error) => Err(Asked::Badly(error.to_string())),
        }
    }

    /// No notices of an alert for so long.
    pub(crate) fn silence(&self, id: &str, length: Duration) -> Result<(), Asked> {
        let until = wall_clock().plus(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        let mut watch = self.watch();
        watch.silence(id, until).map_err(|unknown| Asked::Unknown(unknown.to_string()))?;
        let saved = watch.saved();
        drop(watch);
        if let Some(path) = &self.saved {
            self.shelf.put(path, &saved);
        }
        Ok(())
    }

    /// Sets a breaker by hand, or leaves it to itself.
    pub(crate) fn force(&self, deployment: &str, forced: Option<Forced>) -> Result<(), Asked> {
        if self.gateway.force(deployment, forced) {
            return Ok(());
        }
        let known: Vec<_> = self.gateway.deployments().iter().map(|it| it.id.to_string()).collect();
        let known = known.join(", ");
        let asked: String = deployment.chars().take(80).collect();
        Err(Asked::Unknown(format!("There is no deployment `{asked}`; there are: {known}.")))
    }
}
