//! The invariants of the specification, by their numbers and names, over random worlds.
//!
//! * `ends.rs`: how a request ends
//! * `attempts.rs`: whom it calls, how often and when
//! * `able.rs`: what a deployment is not asked, because it cannot do it
//! * `shut.rs`: what a gate lets through, and what moves it
//! * `healing.rs`: that everything comes back

mod able;
mod attempts;
mod ends;
mod healing;
mod shut;

use proptest::test_runner::Config;

/// Enough to meet every branch many times, and few enough for each build.
pub(crate) fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}
