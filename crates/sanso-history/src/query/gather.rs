//! Sums of the file, gathered at the points of a grid.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, params};
use sanso_watch::{Kind, PlannedDeployment};

use super::chains::Chains;
use super::range::Grid;
use crate::store::sums::{self, SUCCESS, stored};
use crate::tally::{Asked, Histogram, Served};

/// What a range comes to, at each point.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By chain of the plan.
    pub(super) chains: Vec<Vec<ChainPoint>>,
    /// All chains together.
    pub(super) all: Vec<AllPoint>,
    pub(super) providers: BTreeMap<Arc<str>, Vec<ProviderPoint>>,
    pub(super) models: BTreeMap<Arc<str>, Vec<ModelPoint>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ChainPoint {
    pub(super) requests: u64,
    pub(super) partial: u64,
    pub(super) degraded: u64,
    pub(super) unavailable: u64,
    /// By leg and deployment of the plan.
    pub(super) served: HashMap<(usize, usize), u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct AllPoint {
    pub(super) ttft: Histogram,
    pub(super) duration: Histogram,
    pub(super) cost_nano_usd: u64,
    pub(super) priced: u64,
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
            all: vec![AllPoint::default(); points],
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
        Ok(self.found)
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
        let mut rows =
            statement.query(params![self.range()[0], self.range()[1], self.range()[2]])?;
        while let Some(row) = rows.next()? {
            let asked = Asked { model_group: row.get(1)?, task: sums::name(row, 2)? };
            let point = self.grid.point(sums::count(row, 0)?);
            let Some((point, chain)) = point.zip(self.wanted(&asked)) else { continue };
            let (leg_group, deployment) = (sums::name(row, 3)?, sums::name(row, 4)?);
            let served = sums::served(row, 5)?;
            self.add_served(point, chain, leg_group.as_ref(), deployment.as_deref(), &served);
        }
        Ok(())
    }

    fn attempts(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "SELECT start_s, model_group, task, deployment, outcome, count FROM attempt
                   WHERE span_s = ? AND start_s >= ? AND start_s < ?";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query(self.range())?;
        while let Some(row) = rows.next()? {
            let asked = Asked { model_group: row.get(1)?, task: sums::name(row, 2)? };
            let point = self.grid.point(sums::count(row, 0)?);
            let Some((point, _)) = point.zip(self.wanted(&asked)) else { continue };
            let outcome = row.get_ref(4)?.as_str()?;
            let count = sums::count(row, 5)?;
            self.add_attempts(point, row.get_ref(3)?.as_str()?, outcome, count);
        }
        Ok(())
    }

    fn wanted(&self, asked: &Asked) -> Option<usize> {
        self.chains.of(asked).filter(|chain| self.only.is_none_or(|only| only == *chain))
    }

    fn add_served(
        &mut self,
        point: usize,
        chain: usize,
        leg_group: Option<&Arc<str>>,
        deployment: Option<&str>,
        served: &Served,
    ) {
        let of_chain = &mut self.found.chains[chain][point];
        of_chain.requests += served.requests();
        of_chain.partial += served.partial;
        of_chain.degraded += served.degraded;
        of_chain.unavailable += served.unavailable;
        let place = deployment.and_then(|id| self.chains.place(chain, leg_group, id));
        if let Some(place) = place {
            *of_chain.served.entry(place).or_default() += served.full + served.partial;
        }
        let all = &mut self.found.all[point];
        all.ttft.merge(&served.ttft);
        all.duration.merge(&served.duration);
        all.cost_nano_usd = all.cost_nano_usd.saturating_add(served.cost_nano_usd);
        all.priced += served.priced;
        let planned = deployment.and_then(|id| self.deployments.get(id));
        if let Some(model) = planned.and_then(|planned| self.found.models.get_mut(&planned.model)) {
            model[point].soft += served.soft;
        }
    }

    fn add_attempts(&mut self, point: usize, deployment: &str, outcome: &str, count: u64) {
        let Some(planned) = self.deployments.get(deployment) else { return };
        let kind = Kind::parse(outcome);
        if let Some(provider) = self.found.providers.get_mut(&planned.provider) {
            provider[point].attempts += count;
            if let Some(kind) = kind.filter(|kind| kind.is_providers()) {
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
