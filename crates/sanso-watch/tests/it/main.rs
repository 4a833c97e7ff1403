//! Tests of the watch, on virtual time.
#![cfg(test)]

mod alerts;
mod events;
mod rig;
mod verdict;
