//! The library under the sanso gateway.

pub mod config;
