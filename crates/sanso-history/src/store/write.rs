//! A batch of events, in one transaction.

use rusqlite::{CachedStatement, Transaction, TransactionBehavior, params};
use sanso_watch::{Degradation, Event, Finished, Millis, Plan};
use serde::Serialize;
use serde_json::Value;

use super::Store;
use super::sums::{self, stored};
use crate::error::StoreError;
use crate::tally::{Level, Tally};

/// Bytes of a request's row; one that is larger loses its notes and warnings, and its names are cut.
/// Trails are short, and 64 kB is fifty times the usual one.
const ROW_BYTES: usize = 64 * 1024;
/// Bytes of a name in a row that was too large: few are longer, and a caller may send any length.
const NAME_BYTES: usize = 200;
/// Ordinary requests of a second that have rows of their own. No one reads more, and rows of them all
/// would cost a busy gateway more than anything else that it keeps, and push out of the file what is
/// looked for.
const ORDINARY: u32 = 100;
/// Bytes of pages that an event takes at most: its row, and what it adds to indexes and sums.
pub(super) const EVENT_BYTES: u64 = 4 * ROW_BYTES as u64;

impl Store {
    /// Writes events and what they add to the sums: all of them, or none.
    ///
    /// Of ordinary requests beyond a hundred a second only the sums are kept.
    ///
    /// A request whose id is in the file is passed over, sums included, so a batch may be written
    /// again when it is not known whether it was. One without a row goes with the row before it: the
    /// first of a batch has one.
    ///
    /// # Errors
    ///
    /// Whatever the database says. Nothing of the batch is then in it.
    pub(crate) fn write(&mut self, events: &[Event], plan: &Plan) -> Result<(), StoreError> {
        self.still_there()?;
        self.write_all(events, plan).map_err(|error| self.error(&error))
    }

    fn write_all(&mut self, events: &[Event], plan: &Plan) -> rusqlite::Result<()> {
        // Immediate: the sums are read before they are written, and another gateway may write the
        // same ones.
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (mut tally, mut pace, mut is_new) = (Tally::default(), Pace::default(), true);
        {
            let mut request = transaction.prepare_cached(
                "INSERT INTO request (id, at_ms, model_group, eventful, finished)
                 VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            )?;
            let mut moment = transaction.prepare_cached(
                "INSERT INTO moment (kind, deployment, at_ms, moment)
                 VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            )?;
            for event in events {
                match event {
                    Event::Request(finished) => {
                        if is_eventful(finished) || pace.admits(finished.at) {
                            is_new = insert(&mut request, finished)?;
                        }
                        if is_new {
                            tally.add(finished, 1, plan);
                        }
                    }
                    Event::Breaker(moved) => {
                        let at = stored(moved.at.0);
                        moment.execute(params!["breaker", moved.deployment, at, json(moved)])?;
                    }
                    Event::Gate(moved) => {
                        let at = stored(moved.at.0);
                        moment.execute(params!["gate", moved.deployment, at, json(moved)])?;
                    }
                    Event::Mark(mark) => {
                        moment.execute(params!["mark", "", stored(mark.at.0), json(mark)])?;
                    }
                }
            }
        }
        add_up(&transaction, &tally)?;
        transaction.commit()
    }

    /// Writes sums without the requests that they are made of.
    ///
    /// # Errors
    ///
    /// Whatever the database says. Nothing of them is then in it.
    pub(crate) fn write_sums(&mut self, tally: &Tally) -> Result<(), StoreError> {
        let mut write = || {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            add_up(&transaction, tally)?;
            transaction.commit()
        };
        write().map_err(|error| self.error(&error))
    }
}

fn add_up(transaction: &Transaction<'_>, tally: &Tally) -> rusqlite::Result<()> {
    Level::ALL.into_iter().try_for_each(|level| sums::add(transaction, level, &tally.at(level)))
}

/// Which ordinary requests of a batch have rows. It knows of no other batch: one that is written again
/// must come to the same.
#[derive(Debug, Default)]
struct Pace {
    second: u64,
    rows: u32,
}

impl Pace {
    fn admits(&mut self, at: Millis) -> bool {
        let second = at.0 / 1000;
        if second != self.second {
            *self = Self { second, rows: 0 };
        }
        self.rows += 1;
        self.rows <= ORDINARY
    }
}

/// Whether it is new.
fn insert(request: &mut CachedStatement<'_>, finished: &Finished) -> rusqlite::Result<bool> {
    let mut text = json(finished);
    if text.len() > ROW_BYTES {
        text = shortened(finished);
    }
    let row = params![
        finished.request_id,
        stored(finished.at.0),
        finished.model_group,
        is_eventful(finished),
        text,
    ];
    Ok(request.execute(row)? > 0)
}

/// Something a person would look for: not answered in full, or not at once, or not well.
fn is_eventful(finished: &Finished) -> bool {
    finished.degradation != Degradation::Full
        || finished.soft.is_some()
        || finished.attempts.iter().any(|attempt| attempt.outcome.kind().is_some())
}

fn shortened(finished: &Finished) -> String {
    let mut short = finished.clone();
    short.warnings.clear();
    short.attempts.iter_mut().for_each(|attempt| attempt.note = None);
    let mut row = serde_json::to_value(short).unwrap_or_default();
    cut(&mut row);
    row.to_string()
}

/// Cuts every text, wherever it stands: a field that comes to be must not be forgotten here.
fn cut(value: &mut Value) {
    match value {
        Value::String(text) => text.truncate(text.floor_char_boundary(NAME_BYTES)),
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(fields) => fields.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Events are plain data with text as keys, so there is nothing that JSON could not say.
fn json(event: &impl Serialize) -> String {
    serde_json::to_string(event).unwrap_or_default()
}
