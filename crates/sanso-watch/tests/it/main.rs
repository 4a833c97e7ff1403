//! Tests of the watch, on virtual time.
#![cfg(test)]

mod alerts;
mod causes;
mod day;
mod events;
mod figures;
mod filter;
mod laws;
mod page;
mod rig;
mod sentences;
mod strategy;
mod told;
mod verdict;
