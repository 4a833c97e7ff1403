//! The binary as its users run it: spawned, asked over raw HTTP/1.1, stopped by signals.

// Marked as tests, for the lints that tests are free of: helpers unwrap, too.
#[cfg(test)]
mod admin;
#[cfg(test)]
mod agree;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod command;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod support;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the library use the rest")]
#[path = "../../../sanso/tests/it/upstream.rs"]
mod upstream;
