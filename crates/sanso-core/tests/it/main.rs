//! Tests of the decisions, through the public API alone, in virtual time.
#![cfg(test)]

mod able;
mod breaker;
mod budgets;
mod continuation;
mod faults;
mod last_resort;
mod latches;
mod laws;
mod lockstep;
mod oracle;
mod probes;
mod provider;
mod quota;
mod relax;
mod rig;
mod route;
mod scene;
mod steps;
mod strategies;
mod telling;
mod traces;
mod world;
