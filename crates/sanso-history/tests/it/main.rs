//! The history on real files in directories of their own.

// For the lints these are tests, helpers included.
#![cfg(test)]

mod agree;
mod crash;
mod questions;
mod retention;
mod said;
mod series;
mod sums;
mod support;
mod trouble;
mod versions;
