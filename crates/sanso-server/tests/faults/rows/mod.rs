//! The rows by what fails: the connection, the stream, the body, the provider's word, the client.

mod bodies;
mod clients;
mod connections;
pub(crate) mod http2;
mod refusals;
mod streams;
mod tls;

use crate::row::Row;
use crate::upstream::Act;

pub(crate) fn all() -> Vec<Row> {
    [
        connections::rows(),
        tls::rows(),
        http2::rows(),
        streams::rows(),
        bodies::rows(),
        refusals::rows(),
        clients::rows(),
    ]
    .concat()
}

/// A connection that reads a request and answers with these bytes, and then closes.
fn says(bytes: impl Into<Vec<u8>>) -> Vec<Vec<Act>> {
    vec![vec![Act::Read, Act::Send(bytes.into())]]
}

/// The same, and then nothing more.
fn says_and_holds(bytes: impl Into<Vec<u8>>) -> Vec<Vec<Act>> {
    vec![vec![Act::Read, Act::Send(bytes.into()), Act::Hold]]
}

/// The same, and then a reset.
fn says_and_resets(bytes: impl Into<Vec<u8>>) -> Vec<Vec<Act>> {
    vec![vec![Act::Read, Act::Send(bytes.into()), Act::Reset]]
}

/// A row as a plain call and as a stream.
fn both(row: Row) -> [Row; 2] {
    [row.clone(), row.stream()]
}
