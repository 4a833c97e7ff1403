//! Finished requests, newest first.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use sanso_watch::{Degradation, Filter, Finished};

use super::range::bounds;
use crate::error::{QueryError, StoreError};
use crate::history::History;
use crate::store;

/// A page of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The newest first.
    pub requests: Vec<Arc<Finished>>,
    /// Where to go on, as the next filter's `before`; `None` at the end. It may be `Some` after an
    /// empty page: so many requests were looked at that it is time for an answer.
    pub before: Option<String>,
}

/// On a page, unless said otherwise.
const USUAL: usize = 50;
/// On a page nobody reads more.
const LIMIT: u64 = 1000;
/// Requests looked at for one page: about a tenth of a second.
const LOOKED_AT: i64 = 20_000;

impl History {
    /// The newest requests that a filter matches.
    ///
    /// # Errors
    ///
    /// A limit out of its bounds, a `before` that is not kept, a file that cannot be read.
    pub fn requests(&self, filter: &Filter) -> Result<Found, QueryError> {
        bounds("limit", filter.limit.unwrap_or(USUAL) as u64, 1, LIMIT)?;
        let connection = store::reader(self.settings())?;
        let place = match &filter.before {
            None => (i64::MAX, i64::MAX),
            Some(id) => self
                .asked(place(&connection, id))?
                .or_else(|| place_of_begin(id))
                .ok_or_else(|| QueryError::Unknown { what: "request", name: id.as_str().into() })?,
        };
        Ok(self.asked(page(&connection, filter, place))?)
    }

    /// One request, by its id; `None` if it is not kept.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn request(&self, id: &str) -> Result<Option<Finished>, QueryError> {
        let connection = store::reader(self.settings())?;
        let find = || {
            let sql = "SELECT finished FROM request WHERE id = ?";
            connection.query_row(sql, [id], |row| row.get::<_, String>(0)).optional()
        };
        Ok(self.asked(find())?.and_then(|text| read(&text)))
    }

    /// What SQLite says, in the history's words.
    pub(super) fn asked<T>(&self, answer: rusqlite::Result<T>) -> Result<T, StoreError> {
        answer.map_err(|error| StoreError::sqlite(&self.settings().path, &error))
    }
}

/// Where a request stands in the order of requests.
fn place(connection: &Connection, id: &str) -> rusqlite::Result<Option<(i64, i64)>> {
    let sql = "SELECT at_ms, seq FROM request WHERE id = ?";
    connection.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Where one without a row stands: not every ordinary request of a busy gateway has one. Its id, a UUID
/// of version 7, says when it began.
fn place_of_begin(id: &str) -> Option<(i64, i64)> {
    let is_ours = id.len() == 32 && id.as_bytes()[12] == b'7';
    let at_ms = i64::from_str_radix(id.get(..12).filter(|_| is_ours)?, 16).ok()?;
    Some((at_ms, 0))
}

fn page(
    connection: &Connection,
    filter: &Filter,
    (at_ms, seq): (i64, i64),
) -> rusqlite::Result<Found> {
    // The partial index is only used where its condition stands in the question.
    let eventful = if only_eventful(filter) { "AND eventful = 1" } else { "" };
    let sql = format!(
        "SELECT id, model_group, finished FROM request WHERE (at_ms, seq) < (?, ?) {eventful}
         ORDER BY at_ms DESC, seq DESC LIMIT ?"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![at_ms, seq, LOOKED_AT])?;
    let limit = filter.limit.unwrap_or(USUAL);
    let mut found = Found::default();
    let mut looked_at = 0;
    let mut last = None;
    while let Some(row) = rows.next()? {
        if found.requests.len() >= limit {
            found.before = last;
            return Ok(found);
        }
        looked_at += 1;
        last = Some(row.get(0)?);
        // Most are found to be of another group before their JSON is read.
        let group = row.get_ref(1)?.as_str()?;
        if filter.model_group.as_deref().is_none_or(|wanted| wanted == group) {
            let request = read(row.get_ref(2)?.as_str()?);
            found.requests.extend(request.filter(|request| filter.takes(request)).map(Arc::new));
        }
    }
    found.before = last.filter(|_| looked_at == LOOKED_AT);
    Ok(found)
}

/// Only requests that went wrong in some way can be taken: not answered in full, or with a fault on the
/// way. The others need not be looked at.
fn only_eventful(filter: &Filter) -> bool {
    let kind = |q: &String| q.split_whitespace().any(|word| word.starts_with("kind:"));
    filter.kind.is_some()
        || filter.degradation_level.is_some_and(|level| level != Degradation::Full)
        || filter.q.as_ref().is_some_and(kind)
}

/// A row of a newer or older build may lack what this one needs: it is passed over, not an error.
fn read(text: &str) -> Option<Finished> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use sanso_watch::Kind;

    use super::*;

    #[test]
    fn what_only_trouble_can_be_is_known_beforehand() {
        let any = Filter::default();
        let level = |level| Filter { degradation_level: Some(level), ..any.clone() };
        let words = |q: &str| Filter { q: Some(q.into()), ..any.clone() };
        for filter in [
            level(Degradation::Cancelled),
            words("a kind:x"),
            Filter { kind: Some(Kind::Broken), ..any.clone() },
        ] {
            assert!(only_eventful(&filter), "{filter:?}");
        }
        for filter in [any.clone(), words("main"), words("soft"), level(Degradation::Full)] {
            assert!(!only_eventful(&filter), "{filter:?}");
        }
    }
}
