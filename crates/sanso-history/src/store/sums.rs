//! Sums per span of time: read, added to, written.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::tally::{Asked, Level, Served, Tally, plus};

/// What stands for none: keys of a table cannot be unknown.
pub(crate) const NONE: &str = "";

/// The columns of `served` that hold sums, in the order in which they are read.
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
        let mut sum = added.clone();
        let add = |row: &Row<'_>| {
            add_numbers(&mut sum, row, 0)?;
            add_latencies(&mut sum, row, 0)
        };
        find.query_row(place, add).optional()?;
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

/// Adds the numbers among [`COLUMNS`], which begin at this column, to a sum.
pub(crate) fn add_numbers(sum: &mut Served, row: &Row<'_>, first: usize) -> rusqlite::Result<()> {
    let numbers = [
        &mut sum.full,
        &mut sum.partial,
        &mut sum.degraded,
        &mut sum.unavailable,
        &mut sum.cancelled,
        &mut sum.rejected,
        &mut sum.soft,
        &mut sum.input_tokens,
        &mut sum.output_tokens,
        &mut sum.cost_nano_usd,
        &mut sum.priced,
    ];
    for (column, number) in (first..).zip(numbers) {
        plus(number, count(row, column)?);
    }
    Ok(())
}

/// How many of [`COLUMNS`] are numbers.
const NUMBERS: usize = 11;

/// Adds the latencies among [`COLUMNS`]. A histogram that cannot be read counts as far as it can: the
/// numbers beside it are still right.
pub(crate) fn add_latencies(sum: &mut Served, row: &Row<'_>, first: usize) -> rusqlite::Result<()> {
    let _ = sum.ttft.merge_encoded(row.get_ref(first + NUMBERS)?.as_blob()?);
    let _ = sum.duration.merge_encoded(row.get_ref(first + NUMBERS + 1)?.as_blob()?);
    Ok(())
}

/// A part of a key, as it is stored.
fn named(name: &Option<Arc<str>>) -> &str {
    name.as_deref().unwrap_or(NONE)
}

/// A name, or [`NONE`].
pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

/// A number of things, which is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|number: i64| u64::try_from(number).unwrap_or(0))
}

/// SQLite's integers are signed.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
