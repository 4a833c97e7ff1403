//! The library over real sockets, against simulated and scripted providers.

// For the lints these are tests, helpers included.
#![cfg(test)]

mod budget;
mod cancel;
mod checks;
mod connections;
mod continuation;
mod cut_off;
mod degrade;
mod dialects;
mod explain;
mod failover;
mod gates;
mod gemini;
mod held;
mod local;
mod malformed;
mod metrics;
mod mock_response;
mod observe;
mod own_lists;
mod preflight;
mod probes;
mod relax;
mod secrets;
mod strategies;
mod streams;
mod support;
mod tasks;
mod timeouts;
#[expect(dead_code, reason = "the tests of the binary use the rest")]
mod upstream;
mod views;
mod wildcards;
