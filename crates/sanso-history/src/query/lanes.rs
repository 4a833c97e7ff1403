//! What became of the breakers over a range.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use sanso_watch::{BreakerMoved, BreakerSeries, BreakerState, Millis, Segment};

use crate::store::sums::stored;

/// Moves that are drawn: far more than a page can show. Of more, the newest.
const MOMENTS: i64 = 20_000;

/// The lanes of those breakers that were not closed all the time.
///
/// A gateway that starts has closed breakers, whatever the one before it left. Two gateways on one
/// file have breakers of their own; a lane shows what either said last.
pub(super) fn read(
    connection: &Connection,
    deployments: BTreeSet<Arc<str>>,
    since: Millis,
    until: Millis,
) -> rusqlite::Result<Vec<BreakerSeries>> {
    let moments = moments(connection, since, until)?;
    let all = (moments.len() as i64) < MOMENTS;
    let since = moments.first().filter(|_| !all).map_or(since, Moment::at);
    let mut lanes = Vec::new();
    for deployment in deployments {
        let before = state_before(connection, &deployment, since)?;
        let of_it = moments.iter().filter(|moment| moment.is_of(&deployment));
        lanes.extend(lane(&deployment, before, since, of_it));
    }
    Ok(lanes)
}

/// What changes a breaker's state.
#[derive(Clone, Debug)]
enum Moment {
    Moved(BreakerMoved),
    /// The gateway started.
    Started(Millis),
}

impl Moment {
    const fn at(&self) -> Millis {
        match self {
            Self::Moved(moved) => moved.at,
            Self::Started(at) => *at,
        }
    }

    fn is_of(&self, deployment: &str) -> bool {
        match self {
            Self::Moved(moved) => &*moved.deployment == deployment,
            Self::Started(_) => true,
        }
    }

    const fn state(&self) -> BreakerState {
        match self {
            Self::Moved(moved) => moved.to,
            Self::Started(_) => BreakerState::Closed,
        }
    }
}

fn lane<'a>(
    deployment: &Arc<str>,
    before: BreakerState,
    since: Millis,
    moments: impl Iterator<Item = &'a Moment>,
) -> Option<BreakerSeries> {
    let deployment = Arc::clone(deployment);
    let mut lane = BreakerSeries { deployment, segments: Vec::new(), openings: Vec::new() };
    let mut current = (since, before);
    let segment = |(from, state): (Millis, BreakerState), to: Option<Millis>| {
        let drawn = state != BreakerState::Closed && to != Some(from);
        drawn.then_some(Segment { from, to, state })
    };
    for moment in moments {
        if let Moment::Moved(moved) = moment
            && moved.is_opening()
        {
            lane.openings.push(moved.at);
        }
        if moment.state() != current.1 {
            lane.segments.extend(segment(current, Some(moment.at())));
            current = (moment.at(), moment.state());
        }
    }
    lane.segments.extend(segment(current, None));
    let quiet = lane.segments.is_empty() && lane.openings.is_empty();
    (!quiet).then_some(lane)
}

/// In order of time.
fn moments(connection: &Connection, since: Millis, until: Millis) -> rusqlite::Result<Vec<Moment>> {
    let sql = "SELECT kind, at_ms, moment FROM moment
               WHERE (kind = 'breaker' OR (kind = 'mark' AND moment ->> 'kind' = 'start'))
               AND at_ms >= ? AND at_ms <= ? ORDER BY at_ms DESC, seq DESC LIMIT ?";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([stored(since.0), stored(until.0), MOMENTS])?;
    let mut moments = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get_ref(0)?.as_str()? == "mark" {
            moments.push(Moment::Started(Millis(crate::store::sums::count(row, 1)?)));
        } else {
            let moved = serde_json::from_str(row.get_ref(2)?.as_str()?).ok();
            moments.extend(moved.map(Moment::Moved));
        }
    }
    moments.reverse();
    Ok(moments)
}

/// The state that a breaker is in as the range begins.
fn state_before(
    connection: &Connection,
    deployment: &str,
    since: Millis,
) -> rusqlite::Result<BreakerState> {
    let mut last = connection.prepare_cached(
        "SELECT moment FROM moment WHERE kind = 'breaker' AND deployment = ? AND at_ms < ?
         ORDER BY at_ms DESC, seq DESC LIMIT 1",
    )?;
    let last =
        last.query_row((deployment, stored(since.0)), |row| row.get::<_, String>(0)).optional()?;
    let moved = last.and_then(|text| serde_json::from_str::<BreakerMoved>(&text).ok());
    let Some(moved) = moved.filter(|moved| moved.to != BreakerState::Closed) else {
        return Ok(BreakerState::Closed);
    };
    let mut started = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM moment WHERE kind = 'mark' AND moment ->> 'kind' = 'start'
         AND at_ms > ? AND at_ms < ?)",
    )?;
    let since_start = [stored(moved.at.0), stored(since.0)];
    let started: bool = started.query_row(since_start, |row| row.get(0))?;
    Ok(if started { BreakerState::Closed } else { moved.to })
}
