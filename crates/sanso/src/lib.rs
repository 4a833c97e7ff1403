//! The library under the sanso gateway.
