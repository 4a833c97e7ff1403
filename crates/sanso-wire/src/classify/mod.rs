//! Status, headers and body to a fault: the one place where provider errors get their kind.
//!
//! Three steps, one file each: the body's many shapes are read into one struct (`body`), one table of
//! rules names the kind (`table`), and headers, body and prose are searched for when to come back
//! (`hints`), or for how long an answer could be (`room`).

mod body;
mod duration;
mod hints;
mod room;
mod table;

use http::HeaderMap;
use jiff::Timestamp;
use sanso_core::{Duration, Fault, FaultKind, Spent};

use crate::dialect::Dialect;
use crate::failure::Failure;
use body::{Said, Shape};

/// Names the fault of an answer whose status is not 2xx.
///
/// `now` is the wall clock; it is used only for hints that are dates, where the provider sent no
/// `Date` of its own. A 2xx is judged as [`error_in_200`] does.
#[must_use]
pub fn response(
    dialect: Dialect,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Failure {
    if (200..300).contains(&status) {
        return error_in_200(dialect, body);
    }
    let said = Said::read(body);
    let kind = table::kind(dialect, status, &said);
    let limited = kind == FaultKind::RateLimited || kind == FaultKind::QuotaExhausted;
    let hint = hints::told(headers, &said, now).or_else(|| {
        let reset = || hints::window_reset(headers, table::dimension(&said), now);
        limited.then(reset).flatten()
    });
    let mut failure = failure(kind, Some(status), hint, said);
    if kind == FaultKind::RateLimited {
        let same = |spent: &Spent| spent.dimension == failure.fault.dimension;
        failure.fault.spacing = hints::spent(headers, now).filter(same).find_map(|it| it.spacing());
    }
    failure
}

/// The quotas of which, by an answer's headers, nothing is left. `now` as for [`response`].
pub fn spent(headers: &HeaderMap, now: Timestamp) -> impl Iterator<Item = Spent> {
    hints::spent(headers, now)
}

/// Names the fault of an error body that came with a 200, or inside a stream.
///
/// The error is classed by what it says; its fault carries the status that it names or implies, so
/// that it keeps its class on the way to the client. A body that says nothing is `Malformed`.
#[must_use]
pub fn error_in_200(dialect: Dialect, body: &[u8]) -> Failure {
    let said = Said::read(body);
    let status = table::status_within(&said);
    let kind = table::kind(dialect, status.unwrap_or(0), &said);
    let hint = hints::told(&HeaderMap::new(), &said, Timestamp::UNIX_EPOCH);
    failure(kind, status, hint, said)
}

fn failure(kind: FaultKind, status: Option<u16>, hint: Option<Duration>, said: Said) -> Failure {
    let dimension = table::dimension(&said).unwrap_or_default();
    let too_long = said.message.as_deref().filter(|_| kind == FaultKind::ContextWindow);
    Failure {
        fault: Fault {
            status,
            hint,
            dimension,
            certain: table::names_the_key(&said),
            room: too_long.and_then(room::room),
            ..Fault::new(kind)
        },
        message: said.message.unwrap_or_else(|| our_words(status, said.shape)),
        kind: said.kind,
        code: said.code,
        param: said.param,
    }
}

/// What is said where the provider said nothing.
fn our_words(status: Option<u16>, shape: Shape) -> String {
    let what = match shape {
        Shape::Empty => "an empty body",
        Shape::Html | Shape::Text | Shape::Silent => "a body that states no error",
        Shape::Error => "an error without a message",
    };
    match status {
        Some(status @ 300..=399) => format!("status {status}: a redirect, which is not followed"),
        Some(status) => format!("status {status} with {what}"),
        None => format!("a success status with {what}"),
    }
}
