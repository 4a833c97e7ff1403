//! Sums per span of time: read, added to, written.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::tally::{Asked, Histogram, Level, Served, Tally};

/// What stands for none: keys of a table cannot be unknown.
const NONE: &str = "";

/// The columns of `served` that [`served`] reads, in its order.
pub(crate) const COLUMNS: &str = "full, partial, degraded, unavailable, cancelled, rejected, soft, \
     input_tokens, output_tokens, cost_nano_usd, priced, ttft, duration";

/// Adds to the sums of a level. Late rows find the span that they belong to, however old it is.
pub(crate) fn add(
    transaction: &Transaction<'_>,
    level: Level,
    more: &Tally,
) -> rusqlite::Result<()> {
    let span = stored(level.seconds());
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM served WHERE span_s = ? AND start_s = ? AND model_group = ?
         AND task = ? AND leg_group = ? AND deployment = ?"
    ))?;
    let mut put = transaction.prepare_cached(&format!(
        "INSERT OR REPLACE INTO served
         (span_s, start_s, model_group, task, leg_group, deployment, {COLUMNS})
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    for ((start, key), added) in &more.served {
        let start = stored(*start);
        let Asked { model_group, task } = &key.asked;
        let (task, leg_group) = (named(task), named(&key.leg_group));
        let deployment = named(&key.deployment);
        let place = params![span, start, model_group, task, leg_group, deployment];
        let found = find.query_row(place, |row| served(row, 0)).optional()?;
        let mut sum = found.unwrap_or_default();
        sum.merge(added);
        put.execute(params![
            span,
            start,
            model_group,
            task,
            leg_group,
            deployment,
            stored(sum.full),
            stored(sum.partial),
            stored(sum.degraded),
            stored(sum.unavailable),
            stored(sum.cancelled),
            stored(sum.rejected),
            stored(sum.soft),
            stored(sum.input_tokens),
            stored(sum.output_tokens),
            stored(sum.cost_nano_usd),
            stored(sum.priced),
            sum.ttft.encode(),
            sum.duration.encode(),
        ])?;
    }
    add_attempts(transaction, span, more)
}

fn add_attempts(transaction: &Transaction<'_>, span: i64, more: &Tally) -> rusqlite::Result<()> {
    let mut attempt = transaction.prepare_cached(
        "INSERT INTO attempt
         (span_s, start_s, model_group, task, provider, deployment, outcome, count)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((start, key), count) in &more.attempts {
        let outcome = key.fault.map_or(SUCCESS, |kind| kind.as_str());
        let row = params![
            span,
            stored(*start),
            key.asked.model_group,
            named(&key.asked.task),
            key.provider,
            key.deployment,
            outcome,
            stored(*count)
        ];
        attempt.execute(row)?;
    }
    Ok(())
}

/// An attempt's outcome that is no fault.
pub(crate) const SUCCESS: &str = "success";

/// Reads [`COLUMNS`], which begin at this column. A histogram that cannot be read counts nothing:
/// the numbers beside it are still right.
pub(crate) fn served(row: &Row<'_>, first: usize) -> rusqlite::Result<Served> {
    let number = |column: usize| count(row, first + column);
    let histogram = |column: usize| -> rusqlite::Result<Histogram> {
        let bytes = row.get_ref(first + column)?.as_blob()?;
        Ok(Histogram::decode(bytes).unwrap_or_default())
    };
    Ok(Served {
        full: number(0)?,
        partial: number(1)?,
        degraded: number(2)?,
        unavailable: number(3)?,
        cancelled: number(4)?,
        rejected: number(5)?,
        soft: number(6)?,
        input_tokens: number(7)?,
        output_tokens: number(8)?,
        cost_nano_usd: number(9)?,
        priced: number(10)?,
        ttft: histogram(11)?,
        duration: histogram(12)?,
    })
}

/// A part of a key, as it is stored.
fn named(name: &Option<Arc<str>>) -> &str {
    name.as_deref().unwrap_or(NONE)
}

/// The inverse of [`named`].
pub(crate) fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<str>>> {
    row.get(column).map(|name: Arc<str>| Some(name).filter(|name| &**name != NONE))
}

/// A number of things, which is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|number: i64| u64::try_from(number).unwrap_or(0))
}

/// SQLite's integers are signed.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
