//! Tests of the watch, on virtual time.
#![cfg(test)]

mod alerts;
mod causes;
mod events;
mod figures;
mod rig;
mod verdict;
