//! Sums of the file, gathered at the points of a grid.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, Row};
use sanso_watch::{Kind, PlannedDeployment};

use super::chains::Chains;
use super::range::Grid;
use crate::store::sums::{self, SUCCESS, stored};
use crate::tally::Served;

/// What a range comes to, at each point.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By chain of the plan.
    pub(super) chains: Vec<Vec<ChainPoint>>,
    /// All of these together.
    pub(super) all: Vec<Served>,
    /// The points of which nothing is known: they ended before anything was written.
    pub(super) unknown: usize,
    pub(super) providers: BTreeMap<Arc<str>, Vec<ProviderPoint>>,
    pub(super) models: BTreeMap<Arc<str>, Vec<ModelPoint>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ChainPoint {
    pub(super) sum: Served,
    /// By leg and deployment of the plan.
    pub(super) served: HashMap<(usize, usize), u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ProviderPoint {
    pub(super) attempts: u64,
    pub(super) kinds: BTreeMap<Kind, u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ModelPoint {
    /// Complete answers, taken or not.
    pub(super) answers: u64,
    /// Those that were not what was wanted.
    pub(super) soft: u64,
}

/// Whose sums are wanted, and where they belong.
pub(super) struct Gather<'a> {
    chains: &'a Chains<'a>,
    /// One chain alone.
    only: Option<usize>,
    grid: Grid,
    deployments: HashMap<&'a str, &'a PlannedDeployment>,
    found: Gathered,
}

impl<'a> Gather<'a> {
    pub(super) fn new(chains: &'a Chains<'a>, only: Option<usize>, grid: Grid) -> Self {
        let points = grid.points;
        let wanted = chains.plan.chains.iter().enumerate();
        let wanted = wanted.filter(|(number, _)| only.is_none_or(|only| only == *number));
        let deployments: HashMap<_, _> = wanted
            .flat_map(|(_, chain)| chain.legs.iter().flat_map(|leg| &leg.deployments))
            .map(|planned| (&*planned.deployment, planned))
            .collect();
        let mut found = Gathered {
            chains: vec![vec![ChainPoint::default(); points]; chains.plan.chains.len()],
            all: vec![Served::default(); points],
            ..Gathered::default()
        };
        for planned in deployments.values() {
            found.providers.insert(Arc::clone(&planned.provider), vec![<_>::default(); points]);
            found.models.insert(Arc::clone(&planned.model), vec![<_>::default(); points]);
        }
        Self { chains, only, grid, deployments, found }
    }

    pub(super) fn read(mut self, connection: &Connection) -> rusqlite::Result<Gathered> {
        self.served(connection)?;
        self.attempts(connection)?;
        self.found.unknown = self.grid.ended_before(self.known_from(connection)?);
        Ok(self.found)
    }

    /// When the first request that is still summed up ended, or the gateway first started, in seconds;
    /// the largest number if nothing is known.
    fn known_from(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let sql = "SELECT min(start_s) FROM (
                     SELECT min(start_s) AS start_s FROM served WHERE span_s = ?
                     UNION ALL SELECT min(at_ms) / 1000 FROM moment WHERE kind = 'mark')";
        let span = [stored(self.grid.level.seconds())];
        let first: Option<i64> = connection.query_row(sql, span, |row| row.get(0))?;
        Ok(first.map_or(u64::MAX, |first| u64::try_from(first).unwrap_or(0)))
    }

    fn range(&self) -> [i64; 3] {
        [self.grid.level.seconds(), self.grid.start_s, self.grid.end_s()].map(stored)
    }

    fn served(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = format!(
            "SELECT start_s, model_group, task, leg_group, deployment, {} FROM served
             WHERE span_s = ? AND start_s >= ? AND start_s < ?",
            sums::COLUMNS
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(self.range())?;
        while let Some(row) = rows.next()? {
            let Some((point, chain)) = self.place(row)? else { continue };
            // Most of the work is latencies: they are added where they belong, and nowhere else.
            sums::add_latencies(&mut self.found.all[point], row, 5)?;
            let mut sum = Served::default();
            sums::add_numbers(&mut sum, row, 5)?;
            let [leg_group, deployment] = [sums::text(row, 3)?, sums::text(row, 4)?];
            self.add_served(point, chain, leg_group, deployment, &sum);
        }
        Ok(())
    }

    fn attempts(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "SELECT start_s, model_group, task, deployment, outcome, count FROM attempt
                   WHERE span_s = ? AND start_s >= ? AND start_s < ?";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query(self.range())?;
        while let Some(row) = rows.next()? {
            if let Some((point, _)) = self.place(row)? {
                let [deployment, outcome] = [sums::text(row, 3)?, sums::text(row, 4)?];
                self.add_attempts(point, deployment, outcome, sums::count(row, 5)?);
            }
        }
        Ok(())
    }

    /// The point and the chain that a row belongs to, by its first three columns.
    fn place(&self, row: &Row<'_>) -> rusqlite::Result<Option<(usize, usize)>> {
        let [model_group, task] = [sums::text(row, 1)?, sums::text(row, 2)?];
        let chain = self.chains.of(model_group, Some(task).filter(|task| *task != sums::NONE));
        let chain = chain.filter(|chain| self.only.is_none_or(|only| only == *chain));
        Ok(self.grid.point(sums::count(row, 0)?).zip(chain))
    }

    fn add_served(
        &mut self,
        point: usize,
        chain: usize,
        leg_group: &str,
        deployment: &str,
        sum: &Served,
    ) {
        let of_chain = &mut self.found.chains[chain][point];
        of_chain.sum.merge_numbers(sum);
        if let Some(place) = self.chains.place(chain, leg_group, deployment) {
            *of_chain.served.entry(place).or_default() += sum.full + sum.partial;
        }
        self.found.all[point].merge_numbers(sum);
        let planned = self.deployments.get(deployment);
        if let Some(model) = planned.and_then(|planned| self.found.models.get_mut(&planned.model)) {
            model[point].soft += sum.soft;
        }
    }

    fn add_attempts(&mut self, point: usize, deployment: &str, outcome: &str, count: u64) {
        let Some(planned) = self.deployments.get(deployment) else { return };
        let kind = Kind::parse(outcome);
        if let Some(provider) = self.found.providers.get_mut(&planned.provider) {
            provider[point].attempts += count;
            if let Some(kind) = kind.filter(|kind| *kind != Kind::Cancelled) {
                *provider[point].kinds.entry(kind).or_default() += count;
            }
        }
        let soft = kind == Some(Kind::Soft);
        if let Some(model) = self.found.models.get_mut(&planned.model) {
            model[point].soft += if soft { count } else { 0 };
            model[point].answers += if soft || outcome == SUCCESS { count } else { 0 };
        }
    }
}
