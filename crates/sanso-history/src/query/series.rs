//! Figures over time, in the page's shape.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Connection;
use sanso_watch::{
    CostSeries, GroupSeries, JustBefore, Mark, Millis, PercentileSeries, PlannedChain, PlannedLeg,
    ProviderSeries, Series,
};

use super::chains::Chains;
use super::gather::{ChainPoint, Gather, ProviderPoint};
use super::range::{Grid, Range};
use super::{groups, lanes};
use crate::error::QueryError;
use crate::history::History;
use crate::store;
use crate::store::sums::stored;
use crate::tally::{Histogram, Served};

/// Marks on one page; the newest are shown.
const MARKS: usize = 1000;

/// One value for each point in time; `None` where there is none.
type Values = Vec<Option<f64>>;

impl History {
    /// Every figure over a range, at about so many points: of all chains, or of the one with this
    /// name.
    ///
    /// # Errors
    ///
    /// A range or a number of points out of its bounds, a chain that is not configured and was never
    /// asked for, a file that cannot be read.
    pub fn series(
        &self,
        range: Range,
        points: u64,
        chain: Option<&str>,
    ) -> Result<Series, QueryError> {
        let now = (self.settings().clock)();
        let grid = range.grid(points, now, &self.settings().retention)?;
        let (since, until) = range.checked(now)?;
        let mut plan = self.plan();
        let connection = store::reader(self.settings())?;
        let unknown = |name: &str| QueryError::Unknown { what: "model group", name: name.into() };
        let only = match chain {
            None => None,
            Some(name) => {
                let found = self.asked(groups::find(&connection, &mut plan, name))?;
                Some(found.ok_or_else(|| unknown(name))?)
            }
        };
        let chains = Chains { plan: &plan };
        let read = || -> rusqlite::Result<Series> {
            let gathered = Gather::new(&chains, only, grid).read(&connection)?;
            let wanted = (0..plan.chains.len()).filter(|n| only.is_none_or(|only| only == *n));
            let group = |n: usize| {
                let series = of_chain(&plan.chains[n], &gathered.chains[n], gathered.unknown);
                (Arc::clone(chains.name(n)), series)
            };
            Ok(Series {
                t: times(&grid),
                step_s: grid.step_s,
                model_groups: wanted.clone().map(group).collect(),
                providers: map(&gathered.providers, |points| of_provider(points, gathered.unknown)),
                soft: map(&gathered.models, |points| {
                    points.iter().map(|point| share(point.soft, point.answers)).collect()
                }),
                ttft_ms: percentiles(&gathered.all, |point| &point.ttft),
                duration_ms: percentiles(&gathered.all, |point| &point.duration),
                cost_usd: CostSeries {
                    answers: gathered.all.iter().map(cost).collect(),
                    ..CostSeries::default()
                },
                breakers: lanes::read(&connection, deployments(&chains, wanted), since, until)?,
                marks: marks(&connection, since, until)?,
            })
        };
        Ok(self.asked(read())?)
    }
}

fn times(grid: &Grid) -> Vec<Millis> {
    let start = |point: usize| Millis((grid.start_s + grid.step_s * point as u64) * 1000);
    (0..grid.points).map(start).collect()
}

/// Counts, and `None` for the first points, of which nothing is known: that nothing was asked would be
/// another thing to say.
fn counts<P>(points: &[P], unknown: usize, count: impl Fn(&P) -> u64) -> Vec<Option<u32>> {
    let count = |point| Some(u32::try_from(count(point)).unwrap_or(u32::MAX));
    let known = points.iter().skip(unknown).map(count);
    std::iter::repeat_n(None, unknown).chain(known).collect()
}

fn of_chain(chain: &PlannedChain, points: &[ChainPoint], unknown: usize) -> GroupSeries {
    let rate = |count: fn(&Served) -> u64| -> Values {
        points.iter().map(|point| share(count(&point.sum), point.sum.requests())).collect()
    };
    let served = |leg: usize, place: usize| -> Values {
        let count = |point: &ChainPoint| point.served.get(&(leg, place)).copied().unwrap_or(0);
        points.iter().map(|point| share(count(point), point.sum.requests())).collect()
    };
    let of_leg = |(leg, planned): (usize, &PlannedLeg)| {
        (0..planned.deployments.len()).map(|place| served(leg, place)).collect()
    };
    GroupSeries {
        requests: counts(points, unknown, |point| point.sum.requests()),
        fallback_rate: rate(|sum| sum.partial),
        unavailable_rate: rate(|sum| sum.unavailable),
        degraded_rate: rate(|sum| sum.degraded),
        served: chain.legs.iter().enumerate().map(of_leg).collect(),
    }
}

/// The kinds that occurred; those that did not have no line to draw.
fn of_provider(points: &[ProviderPoint], unknown: usize) -> ProviderSeries {
    let kinds: BTreeSet<_> = points.iter().flat_map(|point| point.kinds.keys().copied()).collect();
    let rate = |kind| -> Values {
        let count = |point: &ProviderPoint| point.kinds.get(&kind).copied().unwrap_or(0);
        points.iter().map(|point| share(count(point), point.attempts)).collect()
    };
    ProviderSeries {
        attempts: counts(points, unknown, |point| point.attempts),
        kinds: kinds.into_iter().map(|kind| (kind, rate(kind))).collect(),
    }
}

fn percentiles(points: &[Served], of: fn(&Served) -> &Histogram) -> PercentileSeries {
    let quantile = |share: f64| -> Values {
        points.iter().map(|point| of(point).quantile(share).map(|ms| ms as f64)).collect()
    };
    PercentileSeries { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) }
}

fn cost(point: &Served) -> Option<f64> {
    (point.priced > 0).then(|| point.cost_nano_usd as f64 / 1e9)
}

/// Of nothing there is no share.
fn share(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

fn map<P, S>(points: &BTreeMap<Arc<str>, Vec<P>>, of: impl Fn(&[P]) -> S) -> BTreeMap<Arc<str>, S> {
    points.iter().map(|(name, points)| (Arc::clone(name), of(points))).collect()
}

/// Each deployment of some chains, once.
fn deployments(chains: &Chains<'_>, wanted: impl Iterator<Item = usize>) -> BTreeSet<Arc<str>> {
    let legs = wanted.flat_map(|number| &chains.plan.chains[number].legs);
    legs.flat_map(|leg| &leg.deployments).map(|d| Arc::clone(&d.deployment)).collect()
}

fn marks(
    connection: &Connection,
    since: Millis,
    until: Millis,
) -> rusqlite::Result<Vec<JustBefore>> {
    let sql = "SELECT moment FROM moment WHERE kind = 'mark' AND at_ms >= ? AND at_ms <= ?
               ORDER BY at_ms DESC, seq DESC LIMIT ?";
    let mut statement = connection.prepare(sql)?;
    let range = [stored(since.0), stored(until.0), MARKS as i64];
    let rows = statement.query_map(range, |row| row.get::<_, String>(0))?;
    let marks: rusqlite::Result<Vec<_>> = rows.collect();
    let read = |text: &String| serde_json::from_str(text).ok();
    let shown = |mark: Mark| JustBefore { at: mark.at, what: mark.what };
    Ok(marks?.iter().rev().filter_map(read).map(shown).collect())
}
