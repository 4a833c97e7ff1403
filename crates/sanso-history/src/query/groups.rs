//! The model groups that were asked for, whatever is configured now.

use std::sync::Arc;

use rusqlite::Connection;
use sanso_watch::{Plan, PlannedChain};

use super::chains::Chains;
use crate::error::QueryError;
use crate::history::History;
use crate::store;
use crate::store::sums::stored;
use crate::tally::Level;

impl History {
    /// Every model group that sums are kept of, in alphabetical order.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn model_groups(&self) -> Result<Vec<Arc<str>>, QueryError> {
        let connection = store::reader(self.settings())?;
        Ok(self.asked(groups(&connection))?)
    }
}

/// Sums of days are kept the longest.
fn groups(connection: &Connection) -> rusqlite::Result<Vec<Arc<str>>> {
    let sql = "SELECT DISTINCT model_group FROM served WHERE span_s = ? ORDER BY model_group";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([stored(Level::Day.seconds())], |row| row.get(0))?;
    names.collect()
}

/// The number of the chain with this name. One that is no longer configured, and was asked for, joins
/// the plan: of its legs nothing is known any more. `None`: nothing has this name.
pub(super) fn find(
    connection: &Connection,
    plan: &mut Arc<Plan>,
    name: &str,
) -> rusqlite::Result<Option<usize>> {
    if let Some(number) = (Chains { plan }).named(name) {
        return Ok(Some(number));
    }
    let Some(model_group) = groups(connection)?.into_iter().find(|group| **group == *name) else {
        return Ok(None);
    };
    let chains = &mut Arc::make_mut(plan).chains;
    chains.push(PlannedChain { model_group, ..PlannedChain::default() });
    Ok(Some(chains.len() - 1))
}
